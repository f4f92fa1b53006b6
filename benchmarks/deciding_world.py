"""Policies and questions of which the decision is timed: a policy for each dataset, and two that speak of all data."""

from random import Random

from benchmarks.sizes import scaled
from dataspace.model.datasets import Column, ColumnType, Label, VersionRef
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
    Rule,
    Target,
)
from dataspace.model.principals import Fact, Principal, Role
from dataspace.model.requests import AccessRequest

QUESTIONS = scaled(2_000, 200)
GERMAN = Principal(PrincipalId("ana"), "Ana", frozenset(), claims={"country": Fact("DE", "issuer")})


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
