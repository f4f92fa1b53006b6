"""The compliance report in a closed world: targets, parties, actions, constraints, duties, strategies."""

import pytest

from dataspace.adapters.odrl_read import read_odrl
from dataspace.adapters.odrl_world import read_request, read_world
from dataspace.model.odrl_reports import Activation, Deontic, PolicyReport
from dataspace.policy.odrl.evaluate import evaluate

PREFIXES = """@prefix odrl: <http://www.w3.org/ns/odrl/2/> . @prefix ex: <http://example.org/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix report: <https://w3id.org/force/compliance-report#> .
@prefix temp: <http://example.com/request/> . @prefix dct: <http://purl.org/dc/terms/> .
@prefix dpv: <https://w3id.org/dpv#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
"""
NOW = 'temp:currentTime dct:issued "2024-02-12T11:20:10Z"^^xsd:dateTime . '


def report(policy: str, world: str = NOW, asked: str = "", action: str = "odrl:read") -> PolicyReport:
    request = "ex:q a odrl:Request ; odrl:permission [ odrl:assignee ex:ann ; "
    request += f"odrl:action {action} ; odrl:target ex:x ; {asked} ] ."
    (one,) = evaluate(
        read_odrl(PREFIXES + policy, "p", "p"),
        read_request(PREFIXES + request, "q")[0],
        read_world(PREFIXES + world, "w"),
    )
    return one


def permits(rule: str, world: str = NOW, asked: str = "", action: str = "odrl:read", more: str = "") -> bool:
    return report(f"ex:p a odrl:Set ; odrl:permission [ {rule} ] . {more}", world, asked, action).allowed


@pytest.mark.parametrize(
    ("rule", "action", "allowed"),
    [
        ("odrl:action odrl:use", "odrl:read", True),
        ("odrl:action odrl:use", "odrl:write", True),
        ("odrl:action odrl:use", "odrl:display", True),
        ("odrl:action odrl:use", "odrl:sell", False),
        ("odrl:action odrl:transfer", "odrl:sell", True),
        ("odrl:action odrl:play", "odrl:display", True),
        ("odrl:action odrl:display", "odrl:play", False),
        ("odrl:action odrl:read, odrl:print", "odrl:print", True),
        ("odrl:action ex:own", "ex:own", True),
        ("odrl:action ex:own", "ex:other", False),
        ("odrl:action odrl:read", "odrl:read, odrl:print", False),
        ("odrl:action odrl:use", "odrl:read, odrl:print", True),
    ],
)
def test_an_action_covers_what_it_includes(rule: str, action: str, allowed: bool) -> None:
    assert permits(rule, action=action) is allowed


@pytest.mark.parametrize(
    ("rule", "world", "allowed"),
    [
        ("odrl:assignee ex:ann ; odrl:target ex:x", "", True),
        ("odrl:assignee ex:bob", "", False),
        ("odrl:target ex:y", "", False),
        ("odrl:assignee ex:team", "ex:ann odrl:partOf ex:team .", True),
        ("odrl:assignee ex:team", "ex:ann odrl:partOf ex:lab . ex:lab odrl:partOf ex:team .", True),
        ("odrl:assignee ex:team", "ex:bob odrl:partOf ex:team .", False),
        ("odrl:target [ a odrl:AssetCollection ; odrl:source ex:all ]", "ex:x odrl:partOf ex:all .", True),
        ("odrl:target [ a odrl:AssetCollection ; odrl:source ex:all ]", "", False),
        ("odrl:assignee ex:bob, ex:ann", "", True),
        ("odrl:assignee dpv:ResearchAndDevelopment", "ex:ann odrl:partOf dpv:ScientificResearch .", False),
    ],
)
def test_members_of_a_collection_are_meant_by_it(rule: str, world: str, allowed: bool) -> None:
    assert permits(rule, NOW + world) is allowed


REFINED = """odrl:target [ a odrl:AssetCollection ; odrl:source ex:all ; odrl:refinement
  [ odrl:leftOperand odrl:resolution ; odrl:operator odrl:lteq ; odrl:rightOperand 300 ] ]"""


@pytest.mark.parametrize(("pixels", "allowed"), [("300", True), ("301", False)])
def test_a_refinement_limits_the_members(pixels: str, allowed: bool) -> None:
    assert permits(REFINED, NOW + f"ex:x odrl:partOf ex:all ; odrl:resolution {pixels} .") is allowed


def test_a_refinement_of_an_action_has_to_hold() -> None:
    rule = """odrl:action [ rdf:value odrl:print ; odrl:refinement
      [ odrl:leftOperand odrl:resolution ; odrl:operator odrl:lteq ; odrl:rightOperand 1200 ] ]"""
    fine = (
        "odrl:constraint [ odrl:leftOperand odrl:resolution ; odrl:operator odrl:eq ; odrl:rightOperand 600 ]"
    )
    coarse = fine.replace("600", "2400")
    assert permits(rule, asked=fine, action="odrl:print")
    assert not permits(rule, asked=coarse, action="odrl:print")
    assert not permits(rule, action="odrl:print")


