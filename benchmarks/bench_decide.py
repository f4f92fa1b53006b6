"""What a decision costs, at 1,000 policies and at 100,000, beside Cedar and OPA on the same questions in the same run.

Each dataset has a policy of its own (a permission for research from two countries, a prohibition of marketing), and two
policies speak of all data (direct identifiers, and a purpose that nobody may have). Cedar has its policies and entities
parsed beforehand; OPA's rules are compiled into a bundle, with the policies as data by dataset, as its manual advises.
Both run from `.venv-peers` through their Python bindings (cedarpy, regopy), and must come to the same decisions.

A peer gets `PATIENCE` seconds at each size. Where no decision of its own has ended by then, what was waited is a
lower bound of what it takes, and the figure says so; where it still read its policies, the figure says that instead.

Long, because it writes the same questions down for three engines.
"""

import gc
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from statistics import median
from subprocess import PIPE
from typing import Any

from benchmarks.as_cedar import as_cedar, as_request, terms
from benchmarks.figure import Figure
from dataspace.model.datasets import Column, ColumnType, Label, VersionRef
from dataspace.model.decisions import Allow, Deny
from dataspace.model.names import ColumnName, DatasetName, PolicyId, PrincipalId, RuleId
from dataspace.model.policies import (
    Action,
    AnswerKind,
    Compound,
    Connective,
    Constraint,
    Effect,
    Obligations,
    Operand,
    Operator,
    Policy,
    PolicySet,
    Rule,
    Target,
)
from dataspace.model.principals import Fact, Principal, Role
from dataspace.model.requests import AccessRequest
from dataspace.policy.decide import decide
from dataspace.policy.digest import amended, policy_set
from dataspace.policy.index import indexed
from dataspace.vocabulary.terms import TERMS, find, is_a

PEER = Path(__file__).resolve().parents[1] / ".venv-peers" / "bin" / "python"
SIZES = (1_000, 100_000)
QUESTIONS = 2_000
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
BASE, EACH = 15.0, 8.0
"""Microseconds: of a decision, and of each rule that speaks of it."""
PATIENCE = 60
"""Seconds that a peer gets at each size to load its policies and answer."""

CEDAR = """
import json, sys, time
import cedarpy
text, vocabulary, requests = json.load(sys.stdin)
entities = cedarpy.Entities.from_json_str(json.dumps(vocabulary))
start = time.perf_counter()
policies = cedarpy.PolicySet.from_str(text)
print(json.dumps({"compiled": time.perf_counter() - start}), flush=True)
for request in [requests[0], *requests]:
    start = time.perf_counter()
    answer = cedarpy.is_authorized(request, policies, entities)
    took = (time.perf_counter() - start) * 1e6
    print(json.dumps({"took": took, "said": answer.decision.value == "Allow"}), flush=True)
"""

OPA = """
import json, sys, time
from regopy import Interpreter
module, data, inputs = json.load(sys.stdin)
rego = Interpreter()
start = time.perf_counter()
rego.add_module("access", module)
rego.add_data(data)
bundle = rego.build("data.access.allow")
print(json.dumps({"compiled": time.perf_counter() - start}), flush=True)
for one in [inputs[0], *inputs]:
    start = time.perf_counter()
    rego.set_input(one)
    answer = rego.query_bundle(bundle)
    took = (time.perf_counter() - start) * 1e6
    said = str(answer) != "undefined"  # what a query that is false comes to
    print(json.dumps({"took": took, "said": said}), flush=True)
"""

MODULE = """
package access

default allow := false

allow if {
    permitted
    not forbidden
}

permitted if {
    some rule in data.datasets[input.dataset].permit
    input.action in rule.actions
    input.kind in rule.kinds
    rule.purpose in input.purposes
    input.country in rule.countries
}

forbidden if {
    some rule in data.datasets[input.dataset].forbid
    rule.purpose in input.purposes
}

forbidden if {
    not input.purposes
}

forbidden if {
    some label in input.labels
    input.kind in data.labels[label]
}

forbidden if {
    some purpose in input.purposes
    purpose in data.never
}
"""


def policies_of(size: int) -> list[Policy]:
    """One for each dataset, and two for all."""
    return [*map(one_policy, range(size - 2)), *_FOR_ALL]


def one_policy(number: int, cohort: int = 10) -> Policy:
    """The policy of one dataset."""
    target = Target(frozenset({DatasetName(f"d{number}")}))
    research = Compound(
        Connective.AND,
        (
            Constraint(Operand.PURPOSE, Operator.IS_A, ("dpv:ScientificResearch",)),
            Constraint(Operand.COUNTRY, Operator.IS_ANY_OF, ("DE", "FR")),
        ),
    )
    permit = Rule(
        RuleId("research"),
        Effect.PERMIT,
        target,
        frozenset({Action.AGGREGATE}),
        frozenset({AnswerKind.AGGREGATE, AnswerKind.NOISY}),
        research,
        Obligations(cohort=cohort),
    )
    marketing = Constraint(Operand.PURPOSE, Operator.IS_A, ("dpv:Marketing",))
    forbid = Rule(RuleId("adverts"), Effect.FORBID, target, condition=marketing)
    return Policy(PolicyId(f"p{number:06d}"), "T", "the steward", (permit, forbid))


