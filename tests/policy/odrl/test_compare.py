"""Comparing rules: axes of numbers, times, places, languages and purposes, and that unknown stays unknown."""

import pytest

from dataspace.adapters.odrl_policies import read_knowledge
from dataspace.adapters.odrl_read import read_odrl
from dataspace.model.odrl_verdicts import Compared, Verdict
from dataspace.policy.odrl.compare import compare, overall

PREFIXES = """@prefix odrl: <http://www.w3.org/ns/odrl/2/> . @prefix ex: <http://example.org/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix dpv: <https://w3id.org/dpv#> .
@prefix bcp: <https://tools.ietf.org/html/bcp47#> . @prefix gn: <https://sws.geonames.org/> .
@prefix axis: <http://w3id.org/odrl/spatial-axis#> .
@prefix ds: <urn:dataspace:odrl#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
"""

NOON = "2026-01-01T12:00:00Z"
EUROPE, FRANCE, GERMANY, MUNICH = (
    f"<https://sws.geonames.org/{number}/>" for number in (6255148, 3017382, 2921044, 2867714)
)


def limit(text: str) -> str:
    left, operator, right = text.split(maxsplit=2)
    left, operator = (word if ":" in word else f"odrl:{word}" for word in (left, operator))
    return f"[ odrl:leftOperand {left} ; odrl:operator {operator} ; odrl:rightOperand {right} ]"


def policy(name: str, *limits: str, kind: str = "permission", rest: str = "odrl:action odrl:use") -> str:
    said = "".join(f"; odrl:constraint {limit(one) if one[0] != '[' else one}" for one in limits)
    return f"ex:{name} a odrl:Set ; odrl:{kind} [ {rest} {said} ] .\n"


def verdict(first: str, second: str = "", knowledge: str = "") -> Compared:
    known = read_knowledge({"known": PREFIXES + knowledge})
    if not second:
        return overall(compare(read_odrl(PREFIXES + first, "a"), None, known))
    return overall(
        compare(read_odrl(PREFIXES + first, "a", "a"), read_odrl(PREFIXES + second, "b", "b"), known)
    )


def at(text: str) -> str:
    return f'"{text}"^^xsd:dateTime'


def on(text: str) -> str:
    return f'"{text}"^^xsd:date'