def limit(left: str, operator: str, right: str) -> str:
    return f"odrl:constraint [ odrl:leftOperand {left} ; odrl:operator odrl:{operator} ; odrl:rightOperand {right} ]"


@pytest.mark.parametrize(
    ("left", "operator", "right", "fact", "allowed"),
    [
        ("odrl:purpose", "eq", "dpv:ScientificResearch", "dpv:ScientificResearch", True),
        ("odrl:purpose", "eq", "dpv:ResearchAndDevelopment", "dpv:ScientificResearch", False),
        ("odrl:purpose", "isA", "dpv:ResearchAndDevelopment", "dpv:ScientificResearch", True),
        ("odrl:purpose", "isA", "dpv:Marketing", "dpv:ScientificResearch", False),
        ("odrl:purpose", "isAnyOf", "(dpv:Marketing dpv:ScientificResearch)", "dpv:ScientificResearch", True),
        ("odrl:purpose", "isNoneOf", "(dpv:Marketing)", "dpv:ScientificResearch", True),
        ("odrl:purpose", "isNoneOf", "(dpv:ScientificResearch)", "dpv:ScientificResearch", False),
        ("odrl:purpose", "isAllOf", "(ex:a ex:b)", "ex:a, ex:b", True),
        ("odrl:purpose", "isAllOf", "(ex:a ex:b)", "ex:a", False),
        ("odrl:spatial", "isPartOf", "ex:europe", "ex:paris", True),
        ("odrl:spatial", "hasPart", "ex:paris", "ex:europe", True),
        ("odrl:spatial", "hasPart", "ex:europe", "ex:paris", False),
        ("odrl:count", "lt", "3", "2", True),
        ("odrl:count", "lt", "3", "3", False),
        ("odrl:payAmount", "gteq", "5.00", "5", True),
        ("odrl:elapsedTime", "lteq", '"P1W"^^xsd:duration', '"P7D"^^xsd:duration', True),
        ("odrl:elapsedTime", "eq", '"P1M"^^xsd:duration', '"P30D"^^xsd:duration', False),
        ("odrl:language", "neq", '"de"', '"fr"', True),
        ("ex:mood", "eq", '"good"', '"good"', True),
        ("ex:mood", "lt", "3", "2", True),
        ("ex:mood", "eq", '"03"', '"3"', False),
        ("ex:mood", "eq", "03", "3", True),
        ("ex:mood", "lteq", '"P1W"^^xsd:duration', '"P7D"^^xsd:duration', True),
        ("ex:mood", "gt", '"2026-01-01"^^xsd:date', '"2026-01-02T00:00:00Z"^^xsd:dateTime', True),
        ("ex:mood", "eq", '"2026-01-01"^^xsd:date', '"2026-01-01T12:00:00Z"^^xsd:dateTime', True),
        (
            "ex:mood",
            "isAnyOf",
            '("2026-01-01"^^xsd:date "2026-01-02T00:00:00Z"^^xsd:dateTime)',
            '"2026-01-01T12:00:00Z"^^xsd:dateTime',
            False,
        ),
        ("ex:mood", "likes", '"good"', '"good"', False),
        ("odrl:count", "lt", '"many"', "2", False),
        ("odrl:count", "neq", '"many"', "2", False),
        ("odrl:count", "lt", "3", '"few"', False),
        ("odrl:count", "isAnyOf", "(1 2)", "2", True),
        ("odrl:count", "isAnyOf", "(1 ex:two)", "2", False),
        ("odrl:recipient", "eq", "ex:ann", "ex:ann", True),
        ("odrl:purpose", "eq", '"scientific research"', "dpv:ScientificResearch", True),
        ("odrl:purpose", "isA", "ex:science", "dpv:AcademicResearch", True),
    ],
)
def test_every_operator_reads_the_facts_of_the_request(
    left: str, operator: str, right: str, fact: str, allowed: bool
) -> None:
    world = NOW + "ex:paris odrl:partOf ex:france . ex:france odrl:partOf ex:europe ."
    world += "dpv:AcademicResearch skos:broader ex:study . ex:study skos:broader ex:science ."
    stated = limit(left, "eq", fact)
    assert permits(limit(left, operator, right), world, stated) is allowed
    assert permits(limit(left, operator, right), f"{world} ex:ann {left} {fact} .") is allowed


