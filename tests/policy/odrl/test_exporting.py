"""Our policies as ODRL statements: what readers other than ours find there."""

from datetime import UTC, datetime

import pytest

from dataspace.model.datasets import Label
from dataspace.model.names import ColumnName, PolicyId, RuleId, SiteName, dataset_name
from dataspace.model.odrl import ODRL, Iri, Literal, Value
from dataspace.model.policies import (
    Action,
    AnswerKind,
    Compound,
    Condition,
    Connective,
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
from dataspace.policy.odrl.exporting import export, operand_iri, owed_literal
from dataspace.policy.odrl.values import XSD
from dataspace.vocabulary.odrl import PREFIXES, PROFILE

RDF = PREFIXES["rdf"]


def exported(
    condition: Condition | None = None, owed: Obligations | None = None
) -> list[tuple[str, str, Value]]:
    rule = Rule(
        RuleId("r"),
        Effect.PERMIT,
        Target(frozenset({dataset_name("trial")})),
        condition=condition,
        obligations=owed or Obligations(),
    )
    policy = Policy(PolicyId("p"), "A policy", "hospital", (rule,))
    return [(one.subject, one.predicate, one.object) for one in export(policy)]


def right_of(operand: Operand, *texts: str, operator: Operator = Operator.EQ) -> list[Value]:
    found = exported(Constraint(operand, operator, texts))
    return [value for _, predicate, value in found if predicate == ODRL + "rightOperand"]


@pytest.mark.parametrize(
    ("value", "text", "datatype"),
    [
        (True, "true", XSD + "boolean"),
        (False, "false", XSD + "boolean"),
        (7, "7", XSD + "integer"),
        (0.5, "0.5", XSD + "double"),
        (datetime(2027, 1, 1, tzinfo=UTC), "2027-01-01T00:00:00+00:00", XSD + "dateTime"),
        ("cite us", "cite us", ""),
        (AnswerKind.NOISY, "noisy", ""),
        ({ColumnName("b"): Mask(MaskKind.NULL), ColumnName("a"): Mask(MaskKind.NULL)}, "", RDF + "JSON"),
    ],
)
def test_the_value_of_a_duty_has_a_datatype_that_others_read(value: object, text: str, datatype: str) -> None:
    literal = owed_literal(value)
    assert literal.datatype == datatype
    if text:
        assert literal.text == text
    else:
        assert literal.text.index('"a"') < literal.text.index('"b"')


def test_a_word_of_the_vocabulary_is_an_iri_and_any_other_text_stays_text() -> None:
    assert right_of(Operand.PURPOSE, "dpv:ScientificResearch") == [
        Iri(PREFIXES["dpv"] + "ScientificResearch")
    ]
    assert right_of(Operand.PURPOSE, "scientific research") == [Literal("scientific research")]
    assert right_of(Operand.PURPOSE, "no such word") == [Literal("no such word")]


def test_a_moment_says_that_it_is_one_and_a_date_or_another_text_does_not() -> None:
    moment = "2027-01-01T00:00:00Z"
    assert right_of(Operand.DATE_TIME, moment) == [Literal(moment, XSD + "dateTime")]
    assert right_of(Operand.DATE_TIME, "2027-01-01") == [Literal("2027-01-01")]
    assert right_of(Operand.DATE_TIME, "Tomorrow") == [Literal("Tomorrow")]
    assert right_of(Operand.RECIPIENT, moment) == [Literal(moment)]


def test_one_value_stands_by_itself_and_several_in_a_list_in_their_order() -> None:
    assert right_of(Operand.RECIPIENT, "ann") == [Literal("ann")]
    found = exported(Constraint(Operand.RECIPIENT, Operator.IS_ANY_OF, ("bob", "ann")))
    nodes = {(subject, predicate): value for subject, predicate, value in found}
    (cell,) = (value for _, predicate, value in found if predicate == ODRL + "rightOperand")
    read = []
    while cell != Iri(RDF + "nil"):
        read.append(nodes[cell.text, RDF + "first"])
        cell = nodes[cell.text, RDF + "rest"]
    assert read == [Literal("bob"), Literal("ann")]


def test_only_what_is_owed_becomes_a_duty() -> None:
    found = exported(owed=Obligations(cohort=12))
    duties = [value.text for _, predicate, value in found if predicate == ODRL + "duty"]
    assert len(duties) == 1
    assert (PROFILE + "cohort") in [value.text for _, predicate, value in found if predicate == RDF + "value"]
    assert not [one for one in exported() if one[1] == ODRL + "duty"]


def test_every_part_of_a_compound_condition_is_written() -> None:
    parts = tuple(Constraint(Operand.RECIPIENT, Operator.EQ, (name,)) for name in ("ann", "bob", "eve"))
    found = exported(Compound(Connective.OR, parts))
    right = [value.text for _, predicate, value in found if predicate == ODRL + "rightOperand"]
    assert right == ["ann", "bob", "eve"]
    assert sum(predicate == ODRL + "or" for _, predicate, _ in found) == 1


def test_the_same_policy_is_written_the_same_way_each_time() -> None:
    condition = Constraint(Operand.RECIPIENT, Operator.IS_ANY_OF, ("bob", "ann"))
    assert exported(condition) == exported(condition)


def test_a_policy_and_its_rules_are_written_in_the_words_of_odrl() -> None:
    everything = Target(labels=frozenset({Label.FREE_TEXT}), everything=True)
    rules = (
        Rule(
            RuleId("may"), Effect.PERMIT, Target(frozenset({dataset_name("trial")})), frozenset({Action.READ})
        ),
        Rule(
            RuleId("not"),
            Effect.FORBID,
            everything,
            kinds=frozenset({AnswerKind.TRAIN, AnswerKind.NOISY}),
            because="No.",
        ),
    )
    policy = Policy(PolicyId("p"), "A policy", "hospital", rules, SiteName("north"))
    written = [f"{one.subject} {_short(one.predicate)} {_short(one.object.text)}" for one in export(policy)]
    ours, may, ban = "urn:dataspace:policy:p", "urn:dataspace:policy:p#may", "urn:dataspace:policy:p#not"
    assert written == [
        f"{ours} rdf:type odrl:Set",
        f"{ours} odrl:uid {ours}",
        f"{ours} odrl:profile ds:",
        f"{ours} odrl:conflict odrl:prohibit",
        f"{ours} dct:title A policy",
        f"{ours} ds:owner hospital",
        f"{ours} ds:site north",
        f"{ours} odrl:permission {may}",
        f"{may} rdf:type odrl:Permission",
        f"{may} ds:place 0",
        f"{may} odrl:target urn:dataspace:dataset:trial",
        f"{may} odrl:action _:n1",
        "_:n1 rdf:value odrl:read",
        f"{ours} odrl:prohibition {ban}",
        f"{ban} rdf:type odrl:Prohibition",
        f"{ban} ds:place 1",
        f"{ban} dct:description No.",
        f"{ban} odrl:target urn:dataspace:label:free-text",
        "urn:dataspace:label:free-text rdf:type odrl:AssetCollection",
        f"{ban} odrl:target urn:dataspace:everything",
        "urn:dataspace:everything rdf:type odrl:AssetCollection",
        f"{ban} odrl:action _:n2",
        "_:n2 rdf:value odrl:use",
        "_:n2 ds:anyAction true",
        "_:n2 odrl:refinement _:n3",
        "_:n3 rdf:type odrl:Constraint",
        "_:n3 odrl:leftOperand ds:answerKinds",
        "_:n3 odrl:operator odrl:isAnyOf",
        "_:n3 odrl:rightOperand _:n4",
        "_:n4 rdf:first noisy",
        "_:n4 rdf:rest _:n5",
        "_:n5 rdf:first train",
        "_:n5 rdf:rest rdf:nil",
    ]


def _short(text: str) -> str:
    for prefix, full in PREFIXES.items():
        if text.startswith(full):
            return f"{prefix}:{text.removeprefix(full)}"
    return text


def test_what_odrl_has_a_word_for_is_its_word_and_the_rest_is_the_profiles() -> None:
    assert operand_iri(Operand.SPATIAL) == ODRL + "spatial"
    assert operand_iri(Operand.DATE_TIME) == ODRL + "dateTime"
    assert operand_iri(Operand.LEGAL_BASIS) == PROFILE + "legalBasis"
    assert operand_iri(Operand.ROLE) == PROFILE + "role"


def test_a_policy_that_holds_everywhere_names_no_site() -> None:
    assert not [one for one in exported() if one[1] == PROFILE + "site"]
    assert not [one for one in exported() if one[1] == PREFIXES["dct"] + "description"]
