"""DUO codes as policy: all terms, each with a question that passes and one that does not."""

import csv
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from dataspace.adapters.policy_yaml import parse_policy
from dataspace.errors import InvalidRequest, UnknownName
from dataspace.model.datasets import VersionRef
from dataspace.model.decisions import Allow
from dataspace.model.names import ApplicationId, DatasetName, PermitId, PolicyId, PrincipalId, RuleId
from dataspace.model.permits import Basis, DatasetGrant, Permit
from dataspace.model.policies import Action, AnswerKind, Effect, Obligations, Operand, Policy, Rule, Target
from dataspace.model.predicates import Predicate
from dataspace.model.principals import Fact, Principal, Role
from dataspace.model.requests import AccessRequest
from dataspace.policy.decide import decide
from dataspace.policy.digest import policy_set
from dataspace.policy.duo import DUTIES, duo_policy, duties_of, policy_name, uses_of
from dataspace.vocabulary.duo import BY_SHORTHAND, TERMS

TODAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STAYS = DatasetName("stays")
OPEN = Policy(PolicyId("open"), "", "", (Rule(RuleId("all"), Effect.PERMIT, Target(frozenset({STAYS}))),))


def no_filter(text: str) -> Predicate:
    raise ValueError(text)


def permit(vote: str = "", project: str = "", disease: str = "") -> Permit:
    return Permit(
        id=PermitId("P-1"),
        application=ApplicationId("A-1"),
        basis=Basis.CONTRACT,
        issued_by="hub",
        persons=frozenset({PrincipalId("ana")}),
        organisation="",
        title="",
        purpose="dpv:Purpose",
        purposes=("dpv:Purpose",),
        legal_basis=(),
        ethics_vote=vote,
        datasets=(DatasetGrant(STAYS),),
        kinds=frozenset(AnswerKind),
        obligations=Obligations(),
        not_before=datetime(2026, 1, 1, tzinfo=UTC),
        expires=datetime(2027, 1, 1, tzinfo=UTC),
        project=project,
        disease=disease,
    )


def passes(
    code: str,
    purpose: str = "healthcare scientific research",
    kind: AnswerKind = AnswerKind.AGGREGATE,
    at: datetime = NOW,
    with_permit: Permit | None = None,
    facts: Mapping[Operand, str] | None = None,
) -> bool:
    text = duo_policy("stays", uses_of(code.split(" + "), TODAY))
    policies = [OPEN, *([parse_policy(text, "duo.yaml", no_filter)] if text else [])]
    asker = Principal(PrincipalId("ana"), "", frozenset({Role.RESEARCHER}))
    action = Action.TRAIN if kind is AnswerKind.TRAIN else Action.AGGREGATE
    known = {operand: Fact(value, "the test") for operand, value in (facts or {}).items()}
    request = AccessRequest(
        asker, action, purpose, VersionRef(STAYS, "0" * 64), (), kind, with_permit, facts=known
    )
    return isinstance(decide(request, policy_set(policies), at), Allow)


def test_the_table_is_the_ontology(shared: Path) -> None:
    with (shared / "conformance" / "duo" / "duo.csv").open() as file:
        rows = {(row["id"], row["shorthand"], row["label"]) for row in csv.DictReader(file)}
    assert {(term.code, term.shorthand, term.label) for term in TERMS} == rows
    assert len(TERMS) == 25


DETAILS = {
    "DS": "MONDO:0005148",
    "RS": "public health surveillance",
    "GS": "EEA",
    "MOR": "2027-01-01",
    "TS": "24 months",
    "US": "ana, ben",
    "PS": "heart",
    "IS": "Charité",
}