@pytest.mark.parametrize("operator", ["eq", "neq", "lt", "isA", "isNoneOf", "isAllOf", "isPartOf"])
def test_a_missing_fact_satisfies_nothing(operator: str) -> None:
    assert not permits(limit("odrl:industry", operator, "ex:steel"))


def test_a_missing_fact_leaves_a_prohibition_inactive_in_a_closed_world() -> None:
    found = report(f"ex:p a odrl:Set ; odrl:prohibition [ {limit('odrl:industry', 'eq', 'ex:steel')} ] .")
    assert found.rules[0].activation is Activation.INACTIVE
    assert not found.allowed


@pytest.mark.parametrize(
    ("operator", "right", "allowed"),
    [
        ("lteq", '"2024-02-12"^^xsd:date', True),
        ("eq", '"2024-02-12"^^xsd:date', True),
        ("lt", '"2024-02-12"^^xsd:date', False),
        ("gt", '"2024-02-12"^^xsd:date', False),
        ("gteq", '"2024-02-12"^^xsd:date', True),
        ("lt", '"2024-02-12T13:20:10+02:00"^^xsd:dateTime', False),
        ("eq", '"2024-02-12T13:20:10+02:00"^^xsd:dateTime', True),
        (
            "lt",
            '"2024-02-13T00:00:00"^^xsd:dateTime',
            False,
        ),  # without a zone it may be 10 o'clock of the 12th
        ("lt", '"2024-02-14T00:00:00"^^xsd:dateTime', True),
    ],
)
def test_the_time_is_the_worlds(operator: str, right: str, allowed: bool) -> None:
    claimed = limit("odrl:dateTime", "eq", '"1999-01-01T00:00:00Z"^^xsd:dateTime')
    assert permits(limit("odrl:dateTime", operator, right), asked=claimed) is allowed


@pytest.mark.parametrize(
    ("joining", "parts", "allowed"),
    [
        ("and", "ex:yes ex:yes", True),
        ("and", "ex:yes ex:no", False),
        ("or", "ex:no ex:yes", True),
        ("or", "ex:no ex:no", False),
        ("xone", "ex:yes ex:no", True),
        ("xone", "ex:yes ex:also", False),
        ("andSequence", "ex:yes ex:also", True),
        ("andSequence", "ex:yes ex:no", False),
        ("or", "ex:no [ odrl:and ( ex:yes [ odrl:xone ( ex:no ex:yes ) ] ) ]", True),
    ],
)
def test_logical_constraints_nest(joining: str, parts: str, allowed: bool) -> None:
    leaves = "ex:yes odrl:leftOperand odrl:count ; odrl:operator odrl:lt ; odrl:rightOperand 3 ."
    leaves += "ex:also odrl:leftOperand odrl:count ; odrl:operator odrl:lt ; odrl:rightOperand 4 ."
    leaves += "ex:no odrl:leftOperand odrl:count ; odrl:operator odrl:gt ; odrl:rightOperand 3 ."
    fact = limit("odrl:count", "eq", "2")
    assert permits(f"odrl:constraint [ odrl:{joining} ( {parts} ) ]", asked=fact, more=leaves) is allowed
    commas = f"odrl:constraint [ odrl:{joining} {parts.replace(' ex:', ' , ex:')} ]"
    if "[" not in parts and parts != "ex:yes ex:yes":
        assert permits(commas, asked=fact, more=leaves) is allowed


@pytest.mark.parametrize(
    ("state", "allowed"), [("report:Violated", False), ("report:Fulfilled", True), ("report:NonSet", True)]
)
def test_a_duty_blocks_only_where_the_world_says_that_it_is_violated(state: str, allowed: bool) -> None:
    world = NOW + f"ex:r a report:DutyReport ; report:rule ex:duty ; report:deonticState {state} ."
    duty = "odrl:duty ex:duty"
    more = "ex:duty odrl:action odrl:pay ; odrl:consequence [ odrl:action odrl:delete ] ."
    assert permits(duty, world, more=more) is allowed
    assert permits(duty, more=more)


def test_a_duty_is_told_with_its_consequences() -> None:
    more = "ex:duty odrl:action odrl:pay ; odrl:consequence ex:then . ex:then odrl:action odrl:delete ."
    world = NOW + "ex:r report:rule ex:then ; report:deonticState report:Fulfilled ; "
    world += "report:performanceState report:Performed ."
    (rule,) = report(f"ex:p a odrl:Set ; odrl:permission [ odrl:duty ex:duty ] . {more}", world).rules
    assert rule.duties[0].deontic is Deontic.NON_SET
    assert (rule.duties[0].parts[0].deontic, rule.duties[0].parts[0].performed) == (Deontic.FULFILLED, True)


