"""What a catalogue record says beside the columns: access, subject, people and law, in the words of DCAT-AP."""

from dataclasses import dataclass
from enum import StrEnum


class Domain(StrEnum):
    """What kind of data it is, as far as the law asks for different things to be said of it."""

    GENERAL = "general"
    HEALTH = "health"
    """Electronic health data (EHDS, Art. 51): described by HealthDCAT-AP."""
    PLANT = "plant"
    """Data of connected products and machines (Data Act)."""


class AccessRights(StrEnum):
    """The EU authority's access rights."""

    PUBLIC = "PUBLIC"
    RESTRICTED = "RESTRICTED"
    NON_PUBLIC = "NON_PUBLIC"


@dataclass(frozen=True, slots=True)
class Distribution:
    """One form in which the data can be had or asked for. Empty means that nobody said so."""

    title: str = ""
    description: str = ""
    access_url: str = ""
    """Where to ask; empty for data that this hub holds: its own page."""
    download_url: str = ""
    format: str = ""
    """Code of the EU file types, such as CSV, or an IRI."""
    media_type: str = ""
    size: int | None = None
    """Bytes."""
    licence: str = ""
    legislation: tuple[str, ...] = ()
    """IRIs; empty: those of the dataset."""


@dataclass(frozen=True, slots=True)
class Description:
    """The descriptive part of a record. What nobody stated is empty and stays out of every export.

    People and bodies are written `Name <mail@example.org>` or `Name <https://example.org/contact>`, periods as ISO 8601
    intervals (`2020-01-01/2024-12-31`), everything with a controlled list as its code, word or IRI.
    """

    domain: Domain = Domain.GENERAL
    access: AccessRights | None = AccessRights.NON_PUBLIC
    """None only in a record from outside that does not say."""
    identifier: str = ""
    alternative: str = ""
    publisher: str = ""
    custodian: str = ""
    """The data holder."""
    hdab: str = ""
    """The health data access body."""
    type: str = ""
    provenance: str = ""
    languages: tuple[str, ...] = ()
    spatial: tuple[str, ...] = ()
    temporal: str = ""
    frequency: str = ""
    landing_page: str = ""
    conforms_to: tuple[str, ...] = ()
    legislation: tuple[str, ...] = ()
    issued: str = ""
    modified: str = ""
    distributions: tuple[Distribution, ...] = ()
    structured: bool | None = None
    """Whether it has columns; filled from the data."""
    records: int | None = None
    individuals: int | None = None
    health_categories: tuple[str, ...] = ()
    health_themes: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    legal_basis: tuple[str, ...] = ()
    personal_data: tuple[str, ...] = ()
    coding_systems: tuple[str, ...] = ()
    code_values: tuple[str, ...] = ()
    population: str = ""
    min_age: int | None = None
    max_age: int | None = None
    analytics: str = ""
    """Where figures about the data can be read (an address)."""
    iri: str = ""
    """The name of the record where it came from; empty for one that was made here."""
    brought: str = ""
    """The whole graph that came with it (N-Triples): what is exported again loses none of it."""


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that a record does not say: what, why it is asked for, and what to type."""

    field: str
    text: str
    clause: str
    command: str
    required: bool = True
    """False for what is recommended only."""


@dataclass(frozen=True, slots=True)
class Completeness:
    """Whether a record may be published, and what it lacks."""

    dataset: str
    domain: Domain
    access: AccessRights | None
    asked: int
    """How many required fields there are for this kind of record."""
    missing: tuple[Missing, ...]
    recommended: tuple[Missing, ...]

    @property
    def publishable(self) -> bool:
        """Nothing that is required is missing."""
        return not self.missing
