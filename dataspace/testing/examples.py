"""Nouns with every part filled in, for contracts and tests that need one of a kind."""

from datetime import UTC, datetime, timedelta

from dataspace.model.charges import Charge, PrivacyEvent
from dataspace.model.datasets import Column, ColumnType, Dataset, Label, Responsibility, VersionRef
from dataspace.model.names import (
    HUB,
    ApplicationId,
    ColumnName,
    DatasetName,
    PermitId,
    PolicyId,
    PrincipalId,
    RuleId,
    SiteName,
)
from dataspace.model.permits import (
    Application,
    Basis,
    DatasetGrant,
    Permit,
)
from dataspace.model.policies import (
    AnswerKind,
    Constraint,
    Effect,
    Mask,
    MaskKind,
    Obligations,
    Operand,
    Operator,
    Policy,
    Rule,
    Target,
)
from dataspace.model.predicates import All, Comparator, Compare, Not, OneOf
from dataspace.model.records import JSON, Record, RecordKind

AT = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
MEDPAR = DatasetName("medpar")


def example_dataset(name: str = "medpar", title: str = "Stays") -> Dataset:
    """A dataset with one column of each kind that matters."""
    columns = (
        Column(ColumnName("los"), ColumnType.INTEGER, lower=0, upper=120, unit="d"),
        Column(
            ColumnName("type"),
            ColumnType.INTEGER,
            values=(1, 2, 3),
            meanings=("elective", "urgent", "emergency"),
        ),
        Column(
            ColumnName("provnum"),
            ColumnType.TEXT,
            labels=frozenset({Label.QUASI_IDENTIFIER, Label.TRADE_SECRET}),
        ),
    )
    return Dataset(DatasetName(name), title, "", columns, None, VersionRef(DatasetName(name), "ab" * 32))


def example_application(id: str = "A-1") -> Application:
    """An application that waits for its completeness check."""
    return Application(
        ApplicationId(id),
        PrincipalId("ana"),
        "Université de Liège",
        "Mortality after emergency admission",
        (MEDPAR,),
        "scientific research",
        frozenset({AnswerKind.AGGREGATE}),
        ("A6-1-e", "A9-2-j"),
        "24-113",
        AT,
        AT + timedelta(days=7),
    )


def example_permit(id: str = "P-1", *, issuer: str = "hub.example", not_before: datetime = AT) -> Permit:
    """A permit that uses every part of one."""
    condition = All(
        (Compare(ColumnName("died"), Comparator.EQ, 0), Not(OneOf(ColumnName("type"), (1, 2.5, "x"))))
    )
    obligations = Obligations(
        row_filter=condition,
        masks={ColumnName("provnum"): Mask(MaskKind.GENERALISE, width=2)},
        cohort=10,
        epsilon_total=1.0,
        expires=AT + timedelta(days=365),
    )
    return Permit(
        PermitId(id),
        ApplicationId("A-1"),
        Basis.CONTRACT,
        issuer,
        frozenset({PrincipalId("ana"), PrincipalId("ben@example.org")}),
        "Université de Liège",
        "Mortality after emergency admission",
        "scientific research",
        ("A6-1-e", "A9-2-j"),
        "24-113",
        (DatasetGrant(MEDPAR, columns=frozenset({ColumnName("died"), ColumnName("type")})),),
        frozenset({AnswerKind.AGGREGATE, AnswerKind.NOISY}),
        obligations,
        not_before,
        not_before + timedelta(days=365),
        frozenset({SiteName("hospital-a")}),
    )


def example_policy(id: str = "medpar", title: str = "Stays for research") -> Policy:
    """A policy with one rule that permits under a condition."""
    condition = Constraint(Operand.PURPOSE, Operator.IS_A, ("dpv:ScientificResearch",))
    rule = Rule(RuleId("research"), Effect.PERMIT, Target(datasets=frozenset({MEDPAR})), condition=condition)
    return Policy(PolicyId(id), title, "the steward of medpar", (rule,))


def example_record(number: int = 0) -> Record:
    """A record like those that services write."""
    facts: dict[str, JSON] = {"dataset": "medpar", "number": number, "rules": ["k 10"], "share": 0.5}
    return Record(RecordKind.QUERY_INTENDED, AT, HUB, PrincipalId("ana"), facts)


def example_charge(epsilon: float = 0.1, permit: str | None = "P-1", who: str = "ana") -> Charge:
    """A charge for one noisy number."""
    events = (PrivacyEvent("laplace", 1 / epsilon),) if epsilon else ()
    return Charge(PermitId(permit) if permit else None, PrincipalId(who), "digest", events, epsilon)


RECORD: dict[str, str | list[str]] = {
    "description": "Each row is one stay. Invented.",
    "controller": "Hospital of Nowhere",
    "contact": "Data desk <data@hospital.example>",
    "data-protection-officer": "Dr Doe <dpo@hospital.example>",
    "legal-basis": ["A6-1-e", "A9-2-j"],
    "cited-law": "Research Data Act of Nowhere",
    "retention": "2020-01-01/2036-12-31",
}
"""What a record says before it can be published."""

HEALTH_RECORD: dict[str, str | list[str]] = RECORD | {
    "domain": "health",
    "theme": "health",
    "keyword": ["stay", "mortality"],
    "ethics-vote": "24-113",
    "ethics-expires": "2099-12-31",
    "dpia": "DPIA-7",
    "health-category": "EHRS",
    "hdab": "Access Body <hdab@health.example>",
    "type": "STATISTICAL",
    "provenance": "Billing of inpatients",
}
"""What a record of health data that are not public says besides."""

HOSPITAL = Responsibility(
    controller="Hospital of Nowhere",
    data_protection_officer="Dr Doe <dpo@hospital.example>",
    contact="Data desk <data@hospital.example>",
    cited_law="Research Data Act of Nowhere",
    ethics_vote="24-113",
    ethics_expires="2028-12-31",
    retention="2020-01-01/2036-12-31",
    licence="https://hospital.example/terms",
    joint_controllers=("School of Public Health",),
    processor="Hosting Ltd",
    dpia="DPIA-2024-07",
)
"""A hospital that says everything, as a noun."""

PLANT = Responsibility(
    controller="Works of Nowhere",
    contact="Plant data <data@works.example>",
    contract="C-2024-17",
    trade_secret="cycle times; under NDA 4",  # noqa: S106 - says what is one, is none
)
"""A plant that says what the Data Act wants to be said."""
