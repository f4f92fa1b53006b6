"""Cedar, asked the same random questions under the same policies, decides as we do. It runs from `.venv-peers`."""

import json
import subprocess
import sys
import warnings
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TypeVar

import pytest

from benchmarks.as_cedar import as_cedar, as_request, terms
from dataspace.model.datasets import Column, ColumnType, Label, VersionRef
from dataspace.model.decisions import Allow
from dataspace.model.names import ColumnName, DatasetName, PolicyId, PrincipalId, RuleId, SiteName
from dataspace.model.policies import (
    Action,
    AnswerKind,
    Compound,
    Condition,
    Connective,
    Constraint,
    Effect,
    Operand,
    Operator,
    Policy,
    Rule,
    Target,
)
from dataspace.model.principals import Fact, Principal, Role
from dataspace.model.requests import AccessRequest
from dataspace.policy.decide import decide
from dataspace.policy.digest import policy_set

ROOT = Path(__file__).resolve().parents[2]
PEER = ROOT / ".venv-peers" / "bin" / "python"
ABSENT = f"NOT CHECKED: cedarpy is not in {PEER.parents[1].name}; `make peers` puts it there"
T = TypeVar("T")
SETS, QUESTIONS = 250, 48
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)

JUDGE = """
import json, sys
import cedarpy
worlds, vocabulary = json.load(sys.stdin)
entities = cedarpy.Entities.from_json_str(json.dumps(vocabulary))
said = []
for text, requests in worlds:
    policies = cedarpy.PolicySet.from_str(text)
    for answer in cedarpy.is_authorized_batch(requests, policies, entities):
        said.append(["error" if answer.diagnostics.errors else answer.decision.value, len(answer.diagnostics.reasons)])
json.dump(said, sys.stdout)
"""

DATASETS = [DatasetName(name) for name in ("stays", "labs", "vibrations")]
PURPOSES = [
    "dpv:Purpose",
    "scientific research",
    "health research",
    "marketing",
    "advertising",
    "train algorithms",
]
RIGHTS = {
    Operand.PURPOSE: PURPOSES,
    Operand.COUNTRY: ["DE", "FR", "us"],
    Operand.ROLE: [role.value for role in Role],
    Operand.COUNT: ["0", "3", "10"],
    Operand.SITE: ["a", "b"],
}
SETWISE = [
    Operator.EQ,
    Operator.NEQ,
    Operator.IS_A,
    Operator.IS_ANY_OF,
    Operator.IS_NONE_OF,
    Operator.IS_ALL_OF,
]
ORDERED = [Operator.EQ, Operator.NEQ, Operator.LT, Operator.LTEQ, Operator.GT, Operator.GTEQ]


def a_condition(random: Random, depth: int = 0) -> Condition:
    if depth < 3 and random.random() < 0.45:
        parts = [a_condition(random, depth + 1) for _ in range(random.randint(1, 3))]
        return Compound(random.choice(list(Connective)), tuple(parts))
    operand = random.choice(list(RIGHTS))
    operator = random.choice(ORDERED if operand is Operand.COUNT else SETWISE)
    several = operator in SETWISE[3:]
    rights = random.sample(RIGHTS[operand], random.randint(1, 2) if several else 1)
    return Constraint(operand, operator, tuple(rights))


def some_of(random: Random, words: list[T], most: int) -> frozenset[T]:
    return frozenset(random.sample(words, random.randint(0, most)))


def a_rule(random: Random, number: int) -> Rule:
    effect = random.choices(list(Effect), [3, 1])[0]
    target = random.choice(
        [
            Target(everything=True),
            Target(frozenset(random.sample(DATASETS, random.randint(1, 2)))),
            Target(frozenset({random.choice(DATASETS)}), frozenset({random.choice(list(Label))})),
            *([Target(labels=frozenset({random.choice(list(Label))}))] if effect is Effect.FORBID else []),
        ]
    )
    return Rule(
        RuleId(f"r{number}"),
        effect,
        target,
        some_of(random, list(Action), 2) if random.random() < 0.4 else frozenset(),
        some_of(random, list(AnswerKind), 3) if random.random() < 0.4 else frozenset(),
        a_condition(random) if random.random() < 0.8 else None,
    )


