"""Finding data: what the catalogue's index holds of a record, what is looked for, and what was found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from dataspace.model.names import DatasetName


class Facet(StrEnum):
    """By what a list of records can be narrowed."""

    THEME = "theme"
    ACCESS = "access"
    PURPOSE = "purpose"
    LABEL = "label"
    SITE = "site"
    FORMAT = "format"
    SPATIAL = "spatial"
    TEMPORAL = "temporal"
    """One value for each year that is covered."""
    ORIGIN = "origin"
    """`here`, or the address of the catalogue that a record was harvested from."""


EVERYONE = "everyone"
"""The audience of what is published."""
STEWARDS = "stewards"
"""The audience of drafts."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record as the index knows it: words to find it by, values to narrow by, and who may know of it.

    `id` is a dataset's name; for a record from elsewhere its origin and its IRI, so that no catalogue can stand in for
    another one's record.
    """

    id: str
    title: str
    description: str
    audience: str
    dataset: DatasetName | None = None
    keywords: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    """Words that find the record and are not shown: names and titles of columns."""
    facets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    origin: str = ""
    """The catalogue that it was harvested from; empty for what is registered here."""
    iri: str = ""
    """How the record is called where it came from."""
    licence: str = ""
    landing_page: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for. Each word and each value of a facet has to hold; only `audiences` are looked at."""

    words: tuple[str, ...]
    facets: tuple[tuple[Facet, str], ...]
    audiences: frozenset[str]
    offset: int = 0
    size: int = 20
    prefixes: bool = False
    """Whether a word may go on."""


@dataclass(frozen=True, slots=True)
class FacetCount:
    """How many of the hits have a value. A lower bound where the hits were not counted to their end."""

    facet: Facet
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """One page of hits. `exact` is False where there are more than `total`."""

    total: int
    exact: bool
    entries: tuple[Entry, ...]
    facets: tuple[FacetCount, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a word that was looked for stands in a text: from `start` up to, not including, `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One hit, with the words marked in its title and in the part of the description that holds them."""

    entry: Entry
    title_marks: tuple[Mark, ...]
    excerpt: str
    excerpt_marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """What a search came to. `suggestion` is a spelling that would find something; empty where none is near."""

    text: str
    total: int
    exact: bool
    hits: tuple[Hit, ...]
    facets: tuple[FacetCount, ...]
    suggestion: str = ""


@dataclass(frozen=True, slots=True)
class Peer:
    """A catalogue elsewhere that is harvested, and how that went last."""

    url: str
    every_seconds: int = 0
    """0: only when somebody asks."""
    etag: str = ""
    """Of the first page, as the peer gave it when everything was last read to its end."""
    tried: datetime | None = None
    succeeded: datetime | None = None
    outcome: str = ""
    """One sentence about the last time."""


@dataclass(frozen=True, slots=True)
class Harvested:
    """One record from elsewhere: its entry, and the triples that it came with, as canonical N-Triples."""

    entry: Entry
    triples: str
    digest: str


@dataclass(frozen=True, slots=True)
class HarvestReport:
    """What a harvest changed. `gone` records became tombstones: not found any more, never forgotten."""

    url: str
    records: int
    added: int
    changed: int
    gone: int
    unchanged: int
    outcome: str
