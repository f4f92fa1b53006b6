"""Over HTTP too, what somebody may not discover does not exist: each path answers as for a name that nobody has."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import httpx
import pytest

from dataspace.bootstrap import HubServices
from dataspace.testing.examples import example_dataset

Clients = Callable[[str], httpx.Client]
POLICY = """
policy: known-to-few
title: Known to few
owner: the steward
on: known_to_few
allow: {do: discover, who: {affiliation: Somewhere else}}
forbid: {do: discover, who: auditors, because: A reason that names known_to_few.}
"""
NAME, ABSENT = "known_to_few", "known_to_none"


@pytest.fixture(scope="module", autouse=True)
def ruled(hub: HubServices, asked_by: Clients) -> Iterator[None]:
    """A published dataset that Ana may not know of."""
    hub.browsing.catalog.put(replace(example_dataset(NAME, "Peculiarly rare stays"), published=True))
    assert asked_by("sam").post("/policies", content=POLICY).status_code == 201
    yield
    asked_by("sam").post("/policies/known-to-few/withdraw")


PATHS = [
    "/datasets/{}",
    "/datasets/{}/versions",
    "/datasets/{}/dummy?n=5",
    "/datasets/{}/check",
    "/datasets/{}/croissant",
    "/ledger/{}",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("accept", ["application/json", "text/turtle"])
def test_a_path_about_it_answers_as_for_a_name_that_nobody_has(
    asked_by: Clients, path: str, accept: str
) -> None:
    ana = asked_by("ana")
    there, absent = (ana.get(path.format(name), headers={"Accept": accept}) for name in (NAME, ABSENT))
    assert there.status_code == absent.status_code == 404
    assert there.text.replace(NAME, "…") == absent.text.replace(ABSENT, "…")


@pytest.mark.parametrize("path", ["/query", "/explain"])
@pytest.mark.parametrize("text", ["SELECT count(*) FROM {}", "SELECT * FROM {}", "SELECT nosuch FROM {}"])
def test_a_question_about_it_is_one_about_nothing(asked_by: Clients, path: str, text: str) -> None:
    ana = asked_by("ana")
    there, absent = (
        ana.post(path, json={"sql": text.format(name), "purpose": "scientific research"})
        for name in (NAME, ABSENT)
    )
    assert there.status_code == absent.status_code == 404, there.text
    assert there.text.replace(NAME, "…") == absent.text.replace(ABSENT, "…")


def test_no_list_count_catalogue_or_spelling_has_it(asked_by: Clients) -> None:
    ana, sam = asked_by("ana"), asked_by("sam")
    for path in ("/datasets", "/search", "/catalog?size=200"):
        assert NAME in sam.get(path).text
        assert NAME not in ana.get(path).text
    near = {"text": "peculiarlee"}
    assert sam.get("/search", params=near).json()["suggestion"] == "peculiarly"
    assert ana.get("/search", params=near).json()["suggestion"] == ""
    assert f"'{NAME}'" not in ana.get("/datasets/known_to_feww").text
    assert f"'{NAME}'" in sam.get("/datasets/known_to_feww").text


def test_the_policies_that_anyone_may_read_do_not_name_it(asked_by: Clients) -> None:
    assert NAME in asked_by("sam").get("/policies").text
    assert NAME not in asked_by("ana").get("/policies").text
    assert "known-to-few" not in asked_by("ana").get("/policies").text


def test_an_application_for_it_is_one_for_nothing(asked_by: Clients) -> None:
    ana = asked_by("ana")
    said = {"purposes": ["scientific research"], "kinds": ["aggregate"], "legal_basis": ["A6-1-e"]}
    there, absent = (ana.post("/applications", json=said | {"datasets": [name]}) for name in (NAME, ABSENT))
    assert there.status_code == absent.status_code == 404, there.text
    assert there.text.replace(NAME, "…") == absent.text.replace(ABSENT, "…")


def test_a_count_across_sites_of_it_is_one_of_nothing(asked_by: Clients) -> None:
    ana = asked_by("ana")
    there, absent = (
        ana.post("/count", json={"dataset": name, "purpose": "scientific research"})
        for name in (NAME, ABSENT)
    )
    assert there.status_code == absent.status_code == 404, there.text
    assert there.text.replace(NAME, "…") == absent.text.replace(ABSENT, "…")
