"""A scenario that a steward wrote says exactly where the decision is another one."""

from dataclasses import replace
from typing import Any

import pytest

from dataspace.model.names import PolicyId, RuleId
from dataspace.model.policies import Constraint, Effect, Obligations, Operand, Operator, Policy, Rule, Target
from dataspace.model.scenarios import Expectation
from dataspace.policy.decide import decide
from dataspace.policy.digest import policy_set
from dataspace.policy.rehearse import differences
from tests.policy.stays_world import NOW, REQUEST, STAYS

VALID = Constraint(Operand.PERMIT, Operator.EQ, ("valid",))
UNKNOWN = Constraint(Operand.COUNTRY, Operator.EQ, ("DE",))


def policy(name: str, effect: Effect, condition: Constraint | None = None, **owed: Any) -> Policy:
    rule = Rule(
        RuleId("r"),
        effect,
        Target(frozenset({STAYS})),
        condition=condition,
        obligations=Obligations(**owed),
        because=name,
    )
    return Policy(PolicyId(name), "", f"owner of {name}", (rule,))


def told(expects: Expectation, *policies: Policy) -> tuple[str, ...]:
    return differences(decide(REQUEST, policy_set(policies), NOW), expects)


GIVES = policy("gives", Effect.PERMIT, cohort=20)
YES, NO = Expectation(True), Expectation(False)


def test_an_outcome_that_is_not_the_expected_one_says_why() -> None:
    ban = policy("ban", Effect.FORBID)
    assert told(YES, GIVES) == told(NO, GIVES, ban) == told(NO) == ()
    assert told(NO, GIVES) == ("expected to be refused, but allowed: gives",)
    assert told(YES, GIVES, ban) == ("expected to be allowed, but refused: ban",)
    assert told(YES) == ("expected to be allowed, but refused: no policy speaks of it",)


def test_what_decided_is_named_by_policy_or_by_rule() -> None:
    both = (
        GIVES,
        policy("idle", Effect.FORBID, Constraint(Operand.PURPOSE, Operator.IS_A, ("dpv:Marketing",))),
    )
    assert told(replace(YES, because=("gives", "gives/r")), *both) == ()
    assert told(replace(YES, because=("idle", "gives/q")), *both) == (
        "idle is not among the rules that decided",
        "gives/q is not among the rules that decided",
    )


@pytest.mark.parametrize("condition", [None, UNKNOWN], ids=["certain", "unclear"])
def test_every_prohibition_that_stands_has_decided(condition: Constraint | None) -> None:
    """Also the second of two that would say the same."""
    bans = [policy(name, Effect.FORBID, condition) for name in ("one", "two")]
    assert told(replace(NO, because=("one", "two")), GIVES, *bans) == ()


@pytest.mark.parametrize(
    ("owed", "said"),
    [
        ({"cohort": 20}, ()),
        ({"minimum_sites": 3}, ()),  # a default is owed
        ({}, ()),
        ({"cohort": 12}, ("cohort is 20, expected 12",)),
        (
            {"cohort": 12, "maximum_rows": 5},
            ("cohort is 20, expected 12", "maximum rows is None, expected 5"),
        ),
    ],
)
def test_each_obligation_that_was_written_down_has_to_be_owed_exactly_so(
    owed: dict[str, Any], said: tuple[str, ...]
) -> None:
    assert told(replace(YES, obligations=Obligations(**owed)), GIVES) == said


def test_what_is_missing_and_what_would_pass_have_to_be_said() -> None:
    needs = policy("needs", Effect.PERMIT, VALID)
    assert told(replace(NO, missing=(Operand.PERMIT,), nearest="hub.apply("), needs) == ()
    found = told(replace(NO, missing=(Operand.PERMIT, Operand.COUNTRY), nearest="wait"), needs)
    assert found[0] == "country is not reported as missing"
    assert found[1].startswith("the nearest thing that would pass is: You can change this: hub.apply(")
    assert len(found) == 2
