"""Harvesting: incremental, with tombstones, and no broken peer empties the catalogue."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from dataspace.adapters.memory import ManualClock, MemorySigner
from dataspace.adapters.rdf_records import read_records
from dataspace.adapters.store.store import Store, open_store
from dataspace.errors import NotAllowed, SourceError, SourceUnreadable
from dataspace.model.finding import EVERYONE, Wanted
from dataspace.model.names import HUB, PrincipalId
from dataspace.model.principals import Principal, Role
from dataspace.ports import Fetched
from dataspace.service.enforcing import Enforcement
from dataspace.service.harvesting import Harvesting

URL = "https://peer.example/catalog"
SAM = Principal(PrincipalId("sam"), "Sam", frozenset({Role.STEWARD}))
ANA = Principal(PrincipalId("ana"), "Ana", frozenset({Role.RESEARCHER}))


@dataclass
class Peer:
    """`Elsewhere`: a catalogue that a test can change, break and count the questions of."""

    pages: dict[str, str] = field(default_factory=dict)
    etag: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)

    def fetch(self, url: str, etag: str, token: str) -> Fetched:
        self.asked.append((url, etag))
        if etag and etag == self.etag:
            return Fetched(b"", "", etag, url, unchanged=True)
        if url not in self.pages:
            raise SourceError(f"The catalogue at '{url}' does not answer.", "Try again later.")
        return Fetched(self.pages[url].encode(), "text/turtle", self.etag, url)

    def hold(self, *names: str, url: str = URL, following: str = "", word: str = "stays") -> None:
        """One page with a record for each name."""
        onward = f"; <http://www.w3.org/ns/hydra/core#next> <{following}>" if following else ""
        self.pages[url] = (
            PREFIXES
            + f"<{URL}> a dcat:Catalog {onward} .\n"
            + "\n".join(
                f'<https://peer.example/{name}> a dcat:Dataset ; dct:title "{name} {word}"@en ;'
                " dct:license <https://creativecommons.org/licenses/by/4.0/> ."
                for name in names
            )
        )


PREFIXES = "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path, ManualClock(), MemorySigner(bytes(range(32))), "hub/log") as store:
        yield store


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def harvesting(store: Store, peer: Peer, clock: ManualClock) -> Harvesting:
    return Harvesting(store.harvests, peer, read_records, Enforcement(HUB, clock, store.policies, store.log))


def titles(store: Store) -> list[str]:
    found = store.finder.find(Wanted((), (), frozenset({EVERYONE}), size=100))
    return sorted(entry.title for entry in found.entries)


def test_records_come_with_their_origin_and_licence(harvesting: Harvesting, peer: Peer, store: Store) -> None:
    peer.hold("a", "b")
    report = harvesting.harvest(SAM, URL)
    assert (report.records, report.added, report.gone) == (2, 2, 0)
    entry = store.finder.find(Wanted(("a",), (), frozenset({EVERYONE}))).entries[0]
    assert (entry.origin, entry.iri) == (URL, "https://peer.example/a")
    assert entry.licence == "https://creativecommons.org/licenses/by/4.0/"
    assert (
        "<https://peer.example/a> <http://purl.org/dc/terms/title>"
        in store.harvests.triples([entry.id])[entry.id]
    )
    assert [record.facts["added"] for _, record in store.log.records()] == [2]


def test_a_second_harvest_writes_only_what_changed_and_buries_what_is_gone(
    harvesting: Harvesting, peer: Peer, store: Store
) -> None:
    peer.hold("a", "b", "c")
    harvesting.harvest(SAM, URL)
    generation = store.finder.generation()
    report = harvesting.harvest(SAM, URL)
    assert (report.added, report.changed, report.unchanged, report.gone) == (0, 0, 3, 0)
    assert store.finder.generation() == generation
    peer.hold("a", "d")
    report = harvesting.harvest(SAM, URL)
    assert (report.added, report.changed, report.unchanged, report.gone) == (1, 0, 1, 2)
    assert titles(store) == ["a stays", "d stays"]


def test_an_unchanged_catalogue_is_asked_once_and_left_alone(harvesting: Harvesting, peer: Peer) -> None:
    peer.hold("a")
    peer.etag = '"1"'
    harvesting.harvest(SAM, URL)
    report = harvesting.harvest(SAM, URL)
    assert peer.asked == [(URL, ""), (URL, '"1"')]
    assert (report.records, report.unchanged, report.outcome) == (1, 1, "Unchanged.")


@pytest.mark.parametrize(("etag", "trusted"), [('"page-1"', ""), ('"all-1"', '"all-1"')])
def test_the_etag_of_a_first_page_counts_only_where_it_stands_for_all(
    harvesting: Harvesting, peer: Peer, etag: str, trusted: str
) -> None:
    peer.hold("a", following=f"{URL}?after=1")
    peer.hold("b", url=f"{URL}?after=1")
    peer.etag = etag
    assert harvesting.harvest(SAM, URL).records == 2
    assert harvesting.peers(SAM)[0].etag == trusted


@pytest.mark.parametrize("broken", ["silent", "garbage", "cut off"])
def test_a_broken_peer_never_empties_the_catalogue(
    harvesting: Harvesting, peer: Peer, store: Store, broken: str
) -> None:
    second = f"{URL}?after=1"
    peer.hold("a", following=second)
    peer.hold("b", url=second)
    harvesting.harvest(SAM, URL)
    if broken == "silent":
        del peer.pages[second]
    else:
        peer.pages[second] = "<html>" if broken == "garbage" else peer.pages[second][:-30]
    with pytest.raises((SourceError, SourceUnreadable)):
        harvesting.harvest(SAM, URL)
    assert titles(store) == ["a stays", "b stays"]
    assert harvesting.peers(SAM)[0].outcome != "Read to its end."


def test_a_catalogue_that_is_suddenly_empty_loses_nothing_until_a_steward_says_so(
    harvesting: Harvesting, peer: Peer, store: Store
) -> None:
    peer.hold(*(f"r{number}" for number in range(20)))
    harvesting.harvest(SAM, URL)
    peer.hold()
    report = harvesting.harvest(SAM, URL)
    assert report.gone == 0
    assert "accept-removals" in report.outcome
    assert len(titles(store)) == 20
    assert harvesting.harvest(SAM, URL, accept_removals=True).gone == 20
    assert titles(store) == []


def test_pages_stay_with_their_host_and_come_to_an_end(harvesting: Harvesting, peer: Peer) -> None:
    peer.hold("a", following="https://elsewhere.example/catalog?2")
    with pytest.raises(SourceUnreadable, match="another host"):
        harvesting.harvest(SAM, URL)
    peer.hold("a", following=URL)
    with pytest.raises(SourceUnreadable, match="lead back"):
        harvesting.harvest(SAM, URL)


def test_only_a_steward_harvests(harvesting: Harvesting) -> None:
    with pytest.raises(NotAllowed):
        harvesting.harvest(ANA, URL)
    with pytest.raises(NotAllowed):
        harvesting.peers(ANA)


def test_a_catalogue_is_due_when_its_time_has_come(
    harvesting: Harvesting, peer: Peer, clock: ManualClock
) -> None:
    peer.hold("a")
    harvesting.harvest(SAM, URL, every=timedelta(hours=6))
    assert list(harvesting.due()) == []
    clock.advance(timedelta(hours=7))
    assert [due.url for due in harvesting.due()] == [URL]
    assert harvesting.forget(SAM, URL) == 1
    assert list(harvesting.due()) == []