@pytest.mark.parametrize(
    ("conflict", "allowed"),
    [
        ("", False),
        ("odrl:conflict odrl:prohibit ;", False),
        ("odrl:conflict odrl:invalid ;", False),
        ("odrl:conflict odrl:perm ;", True),
    ],
)  # fmt: skip
def test_a_prohibition_wins_unless_the_strategy_says_otherwise(conflict: str, allowed: bool) -> None:
    both = "odrl:permission [ odrl:action odrl:use ] ; odrl:prohibition [ odrl:action odrl:read ]"
    assert report(f"ex:p a odrl:Offer ; {conflict} {both} .").allowed is allowed


def test_what_the_policy_says_itself_holds_for_its_rules() -> None:
    compact = "ex:p a odrl:Agreement ; odrl:target ex:x ; odrl:assignee ex:bob ; "
    compact += "odrl:permission [ odrl:action odrl:use ] ."
    assert not report(compact).allowed
    assert report(compact.replace("ex:bob", "ex:ann")).allowed


def test_a_request_that_names_nobody_is_nobodys() -> None:
    request = (
        PREFIXES + "ex:q a odrl:Request ; odrl:permission [ odrl:action odrl:read ; odrl:target ex:x ] ."
    )
    policy = PREFIXES + "ex:p a odrl:Set ; odrl:permission [ odrl:assignee ex:ann ; odrl:action odrl:read ] ."
    (asked,) = read_request(request, "q")
    assert not evaluate(read_odrl(policy, "p", "p"), asked, read_world(NOW_ONLY, "w"))[0].allowed


NOW_ONLY = PREFIXES + NOW


def test_a_time_that_the_request_claims_counts_for_nothing_where_the_world_has_none() -> None:
    always = limit("odrl:dateTime", "gt", '"1990-01-01T00:00:00Z"^^xsd:dateTime')
    claimed = limit("odrl:dateTime", "eq", '"1999-01-01T00:00:00Z"^^xsd:dateTime')
    assert not permits(always, world="", asked=claimed)
    assert permits(always, asked=claimed)


def test_who_asks_receives_unless_somebody_else_is_named() -> None:
    to_ann = limit("odrl:recipient", "eq", "ex:ann")
    assert permits(to_ann)
    assert not permits(to_ann, asked=limit("odrl:recipient", "eq", "ex:bob"))
    assert permits(limit("odrl:recipient", "eq", "ex:bob"), asked=limit("odrl:recipient", "eq", "ex:bob"))


def test_an_obligation_reports_itself_before_what_follows_from_breaking_it() -> None:
    text = "ex:p a odrl:Set ; odrl:obligation ex:duty . "
    text += "ex:duty odrl:action odrl:pay ; odrl:consequence [ odrl:action odrl:delete ] ."
    world = NOW + "ex:r a report:DutyReport ; report:rule ex:duty ; report:deonticState report:Violated ."
    (rule,) = report(text, world).rules
    assert [duty.rule for duty in rule.duties] == ["http://example.org/duty"]
    assert rule.duties[0].deontic is Deontic.VIOLATED


def test_an_action_that_does_not_fit_shows_the_refinements_that_were_tried_first() -> None:
    def refined(action: str, pixels: int) -> str:
        most = limit("odrl:resolution", "lteq", str(pixels)).removeprefix("odrl:constraint")
        return f"[ rdf:value odrl:{action} ; odrl:refinement {most} ]"

    text = f"ex:p a odrl:Set ; odrl:permission [ odrl:action {refined('print', 300)}, {refined('print', 600)} ] ."
    asked = limit("odrl:resolution", "eq", "900")
    (rule,) = report(text, asked=asked, action="odrl:print").rules
    (premise,) = [premise for premise in rule.premises if premise.parts]
    assert rule.activation is Activation.INACTIVE
    assert len(premise.parts) == 1


def test_a_report_is_of_the_worlds_time_in_utc() -> None:
    text = "ex:p a odrl:Set ; odrl:permission [ odrl:action odrl:use ] ."
    world = 'temp:currentTime dct:issued "2024-02-12T12:20:10+01:00"^^xsd:dateTime . '
    one = report(text, world)
    assert (one.created and one.created.isoformat()) == "2024-02-12T11:20:10+00:00"
    assert report(text, world="").created is None


def test_of_several_things_that_are_asked_for_each_has_to_be_meant() -> None:
    one, both = "odrl:action odrl:read ; odrl:target ex:x", "odrl:action odrl:read ; odrl:target ex:x, ex:y"
    more = "odrl:target ex:y ; odrl:assignee ex:bob"
    assert permits(one)
    assert not permits(one, asked="odrl:target ex:y")
    assert permits(both, asked="odrl:target ex:y")
    assert not permits(f"{both} ; odrl:assignee ex:ann", asked=more)
    assert permits(f"{both} ; odrl:assignee ex:ann, ex:bob", asked=more)
