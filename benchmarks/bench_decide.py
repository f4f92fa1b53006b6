"""What a decision costs, at 1,000 policies and at 100,000, beside Cedar and OPA on the same questions in the same run.

Each dataset has a policy of its own (a permission for research from two countries, a prohibition of marketing), and two
policies speak of all data (direct identifiers, and a purpose that nobody may have). Cedar has its policies and entities
parsed beforehand; OPA's rules are compiled into a bundle, with the policies as data by dataset, as its manual advises.
Both run from `.venv-peers` through their Python bindings (cedarpy, regopy), and must come to the same decisions.

A peer gets `PATIENCE` seconds at each size. Where no decision of its own has ended by then, what was waited is a
lower bound of what it takes, and the figure says so; where it still read its policies, the figure says that instead.
"""

import gc
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from statistics import median

from benchmarks import as_cedar, as_opa
from benchmarks.deciding_world import GERMAN, one_policy, policies_of, questions
from benchmarks.figure import Figure
from benchmarks.patient import Peer, peer
from benchmarks.sizes import scaled
from dataspace.model.datasets import VersionRef
from dataspace.model.decisions import Allow, Deny
from dataspace.model.names import DatasetName
from dataspace.model.policies import (
    AnswerKind,
    PolicySet,
)
from dataspace.model.requests import AccessRequest
from dataspace.policy.decide import decide
from dataspace.policy.digest import amended, policy_set
from dataspace.policy.index import indexed

SIZES = (scaled(1_000, 100), scaled(100_000, 200))
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
BASE, EACH = 15.0, 8.0
"""Microseconds: of a decision, and of each rule that speaks of it."""


def ours(policies: PolicySet, asked: Sequence[AccessRequest]) -> tuple[list[float], list[bool]]:
    """Microseconds and outcome of each decision, warm."""
    took, said = [], []
    for round in range(2):
        for request in asked:
            start = time.perf_counter_ns()
            decision = decide(request, policies, NOW)
            end = time.perf_counter_ns()
            if round:
                took.append((end - start) / 1000)
                said.append(isinstance(decision, Allow))
    return took, said


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def change(policies: PolicySet, size: int) -> tuple[float, float]:
    """Milliseconds until a changed policy decides, the median of several; and the slowest decision meanwhile."""
    request = replace(
        questions(size, Random(1))[0],  # noqa: S311 - any question
        purpose="scientific research",
        kind=AnswerKind.AGGREGATE,
        dataset=VersionRef(DatasetName("d7"), "ab" * 32),
    )
    slowest, stop = [0.0], threading.Event()

    def go_on() -> None:
        while not stop.is_set():
            start = time.perf_counter()
            decide(request, policies, NOW)
            slowest[0] = max(slowest[0], (time.perf_counter() - start) * 1000)

    meanwhile = threading.Thread(target=go_on)
    meanwhile.start()
    took, current = [], policies
    for cohort in range(20, 31):
        start = time.perf_counter()
        current = amended(current, [one_policy(7, cohort)])
        decision = decide(replace(request, principal=GERMAN), current, NOW)
        took.append((time.perf_counter() - start) * 1000)
        assert isinstance(decision, Allow)
        assert decision.obligations.cohort == cohort
    stop.set()
    meanwhile.join()
    return median(took), slowest[0]


def measure(size: int) -> None:
    """All figures at one number of policies."""
    random, documents = Random(size), policies_of(size)  # noqa: S311 - the same questions each time
    asked = questions(size, random)
    kept: list[PolicySet] = []
    compiled = timed(lambda: kept.append(policy_set(documents)))
    (policies,) = kept
    rules = timed(
        indexed(policies).named.all
    )  # the rules of a dataset are compiled when it is first asked for
    settle()
    took, said = ours(policies, asked)
    speaking = [sum(1 for _ in indexed(policies).speaking(request)) for request in asked]
    few = min(len(asked), 400 if size <= 1_000 else 5)
    cedar_asked = [as_cedar.as_request(request) for request in asked[:few]]
    cedar = peer(as_cedar.PROGRAM, "Cedar", [as_cedar.as_cedar(documents), as_cedar.terms(), cedar_asked])
    opa = peer(
        as_opa.PROGRAM,
        "OPA",
        [as_opa.MODULE, as_opa.as_data(size), [as_opa.as_input(request) for request in asked[:few]]],
    )
    count = {"policies": size, "questions": len(asked), "allowed": sum(said), "rules": int(median(speaking))}
    p50 = median(took)
    for name, found in {
        "cedarpy, policies and entities parsed before": cedar,
        "OPA through regopy, compiled bundle": opa,
    }.items():
        compare(name, found, p50, BASE + EACH * median(speaking), count, said)
    reading = cedar.compiled if cedar else None
    Figure(
        "compile all policies", compiled, "s", "lower", 20, count, "cedarpy" if reading else None, reading
    ).show()
    Figure("compile all policies and every rule of them", compiled + rules, "s", "lower", 20, count).show()
    latency, slowest = change(policies, size)
    Figure("a change of one policy decides", latency, "ms", "lower", 100, count).show()
    Figure("slowest decision while policies change", slowest, "ms", "lower", 100, count).show()
    refused = [
        decision
        for decision in (decide(one, policies, NOW) for one in asked[:300])
        if isinstance(decision, Deny)
    ]
    read = timed(lambda: [(one.reasons, one.missing, one.nearest) for one in refused]) / len(refused)
    Figure("the report of a refusal, when read", read * 1e6, "µs", "lower", 3_000, count).show()


def compare(
    name: str, found: Peer | None, p50: float, target: float, count: dict[str, int], said: Sequence[bool]
) -> None:
    """Our decision beside that of a peer, and how many times faster it is."""
    value = found.decision if found else None
    label = name + (found.words if found else ", no figure: it is not installed (`make peers`)")
    Figure("a decision, p50", p50, "µs", "lower", target, count, label, value).show()
    if found is None or value is None:
        return
    assert list(found.said) == list(said[: len(found.said)]), f"{name} decides otherwise"
    counted = count | {"peer questions": len(found.said)}
    Figure("times faster", value / p50, "times", "higher", 50, counted, label, 1.0).show()


def settle() -> None:
    """As a hub does when it has read its policies (`http/serving.py`)."""
    gc.collect()
    gc.freeze()


def main() -> None:
    """Measure at each size."""
    for size in SIZES:
        measure(size)


if __name__ == "__main__":
    main()