def policies_of(random: Random) -> list[Policy]:
    return [
        Policy(
            PolicyId(f"p{number}"),
            "T",
            "O",
            tuple(a_rule(random, place) for place in range(random.randint(1, 2))),
            random.choice([None, None, None, SiteName("a")]),
        )
        for number in range(random.randint(1, 5))
    ]


def a_request(random: Random) -> AccessRequest:
    labels = [frozenset(random.sample(list(Label), random.randint(0, 1))) for _ in range(2)]
    columns = tuple(
        Column(ColumnName(f"c{place}"), ColumnType.TEXT, labels=said) for place, said in enumerate(labels)
    )
    claims = {"country": Fact(random.choice(["DE", "fr", "US"]), "issuer")} if random.random() < 0.7 else {}
    facts = {Operand.COUNT: Fact(random.randint(0, 12), "log")} if random.random() < 0.7 else {}
    return AccessRequest(
        Principal(PrincipalId("ana"), "Ana", some_of(random, list(Role), 2), claims=claims),
        random.choice(list(Action)),
        random.choice(["", "no purpose that is known", *PURPOSES]),
        VersionRef(random.choice(DATASETS), "ab" * 32),
        columns,
        random.choice(list(AnswerKind)),
        None,
        random.choice([None, SiteName("a"), SiteName("b")]),
        facts,
    )


@pytest.fixture(scope="module")
def peer() -> None:
    """Skips, and says so aloud, where the peer is not installed."""
    if not PEER.exists():
        warnings.warn(ABSENT, stacklevel=1)
        print(ABSENT, file=sys.stderr)
        pytest.skip(ABSENT)


def judged(worlds: list[tuple[list[Policy], list[AccessRequest]]]) -> list[str]:
    """What Cedar decides, question by question."""
    asked = [(as_cedar(policies), [as_request(one) for one in requests]) for policies, requests in worlds]
    document = json.dumps([asked, terms()])
    done = subprocess.run(
        [PEER, "-c", JUDGE], input=document, capture_output=True, text=True, check=True, timeout=240
    )
    return [decision for decision, _ in json.loads(done.stdout)]


@pytest.mark.slow
def test_cedar_decides_twelve_thousand_random_questions_as_we_do(peer: None) -> None:
    random = Random(4)  # noqa: S311 - the same questions each time
    worlds = [(policies_of(random), [a_request(random) for _ in range(QUESTIONS)]) for _ in range(SETS)]
    theirs = judged(worlds)
    ours = []
    for policies, requests in worlds:
        in_force = policy_set(policies)
        ours += [isinstance(decide(request, in_force, NOW), Allow) for request in requests]
    print(f"{len(ours)} questions, {sum(ours)} allowed")
    assert len(ours) == len(theirs) >= 10_000
    assert len(ours) / 10 < sum(ours) < len(ours) * 9 / 10, "questions that all come out alike show little"
    apart = [
        place
        for place, (one, other) in enumerate(zip(ours, theirs, strict=True))
        if other != ("Allow" if one else "Deny")
    ]
    assert not apart, f"{len(apart)} differ, first {worlds[apart[0] // QUESTIONS][0]}"


@pytest.mark.slow
def test_a_prohibition_that_is_left_out_shows(peer: None) -> None:
    """That the comparison can fail: the same questions, with the prohibitions taken out on one side."""
    random = Random(5)  # noqa: S311 - the same questions each time
    policies = [replace(policies_of(random)[0], id=PolicyId(f"q{number}")) for number in range(6)]
    requests = [a_request(random) for _ in range(400)]
    permissions = [
        replace(policy, rules=tuple(rule for rule in policy.rules if rule.effect is Effect.PERMIT))
        for policy in policies
    ]
    (theirs, loosened) = (judged([(some, requests)]) for some in (policies, permissions))
    assert theirs != loosened
