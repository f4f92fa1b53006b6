"""Hostile and broken ODRL: refused with the reason, in bounded time, without anything fetched."""

import json
from pathlib import Path

import pytest

from dataspace.adapters.odrl_graph import LARGEST, LONGEST_LITERAL, parse, read_file
from dataspace.adapters.odrl_read import read_odrl
from dataspace.adapters.odrl_world import read_request, read_world
from dataspace.errors import PolicyUnreadable
from dataspace.policy.odrl.compare import compare, overall
from dataspace.policy.odrl.evaluate import evaluate

PREFIXES = """@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix odrl: <http://www.w3.org/ns/odrl/2/> . @prefix ex: <http://example.org/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix report: <https://w3id.org/force/compliance-report#> .
@prefix temp: <http://example.com/request/> . @prefix dct: <http://purl.org/dc/terms/> .
"""
ASKED = (
    PREFIXES
    + "ex:q a odrl:Request ; odrl:permission [ odrl:assignee ex:ann ; odrl:action odrl:read ; odrl:target ex:x ] ."
)


def policy(rule: str, more: str = "") -> str:
    return f"{PREFIXES} ex:p a odrl:Set ; odrl:permission [ odrl:action odrl:read ; {rule} ] . {more}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (policy("odrl:constraint [ odrl:and () ]"), "empty conjunction"),
        (policy("odrl:constraint [ odrl:or ( ex:c ) ]", "ex:c odrl:and ( ex:c ) ."), "contains itself"),
        (policy("odrl:constraint [ odrl:xone ( 'yes' ) ]"), "literal and no condition"),
        (policy("odrl:constraint [ odrl:and ( ex:c ) ; odrl:or ( ex:c ) ]"), "two ways at once"),
        (policy("odrl:constraint [ odrl:leftOperand odrl:count ]"), "needs a left operand and an operator"),
        (policy("odrl:constraint [ odrl:leftOperand odrl:count ; odrl:operator odrl:lt ]"), "needs a right operand"),
        (policy("odrl:duty ex:d", "ex:d odrl:action odrl:pay ; odrl:consequence ex:d ."), "contains itself"),
        (policy("odrl:constraint ex:c", "ex:c odrl:and ex:l . ex:l rdf:first ex:c ; rdf:rest ex:l ."), "no end"),
        (policy("odrl:action [ odrl:refinement ex:c ]", "ex:c odrl:and ( ex:d ) ."), "action without a name"),
        (policy("odrl:target 'everything'"), "has a literal"),
        (f"{PREFIXES} ex:p a odrl:Set ; odrl:conflict ex:mine .", "conflict strategy is unknown"),
        (f"{PREFIXES} ex:p ex:q ex:r .", "no ODRL policy"),
        ("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", "XML"),
        ("<!DOCTYPE lolz [<!ENTITY lol 'lol'>]>", "XML"),
        ("&a [*a, *a, *a]", "cannot be read"),
        ("", "no ODRL policy"),
    ],
)  # fmt: skip
def test_a_broken_policy_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(PolicyUnreadable, match=reason):
        read_odrl(text, "p.ttl")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("2024-02-30T00:00:00Z", "dateTime"),
        ("2024-13-01", "date"),
        ("soon", "dateTime"),
        ("P", "duration"),
        ("1.5", "integer"),
        ("NaN", "decimal"),
    ],
)
def test_an_impossible_value_is_refused(text: str, kind: str) -> None:
    limit = "odrl:constraint [ odrl:leftOperand odrl:dateTime ; odrl:operator odrl:lt ; "
    limit += f'odrl:rightOperand "{text}"^^xsd:{kind} ]'
    with pytest.raises(PolicyUnreadable, match="not possible as"):
        read_odrl(policy(limit), "p.ttl")


@pytest.mark.parametrize(
    "context",
    [
        "https://evil.example/context.jsonld",
        ["http://www.w3.org/ns/odrl.jsonld", "https://evil.example/context.jsonld"],
        {"@import": "https://evil.example/context.jsonld"},
        {"permission": {"@id": "odrl:permission", "@context": "https://evil.example/c"}},
    ],
)
def test_a_context_from_elsewhere_is_refused_and_not_fetched(context: object) -> None:
    document = {"@context": context, "@type": "Set", "uid": "urn:p", "permission": []}
    with pytest.raises(PolicyUnreadable, match=r"elsewhere|imports"):
        read_odrl(json.dumps(document), "p.jsonld")