def lasts(text: str) -> str:
    return f'"{text}"^^xsd:duration'


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("payAmount lteq 5", "payAmount gteq 5", "Compatible"),
        ("payAmount lt 5", "payAmount gteq 5", "Conflict"),
        ("payAmount gt 4", "payAmount lt 5", "Compatible"),
        ("count gt 4", "count lt 5", "Conflict"),  # nothing is counted four and a half times
        ("count lt 1", "count lteq 0", "Compatible"),
        ("count lt 0", "count lteq 7", "Conflict"),
        ("percentage gt 100", "percentage gt 5", "Conflict"),
        ("payAmount neq 5", "payAmount eq 5", "Conflict"),
        ("payAmount neq 5", "payAmount neq 6", "Compatible"),
        ("payAmount isAnyOf (1 2 3)", "payAmount gteq 3", "Compatible"),
        ("payAmount isAnyOf (1 2 3)", "payAmount gt 3", "Conflict"),
        ("payAmount isNoneOf (1 2)", "payAmount isAnyOf (1 2)", "Conflict"),
        ("payAmount lt 0.1", "payAmount gt 0.0999", "Compatible"),
        ("ex:own lt 3", "ex:own gt 3", "Conflict"),
        ("payAmount lt 'many'", "payAmount gt 3", "Unknown"),
        (f"dateTime lt {at(NOON)}", f"dateTime gteq {at(NOON)}", "Conflict"),
        (f"dateTime lteq {at(NOON)}", f"dateTime gteq {at('2026-01-01T13:00:00+01:00')}", "Compatible"),
        (f"dateTime lt {at(NOON)}", f"dateTime gt {at('2026-01-01T20:00:00')}", "Unknown"),
        (f"dateTime lt {at(NOON)}", f"dateTime gt {at('2026-01-02T20:00:00')}", "Conflict"),
        (f"dateTime lteq {on('2026-01-01')}", f"dateTime gteq {at('2026-01-01T18:00:00')}", "Compatible"),
        (f"dateTime lt {on('2026-01-01')}", f"dateTime gteq {on('2026-01-01')}", "Conflict"),
        (f"elapsedTime lt {lasts('P7D')}", f"elapsedTime gteq {lasts('P1W')}", "Conflict"),
        (f"elapsedTime lteq {lasts('P30D')}", f"elapsedTime gteq {lasts('P1M')}", "Unknown"),
        (f"elapsedTime lteq {lasts('P27D')}", f"elapsedTime gteq {lasts('P1M')}", "Conflict"),
        (f"elapsedTime lteq {lasts('P31D')}", f"elapsedTime gteq {lasts('P1M')}", "Compatible"),
        (f"elapsedTime eq {lasts('P12M')}", f"elapsedTime eq {lasts('P1Y')}", "Compatible"),
        (f"timeInterval eq {lasts('P1D')}", f"timeInterval eq {lasts('P2D')}", "Unknown"),
        ("ex:own lt 3", f"ex:own gt {lasts('P1D')}", "Unknown"),
        (f"ex:own lt {lasts('P1D')}", f"ex:own gt {lasts('P1D')}", "Conflict"),
        (f"ex:own lt {at(NOON)}", f"ex:own gt {at(NOON)}", "Conflict"),
        ("axis:absoluteSizeWidth lt 'x'", "axis:absoluteSizeWidth lt 'y'", "Unknown"),
        ("axis:absoluteSizeWidth lt 0", "axis:absoluteSizeWidth gt 0", "Conflict"),
        (f"dateTime lt {at(NOON)}", f"elapsedTime lt {lasts('P1D')}", "Compatible"),
        (f"dateTime lt {at(NOON)}", "count lt 5", "Unknown"),
        (f"elapsedTime lt {lasts('P5D')}", f"meteredTime lt {lasts('P1D')}", "Compatible"),
        (f"elapsedTime lt {lasts('P1D')}", f"meteredTime gt {lasts('P5D')}", "Conflict"),
        (f"elapsedTime lt {lasts('P5D')}", f"delayPeriod lt {lasts('P1D')}", "Unknown"),
        ("language eq bcp:de", "language eq bcp:fr", "Conflict"),
        ("language isA bcp:de", "language eq bcp:de-AT", "Compatible"),
        ("language eq bcp:de", "language isA bcp:de-AT", "Conflict"),
        ("language isAnyOf (bcp:de bcp:fr)", "language isNoneOf (bcp:fr)", "Compatible"),
        ("language isAllOf (bcp:de bcp:fr)", "language eq bcp:de", "Conflict"),
        ("language isAllOf (bcp:de bcp:fr)", "language isAnyOf (bcp:de)", "Compatible"),
        ('language eq "de"', "language eq bcp:de", "Compatible"),
        ("language neq bcp:de", "language neq bcp:fr", "Compatible"),
        ("purpose eq dpv:ScientificResearch", "purpose eq dpv:ScientificResearch", "Compatible"),
        ("purpose eq dpv:AcademicResearch", "purpose eq dpv:ScientificResearch", "Unknown"),
        ("purpose isA dpv:ResearchAndDevelopment", "purpose eq dpv:ScientificResearch", "Compatible"),
        ("purpose isA dpv:CommercialPurpose", "purpose isA dpv:ResearchAndDevelopment", "Compatible"),
        ("purpose isA dpv:Marketing", "purpose isA dpv:ResearchAndDevelopment", "Unknown"),
        ("purpose isNoneOf (dpv:Marketing)", "purpose eq dpv:Advertising", "Conflict"),
        ("purpose neq dpv:Marketing", "purpose eq dpv:Marketing", "Conflict"),
        ("purpose isA dpv:Marketing", "purpose neq dpv:Marketing", "Compatible"),
        ("spatial isPartOf " + EUROPE, "spatial eq " + MUNICH, "Compatible"),
        ("spatial isPartOf " + FRANCE, "spatial eq " + MUNICH, "Unknown"),
        ("spatial hasPart " + MUNICH, "spatial eq " + GERMANY, "Compatible"),
        ('spatial isPartOf "DE"', 'spatial eq "FR"', "Conflict"),
        ('spatial isPartOf "EU"', 'spatial eq "FR"', "Compatible"),
        ('spatial isPartOf "EU"', 'spatial eq "CH"', "Conflict"),
        ('spatial eq "DE"', 'spatial neq "FR"', "Compatible"),
        ('spatial eq "de"', 'spatial eq "DE"', "Compatible"),
        ('spatial eq "DE"', "spatial eq " + FRANCE, "Unknown"),
        ('spatial isA "Atlantis"', 'spatial eq "FR"', "Conflict"),
        ('language eq "not a tag"', "language eq bcp:de", "Unknown"),
        ('language isA "not a tag"', "language eq bcp:de", "Unknown"),
        ("language isA bcp:de", "language isNoneOf (bcp:de-AT bcp:de-CH)", "Compatible"),
        ("language isA bcp:de-AT", "language isA bcp:de", "Compatible"),
        ("language hasPart bcp:de-AT-1996", "language eq bcp:de-AT", "Compatible"),
        ("language hasPart bcp:de-AT-1996", "language neq bcp:de-AT-1996", "Compatible"),
        ('purpose eq "scientific research"', "purpose eq dpv:ScientificResearch", "Compatible"),
        ("purpose isAllOf (ex:a ex:b)", "purpose isAllOf (ex:b ex:c)", "Compatible"),
        ("purpose isA ex:a", "purpose isNoneOf (ex:b)", "Unknown"),
        ('version eq "1"', 'version eq "2"', "Conflict"),
        ('version isA "1"', 'version eq "2"', "Conflict"),
        ('version eq "1"', "version eq ex:two", "Unknown"),
        ("recipient eq ex:ann", "recipient eq ex:bob", "Unknown"),
        ("payAmount ex:like 5", "payAmount lt 5", "Unknown"),
    ],
)  # fmt: skip
def test_two_permissions_conflict_where_nothing_meets_both(one: str, other: str, expected: str) -> None:
    assert verdict(policy("a", one), policy("b", other)).verdict == expected
    assert verdict(policy("b", other), policy("a", one)).verdict == expected
    assert verdict(policy("a", one) + policy("b", other)).verdict == expected


