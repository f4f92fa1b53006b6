"""A recorded request under the policies in force and under others: who gains, who loses, and whose limits change."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.model.names import PolicyId, RuleId
from dataspace.model.policies import (
    AnswerKind,
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
from dataspace.model.replays import Effectuation
from dataspace.policy.digest import policy_set
from dataspace.policy.replay import Change, change
from tests.policy.stays_world import NOW, REQUEST, STAYS

UNKNOWN = Constraint(Operand.COUNTRY, Operator.EQ, ("DE",))
ELSE = Constraint(Operand.PURPOSE, Operator.IS_A, ("dpv:Marketing",))


def policy(name: str, effect: Effect, condition: Constraint | None = None, **owed: Any) -> Policy:
    rule = Rule(
        RuleId("r"), effect, Target(frozenset({STAYS})), condition=condition, obligations=Obligations(**owed)
    )
    return Policy(PolicyId(name), "", f"owner of {name}", (rule,))


def among(*policies: Policy) -> PolicySet:
    return policy_set(policies)


GIVES = policy("gives", Effect.PERMIT)


def test_who_was_refused_and_would_be_allowed_gains_by_the_permission() -> None:
    banned = among(GIVES, policy("other", Effect.PERMIT, ELSE), policy("ban", Effect.FORBID))
    freed = among(GIVES, policy("other", Effect.PERMIT, ELSE), policy("ban", Effect.FORBID, ELSE))
    assert change(REQUEST, NOW, banned, freed) == Change(Effectuation.GAINS, ("gives/r",), None, 10)


@pytest.mark.parametrize("condition", [None, UNKNOWN], ids=["certainly", "perhaps"])
def test_who_was_allowed_and_would_be_refused_loses_by_the_prohibition(condition: Constraint | None) -> None:
    also = policy("also", Effect.FORBID, ELSE)
    banned = among(GIVES, also, policy("ban", Effect.FORBID, condition))
    assert change(REQUEST, NOW, among(GIVES, also), banned) == Change(
        Effectuation.LOSES, ("ban/r",), 10, None
    )


def test_every_prohibition_that_stands_is_named_also_where_two_say_the_same() -> None:
    bans = [policy(name, Effect.FORBID, UNKNOWN) for name in ("one", "two")]
    assert change(REQUEST, NOW, among(GIVES), among(GIVES, *bans)).because == ("one/r", "two/r")


def test_who_loses_a_permission_loses_by_the_one_that_falls_short() -> None:
    short = policy("gives", Effect.PERMIT, ELSE)
    assert change(REQUEST, NOW, among(GIVES), among(short)) == Change(
        Effectuation.LOSES, ("gives/r",), 10, None
    )
    assert change(REQUEST, NOW, among(GIVES), among()) == Change(Effectuation.LOSES, (), 10, None)


@pytest.mark.parametrize(
    ("before", "after", "effect", "because"),
    [
        ({}, {}, None, ()),
        ({}, {"cohort": 10}, None, ()),  # what holds anyway
        ({"cohort": 12}, {"cohort": 20}, Effectuation.TIGHTER, ("cohort",)),
        ({"cohort": 20}, {"cohort": 12}, Effectuation.LOOSER, ("cohort",)),
        (
            {"cohort": 12, "maximum_rows": 5},
            {"cohort": 20, "maximum_rows": 9},
            Effectuation.LOOSER,
            ("cohort", "maximum rows"),
        ),
    ],
)
def test_limits_are_tighter_where_all_are_and_looser_where_one_is(
    before: dict[str, Any], after: dict[str, Any], effect: Effectuation | None, because: tuple[str, ...]
) -> None:
    old, new = among(policy("p", Effect.PERMIT, **before)), among(policy("p", Effect.PERMIT, **after))
    found = change(REQUEST, NOW, old, new)
    assert (found.effect, found.because) == (effect, because)
    assert (found.group_before, found.group_after) == (before.get("cohort", 10), after.get("cohort", 10))


def test_an_answer_without_groups_shows_no_smallest_one() -> None:
    rows = replace(REQUEST, kind=AnswerKind.ROWS)
    assert change(rows, NOW, among(GIVES), among(GIVES)) == Change(None, (), None, None)
    assert change(REQUEST, NOW, among(), among()) == Change(None, (), None, None)


_sets = st.lists(
    st.builds(
        lambda name, effect, condition: policy(name, effect, condition),
        st.sampled_from("abc"),
        st.sampled_from(Effect),
        st.sampled_from([None, UNKNOWN, ELSE]),
    ),
    unique_by=lambda one: one.id,
).map(policy_set)


@given(_sets, _sets)
def test_what_one_way_gains_the_other_way_loses(before: PolicySet, after: PolicySet) -> None:
    there, back = change(REQUEST, NOW, before, after), change(REQUEST, NOW, after, before)
    assert (there.effect is Effectuation.GAINS) is (back.effect is Effectuation.LOSES)
    assert (there.group_before, there.group_after) == (back.group_after, back.group_before)
