"""Every operand says how it compares, where it comes from and who can change it; and each of them works."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dataspace.model.datasets import VersionRef
from dataspace.model.decisions import Allow
from dataspace.model.names import DatasetName, PolicyId, PrincipalId, RuleId
from dataspace.model.policies import (
    Action,
    AnswerKind,
    Compound,
    Connective,
    Constraint,
    Effect,
    Operand,
    Operator,
    Policy,
    PolicySet,
    Rule,
    Target,
)
from dataspace.model.principals import Fact, Principal
from dataspace.model.requests import AccessRequest
from dataspace.policy.decide import decide
from dataspace.policy.evaluate import Node, evaluate
from dataspace.policy.facts import Observation, observe
from dataspace.policy.kleene import Truth
from dataspace.policy.operands import CLAIMED, OPERANDS, Scale, Source

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
ANA = Principal(PrincipalId("ana"), "Ana", frozenset())
REQUEST = AccessRequest(
    ANA, Action.AGGREGATE, "", VersionRef(DatasetName("stays"), "ab" * 32), (), AnswerKind.AGGREGATE
)


def test_every_operand_has_its_row() -> None:
    assert set(OPERANDS) == set(Operand)
    assert all(meaning.changed_by for meaning in OPERANDS.values())


def allowed(request: AccessRequest, *constraint: object) -> bool:
    operand, operator, *right = constraint
    assert isinstance(operand, Operand)
    assert isinstance(operator, Operator)
    condition = Constraint(operand, operator, tuple(map(str, right)))
    rule = Rule(RuleId("r"), Effect.PERMIT, Target(everything=True), condition=condition)
    policy = Policy(PolicyId("p"), "T", "O", (rule,))
    return isinstance(decide(request, PolicySet((policy,), ""), NOW), Allow)


@pytest.mark.parametrize("operand", sorted(CLAIMED.values()))
def test_a_claim_is_read_by_the_name_of_its_operand(operand: Operand) -> None:
    claimed = replace(REQUEST, principal=replace(ANA, claims={operand.value: Fact("DE", "issuer")}))
    assert allowed(claimed, operand, Operator.EQ, "DE")
    assert not allowed(claimed, operand, Operator.EQ, "FR")
    assert not allowed(REQUEST, operand, Operator.EQ, "DE")


FACTS = [operand for operand, meaning in OPERANDS.items() if meaning.source is Source.FACT]
VALUES = {
    Scale.TEXT: ("valid", "none"),
    Scale.TERM: ("gdpr:DPIAOutcomeRisksMitigated", "gdpr:DPIARequired"),
    Scale.DURATION: ("P1D", "P2D"),
    Scale.NUMBER: ("3", "4"),
}


@pytest.mark.parametrize("operand", sorted(FACTS))
def test_a_fact_is_read_from_what_came_with_the_request(operand: Operand) -> None:
    value, other = VALUES[OPERANDS[operand].scale]
    known = replace(REQUEST, facts={operand: Fact(value, "hub")})
    assert allowed(known, operand, Operator.EQ, value)
    assert not allowed(known, operand, Operator.EQ, other)
    assert not allowed(REQUEST, operand, Operator.EQ, value)
    assert not allowed(REQUEST, operand, Operator.NEQ, value)


def test_a_person_is_who_asks() -> None:
    assert allowed(REQUEST, Operand.PERSON, Operator.EQ, "ana")
    assert not allowed(REQUEST, Operand.PERSON, Operator.EQ, "bob")


def test_time_that_passed_is_compared_as_a_duration() -> None:
    request = replace(REQUEST, facts={Operand.ELAPSED_TIME: Fact("P1D", "log")})
    assert allowed(request, Operand.ELAPSED_TIME, Operator.LT, "P2D")
    assert allowed(request, Operand.ELAPSED_TIME, Operator.EQ, "86400")
    assert not allowed(request, Operand.ELAPSED_TIME, Operator.LT, "PT5H")


PLACES: list[tuple[str, Operator, tuple[str, ...], Truth]] = [
    ("DE", Operator.IS_PART_OF, ("EU",), True),
    ("DE", Operator.IS_A, ("EU",), True),
    ("DE", Operator.IS_ANY_OF, ("CH", "EEA"), True),
    ("CN", Operator.IS_NONE_OF, ("EEA", "adequacy"), True),
    ("US", Operator.IS_NONE_OF, ("EEA", "adequacy"), None),
    ("EU", Operator.HAS_PART, ("DE",), True),
    ("DE", Operator.HAS_PART, ("EU",), None),
    ("DE", Operator.EQ, ("EU",), False),
    ("EU", Operator.EQ, ("DE",), None),
    ("DE", Operator.NEQ, ("EU",), True),
    ("DE", Operator.LT, ("EU",), None),
]


@pytest.mark.parametrize(("seen", "operator", "right", "expected"), PLACES)
def test_places(seen: str, operator: Operator, right: tuple[str, ...], expected: Truth) -> None:
    facts = {Operand.SPATIAL: Observation((frozenset({seen}),), seen)}
    node = evaluate(Constraint(Operand.SPATIAL, operator, right), facts)
    assert node.truth is expected


PARTS: list[tuple[Operand, str, Operator, str, Truth]] = [
    (Operand.PURPOSE, "health research", Operator.IS_PART_OF, "scientific research", True),
    (Operand.PURPOSE, "scientific research", Operator.IS_PART_OF, "health research", None),
    (Operand.PURPOSE, "scientific research", Operator.HAS_PART, "health research", True),
    (Operand.PURPOSE, "marketing", Operator.HAS_PART, "health research", False),
    (Operand.ROLE, "steward", Operator.HAS_PART, "steward", True),
    (Operand.ROLE, "steward", Operator.IS_PART_OF, "auditor", False),
    (Operand.COUNT, "3", Operator.IS_PART_OF, "3", None),
    (Operand.COUNT, "3", Operator.HAS_PART, "3", None),
]


@pytest.mark.parametrize(("operand", "seen", "operator", "right", "expected"), PARTS)
def test_parts(operand: Operand, seen: str, operator: Operator, right: str, expected: Truth) -> None:
    facts = {operand: Observation((frozenset({seen}),), seen)}
    assert evaluate(Constraint(operand, operator, (right,)), facts).truth is expected


def test_a_sequence_holds_where_all_of_it_does() -> None:
    yes = Constraint(Operand.ROLE, Operator.EQ, ("steward",))
    no = Constraint(Operand.ROLE, Operator.EQ, ("auditor",))
    unknown = Constraint(Operand.COUNTRY, Operator.EQ, ("DE",))
    facts = {Operand.ROLE: Observation((frozenset({"steward"}),), "steward")}
    table = {(yes, yes): True, (yes, no): False, (yes, unknown): None, (unknown, no): False}
    for parts, expected in table.items():
        assert evaluate(Compound(Connective.AND_SEQUENCE, parts), facts).truth is expected


@pytest.mark.parametrize("operator", Operator)
def test_a_constraint_that_names_nothing_cannot_be_told(operator: Operator) -> None:
    facts = {Operand.ROLE: Observation((frozenset({"steward"}),), "steward")}
    assert evaluate(Constraint(Operand.ROLE, operator, ()), facts).truth is None


def test_what_is_read_from_claims_is_what_an_identity_provider_says_and_all_of_it() -> None:
    assert {one.value: one for one in Operand if OPERANDS[one].source is Source.CLAIM} == CLAIMED
    assert Operand.RECIPIENT in CLAIMED.values()
    assert Operand.DATE_TIME not in CLAIMED.values()


def test_where_no_permit_came_none_is_lacking_and_none_covers() -> None:
    facts = observe(REQUEST, NOW)
    assert facts.uncovered == ()
    assert not facts.covered


@pytest.mark.parametrize(
    ("operator", "truth"), [(Operator.EQ, None), (Operator.NEQ, None), (Operator.IS_A, None)]
)
def test_of_a_wider_place_than_the_one_named_it_cannot_be_told_whether_it_is_meant(
    operator: Operator, truth: Truth
) -> None:
    """Somebody from the EU may be from Germany; somebody from Switzerland is not."""
    named = Constraint(Operand.COUNTRY, operator, ("DE",))
    seen = {place: Observation((frozenset({place}),), place) for place in ("EU", "CH", "DE")}
    assert evaluate(named, {Operand.COUNTRY: seen["EU"]}).truth is truth
    same = operator is not Operator.NEQ
    assert evaluate(named, {Operand.COUNTRY: seen["CH"]}).truth is not same
    assert evaluate(named, {Operand.COUNTRY: seen["DE"]}).truth is same


def test_what_has_no_constraint_reports_none() -> None:
    for truth in (True, False, None):
        assert list(Node(truth).leaves()) == []
        assert list(Node(truth).against(wanted=True)) == []
