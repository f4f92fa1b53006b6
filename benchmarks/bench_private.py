"""Private counts and sums by group, the whole path: SQL at the hub, decision, ledger, log, worker, clerk, and back.

The peer is SmartNoise SQL on the same table, with the same question at the same ε, from a data frame in its memory: it
keeps no account, no record and no wall between the one who asks and the rows. Ours asks in other words each time, since
the same question again is answered from the record.
"""

# ruff: noqa: S608 - the names and numbers are ours

import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

import dataspace
from benchmarks.figure import Figure
from benchmarks.sizes import scaled
from dataspace.bootstrap import add_person, init_hub
from dataspace.model.principals import Role
from dataspace.settings import HubSettings
from dataspace.testing.examples import RECORD

PEER = Path(__file__).parents[1] / ".venv-peers/bin/python"
ROWS, GROUPS, TURNS, EPSILON = scaled(100_000, 5_000), 10, 30, 0.2
THEIR_TURNS = scaled(15, 2)
CHANCE = 1.2
"""Both draw Laplace noise of one scale; means of so few hundred draws differ by a fifth about once in twenty runs."""
POLICY = f"""
policy: stays
title: Invented stays
owner: the data steward of the hub
on: stays
allow:
  - rule: noisy
    for: scientific research
    who: permit holders
    answers: noisy
    limits: {{epsilon per question: {EPSILON}, epsilon per permit: 8}}
    because: Research under a permit, with noise.
"""
DICTIONARY = f"""
dictionary: stays
version: "1"
title: Invented stays
unit: stay
columns:
  - {{name: person, type: integer, title: Person, labels: [direct-identifier]}}
  - {{name: kind, type: integer, title: Kind, codes: {{{", ".join(f"{k}: K{k}" for k in range(1, GROUPS + 1))}}}}}
  - {{name: los, type: integer, title: Days, bounds: [0, 60]}}
"""


def table() -> pa.Table:
    """A stay of each person."""
    draw = np.random.default_rng(1)
    return pa.table(
        {
            "person": np.arange(ROWS),
            "kind": draw.integers(1, GROUPS + 1, ROWS),
            "los": draw.integers(0, 61, ROWS),
        }
    )


def ours(home: Path, path: Path, sums: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Median seconds of an answer in the notebook, and the mean error of a sum."""
    settings = HubSettings(home / "hub", port=0)
    init_hub(settings)
    for id, role in (("sam", Role.STEWARD), ("ana", Role.RESEARCHER)):
        add_person(settings, id, id.title(), {role}, "University")
    seconds, wrong = [], []
    with dataspace.open(settings.home, "sam") as sam, dataspace.open(settings.home, "ana") as ana:
        sam.load_dictionary(DICTIONARY)
        sam.register(
            path,
            "stays",
            title="Invented stays",
            dictionary="stays",
            privacy_unit="person",
            synthetic=True,
            publish=True,
            fields=RECORD,
        )
        sam.publish_policy(POLICY)
        asked = ana.apply("stays", purpose="scientific research", kinds=["noisy"], ethics="24-1")
        permit = sam.grant(asked).id
        sam.top_up("stays", 6.0, "A benchmark asks often.", permit=permit)
        for turn in range(-2, TURNS):  # the first two warm it
            sql = f"SELECT kind, count(*) AS n, sum(los) AS s FROM stays WHERE los < {1_000 + turn} GROUP BY kind"
            began = time.perf_counter()
            rows = ana.sql(sql, permit=permit, epsilon=EPSILON).to_pylist()
            if turn >= 0:
                seconds.append(time.perf_counter() - began)
                wrong += [abs(row["s"] - sums[row["kind"] - 1]) for row in rows]
    return float(np.median(seconds)), float(np.mean(wrong))


def peer(path: Path) -> dict[str, float] | None:
    """The same of SmartNoise SQL; None where it is not installed."""
    if not PEER.exists():
        print("no .venv-peers: without SmartNoise SQL", file=sys.stderr)
        return None
    script = Path(__file__).with_name("as_smartnoise.py")
    command = [str(PEER), str(script), str(path), str(THEIR_TURNS), str(EPSILON / 2)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """All figures."""
    made = table()
    sums = np.bincount(made["kind"].to_numpy(), weights=made["los"].to_numpy())[1:].astype(np.float64)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "stays.csv"
        pyarrow.csv.write_csv(made, path)
        took, wrong = ours(Path(folder), path, sums)
        theirs = peer(path)
    counts, name = {"rows": ROWS, "groups": GROUPS, "answers": TURNS}, "SmartNoise SQL" if theirs else None
    Figure(
        "private count and sum by group, the whole path, p50", took * 1e3, "ms", "lower", 50.0, counts, name,
        theirs["seconds"] * 1e3 if theirs else None,
    ).show()  # fmt: skip
    if theirs:
        Figure(
            "the same, how many times faster", theirs["seconds"] / took, "times", "higher", 20.0, counts, name,
            theirs["seconds"] * 1e3,
        ).show()  # fmt: skip
    Figure(
        f"mean error of a private sum at ε {EPSILON}", wrong, "days", "lower",
        CHANCE * theirs["error"] if theirs else 1e4, counts, name, theirs["error"] if theirs else None,
    ).show()  # fmt: skip


if __name__ == "__main__":
    main()