def test_amounts_in_different_currencies_do_not_compare() -> None:
    money = (
        "[ odrl:leftOperand odrl:payAmount ; odrl:operator odrl:{} ; odrl:rightOperand 5 ; odrl:unit ex:{} ]"
    )
    assert (
        verdict(policy("a", money.format("lt", "eur")), policy("b", money.format("gt", "usd"))).verdict
        == "Unknown"
    )
    assert (
        verdict(policy("a", money.format("lt", "eur")), policy("b", money.format("gt", "eur"))).verdict
        == "Conflict"
    )


def test_an_operand_that_one_side_never_mentions_leaves_it_open() -> None:
    found = verdict(policy("a", "count lt 5", "payAmount lt 3"), policy("b", "count lt 9"))
    assert (found.verdict, found.axis) == ("Unknown", "payAmount")
    assert (
        verdict(policy("a", "count lt 5", "payAmount lt 3"), policy("b", "count gt 9")).verdict == "Conflict"
    )


def test_a_witness_meets_both_and_a_conflict_shows_both_demands() -> None:
    found = verdict(policy("a", "count gteq 5"), policy("b", "count lteq 5"))
    assert (found.axis, found.witness) == ("count", {"count": "5"})
    clash = verdict(policy("a", "count gt 5"), policy("b", "count lt 5"))
    assert (clash.axis, clash.witness) == ("count", {"first": "count gt 5", "second": "count lt 5"})


def test_a_permission_and_a_prohibition_conflict_where_something_meets_both() -> None:
    ban = policy("b", "count gteq 5", kind="prohibition")
    assert verdict(policy("a", "count lt 5"), ban).verdict == "Compatible"
    found = verdict(policy("a", "count lteq 5"), ban)
    assert (found.verdict, found.witness) == ("Conflict", {"count": "5"})
    assert verdict(policy("a", "purpose eq dpv:ScientificResearch"), ban).verdict == "Conflict"


