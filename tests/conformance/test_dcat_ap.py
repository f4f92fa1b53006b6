"""Our records against the SHACL shapes of DCAT-AP 3.0.1 and HealthDCAT-AP Release 8, and our own checker beside."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyshacl
import pytest
import rdflib
from rdflib import RDF, SH, Graph

from dataspace.adapters.records.reading import read_record
from dataspace.adapters.records.words import PREFIXES, word
from dataspace.adapters.records.writing import json_ld, statements, turtle
from dataspace.model.datasets import Dataset, Responsibility
from dataspace.model.descriptions import AccessRights, Description, Domain
from dataspace.testing.descriptions import described, hospital_registry
from dataspace.vocabulary.record_check import check
from dataspace.vocabulary.record_fields import BY_NAME

BASE = "https://hub.example"
TODAY = date(2026, 11, 22)
CONFORMANCE = Path(__file__).resolve().parents[2].parent / "shared" / "conformance"
DCAT_AP = CONFORMANCE / "dcat-ap-3.0.1" / "shacl" / "shapes.ttl"
HEALTH = CONFORMANCE / "healthdcat-ap" / "release-8-cd7841f"
pytestmark = pytest.mark.skipif(not DCAT_AP.is_file(), reason=f"no SHACL shapes at {CONFORMANCE}")

RECORDS = described()


@pytest.fixture(scope="module")
def general() -> Graph:
    """The shapes of DCAT-AP."""
    return Graph().parse(DCAT_AP)


@pytest.fixture(scope="module")
def health() -> Graph:
    """Those of HealthDCAT-AP for data that are not public, over those of DCAT-AP.

    One property shape there has no path, only `sh:or`: what it says belongs to the node, and pySHACL wants it there.
    """
    shapes = Graph().parse(DCAT_AP)
    shapes.parse(HEALTH / "validator" / "shapes" / "non-public-shapes.ttl")
    pathless = [
        (owner, shape)
        for owner, shape in shapes.subject_objects(SH.property)
        if shapes.value(shape, SH["or"]) is not None and shapes.value(shape, SH.path) is None
    ]
    assert pathless
    for owner, shape in pathless:
        shapes.remove((owner, SH.property, shape))
        shapes.add((owner, SH.node, shape))
    return shapes


def violations(text: str, shapes: Graph, form: str = "turtle") -> set[str]:
    """What the shapes say is wrong: the path of each violation, or `node` where a whole node does not fit."""
    data = Graph().parse(data=text, format=form)
    # Shapes have nothing to say of a graph in which they find no dataset.
    assert (None, RDF.type, rdflib.URIRef(PREFIXES["dcat"] + "Dataset")) in data
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes)
    assert isinstance(report, Graph)
    results = report.subjects(SH.resultSeverity, SH.Violation)
    return {str(report.value(result, SH.resultPath) or "node") for result in results}


def test_the_official_example_has_no_violation_and_has_one_when_it_is_damaged(health: Graph) -> None:
    text = (HEALTH / "examples" / "example-healthdcat-dataset.ttl").read_text()
    assert violations(text, health) == set()
    damaged = text.replace("healthdcatap:hdab ex:hdab-agent ;", "")
    assert violations(damaged, health) == {PREFIXES["healthdcatap"] + "hdab"}


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: str(record.name))
@pytest.mark.parametrize("form", ["turtle", "json-ld"])
def test_an_export_of_a_complete_record_has_no_violation(
    record: Dataset, form: str, general: Graph, health: Graph
) -> None:
    said = statements(record, BASE)
    text = turtle(said) if form == "turtle" else json_ld(said)
    assert violations(text, general, form) == set()
    if record.about.domain is Domain.HEALTH:
        assert violations(text, health, form) == set()
    assert check(record, TODAY).missing == ()


def test_there_are_records_of_at_least_six_kinds() -> None:
    assert len({record.name for record in RECORDS}) >= 6
    assert {record.about.domain for record in RECORDS} == set(Domain)
    assert {record.about.access for record in RECORDS} == set(AccessRights)


def without(record: Dataset, field: str) -> Dataset:
    """The record as if that field had never been filled."""
    part, _, name = BY_NAME[field].path.rpartition(".")
    if not part:
        empty: Any = () if name == "keywords" else ""
        return replace(record, **{name: empty})
    kinds = {"about": Description(access=None), "responsibility": Responsibility()}
    return replace(record, **{part: replace(getattr(record, part), **{name: getattr(kinds[part], name)})})


MANDATORY = {
    "title": "dct:title",
    "description": "dct:description",
    "access": "dct:accessRights",
    "identifier": "dct:identifier",
    "theme": "dcat:theme",
    "legislation": "dcatap:applicableLegislation",
    "health-category": "healthdcatap:healthCategory",
    "hdab": "healthdcatap:hdab",
    "structured": "healthdcatap:hasStructuredData",
    "distribution": "dcat:distribution",
    "contact": "dcat:contactPoint",
    "keyword": "dcat:keyword",
    "type": "dct:type",
    "provenance": "dct:provenance",
}
"""Our field for each property that the profiles ask for."""


def test_the_list_of_mandatory_fields_is_that_of_the_shapes(health: Graph) -> None:
    asked = {
        str(path)
        for owner in health.subjects(SH.targetClass, rdflib.URIRef(PREFIXES["dcat"] + "Dataset"))
        for shape in health.objects(owner, SH.property)
        if int(str(health.value(shape, SH.minCount) or 0)) > 0
        and isinstance(path := health.value(shape, SH.path), rdflib.URIRef)
    }
    assert asked == {word(name).value for name in MANDATORY.values()}


@pytest.mark.parametrize("field", MANDATORY)
def test_a_mandatory_field_that_was_never_filled_is_reported_by_both(field: str, health: Graph) -> None:
    record = without(hospital_registry(), field)
    reported = {missing.field for missing in check(record, TODAY).missing}
    assert reported == {field}
    assert word(MANDATORY[field]).value in violations(turtle(statements(record, BASE)), health)


@pytest.mark.parametrize("field", MANDATORY)
def test_a_mandatory_statement_that_was_taken_out_of_a_record_is_reported_by_both(
    field: str, health: Graph
) -> None:
    predicate = word(MANDATORY[field])
    said = statements(hospital_registry(), BASE)
    subject = said[0].subject
    damaged = turtle(s for s in said if s.subject != subject or s.predicate != predicate)
    assert predicate.value in violations(damaged, health)
    record = read_record(damaged, "turtle", "outside")
    assert field in {missing.field for missing in check(record, TODAY).missing}


@pytest.mark.parametrize(
    ("part", "kind", "field"),
    [
        ("about", {"hdab": "Access body"}, "hdab"),
        ("about", {"publisher": "Registry"}, "publisher"),
        ("about", {"custodian": "Hospital"}, "custodian"),
        ("responsibility", {"contact": "Data desk"}, "contact"),
    ],
)
def test_a_body_that_cannot_be_reached_is_reported_by_both(
    part: str, kind: dict[str, str], field: str, health: Graph
) -> None:
    record = hospital_registry()
    record = replace(record, **{part: replace(getattr(record, part), **kind)})
    assert {missing.field for missing in check(record, TODAY).missing} == {field}
    assert violations(turtle(statements(record, BASE)), health)


def test_columns_that_are_promised_and_not_there_are_reported_by_both(health: Graph) -> None:
    record = replace(hospital_registry(), columns=())
    assert {missing.field for missing in check(record, TODAY).missing} == {"structured"}
    assert violations(turtle(statements(record, BASE)), health) == {"node"}
