"""A round of three sites over TLS with node authentication: logistic regression, beside bare Flower doing the same.

Hub and sites are the process trees of `dataspace hub start` and `dataspace site run`. A round is timed from the end of
the one before to its own, as the run's events tell; the first of each run, which starts the workers, does not count.
Both worlds are online all the time and asked in turns. The peer sums the same over the same rows, as its coefficients
prove, and checks no permit, signs no answer and keeps no record. Where a model is to be evaluated, ours does it on
held-out rows in the same exchange; Flower's own strategies take a second one. How busy the machine was is told on
standard error.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.as_flower import BareFlower, bare_flower
from benchmarks.bench_join import dataspace, online
from benchmarks.figure import Figure
from dataspace.cli.reaching import reach
from dataspace.client.fits import Fit
from dataspace.client.hub import Hub
from dataspace.client.views import PermitView
from dataspace.testing.examples import RECORD
from dataspace.testing.stays import stays_dictionary, stays_policy

SITES = ("hospital-a", "hospital-b", "hospital-c")
ROWS = 1_000
ROUNDS = 5
"""Of each run of ours."""
PEER_ROUNDS, PEER_EVALUATED = 4, 2
HELD_OUT = 0.25
FEATURES = ("age", "los")
TARGET_SECONDS = 3.0
WAIT_SECONDS = 120.0
DICTIONARY = stays_dictionary("age", "los", "died")
POLICY = stays_policy("train", limits="minimum sites: 3")


def until(seen: Callable[[], bool], what: str) -> None:
    """Wait for it; TimeoutError where it does not come."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not seen():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.2)


def invented(path: Path, number: int) -> Path:
    """Rows of one site; the chance of an event rises with age and length of stay."""
    draw = np.random.default_rng(number)
    age, los = draw.integers(20, 90, ROWS), draw.integers(0, 15, ROWS)
    died = draw.random(ROWS) < 1 / (1 + np.exp(4 - 0.03 * age - 0.1 * los))
    np.savetxt(
        path, np.column_stack([age, los, died]), "%d", ",", header=",".join((*FEATURES, "died")), comments=""
    )
    return path


def described(folder: Path, held: ExitStack) -> Hub:
    """A hub that runs and knows of the dataset, as its steward."""
    home = folder / "hub"
    dataspace("hub", "init", "--home", str(home), "--steward", "sam")
    dataspace("hub", "add-person", "ana", "--role", "researcher", "--home", str(home))
    held.enter_context(online(folder / "hub.out", "hub", "start", "--port", "0", "--home", str(home)))
    until((home / "address.json").exists, "the hub does not answer")
    steward = held.enter_context(reach(home, "sam"))
    steward.load_dictionary(DICTIONARY)
    steward.describe_federated("stays", "stays", fields=RECORD)
    steward.publish_policy(POLICY)
    (folder / "policy.yaml").write_text(POLICY)
    return steward


def site(folder: Path, name: str, rows: Path, held: ExitStack) -> None:
    """A site that joins, holds its rows, and goes online."""
    at, invite = ("--home", str(folder / name)), str(folder / f"{name}.json")
    steward = ("--home", str(folder / "hub"), "--as", "sam")
    dataspace("hub", "invite", name, "--at-once", "--output", invite, *steward)
    dataspace("site", "join", invite, "--by-policy", *at)
    dataspace("site", "data", "add", str(rows), "--name", "stays", "--dictionary", "stays", *at)
    dataspace("site", "policy", "add", str(folder / "policy.yaml"), *at)
    held.enter_context(online(folder / f"{name}.out", "site", "run", *at))


def permitted(steward: Hub, ana: Hub) -> PermitView:
    """A permit to train, once all sites are online."""
    until(lambda: sum(one["online"] for one in steward.sites()) == len(SITES), "not all sites are online")
    return steward.grant(ana.apply("stays", purpose="scientific research", kinds=["train"]))


def trained(ana: Hub, permit: PermitView, holdout: float) -> tuple[Fit, list[float]]:
    """One run, and the seconds of its rounds after the first."""
    fit = ana.glm(f"died ~ {' + '.join(FEATURES)}", permit=permit, rounds=ROUNDS, holdout=holdout)
    assert sorted(fit.sites) == list(SITES), fit.refused
    ends = [datetime.fromisoformat(event["at"]) for event in fit.events if event["kind"] == "round"]
    return fit, [(later - end).total_seconds() for end, later in pairwise(ends)]


def figure(what: str, ours: Sequence[float], peer: str, theirs: Sequence[float]) -> Figure:
    """Medians; the lower the better."""
    counts = {
        "sites": len(SITES),
        "rows": ROWS * len(SITES),
        "terms": 1 + len(FEATURES),
        "rounds": len(ours),
        "peer_rounds": len(theirs),
    }
    value, other = round(median(ours), 2), round(median(theirs), 2)
    named = f"Flower {version('flwr')}, {peer}"
    return Figure(what, value, "s", "lower", TARGET_SECONDS, counts, named, other)


def measure(ours: Callable[[float], tuple[Fit, list[float]]], flower: BareFlower) -> Iterator[Figure]:
    """Ours, the peer, ours again; `ours` is asked with the share of rows that is held out."""
    (fit, alone), (_, evaluated) = ours(0.0), ours(HELD_OUT)
    theirs = flower.fit(1 + len(FEATURES), PEER_ROUNDS, PEER_EVALUATED)
    np.testing.assert_allclose(fit.coefficients, theirs.beta, rtol=1e-3, err_msg="not the same sums")
    yield figure("a round of three sites", alone + ours(0.0)[1], "one exchange", theirs.fused[1:])
    evaluated += ours(HELD_OUT)[1]
    yield figure("a round of three sites, evaluated", evaluated, "train, then evaluate", theirs.evaluated)


def main(folder: Path) -> None:
    """Both worlds, and the figures."""
    (folder / "peer").mkdir()
    rows = {name: invented(folder / f"{name}.csv", number) for number, name in enumerate(SITES)}
    before = os.getloadavg()[0]
    with ExitStack() as held:
        steward = described(folder, held)
        for name in SITES:
            site(folder, name, rows[name], held)
        flower = held.enter_context(bare_flower(folder / "peer", rows))
        ana = held.enter_context(reach(folder / "hub", "ana"))
        permit = permitted(steward, ana)
        for found in measure(partial(trained, ana, permit), flower):
            found.show()
    cores = os.cpu_count()
    print(f"Load {before:.1f} before, {os.getloadavg()[0]:.1f} after, {cores} cores.", file=sys.stderr)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        main(Path(place))