def test_the_rules_of_one_policy_are_compared_with_each_other() -> None:
    both = "odrl:permission [ odrl:action odrl:print ] ; odrl:prohibition [ odrl:action odrl:{} ]"
    assert verdict(f"ex:p a odrl:Set ; {both.format('use')} .").verdict == "Conflict"
    assert verdict(f"ex:p a odrl:Set ; {both.format('sell')} .").verdict == "Compatible"


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("odrl:action odrl:use ; odrl:target ex:x, ex:y", "Conflict"),
        ("odrl:target ex:x", "Conflict"),
        ("odrl:action odrl:sell, odrl:use ; odrl:target ex:x", "Conflict"),
        ("odrl:action odrl:use ; odrl:target ex:x", "Conflict"),
        ("odrl:action odrl:use ; odrl:target ex:y", "Compatible"),
        ("odrl:action odrl:use ; odrl:assignee ex:bob ; odrl:target ex:x", "Conflict"),
        ("odrl:action odrl:sell ; odrl:target ex:x", "Compatible"),
        ("odrl:action odrl:use ; odrl:target [ a odrl:AssetCollection ; odrl:source ex:s ]", "Unknown"),
    ],
)
def test_rules_on_other_things_do_not_meet(rest: str, expected: str) -> None:
    ban = policy("b", kind="prohibition", rest=rest)
    assert verdict(policy("a", rest="odrl:action odrl:use ; odrl:target ex:x"), ban).verdict == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("or(count lt 3|count gt 8)", "count eq 5", "Conflict"),
        ("or(count lt 3|count gt 8)", "count eq 9", "Compatible"),
        ("xone(count lt 8|count gt 3)", "count eq 5", "Conflict"),
        ("xone(count lt 8|count gt 3)", "count eq 9", "Compatible"),
        ("and(count lt 8|count gt 8)", "count eq 9", "Conflict"),
        ("or(count lt 3|purpose eq dpv:Marketing)", "count eq 5", "Unknown"),
    ],
)
def test_alternatives_are_tried_one_by_one(first: str, second: str, expected: str) -> None:
    joining, _, rest = first.partition("(")
    parts = " ".join(limit(part) for part in rest.rstrip(")").split("|"))
    assert verdict(policy("a", f"[ odrl:{joining} ( {parts} ) ]"), policy("b", second)).verdict == expected


def test_the_delays_of_a_sequence_fit_into_the_time_that_elapses() -> None:
    delays = " ".join(limit(f"delayPeriod gt {lasts(f'P{days}D')}") for days in (2, 3))
    sequence = f"[ odrl:andSequence ( {delays} ) ]"
    for days, expected in ((5, "Conflict"), (6, "Compatible")):
        deadline = policy("b", f"elapsedTime lteq {lasts(f'P{days}D')}")
        assert verdict(policy("a", sequence), deadline).verdict == expected


def test_what_is_declared_apart_conflicts() -> None:
    one, other = policy("a", "purpose isA ex:a"), policy("b", "purpose eq ex:b")
    assert verdict(one, other).verdict == "Unknown"
    assert verdict(one, other, "ex:a owl:disjointWith ex:b .").verdict == "Conflict"
    assert (
        verdict(one, other, "[] a owl:AllDifferent ; owl:distinctMembers ( ex:a ex:b ) .").verdict
        == "Conflict"
    )
    assert verdict(one, other, "ex:b skos:broader ex:c . ex:c skos:broader ex:a .").verdict == "Compatible"


def every(*policies: str) -> list[tuple[str, str]]:
    return [(one.verdict, one.sentence) for one in compare(read_odrl(PREFIXES + "".join(policies), "a"))]


def beat(operator: str, length: str) -> str:
    anchored = limit(f"timeInterval {operator} {lasts(length)}").rstrip(" ]")
    return f'{anchored} ; ds:anchor "2026-01-01T00:00:00Z" ]'


