"""Taking in the records of another catalogue: reading, comparing, storing with their triples and indexing for search.

The peer parses the same pages with pyoxigraph, and does nothing with what comes out.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from benchmarks.catalogue_records import entries
from benchmarks.figure import Figure
from benchmarks.sizes import scaled
from dataspace.adapters.memory import ManualClock, MemoryLog, MemoryPolicyStore, MemorySigner
from dataspace.adapters.rdf_records import read_records
from dataspace.adapters.store.finding import SqlFinder
from dataspace.adapters.store.harvests import SqlHarvests
from dataspace.adapters.store.opening import open_database
from dataspace.model.finding import Entry, Facet
from dataspace.model.names import HUB, PrincipalId
from dataspace.model.principals import Principal, Role
from dataspace.ports import Fetched
from dataspace.service.enforcing import Enforcement
from dataspace.service.harvesting import Harvesting

RECORDS, OF_A_PAGE = scaled(20_000, 300), 1_000
TARGET = 2_000
URL = "https://catalogue.example/catalog"
STEWARD = Principal(PrincipalId("sam"), "Sam", frozenset({Role.STEWARD}))


@dataclass(frozen=True, slots=True)
class Pages:
    """`Elsewhere` that has the pages already: the network is not what is measured."""

    pages: Sequence[bytes]

    def fetch(self, url: str, etag: str, token: str) -> Fetched:
        """The page that the address names."""
        number = int(url.partition("?page=")[2] or 0)
        return Fetched(self.pages[number], "text/turtle", "", url)


def turtle(records: Sequence[Entry], following: str) -> bytes:
    """A page of DCAT: each record with a publisher, a contact, a period and a distribution, as portals have them."""
    lines = [
        "@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .",
        "@prefix foaf: <http://xmlns.com/foaf/0.1/> . @prefix hydra: <http://www.w3.org/ns/hydra/core#> .",
        f"<{URL}> a dcat:Catalog {f'; hydra:next <{following}>' if following else ''} .",
    ]
    for entry in records:
        years, theme = entry.facets[Facet.TEMPORAL], entry.facets[Facet.THEME][0]
        keywords = ", ".join(f'"{word}"@en' for word in entry.keywords)
        lines.append(
            f'<{entry.id}> a dcat:Dataset ; dct:title "{entry.title}"@en ; dct:description "{entry.description}"@en ;'
            f" dcat:keyword {keywords} ; dcat:theme <{theme}> ; dct:license <{entry.licence}> ;"
            f" dct:accessRights <http://publications.europa.eu/resource/authority/access-right/PUBLIC> ;"
            f' dct:publisher [ a foaf:Agent ; foaf:name "The publisher of {entry.id}" ] ;'
            f' dct:temporal [ a dct:PeriodOfTime ; dcat:startDate "{years[0]}-01-01" ;'
            f' dcat:endDate "{years[-1]}-12-31" ] ;'
            f" dcat:distribution <{entry.id}/csv> . <{entry.id}/csv> a dcat:Distribution ;"
            f" dcat:accessURL <{entry.id}.csv> ; dct:license <{entry.licence}> ;"
            f" dct:format <http://publications.europa.eu/resource/authority/file-type/CSV> ."
        )
    return "\n".join(lines).encode()


def main() -> None:
    """Make the pages, harvest them twice (the second time nothing has changed), and parse them bare."""
    records = list(entries(RECORDS))
    starts = range(0, RECORDS, OF_A_PAGE)
    pages = [
        turtle(
            records[start : start + OF_A_PAGE],
            f"{URL}?page={number + 1}" if start + OF_A_PAGE < RECORDS else "",
        )
        for number, start in enumerate(starts)
    ]
    with tempfile.TemporaryDirectory(prefix="bench-harvest-") as folder:
        database = open_database(Path(folder))
        harvests = SqlHarvests(database, SqlFinder(database))
        log = MemoryLog(MemorySigner(bytes(range(32))), "bench/log")
        enforcement = Enforcement(HUB, ManualClock(), MemoryPolicyStore(), log)
        harvesting = Harvesting(harvests, Pages(pages), read_records, enforcement)
        start = time.perf_counter()
        report = harvesting.harvest(STEWARD, URL)
        first = time.perf_counter() - start
        start = time.perf_counter()
        again = harvesting.harvest(STEWARD, URL)
        second = time.perf_counter() - start
        database.close()
    assert (report.added, again.unchanged) == (RECORDS, RECORDS)
    start = time.perf_counter()
    triples = sum(1 for page in pages for _ in ox.parse(page, format=ox.RdfFormat.TURTLE))
    bare = time.perf_counter() - start
    for name, seconds in (("all of them new", first), ("none of them changed", second)):
        Figure(
            figure=f"harvest, {name}",
            value=round(RECORDS / seconds),
            unit="records/s",
            better="higher",
            target=TARGET,
            peer="pyoxigraph, parsing alone",
            peer_value=round(RECORDS / bare),
            counts={"records": RECORDS, "triples": triples, "pages": len(pages)},
        ).show()


if __name__ == "__main__":
    main()
