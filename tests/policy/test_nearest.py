"""The nearest thing that would pass: what costs the asker least comes first, and what is suggested can be typed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dataspace.model.datasets import Label
from dataspace.model.decisions import Deny
from dataspace.model.names import ApplicationId, DatasetName, PermitId, PolicyId, RuleId
from dataspace.model.permits import Basis, DatasetGrant, Permit
from dataspace.model.policies import (
    Action,
    AnswerKind,
    Condition,
    Constraint,
    Effect,
    Obligations,
    Operand,
    Operator,
    Policy,
    Rule,
    Target,
)
from dataspace.model.requests import AccessRequest
from dataspace.policy.decide import decide
from dataspace.policy.digest import policy_set
from tests.policy.stays_world import AGE, ANA, DIED, NOW, REQUEST, STAYS

BARE = replace(REQUEST, purpose="")
ROWS = replace(REQUEST, kind=AnswerKind.ROWS, action=Action.READ)
HOLDERS = Constraint(Operand.PERMIT, Operator.EQ, ("valid",))
RESEARCH = Constraint(Operand.PURPOSE, Operator.IS_A, ("dpv:ScientificResearch",))
NOTHING = "Nothing that you could ask instead would pass"


def allow(condition: Condition | None = None, *kinds: AnswerKind, target: Target | None = None) -> Rule:
    here = target or Target(frozenset({STAYS}))
    return Rule(RuleId("r"), Effect.PERMIT, here, condition=condition, kinds=frozenset(kinds))


def suggested(request: AccessRequest, *rules: Rule, at: datetime = NOW) -> str:
    policies = policy_set(
        Policy(PolicyId(f"p{number}"), "", "the steward", (rule,)) for number, rule in enumerate(rules)
    )
    decision = decide(request, policies, at)
    assert isinstance(decision, Deny)
    return decision.nearest


def purposes(*names: str) -> Sequence[Rule]:
    return [allow(Constraint(Operand.PURPOSE, Operator.IS_A, (name,))) for name in names]


def permit(*purposes_of_it: str, columns: frozenset[str] | None = None) -> Permit:
    return Permit(
        id=PermitId("P-1"),
        application=ApplicationId("A-1"),
        basis=Basis.CONTRACT,
        issued_by="hub",
        persons=frozenset({ANA.id}),
        organisation="",
        title="",
        purpose=purposes_of_it[0],
        purposes=purposes_of_it,
        legal_basis=(),
        ethics_vote="",
        datasets=(DatasetGrant(STAYS, columns=columns),),  # type: ignore[arg-type]
        kinds=frozenset(AnswerKind),
        obligations=Obligations(),
        not_before=NOW - timedelta(days=1),
        expires=NOW + timedelta(days=1),
    )


def test_another_kind_of_answer_is_nearer_than_a_permit() -> None:
    assert suggested(ROWS, allow(HOLDERS), allow(RESEARCH, AnswerKind.AGGREGATE)) == (
        'You can change this: ask with kind="aggregate".'
    )


def test_a_permit_is_nearer_than_another_purpose_than_the_one_that_was_stated() -> None:
    market = replace(REQUEST, purpose="marketing")
    assert suggested(market, allow(RESEARCH), allow(HOLDERS)).startswith(
        'You can change this: hub.apply("stays", purpose="marketing")'
    )
    assert suggested(market, allow(RESEARCH)) == (
        'You can change this: ask with purpose="scientific research" if that is what it is for.'
    )


def test_stating_a_purpose_is_nearer_than_a_permit_and_than_two_changes() -> None:
    assert suggested(BARE, allow(HOLDERS), allow(RESEARCH)) == (
        'You can change this: ask with purpose="scientific research" if that is what it is for.'
    )
    assert suggested(replace(ROWS, purpose=""), allow(RESEARCH, AnswerKind.NOISY), allow(RESEARCH)) == (
        'You can change this: ask with purpose="scientific research" if that is what it is for.'
    )


def test_a_permit_is_no_further_than_two_changes() -> None:
    assert suggested(replace(ROWS, purpose=""), allow(HOLDERS), allow(RESEARCH, AnswerKind.NOISY)).startswith(
        "You can change this: hub.apply("
    )


def test_a_kind_and_columns_are_nearer_than_another_purpose() -> None:
    labelled = Target(labels=frozenset({Label.SPECIAL_CATEGORY}))
    ban = Rule(
        RuleId("r"), Effect.FORBID, labelled, condition=Constraint(Operand.COUNTRY, Operator.EQ, ("DE",))
    )
    asked = replace(ROWS, columns=(AGE, DIED), purpose="marketing")
    assert suggested(asked, ban, allow(None, AnswerKind.NOISY), allow(RESEARCH, AnswerKind.ROWS)) == (
        'You can change this: ask with kind="noisy" and without died.'
    )


def test_what_is_suggested_of_an_application_is_what_an_application_needs() -> None:
    """One without a purpose is refused, so where none is stated and any would do, the place is left to fill in."""
    assert suggested(BARE, allow(HOLDERS)) == (
        'You can change this: hub.apply("stays", purpose="…"), then ask with permit=….'
    )
    assert suggested(ROWS, allow(HOLDERS, AnswerKind.ROWS)) == (
        'You can change this: hub.apply("stays", purpose="scientific research", kinds=["rows"]), '
        "then ask with permit=…."
    )


def test_who_trains_is_suggested_no_question_instead() -> None:
    train = replace(REQUEST, kind=AnswerKind.TRAIN, action=Action.TRAIN)
    assert suggested(train, allow(None, AnswerKind.AGGREGATE)).startswith(NOTHING)
    assert "purpose=" in suggested(replace(train, purpose=""), allow(RESEARCH, AnswerKind.TRAIN))


def test_no_more_than_four_purposes_are_tried() -> None:
    fails = ["dpv:Marketing", "dpv:Advertising", "dpv:Personalisation", "dpv:HumanResourceManagement"]
    never = Constraint(Operand.COUNTRY, Operator.EQ, ("DE",))
    rules = [replace(rule, obligations=Obligations(answer=AnswerKind.TRAIN)) for rule in purposes(*fails)]
    fourth = [*rules[:3], allow(RESEARCH)]
    assert "scientific research" in suggested(BARE, *fourth, allow(never))
    assert suggested(BARE, *rules, allow(RESEARCH)).startswith(NOTHING)


def test_a_purpose_that_nobody_knows_is_replaced_as_if_none_were_stated() -> None:
    assert suggested(replace(BARE, purpose="nonsense"), allow(HOLDERS), allow(RESEARCH)) == (
        'You can change this: ask with purpose="scientific research" if that is what it is for.'
    )


def test_a_purpose_that_is_forbidden_gets_no_other_one_suggested_and_one_that_is_not_does() -> None:
    market = replace(REQUEST, purpose="marketing")
    ban = Rule(
        RuleId("r"),
        Effect.FORBID,
        Target(frozenset({STAYS})),
        condition=Constraint(Operand.PURPOSE, Operator.IS_A, ("dpv:Marketing",)),
    )
    assert suggested(market, allow(RESEARCH), ban).startswith(NOTHING)
    unclear = replace(ban, condition=Constraint(Operand.COUNTRY, Operator.EQ, ("DE",)))
    elsewhere = replace(unclear, condition=Constraint(Operand.PURPOSE, Operator.IS_A, ("dpv:Advertising",)))
    assert 'purpose="scientific research"' in suggested(market, allow(RESEARCH), elsewhere)


def test_of_columns_those_that_the_permit_gives_are_suggested() -> None:
    asked = replace(
        REQUEST, columns=(AGE, DIED), permit=permit("scientific research", columns=frozenset({"age"}))
    )
    assert suggested(asked, allow(HOLDERS)) == "You can change this: ask without died."
    none = replace(asked, columns=(DIED,))
    assert suggested(none, allow(HOLDERS)).startswith("You can change this: hub.apply(")


def test_the_purposes_of_the_permit_that_came_along_are_tried_first() -> None:
    asked = replace(BARE, permit=permit("marketing", "scientific research"))
    both = Constraint(Operand.PURPOSE, Operator.IS_A, ("dpv:ScientificResearch",))
    assert suggested(asked, allow(both)) == (
        'You can change this: ask with purpose="scientific research" if that is what it is for.'
    )


def test_where_nothing_would_pass_those_who_forbid_are_named_and_no_others() -> None:
    ban = Rule(RuleId("r"), Effect.FORBID, Target(frozenset({STAYS})))
    assert suggested(REQUEST, allow(), ban) == f"{NOTHING}; only the steward (p1) can change this."
    short = [allow(Constraint(Operand.COUNTRY, Operator.EQ, ("DE",))) for _ in range(2)]
    assert (
        suggested(REQUEST, *short)
        == f"{NOTHING}; only the steward (p0) and the steward (p1) can change this."
    )
    assert suggested(REQUEST, allow(target=Target(frozenset({DatasetName("other")})))) == (
        "No policy speaks of stays: its steward has to publish one first."
    )


@pytest.mark.parametrize("late", [timedelta(hours=1), timedelta(days=2)])
def test_an_application_is_suggested_up_to_the_last_day_of_the_calendar(late: timedelta) -> None:
    at = datetime.max.replace(tzinfo=UTC) - late
    assert suggested(REQUEST, allow(HOLDERS), at=at).startswith(
        "You can change this: hub.apply(" if late > timedelta(days=1) else NOTHING
    )