def test_every_second_day_leaves_days_that_no_fourth_one_is() -> None:
    """Both intervals begin on one day; two days later only one of them is met."""
    assert verdict(policy("a", beat("eq", "P2D")), policy("b", beat("neq", "P4D"))).verdict == "Compatible"
    assert verdict(policy("a", beat("eq", "P4D")), policy("b", beat("neq", "P2D"))).verdict == "Conflict"
    assert verdict(policy("a", beat("eq", "P4D")), policy("b", beat("eq", "P6D"))).verdict == "Compatible"


def test_a_rule_that_nothing_can_meet_conflicts_by_itself() -> None:
    assert every(policy("a", "count lt 3", "count gt 3")) == [("Conflict", "No case meets it.")]
    assert every(policy("a", "count lt 3")) == [("Compatible", "These values meet it.")]
    assert every(policy("a", "recipient eq ex:ann", "recipient eq ex:bob")) == [
        ("Unknown", "What is known does not settle it.")
    ]
    found = verdict(policy("a", "recipient eq ex:ann", "recipient eq ex:bob", "count lt 3"))
    assert (found.axis, found.witness) == ("count, recipient", {})


def test_of_several_policies_a_ban_within_one_counts_and_an_impossible_rule_of_one_does_not() -> None:
    both = "odrl:permission [ odrl:action odrl:print ] ; odrl:prohibition [ odrl:action odrl:use ]"
    within, other = f"ex:p a odrl:Set ; {both} .\n", policy("o", rest="odrl:action odrl:sell")
    assert verdict(within + other).verdict == "Conflict"
    impossible = policy("i", "count lt 0", rest="odrl:action odrl:print")
    assert verdict(impossible + other).verdict == "Compatible"


def test_what_cannot_be_told_outweighs_what_is_compatible_and_a_conflict_outweighs_both() -> None:
    names = "recipient eq ex:ann", "recipient eq ex:bob"
    fine = policy("a", "count lt 3"), policy("b", "count lt 4")
    open_, clash = (
        policy("c", names[0], rest="odrl:action odrl:sell"),
        policy("d", names[1], rest="odrl:action odrl:sell"),
    )
    assert verdict("".join(fine)).verdict == "Compatible"
    assert verdict("".join(fine) + open_ + clash).verdict == "Unknown"
    ban = policy("e", "count lt 2", kind="prohibition")
    assert verdict("".join(fine) + open_ + clash + ban).verdict == "Conflict"
    assert overall(()).verdict == "Compatible"
    found = [Compared(verdict) for verdict in (Verdict.COMPATIBLE, Verdict.UNKNOWN, Verdict.CONFLICT)]
    assert overall(found).verdict == "Conflict"
    assert overall(found[:2]).verdict == "Unknown"


def test_permissions_of_one_policy_for_the_same_thing_are_alternatives() -> None:
    one = f"odrl:permission [ odrl:action odrl:use ; odrl:constraint {limit('count lt 3')} ]"
    other = f"odrl:permission [ odrl:action odrl:use ; odrl:constraint {limit('count gt 8')} ]"
    either = f"ex:a a odrl:Set ; {one} ; {other} .\n"
    assert verdict(either, policy("b", "count eq 9")).verdict == "Compatible"
    assert verdict(either, policy("b", "count eq 5")).verdict == "Conflict"


def test_the_refinements_of_the_one_action_of_a_rule_limit_it_too() -> None:
    def printing(operator: str, more: str = "") -> str:
        refined = f"[ rdf:value odrl:print ; odrl:refinement {limit(f'resolution {operator} 300')} ]"
        return policy(f"p{operator}{len(more)}", rest=f"odrl:action {refined}{more}")

    assert verdict(printing("lt"), printing("gt")).verdict == "Conflict"
    assert verdict(printing("lteq"), printing("gteq")).verdict == "Compatible"
    assert verdict(printing("lt", ", odrl:sell"), printing("gt")).verdict == "Unknown"


def test_a_conflict_shows_what_each_side_demands_up_to_eight_things() -> None:
    many = [f"count gt {number}" for number in range(10)]
    clash = verdict(policy("a", *many, "payAmount lt 1"), policy("b", "count eq 1", "payAmount lt 2"))
    assert clash.witness["second"] == "count eq 1"
    assert clash.witness["first"].count(";") == 7
    assert "payAmount" not in clash.witness["first"]