@pytest.mark.parametrize("term", [term for term in TERMS if term.shorthand], ids=lambda term: term.shorthand)
def test_every_code_makes_a_policy_that_can_be_read_and_only_forbids(term: object) -> None:
    shorthand = term.shorthand  # type: ignore[attr-defined]
    said = shorthand + (f"={DETAILS[shorthand]}" if shorthand in DETAILS else "")
    text = duo_policy("stays", uses_of([said], TODAY))
    if shorthand in ("NRES", "CC"):
        assert text == ""
        return
    policy = parse_policy(text, "duo.yaml", no_filter)
    assert {rule.effect for rule in policy.rules} == {Effect.FORBID}
    assert all(shorthand in rule.because and term.code in rule.because for rule in policy.rules)  # type: ignore[attr-defined]


COMPANY, CHARITY = (
    {Operand.ORGANISATION_KIND: "company"},
    {Operand.ORGANISATION_KIND: "non-profit organisation"},
)
LATER = datetime(2029, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "yes", "no"),
    [
        ("NRES", {}, None),
        ("GRU", {}, {"purpose": "marketing"}),
        ("GRU", {"purpose": "academic research"}, {"purpose": "improve healthcare"}),
        ("GRU + CC", {"purpose": "improve healthcare"}, {"purpose": "marketing"}),
        ("HMB", {}, {"purpose": "academic research"}),
        ("HMB", {"purpose": "train AI systems"}, {"purpose": "ancestry research"}),
        ("DS=MONDO:0005148", {"with_permit": permit(disease="MONDO:0005148")}, {}),
        ("DS=MONDO:0005148", None, {"with_permit": permit()}),
        ("DS=MONDO:0005148", None, {"with_permit": permit(disease="MONDO:0005149")}),
        ("POA", {"purpose": "ancestry research"}, {}),
        ("NPOA", {}, {"purpose": "ancestry research"}),
        ("RS=public health surveillance", {"purpose": "public health surveillance"}, {}),
        ("NMDS", {}, {"kind": AnswerKind.TRAIN}),
        ("NMDS", {}, {"purpose": "train AI systems"}),
        ("NMDS", {}, {"purpose": "methods development"}),
        ("GSO", {"purpose": "genetic research"}, {}),
        ("NPUNCU", {"facts": CHARITY}, {"facts": COMPANY}),
        ("NPUNCU", {"facts": CHARITY}, {"facts": CHARITY, "purpose": "commercial research"}),
        ("NPU", {"facts": CHARITY}, {}),
        ("NCU", {"facts": COMPANY}, {"purpose": "commercial research"}),
        ("NCU", {}, {"purpose": "any purpose"}),
        ("NCU", {}, {"purpose": "brand awareness"}),
        ("IRB", {"with_permit": permit("26-041")}, {"with_permit": permit()}),
        ("GS=DE,FR", {"facts": {Operand.COUNTRY: "FR"}}, {"facts": {Operand.COUNTRY: "US"}}),
        ("GS=EEA", {"facts": {Operand.COUNTRY: "NO"}}, {}),
        (
            "IS=Charité",
            {"facts": {Operand.AFFILIATION: "Charité"}},
            {"facts": {Operand.AFFILIATION: "Other"}},
        ),
        ("PS=heart", {"with_permit": permit(project="heart")}, {}),
        ("PS=heart", None, {"with_permit": permit()}),
        ("PS=heart", None, {"with_permit": permit(project="hearts")}),
        ("TS=24 months", {}, {"at": LATER}),
        ("TS=2026-11-22", {}, {"at": datetime(2026, 11, 23, 0, 0, 1, tzinfo=UTC)}),
        ("US=ana, ben", {}, None),
        ("US=ben", None, {}),
        ("US", {"with_permit": permit()}, {}),
        ("RTN", {"with_permit": permit()}, {}),
        ("PUB", {"with_permit": permit()}, {}),
        ("COL", {"with_permit": permit()}, {}),
        ("MOR=2027-01-01", {"with_permit": permit()}, {}),
    ],
)
def test_a_code_lets_through_and_stops(code: str, yes: dict | None, no: dict | None) -> None:  # type: ignore[type-arg]
    assert yes is None or passes(code, **yes)
    assert no is None or not passes(code, **no)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("GS", "needs countries"),
        ("GS=Atlantis", "no country"),
        ("TS=tomorrow", "neither a date"),
        ("TS=2026-02-30", "neither a date"),
        ("RS=curiosity", "no purpose"),
        ("NMDS=x", "takes nothing"),
        ("DS=diabetes", "no disease of MONDO"),
        ("DUO:0000017", "heading"),
        ('IS="x"', "characters"),
        ("IS=a\nforbid: x", "characters"),
    ],
)
def test_a_code_that_is_incomplete_or_odd_is_refused(said: str, complaint: str) -> None:
    with pytest.raises(InvalidRequest, match=complaint):
        uses_of([said], TODAY)


