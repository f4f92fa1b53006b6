"""Catalogue records over HTTP, through the client: check, edit, publish, export in three forms, import."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from dataspace.bootstrap import HubServices
from dataspace.client.hub import Hub
from dataspace.client.proofs import Verifier
from dataspace.client.wire import Wire
from dataspace.errors import Conflict, InvalidRequest, NotAllowed, UnknownName
from dataspace.testing.examples import HEALTH_RECORD

Asked = Callable[[str], httpx.Client]
STAYS = "stay,los,died\n" + "".join(f"{n},{1 + n % 30},{n % 2}\n" for n in range(200))


@pytest.fixture
def as_person(asked_by: Asked, hub: HubServices) -> Callable[[str], Hub]:
    """The client, over the contract."""
    verifier = Verifier.__new__(Verifier)
    return lambda person: Hub(Wire(asked_by(person), lambda: hub.token(person), "hub"), verifier)


@pytest.fixture
def stays(tmp_path: Path) -> Path:
    path = tmp_path / "stays.csv"
    path.write_text(STAYS)
    return path


def test_a_record_goes_from_a_file_to_a_published_description(
    as_person: Callable[[str], Hub], stays: Path
) -> None:
    sam, ana = as_person("sam"), as_person("ana")
    sam.register(stays, "record_stays", title="Stays", privacy_unit="stay", fields={"domain": "health"})
    found = sam.check("record_stays")
    assert not found.publishable
    assert "fields need you" in repr(found)
    assert "dataspace dataset edit record_stays --field" in repr(found)
    assert "identifier" not in {missing.field for missing in found.missing}, "filled from the data"
    with pytest.raises(Conflict, match="stays a draft"):
        sam.publish("record_stays")
    with pytest.raises(UnknownName):
        ana.check("record_stays")
    sam.edit("record_stays", HEALTH_RECORD)
    assert sam.check("record_stays").missing == ()
    assert sam.publish("record_stays").noun.published
    assert ana.check("record_stays").publishable
    assert ana.dataset("record_stays").noun.about.records == 200
    with pytest.raises(NotAllowed):
        ana.edit("record_stays", {"title": "Mine"})

    turtle = ana.describe("record_stays")
    assert "healthdcatap:numberOfRecords" in turtle
    assert json.loads(ana.describe("record_stays", "application/ld+json"))["@type"] == "dcat:Dataset"
    croissant = json.loads(ana.describe("record_stays", "croissant"))
    assert [f["description"] for f in croissant["recordSet"][0]["field"]] == ["stay", "los", "died"]
    assert len(croissant["distribution"][0]["sha256"]) == 64

    brought = sam.bring("record_copy", turtle, "turtle")
    assert brought.noun.title == "Stays"
    assert not brought.noun.published


def test_registering_and_publishing_at_once_asks_for_the_same(
    as_person: Callable[[str], Hub], stays: Path, hub: HubServices
) -> None:
    sam = as_person("sam")
    size = hub.log.size()
    with pytest.raises(Conflict, match="controller"):
        sam.register(stays, "record_at_once", publish=True)
    with pytest.raises(UnknownName):
        sam.dataset("record_at_once")
    assert hub.log.size() == size
    made = sam.register(stays, "record_at_once", title="Stays", publish=True, fields=HEALTH_RECORD)
    assert made.dataset.published


def test_the_forms_come_with_their_media_types(
    asked_by: Asked, as_person: Callable[[str], Hub], stays: Path
) -> None:
    as_person("sam").register(stays, "record_media", title="Stays")
    client = asked_by("sam")
    for path, accept in (
        ("", "text/turtle"),
        ("", "application/ld+json"),
        ("/croissant", 'application/ld+json; profile="http://mlcommons.org/croissant/1.0"'),
    ):
        said = client.get(f"/datasets/record_media{path}", headers={"Accept": accept})
        assert said.headers["content-type"].partition(";")[0] == accept.partition(";")[0]


@pytest.mark.parametrize(
    ("media", "text", "said"),
    [
        ("text/turtle", "no turtle", "not turtle"),
        ("application/ld+json", '{"@context": "https://evil.example/c"}', "context lies elsewhere"),
        ("text/turtle", '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>', "XML"),
        ("application/xml", "<x/>", "taken as Turtle or JSON-LD"),
    ],
)
def test_a_record_that_cannot_be_taken_leaves_nothing_behind(
    asked_by: Asked, media: str, text: str, said: str
) -> None:
    client = asked_by("sam")
    answer = client.post("/datasets/record_hostile/record", content=text, headers={"Content-Type": media})
    assert answer.status_code == 400
    assert said in answer.json()["detail"]
    assert client.get("/datasets/record_hostile").status_code == 404


def test_a_wrong_field_is_named(as_person: Callable[[str], Hub], stays: Path) -> None:
    sam = as_person("sam")
    sam.register(stays, "record_wrong", title="Stays")
    with pytest.raises(InvalidRequest, match="Did you mean 'controller'"):
        sam.edit("record_wrong", {"controler": "x"})


def test_croissant_is_asked_for_by_its_profile_as_well(
    as_person: Callable[[str], Hub], asked_by: Asked, stays: Path
) -> None:
    as_person("sam").register(stays, "croissant_stays", title="Stays", privacy_unit="stay")
    profile = 'application/ld+json; profile="http://mlcommons.org/croissant/1.0"'
    client = asked_by("sam")
    asked = client.get("/datasets/croissant_stays", headers={"Accept": profile})
    plain = client.get("/datasets/croissant_stays", headers={"Accept": "application/ld+json"})
    same = client.get("/datasets/croissant_stays/croissant")
    assert asked.headers["content-type"] == profile
    assert asked.json() == same.json()
    assert "croissant" not in plain.headers["content-type"] and plain.json() != asked.json()


def test_a_health_category_that_is_none_of_the_law_is_said_to_be_wrong(
    as_person: Callable[[str], Hub], stays: Path
) -> None:
    sam = as_person("sam")
    sam.register(stays, "category_stays", title="Stays", privacy_unit="stay", fields=HEALTH_RECORD)
    base = "https://hdeu-dcat.data.health.europa.eu/resource/authority/healthcategories/"
    for wrong in ("IMAGING", base + "IMAGING", "EHR"):
        with pytest.raises(InvalidRequest, match="health-category"):
            sam.edit("category_stays", {"health-category": wrong})
    for right in (base + "HRAD", "clinical trials", "HGPD"):
        sam.edit("category_stays", {"health-category": right})
        assert sam.check("category_stays").publishable