def test_an_operand_that_only_one_side_mentions_is_named_the_first_in_order() -> None:
    found = verdict(
        policy("a", "payAmount lt 3", "count lt 5", "resolution lt 3"), policy("b", "payAmount lt 9")
    )
    assert (found.verdict, found.axis) == ("Unknown", "count")


def test_a_rule_that_names_no_action_is_about_any() -> None:
    use, bare = "odrl:action odrl:use ; odrl:target ex:x", "odrl:target ex:x"
    for permitted, forbidden in ((use, bare), (bare, use), (bare, bare)):
        ban = policy("b", kind="prohibition", rest=forbidden)
        assert verdict(policy("a", rest=permitted), ban).verdict == "Conflict"


COLLECTION = "odrl:action odrl:use ; odrl:target [ a odrl:AssetCollection ; odrl:source ex:s ]"


def test_demands_that_nothing_meets_are_no_conflict_where_they_may_be_of_different_things() -> None:
    """A conflict needs a proof: whether the collection holds the other target is not known."""
    one = policy("a", "count lt 3", rest="odrl:action odrl:use ; odrl:target ex:x")
    assert verdict(one, policy("b", "count gt 3", rest=COLLECTION)).verdict == "Unknown"
    other = policy("b", "count gt 3", rest="odrl:action odrl:use ; odrl:target ex:x")
    assert verdict(one, other).verdict == "Conflict"


def test_a_part_of_a_thing_may_or_may_not_be_meant_where_the_whole_is() -> None:
    whole = "odrl:action odrl:use ; odrl:target ex:x"
    part = f"odrl:action odrl:use ; odrl:target ex:x . ex:x odrl:refinement {limit('count gt 3')}"
    for permitted, forbidden in ((whole, part), (part, whole)):
        ban = f"ex:b a odrl:Set ; odrl:prohibition ex:ban . ex:ban {forbidden} .\n"
        use = f"ex:a a odrl:Set ; odrl:permission ex:may . ex:may {permitted} .\n"
        assert verdict(use, ban).verdict == "Unknown"
    assert verdict(policy("a", rest=whole), policy("b", rest=whole, kind="prohibition")).verdict == "Conflict"


def test_rules_that_do_not_meet_are_not_listed() -> None:
    one, other = (f"odrl:action odrl:use ; odrl:target ex:{name}" for name in "xy")
    assert every(policy("a", rest=one), policy("b", rest=other, kind="prohibition")) == []
    assert every(policy("a", rest=one), policy("b", rest=other)) == []


def test_a_date_that_one_side_limits_and_the_other_never_mentions_leaves_it_open() -> None:
    dated = policy("a", f"dateTime lt {at(NOON)}")
    assert verdict(dated, policy("b")).verdict == "Unknown"
    assert verdict(policy("b"), dated).verdict == "Unknown"


def test_a_date_and_a_recurring_interval_have_nothing_to_do_with_a_length() -> None:
    one = policy("a", f"dateTime lt {at(NOON)}", beat("eq", "P2D"))
    assert verdict(one, policy("b", f"meteredTime lt {lasts('P1D')}")).verdict == "Compatible"
    assert verdict(one, policy("b", f"dateTime lt {at(NOON)}")).verdict == "Unknown"


def test_a_conflict_that_no_operand_makes_alone_shows_all_that_either_side_demands() -> None:
    clash = verdict(
        policy("a", f"meteredTime gt {lasts('P5D')}"), policy("b", f"elapsedTime lt {lasts('P1D')}")
    )
    assert (clash.verdict, clash.axis) == ("Conflict", "")
    assert clash.witness == {"first": "meteredTime gt P5D", "second": "elapsedTime lt P1D"}


def test_what_is_not_settled_is_named_also_where_only_the_prohibition_speaks_of_it() -> None:
    ban = policy(
        "b", "recipient neq ex:ann", "recipient neq ex:bob", "recipient isA ex:ann", kind="prohibition"
    )
    found = verdict(policy("a"), ban)
    assert (found.verdict, found.axis) == ("Unknown", "recipient")