def test_a_code_that_is_none_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="NMDS"):
        uses_of(["NMSD"], TODAY)
    with pytest.raises(InvalidRequest, match="twice"):
        uses_of(["GS=DE", "DUO:0000022=FR"], TODAY)


@pytest.mark.parametrize(
    ("today", "said", "last"),
    [
        (date(2026, 11, 22), "1 month", "2026-12-22"),
        (date(2026, 11, 22), "2 months", "2027-01-22"),
        (date(2026, 11, 22), "24months", "2028-11-22"),
        (date(2026, 1, 31), "1 month", "2026-02-28"),
        (date(2026, 12, 31), "0 months", "2026-12-28"),
        (date(2026, 11, 22), "2027-12-31", "2027-12-31"),
    ],
)
def test_a_number_of_months_ends_on_the_same_day_of_a_month_and_never_after_the_28th(
    today: date, said: str, last: str
) -> None:
    assert uses_of([f"TS={said}"], today)[0].detail == last


def test_rules_of_one_code_are_told_apart_by_number_and_a_single_one_needs_none() -> None:
    def names(code: str) -> list[str]:
        lines = duo_policy("stays", uses_of([code], TODAY)).splitlines()
        return [line.removeprefix("  - rule: ") for line in lines if line.startswith("  - rule: ")]

    assert names("NMDS") == ["nmds-1", "nmds-2"]
    assert names("IRB") == ["irb"]


def test_a_long_name_gives_way_to_a_part_of_its_digest_and_a_short_one_does_not() -> None:
    fits = "a" * 59
    assert policy_name(fits) == f"duo-{fits}"
    assert len(policy_name(fits)) == 63
    assert len(policy_name(fits + "a")) == 63
    assert policy_name(fits + "a")[:47] == "duo-" + "a" * 42 + "-"


def test_no_two_datasets_share_a_policy() -> None:
    names = ["a", "a_", "a__b", "a_b", "a" * 63, "a" * 62 + "b", "a" * 62]
    made = [policy_name(name) for name in names]
    assert len(set(made)) == len(names)
    for name in made:
        parse_policy(duo_policy("stays", uses_of(["NMDS"], TODAY)).replace("duo-stays", name), "x", no_filter)


def test_the_order_in_which_codes_are_said_does_not_matter() -> None:
    codes = ["NMDS", "GS=DE", "IRB"]
    assert duo_policy("stays", uses_of(codes, TODAY)) == duo_policy("stays", uses_of(codes[::-1], TODAY))
    assert replace(uses_of(["NMDS"], TODAY)[0]) == uses_of(["DUO:0000015"], TODAY)[0]


def test_what_codes_ask_of_permit_holders_are_duties_in_words() -> None:
    owed = duties_of(["age", "DUO:0000019", "DUO:0000029", "DUO:0000015", "DUO:0000020"])
    assert len(owed) == 3
    assert "publish the results" in owed
    assert duties_of(["DUO:0000015", "heart"]) == frozenset()
    assert set(DUTIES) == {BY_SHORTHAND[code].code for code in ("RTN", "PUB", "COL", "MOR")}