def test_the_context_that_odrl_publishes_is_built_in() -> None:
    limit = {"leftOperand": "count", "operator": "lteq", "rightOperand": 3}
    rule = {"target": "http://e.x/a", "action": "read", "constraint": [{"and": [limit]}]}
    document = {
        "@context": "http://www.w3.org/ns/odrl.jsonld",
        "@type": "Offer",
        "@id": "urn:p",
        "permission": [rule],
    }
    (read,) = read_odrl(json.dumps(document), "p.jsonld").policies
    assert read.kind == "Offer"
    assert read.permissions[0].actions[0].action == "http://www.w3.org/ns/odrl/2/read"
    (constraint,) = read.permissions[0].constraints
    assert constraint.parts[0].right[0].text == "3"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a":' * 100_000, '{"a":' * 200 + "1" + "}" * 200, "<urn:a> <urn:b> " + "(" * 100_000],
)
def test_deep_nesting_is_refused(text: str) -> None:
    with pytest.raises(PolicyUnreadable):
        read_odrl(text, "p")


def test_conditions_nested_beyond_reason_are_refused() -> None:
    deep = "[ odrl:and ( " * 100 + "ex:c" + " ) ]" * 100
    with pytest.raises(PolicyUnreadable, match="nested too deeply"):
        read_odrl(policy(f"odrl:constraint {deep}"), "p.ttl")


def test_a_page_of_shared_conditions_does_not_unfold_to_gigabytes() -> None:
    laughs = " ".join(f"ex:l{n} odrl:and ( ex:l{n + 1} ex:l{n + 1} ) ." for n in range(40))
    with pytest.raises(PolicyUnreadable, match="nested too deeply"):
        read_odrl(policy("odrl:constraint ex:l0", laughs + LEAF), "p.ttl")


LEAF = " ex:l40 odrl:leftOperand odrl:count ; odrl:operator odrl:lt ; odrl:rightOperand 3 ."


def test_a_huge_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "big.ttl"
    with file.open("wb") as out:
        out.truncate(100 * 1024 * 1024)
    with pytest.raises(PolicyUnreadable, match="larger than"):
        read_file(file)
    with pytest.raises(PolicyUnreadable, match="larger than"):
        parse("x" * (LARGEST + 1), "big")


def test_a_huge_literal_is_refused() -> None:
    with pytest.raises(PolicyUnreadable, match="literal is too long"):
        read_odrl(policy(f'dct:title "{"x" * (LONGEST_LITERAL + 1)}"'), "p.ttl")


def test_a_key_given_twice_is_refused() -> None:
    with pytest.raises(PolicyUnreadable, match="same key twice"):
        read_odrl('{"@id": "urn:p", "@id": "urn:q"}', "p.jsonld")


def test_a_collection_that_is_a_part_of_itself_is_refused() -> None:
    loop = PREFIXES + "ex:a odrl:partOf ex:b . ex:b odrl:partOf ex:c . ex:c odrl:partOf ex:a ."
    with pytest.raises(PolicyUnreadable, match="part of itself"):
        read_world(loop, "w.ttl")


def test_an_unknown_operand_or_operator_is_kept_and_never_satisfied() -> None:
    odd = "odrl:constraint [ odrl:leftOperand ex:mood ; odrl:operator ex:like ; odrl:rightOperand 'good' ]"
    document = read_odrl(policy(odd), "p.ttl")
    assert document.policies[0].permissions[0].constraints[0].left == "http://example.org/mood"  # type: ignore[union-attr]
    (asked,) = read_request(ASKED, "q.ttl")
    world = read_world(PREFIXES + "ex:ann ex:mood 'good' .", "w.ttl")
    assert not evaluate(document, asked, world)[0].allowed
    assert overall(compare(document)).verdict == "Unknown"


def test_too_many_cases_cannot_be_told_and_end() -> None:
    axes = " ".join(
        f"[ odrl:xone ( [ odrl:leftOperand ex:a{n} ; odrl:operator odrl:lteq ; odrl:rightOperand {n} ]"
        f" [ odrl:leftOperand ex:a{n + 1} ; odrl:operator odrl:gteq ; odrl:rightOperand {n} ] ) ]"
        for n in range(60)
    )
    clash = "[ odrl:leftOperand ex:z ; odrl:operator odrl:lt ; odrl:rightOperand 1 ]"
    clash += " [ odrl:leftOperand ex:z ; odrl:operator odrl:gt ; odrl:rightOperand 1 ]"
    text = policy(f"odrl:constraint [ odrl:and ( {axes} {clash} ) ]")
    assert overall(compare(read_odrl(text, "p.ttl"))).verdict in ("Unknown", "Conflict")
