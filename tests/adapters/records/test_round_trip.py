"""What came from outside and is exported again has lost nothing; what is edited replaces only what it replaces."""

from dataclasses import replace
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, Triple
from rdflib import Graph
from rdflib.compare import isomorphic, to_isomorphic

from dataspace.adapters.records.reading import datasets_in, read_graph, read_record
from dataspace.adapters.records.words import word
from dataspace.adapters.records.writing import json_ld, statements, turtle
from dataspace.errors import InvalidRequest
from dataspace.model.datasets import Dataset
from dataspace.model.descriptions import AccessRights, Domain
from dataspace.testing.descriptions import described, hospital_registry
from dataspace.vocabulary.record_edit import edited

FOREIGN = """
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix vcard: <http://www.w3.org/2006/vcard/ns#> .
@prefix other: <https://other.example/ns#> .
<https://other.example/d1> a dcat:Dataset, other:Special ;
    dct:title "Haltungen"@de, "Stays"@en ;
    dct:description "One row, one stay" ;
    dcat:keyword "stay"@en, "séjour"@fr ;
    dcat:contactPoint [ a vcard:Kind ; vcard:fn "Desk" ; vcard:hasEmail <mailto:desk@other.example> ;
                        other:pager "17" ] ;
    other:grade 3.50 ;
    other:why [ other:because [ other:reason "deep" ] ] .
<https://other.example/catalogue> a dcat:Catalog ; dcat:dataset <https://other.example/d1> .
"""


def graph(text: str, form: str = "turtle") -> Graph:
    return Graph().parse(data=text, format=form)


def exported(dataset: Dataset, form: str) -> Graph:
    said = statements(dataset, "https://hub.example")
    return graph(turtle(said) if form == "turtle" else json_ld(said), form)


@pytest.mark.parametrize("form", ["turtle", "json-ld"])
def test_a_foreign_record_is_exported_as_it_came(form: str) -> None:
    assert isomorphic(exported(read_record(FOREIGN, "turtle", "d1"), form), graph(FOREIGN))


@pytest.mark.parametrize("form", ["turtle", "json-ld"])
def test_the_official_example_is_exported_as_it_came(form: str, shared: Path) -> None:
    folder = shared / "conformance" / "healthdcat-ap" / "release-8-cd7841f" / "examples"
    text = (folder / "example-healthdcat-dataset.ttl").read_text()
    record = read_record(text, "turtle", "oncology")
    assert isomorphic(exported(record, form), graph(text))
    assert record.title == "Cross-border oncology EHR cohort 2024"
    assert record.about.domain is Domain.HEALTH
    assert record.about.access is AccessRights.NON_PUBLIC
    assert record.about.records == 1_850_000
    assert next(column.name for column in record.columns) == "patientId"
    assert "hdab-contact@example.org" in record.about.hdab


@pytest.mark.parametrize("record", described(), ids=lambda record: str(record.name))
@pytest.mark.parametrize("form", ["turtle", "json-ld"])
def test_our_own_export_comes_back_with_the_same_fields_and_statements(record: Dataset, form: str) -> None:
    said = statements(record, "https://hub.example")
    text = turtle(said) if form == "turtle" else json_ld(said)
    back = read_record(text, form, record.name)
    assert set(statements(back)) == set(said)
    assert (back.title, back.about.domain) == (record.title, record.about.domain)
    assert back.responsibility.controller == record.responsibility.controller
    assert back.responsibility.ethics_vote == record.responsibility.ethics_vote
    assert back.about.records == record.about.records


def test_an_edited_field_replaces_what_it_was_and_nothing_else() -> None:
    record = read_record(FOREIGN, "turtle", "d1")
    after = exported(edited(record, {"contact": ["New desk <new@other.example>"]}), "turtle")
    before = graph(FOREIGN)
    text = after.serialize(format="turtle")
    assert "new@other.example" in text
    assert "desk@other.example" not in text.replace("new@other.example", "")
    assert "pager" not in text, "the nameless part that nothing points to any more is gone"
    kept = {(s, p, o) for s, p, o in before if "other.example/ns#grade" in str(p) or "title" in str(p)}
    assert kept <= set(after)
    assert '"deep"' in text


def test_a_cleared_field_is_not_brought_back_by_what_came() -> None:
    record = edited(read_record(FOREIGN, "turtle", "d1"), {"keyword": []})
    assert "keyword" not in exported(record, "turtle").serialize(format="turtle")


def test_a_nameless_node_that_nothing_pointed_to_stays() -> None:
    text = FOREIGN + '[] other:aside "hint" .\n'
    record = edited(read_record(text, "turtle", "d1"), {"title": ["Other"]})
    assert '"hint"' in exported(record, "turtle").serialize(format="turtle")


def test_one_of_several_datasets_brings_its_own_part_alone() -> None:
    two = FOREIGN + '<https://other.example/d2> a dcat:Dataset ; dct:title "Second" ; other:grade 1 .\n'
    with pytest.raises(InvalidRequest, match="describes 2 datasets"):
        read_record(two, "turtle", "d1")
    second = read_record(two, "turtle", "d2", "https://other.example/d2")
    assert (second.title, len(statements(second))) == ("Second", 3)


def test_nodes_that_name_each_other_are_all_written() -> None:
    ring = """@prefix e: <https://e.example/> . @prefix dcat: <http://www.w3.org/ns/dcat#> .
    e:d a dcat:Dataset ; e:p e:x . e:x e:q e:y . e:y e:q e:x . _:a e:q _:b . _:b e:q _:a ."""
    assert isomorphic(graph(json_ld(read_graph(ring, "turtle")), "json-ld"), graph(ring))


def test_a_record_that_nobody_filled_in_says_nothing_that_nobody_said() -> None:
    bare = replace(hospital_registry(), responsibility=type(hospital_registry().responsibility)())
    text = turtle(statements(bare))
    assert "hasDataController" not in text
    assert "contactPoint" not in text.replace("cv:contactPoint", "")


def test_names_of_nameless_nodes_do_not_matter() -> None:
    first, second = (to_isomorphic(exported(read_record(FOREIGN, "turtle", "d"), "turtle")) for _ in "ab")
    assert first == second


def test_datasets_are_found_in_the_order_in_which_they_stand() -> None:
    triples = [
        Triple(BlankNode("x"), word("dct:title"), word("dcat:Dataset")),
        *read_graph(FOREIGN, "turtle"),
    ]
    assert [node.value for node in datasets_in(triples)] == ["https://other.example/d1"]
