"""Search and the catalogue over HTTP: facets, marks, content negotiation, paging, ETag; and nothing of drafts."""

from collections.abc import Callable
from dataclasses import replace

import httpx
import pyoxigraph as ox
import pytest

from dataspace.bootstrap import HubServices
from dataspace.model.descriptions import AccessRights, Description, Distribution
from dataspace.model.finding import Harvested
from dataspace.testing.examples import example_dataset
from dataspace.testing.finders import entry

Clients = Callable[[str], httpx.Client]
DATASET = ox.NamedNode("http://www.w3.org/ns/dcat#Dataset")
NEXT = ox.NamedNode("http://www.w3.org/ns/hydra/core#next")
ABROAD = "https://peer.example/catalog"


@pytest.fixture(scope="module", autouse=True)
def catalogue(hub: HubServices) -> None:
    """Two datasets that everybody may know of, one draft, and one record from elsewhere."""
    about = Description(access=AccessRights.RESTRICTED, temporal="2019-01-01/2020-12-31")
    about = replace(about, distributions=(Distribution(format="CSV"),), spatial=("Belgium",))
    stays = replace(
        example_dataset("found_stays", "Mortality after emergency admission"), published=True, about=about
    )
    turbine = replace(
        example_dataset("found_turbine", "Gas turbine"), published=True, description="No mortality here."
    )
    draft = replace(example_dataset("found_draft", "Mortality, an unpublished secretword"), about=about)
    for dataset in (stays, turbine, draft):
        hub.browsing.catalog.put(dataset)
    triples = f'<https://peer.example/x> <{ox.NamedNode("http://purl.org/dc/terms/title").value}> "Far" .\n'
    far = replace(
        entry(f"{ABROAD} https://peer.example/x", "Mortality far away"),
        origin=ABROAD,
        iri="https://peer.example/x",
    )
    hub.harvesting.harvests.keep(ABROAD, [Harvested(far, triples, "1")])


def test_a_search_ranks_marks_and_counts(asked_by: Clients) -> None:
    ana = asked_by("ana")
    found = ana.get("/search", params={"text": "MORTALITY"}).json()
    order = [hit["entry"]["dataset"] for hit in found["hits"]]
    assert order[-1] == "found_turbine", "the word is in its description alone"
    assert set(order[:2]) == {"found_stays", None}
    assert (found["total"], found["exact"]) == (3, True)
    last = found["hits"][-1]
    mark = last["excerpt_marks"][0]
    assert last["excerpt"][mark["start"] : mark["end"]] == "mortality"
    assert {"facet": "access", "value": "RESTRICTED", "count": 1} in found["facets"]
    assert {"facet": "temporal", "value": "2020", "count": 1} in found["facets"]
    assert {"facet": "spatial", "value": "Belgium", "count": 1} in found["facets"]


def test_facets_narrow_a_search_and_the_list_of_datasets(asked_by: Clients) -> None:
    ana = asked_by("ana")
    found = ana.get("/search", params={"text": "mortality", "facet": ["format:CSV", "temporal:2019"]}).json()
    assert [hit["entry"]["dataset"] for hit in found["hits"]] == ["found_stays"]
    datasets = ana.get("/datasets", params={"text": "mortality", "facet": "access:RESTRICTED"}).json()
    assert [dataset["name"] for dataset in datasets] == ["found_stays"]
    refused = ana.get("/search", params={"facet": "colour:red"})
    assert refused.status_code == 400
    assert "theme" in refused.json()["hint"]


def test_a_draft_exists_for_stewards_alone(asked_by: Clients) -> None:
    ana, sam = asked_by("ana"), asked_by("sam")
    for path in ("/search", "/datasets"):
        assert "secretword" in sam.get(path, params={"text": "secretword"}).text
    secret = ana.get("/search", params={"text": "secretword"}).json()
    nothing = ana.get("/search", params={"text": "nosuchword"}).json()
    assert secret | {"text": ""} == nothing | {"text": ""}
    near = ana.get("/search", params={"text": "secretwort"}).json()
    assert near["suggestion"] == ""
    assert sam.get("/search", params={"text": "secretwort"}).json()["suggestion"] == "secretword"
    assert "found_draft" not in ana.get("/catalog").text
    assert "found_draft" in sam.get("/catalog", params={"size": 200}).text


