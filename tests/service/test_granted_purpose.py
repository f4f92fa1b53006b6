"""A request without a purpose is for one of its permit that policies allow; where no ε is said defaults hold."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dataspace.model.charges import Limits
from dataspace.model.names import HUB, PrincipalId, RuleId
from dataspace.model.permits import Permit
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
from dataspace.model.principals import Principal, Role
from dataspace.model.requests import AccessRequest
from dataspace.policy.digest import policy_set
from dataspace.service.access_requests import access_request, granted_purpose
from dataspace.service.allowed import limits_of
from dataspace.testing.examples import AT, MEDPAR, example_dataset, example_permit, example_policy

NOW = AT + timedelta(days=1)
RESEARCH, TRAINING = "dpv:ScientificResearch", "health:TrainTestAndEvaluateHealthAlgorithms"


def policies() -> PolicySet:
    """Answers for research, training for the training of algorithms."""
    research = example_policy()
    trains = Rule(
        RuleId("training"),
        Effect.PERMIT,
        Target(datasets=frozenset({MEDPAR})),
        kinds=frozenset({AnswerKind.TRAIN}),
        condition=Constraint(Operand.PURPOSE, Operator.IS_A, (TRAINING,)),
    )
    asks = replace(research.rules[0], kinds=frozenset({AnswerKind.AGGREGATE}))
    return policy_set([Policy(research.id, research.title, research.owner, (asks, trains))])


def asked(kind: AnswerKind, purpose: str, permit: Permit | None) -> AccessRequest:
    ana = Principal(PrincipalId("ana"), "Ana", frozenset({Role.RESEARCHER}))
    return access_request(ana, kind, purpose, example_dataset(), frozenset(), permit, HUB)


def granted(*purposes: str) -> Permit:
    return replace(
        example_permit(),
        purposes=purposes,
        purpose=purposes[0],
        kinds=frozenset(AnswerKind),
        sites=frozenset(),
    )


@pytest.mark.parametrize("order", [(RESEARCH, TRAINING), (TRAINING, RESEARCH)])
def test_a_training_is_for_the_purpose_that_allows_training_wherever_it_stands(
    order: tuple[str, str],
) -> None:
    permit = granted(*order)
    assert granted_purpose(asked(AnswerKind.TRAIN, "", permit), policies(), NOW) == TRAINING
    assert granted_purpose(asked(AnswerKind.AGGREGATE, "", permit), policies(), NOW) == RESEARCH


def test_what_is_stated_stays_and_where_none_fits_it_is_the_permits_first() -> None:
    permit = granted(RESEARCH, TRAINING)
    assert granted_purpose(asked(AnswerKind.TRAIN, RESEARCH, permit), policies(), NOW) == RESEARCH
    assert granted_purpose(asked(AnswerKind.ROWS, "", permit), policies(), NOW) == RESEARCH
    assert granted_purpose(asked(AnswerKind.TRAIN, "", None), policies(), NOW) == ""


def test_an_allowance_that_says_nothing_of_epsilon_has_the_defaults_for_its_limits() -> None:
    assert limits_of(Obligations()) == Limits(permit=1.0, question=0.1)
    assert limits_of(Obligations(epsilon_total=3.0, epsilon_question=0.5)) == Limits(permit=3.0, question=0.5)
