"""From a file to a curated, compared, withdrawn and erased version through the HTTP contract and the client."""

import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from dataspace.adapters.signatures import signed
from dataspace.bootstrap import HubServices
from dataspace.client.hub import Hub
from dataspace.client.wire import Wire
from dataspace.errors import Conflict, DataspaceError, InvalidRequest, NotAllowed, UnknownName
from dataspace.model.curation import spelled

Asked = Callable[[str], httpx.Client]
CSV = "person,age,plz,note\n" + "".join(f"p{i % 40},{20 + i % 60},8{i % 7:04d},x\n" for i in range(200))


@pytest.fixture
def as_person(asked_by: Asked) -> Callable[[str], Hub]:
    def hub(person: str) -> Hub:
        return Hub(Wire(asked_by(person), lambda: "", "hub"), signed)  # type: ignore[arg-type]

    return hub


@pytest.fixture
def sam(
    as_person: Callable[[str], Hub], asked_by: Asked, request: pytest.FixtureRequest
) -> Iterator[tuple[Hub, str]]:
    name = request.node.name[5:50].rstrip("_")
    query = {"filename": "stays.csv", "said": json.dumps({"name": name})}
    response = asked_by("sam").post(
        "/datasets", params=query, content=CSV.replace(",x\n", f",{name}\n").encode()
    )
    assert response.status_code == 201, response.text
    yield as_person("sam"), name


def test_a_version_is_fixed_and_both_are_in_the_history(sam: tuple[Hub, str]) -> None:
    hub, name = sam
    made = hub.fix(name, drop=["note"], generalise=["age=10", "plz=2"], label=["plz=quasi-identifier"])
    assert [column.name for column in made.version.columns] == ["person", "age", "plz"]
    assert "version 2" in repr(made)
    assert [chapter.number for chapter in hub.versions(name).chapters] == [1, 2]
    assert hub.provenance(name, 2)["prov:wasRevisionOf"]["@id"].startswith("urn:sha256:")
    assert "k = " in repr(hub.profile(name))
    assert hub.profile(name, 1).noun.columns != hub.profile(name, 2).noun.columns


def test_withdrawing_stops_questions_and_erasing_follows(
    sam: tuple[Hub, str], as_person: Callable[[str], Hub]
) -> None:
    hub, name = sam
    assert hub.withdraw_version(name, 1, "Names were left in.").standing == "withdrawn"
    for ask in (hub.sql, hub.explain):
        with pytest.raises(DataspaceError, match="was withdrawn: Names were left in"):
            ask(f"SELECT count(*) AS n FROM {name}")  # noqa: S608 - a name of ours
    assert hub.erase_version(name, 1).standing == "erased"
    with pytest.raises(Conflict):
        hub.withdraw_version(name, 1)
    assert "erased" in repr(hub.versions(name))


def test_rules_are_kept_and_broken_ones_are_told(sam: tuple[Hub, str]) -> None:
    hub, name = sam
    assert [str(rule) for rule in hub.expect(name, ["age=0..120"]).noun.expectations] == ["age=0..120"]
    with pytest.raises(Conflict, match="person=unique: 160 rows"):
        hub.expect(name, ["person=unique"])


def test_dummy_rows_say_so_wherever_they_show(sam: tuple[Hub, str], asked_by: Asked) -> None:
    hub, name = sam
    made = hub.dummy(name, n=20)
    assert len(made) == 20
    assert "DUMMY" in repr(made) and "DUMMY" in made._repr_html_()
    assert made.to_arrow().schema.metadata[b"dataspace"] == b"DUMMY"
    assert "DUMMY" in made.to_pandas().attrs["dataspace"]
    response = asked_by("sam").get(f"/datasets/{name}/dummy", params={"n": 1})
    assert response.headers["Dataspace-Dummy"] == "true"
    assert asked_by("sam").get(f"/datasets/{name}/dummy", params={"n": 10**9}).status_code == 400


def test_what_is_a_stewards_is_refused_to_others(
    sam: tuple[Hub, str], as_person: Callable[[str], Hub]
) -> None:
    _, name = sam
    ana = as_person("ana")
    with pytest.raises(NotAllowed):
        ana.profile(name)
    with pytest.raises(NotAllowed):
        ana.fix(name, drop=["note"])
    with pytest.raises(UnknownName):
        ana.dummy(name)  # a draft


def test_a_dictionary_is_matched(sam: tuple[Hub, str], hub: HubServices) -> None:
    steward, name = sam
    steward.load_dictionary(
        f"dictionary: d_{name[:20]}\nversion: 1\ntitle: T\nunit: stay\ncolumns:\n"
        "  - {name: age, type: integer}\n  - {name: weight, type: number}\n"
    )
    found = steward.match(name, f"d_{name[:20]}")
    assert "1 of 2 match" in repr(found)
    assert not found.complete


def test_local_codes_are_declared_by_a_mapping_of_python(sam: tuple[Hub, str], hub: HubServices) -> None:
    steward, name = sam
    steward.load_dictionary(
        f"dictionary: d_{name[:20]}\nversion: 2\ntitle: T\nunit: stay\ncolumns:\n"
        "  - {name: age, type: integer, codes: {0: young, 1: old}}\n"
    )
    found = steward.match(name, f"d_{name[:20]}", codes={"age": {"3": 1}})
    assert any("codes age=" in spelled(step) and "3:1" in spelled(step) for step in found.noun.steps)
    with pytest.raises(InvalidRequest, match="is no code"):
        steward.match(name, f"d_{name[:20]}", codes=["age=3:7"])
    with pytest.raises(InvalidRequest):
        steward._wire.post(f"/datasets/{name}/versions/1/burnt", {})