def test_what_is_withdrawn_from_the_public_is_gone_from_the_next_search(
    hub: HubServices, asked_by: Clients
) -> None:
    dataset = replace(example_dataset("found_later", "A passing word"), published=True)
    ana = asked_by("ana")
    for published, total in ((True, 1), (False, 0), (True, 1)):
        hub.browsing.catalog.put(replace(dataset, published=published))
        assert ana.get("/search", params={"text": "passing"}).json()["total"] == total


@pytest.mark.parametrize(
    ("accept", "media", "form"),
    [
        ("text/turtle", "text/turtle", ox.RdfFormat.TURTLE),
        ("application/ld+json", "application/ld+json", ox.RdfFormat.JSON_LD),
        ("text/turtle;q=0.3, application/ld+json;q=0.9", "application/ld+json", ox.RdfFormat.JSON_LD),
        ("*/*", "text/turtle", ox.RdfFormat.TURTLE),
    ],
)
def test_the_catalogue_is_dcat_in_the_form_asked_for(
    asked_by: Clients, accept: str, media: str, form: ox.RdfFormat
) -> None:
    ana = asked_by("ana")
    response = ana.get("/catalog", headers={"Accept": accept})
    assert response.headers["Content-Type"].startswith(media)
    graph = [quad.triple for quad in ox.parse(response.content, format=form)]
    assert sum(t.object == DATASET for t in graph) >= 2
    assert any(t.subject == ox.NamedNode("https://peer.example/x") for t in graph), (
        "with the triples it brought"
    )


def test_a_form_that_is_not_known_is_refused(asked_by: Clients) -> None:
    ana = asked_by("ana")
    assert ana.get("/catalog", headers={"Accept": "image/png"}).status_code == 406
    assert ana.get("/catalog", params={"size": 0}).status_code == 400


def test_all_pages_together_are_the_whole_catalogue(asked_by: Clients) -> None:
    address, seen, pages = "/catalog?size=1", set[str](), 0
    ana = asked_by("ana")
    while address:
        graph = [q.triple for q in ox.parse(ana.get(address).content, format=ox.RdfFormat.TURTLE)]
        link = ox.NamedNode("http://www.w3.org/ns/dcat#dataset")
        seen |= {str(t.object) for t in graph if t.predicate == link}
        address = next((t.object.value for t in graph if t.predicate == NEXT), "")
        pages += 1
    total = ana.get("/search").json()["total"]
    assert len(seen) == total == pages


def test_an_etag_that_holds_is_answered_with_304_and_a_change_ends_it(
    hub: HubServices, asked_by: Clients
) -> None:
    ana, sam = asked_by("ana"), asked_by("sam")
    etag = ana.get("/catalog").headers["ETag"]
    again = ana.get("/catalog", headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert ana.get("/catalog", headers={"If-None-Match": f'"other", W/{etag}'}).status_code == 304
    assert sam.get("/catalog", headers={"If-None-Match": etag}).status_code == 200
    jsonld = {"If-None-Match": etag, "Accept": "application/ld+json"}
    assert ana.get("/catalog", headers=jsonld).status_code == 200
    hub.browsing.catalog.put(replace(example_dataset("found_turbine", "Steam turbine"), published=True))
    assert ana.get("/catalog", headers={"If-None-Match": etag}).status_code == 200


def test_only_stewards_harvest_and_the_address_is_checked(asked_by: Clients) -> None:
    ana, sam = asked_by("ana"), asked_by("sam")
    assert ana.post("/harvests", json={"url": ABROAD}).status_code == 403
    assert ana.get("/harvests").status_code == 403
    for url in (
        "http://peer.example/",
        "file:///etc/passwd",
        "https://169.254.169.254/latest",
        "https://u:p@x/",
    ):
        assert sam.post("/harvests", json={"url": url}).status_code == 400
    assert sam.post("/harvests", json={"url": "http://127.0.0.1:9/catalog"}).status_code == 503