_FOR_ALL = (
    Policy(
        PolicyId("z-identifiers"),
        "T",
        "the steward",
        (
            Rule(
                RuleId("no-rows"),
                Effect.FORBID,
                Target(labels=frozenset({Label.DIRECT_IDENTIFIER})),
                kinds=frozenset({AnswerKind.ROWS}),
            ),
        ),
    ),
    Policy(
        PolicyId("z-never"),
        "T",
        "the steward",
        (
            Rule(
                RuleId("sale"),
                Effect.FORBID,
                Target(everything=True),
                condition=Constraint(Operand.PURPOSE, Operator.IS_A, ("dpv:SellDataToThirdParties",)),
            ),
        ),
    ),
)


def questions(size: int, random: Random) -> list[AccessRequest]:
    """From two countries, for three purposes, some for rows, some with an identifier."""
    name = Column(ColumnName("name"), ColumnType.TEXT, labels=frozenset({Label.DIRECT_IDENTIFIER}))
    plain = tuple(Column(ColumnName(f"c{place}"), ColumnType.INTEGER) for place in range(8))
    return [
        AccessRequest(
            Principal(
                PrincipalId("ana"),
                "Ana",
                frozenset({Role.RESEARCHER}),
                claims={"country": Fact(random.choice(["DE", "US"]), "issuer")},
            ),
            Action.AGGREGATE,
            random.choice(["scientific research", "health research", "marketing"]),
            VersionRef(DatasetName(f"d{random.randrange(size - 2)}"), "ab" * 32),
            random.choice([plain, (*plain, name)]),
            random.choice([AnswerKind.AGGREGATE, AnswerKind.AGGREGATE, AnswerKind.NOISY, AnswerKind.ROWS]),
        )
        for _ in range(QUESTIONS)
    ]


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


def as_input(request: AccessRequest) -> dict[str, Any]:
    """The question for OPA, with every purpose that the stated one is a kind of."""
    context = as_request(request)["context"]
    stated = find(request.purpose)
    assert stated is not None
    return {
        "dataset": request.dataset.dataset,
        "action": request.action.value,
        "kind": request.kind.value,
        "labels": context["labels"],
        "country": context["country"].upper(),
        "purposes": sorted(name for name, term in TERMS.items() if is_a(stated, term)),
    }


def as_data(size: int) -> dict[str, Any]:
    """The same policies as data for the module above."""
    permit = {
        "actions": ["aggregate"],
        "kinds": ["aggregate", "noisy"],
        "purpose": "dpv:ScientificResearch",
        "countries": ["DE", "FR"],
    }
    each = {"permit": [permit], "forbid": [{"purpose": "dpv:Marketing"}]}
    return {
        "datasets": {f"d{number}": each for number in range(size - 2)},
        "labels": {"direct-identifier": ["rows"]},
        "never": ["dpv:SellDataToThirdParties"],
    }


@dataclass(frozen=True, slots=True)
class Peer:
    """What was seen of a peer. `compiled` in seconds, None where it did not get so far; `took` in microseconds, of each
    question that it decided, warm; `waited` in microseconds for a decision that had not come when time was up."""

    compiled: float | None
    took: Sequence[float]
    said: Sequence[bool]
    waited: float | None

    @property
    def decision(self) -> float | None:
        """Microseconds: the median, or at least so many where none was made."""
        return median(self.took) if self.took else self.waited

    @property
    def words(self) -> str:
        """What the figure is, or why there is none."""
        if self.took:
            return ""
        if self.waited is None:
            return f", no figure: it was still reading its policies after {PATIENCE} s, and was ended"
        return f", a lower bound: no decision within {PATIENCE} s"


def peer(program: str, name: str, document: object) -> Peer | None:
    """What a peer does within `PATIENCE`; None, and why, where nothing can be said of it."""
    if not PEER.exists():
        print(f"{name} is not measured: `make peers` installs it.", file=sys.stderr)
        return None
    seen: list[tuple[float, dict[str, Any]]] = []
    with subprocess.Popen([PEER, "-c", program], stdin=PIPE, stdout=PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        ending = threading.Timer(PATIENCE, child.kill)
        ending.start()
        try:
            with suppress(BrokenPipeError):  # it was ended while it still read its policies
                json.dump(document, child.stdin)
                child.stdin.close()
            for line in child.stdout:
                seen.append((time.perf_counter(), json.loads(line)))
        finally:
            ending.cancel()
    end = time.perf_counter()
    if child.returncode not in (0, -signal.SIGKILL):
        raise RuntimeError(f"{name} ended with {child.returncode}")
    if not seen:
        return Peer(None, [], [], None)
    last, answers = seen[-1][0], [facts for _, facts in seen[2:]]  # the first answer warms up
    waited = (end - last) * 1e6 if child.returncode else None
    compiled = seen[0][1]["compiled"]
    return Peer(compiled, [one["took"] for one in answers], [one["said"] for one in answers], waited)


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
        decision = decide(replace(request, principal=_GERMAN), current, NOW)
        took.append((time.perf_counter() - start) * 1000)
        assert isinstance(decision, Allow)
        assert decision.obligations.cohort == cohort
    stop.set()
    meanwhile.join()
    return median(took), slowest[0]


_GERMAN = Principal(PrincipalId("ana"), "Ana", frozenset(), claims={"country": Fact("DE", "issuer")})


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
    cedar_asked = [as_request(request) for request in asked[:few]]
    cedar = peer(CEDAR, "Cedar", [as_cedar(documents), terms(), cedar_asked])
    opa = peer(OPA, "OPA", [MODULE, as_data(size), [as_input(request) for request in asked[:few]]])
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
