"""What the catalogue holds: datasets, their columns and labels, immutable versions, shared dictionaries.

Long, because a dataset has many parts and each is a small noun.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from dataspace.model.curation import Change, Chapter, Expectation, Provenance, Standing, Step
from dataspace.model.descriptions import Description
from dataspace.model.names import ColumnName, DatasetName

SITES = "sites"
"""Said of a dataset whose rows lie at sites, where others name the kind of their source."""


class Label(StrEnum):
    """What a column holds, as far as privacy is concerned. Policies speak of labels, so that they stay small."""

    DIRECT_IDENTIFIER = "direct-identifier"
    QUASI_IDENTIFIER = "quasi-identifier"
    SPECIAL_CATEGORY = "special-category"
    FREE_TEXT = "free-text"
    TRADE_SECRET = "trade-secret"  # noqa: S105 - a label, not a secret


class ColumnType(StrEnum):
    """The normalised types of curated columns; each maps to one Arrow type and one DuckDB type."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMBER = "number"
    TEXT = "text"
    DATE = "date"
    TIMESTAMP = "timestamp"
    OTHER = "other"
    """Anything richer (lists, structs): served as rows only."""


Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a dataset.

    `values` are the declared codes (the domain of a key that an answer may be grouped by), `lower` and `upper` the
    declared bounds (what a private sum clips to). All are declared by people, never read off the data.
    """

    name: ColumnName
    type: ColumnType
    title: str = ""
    description: str = ""
    labels: frozenset[Label] = frozenset()
    values: tuple[Value, ...] = ()
    meanings: tuple[str, ...] = ()
    lower: float | None = None
    upper: float | None = None
    unit: str = ""
    """UCUM code, empty where the column has none."""


@dataclass(frozen=True, slots=True)
class VersionRef:
    """One immutable version: the dataset's name and the SHA-256, in hex, of its manifest."""

    dataset: DatasetName
    sha256: str

    def __str__(self) -> str:
        return f"{self.dataset}@{self.sha256[:12]}"


@dataclass(frozen=True, slots=True)
class File:
    """One file of a version, by content."""

    name: str
    sha256: str
    size: int
    rows: int


@dataclass(frozen=True, slots=True)
class Version:
    """What a version is made of, and where it came from."""

    ref: VersionRef
    columns: tuple[Column, ...]
    files: tuple[File, ...]
    rows: int
    created: datetime
    source: str
    """What was read, without its folder: `medpar.csv`."""
    steps: tuple[str, ...] = ()
    """The declared curation steps, in order, as the steward would type them."""
    provenance: Provenance | None = None


@dataclass(frozen=True, slots=True)
class Responsibility:
    """Who answers for the data. A record without these is a draft and cannot be published."""

    controller: str = ""
    data_protection_officer: str = ""
    contact: str = ""
    cited_law: str = ""
    ethics_vote: str = ""
    retention: str = ""
    licence: str = ""
    joint_controllers: tuple[str, ...] = ()
    processor: str = ""
    ethics_expires: str = ""
    """A date, ISO 8601: after it the vote does not count any more."""
    dpia: str = ""
    """Reference of the data protection impact assessment, or `not required: why`."""
    transfer_tool: str = ""
    """On what data may leave the European Economic Area (GDPR, chapter V); empty: they do not."""
    contract: str = ""
    """For a plant's data: the contract under which they are shared (Data Act)."""
    trade_secret: str = ""
    """What of it is a trade secret and what protects it, or `none`."""


@dataclass(frozen=True, slots=True)
class OptOut:
    """That a list of persons came, without the list: its digest is salted, so that no name can be tried against it."""

    since: datetime
    digest: str
    objection: bool = False
    """An objection or a withdrawn consent: it acts at once and everywhere. Else it binds later approvals."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """One lineage: a name under which versions follow each other.

    `privacy_unit` names the column of the person (or machine) whose contribution is protected; None means that
    each row is its own unit, which the steward has to confirm. `dictionary` is `name@version` or empty.
    """

    name: DatasetName
    title: str
    description: str
    columns: tuple[Column, ...]
    privacy_unit: ColumnName | None
    latest: VersionRef | None
    dictionary: str = ""
    synthetic: bool = False
    theme: str = ""
    keywords: tuple[str, ...] = ()
    responsibility: Responsibility = field(default_factory=Responsibility)
    published: bool = False
    about: Description = field(default_factory=Description)
    history: tuple[Chapter, ...] = ()
    """Every version, oldest first, with whether it may still be asked."""
    expectations: tuple[Expectation, ...] = ()
    """What each new version is checked against."""
    mapping: tuple[Step, ...] = ()
    """How local columns, codes and units become those of the dictionary; applied to each new version."""
    in_place: str = ""
    """The kind of source that the rows stay in (`postgresql`, `s3`, `sites`); empty where they lie in the vault."""
    opt_outs: tuple[OptOut, ...] = ()
    """Lists of persons who are left out, oldest first; each list has all that the one before it had."""

    def left_out(self, approved: datetime | None) -> tuple[str, ...]:
        """Digests of the lists that leave persons out of what was approved then; None: of what needs no approval.

        An opt-out binds what is approved after it; an objection binds everything, from the moment it came.
        """
        frozen = [o for o in self.opt_outs if not o.objection and (approved is None or o.since <= approved)]
        objections = [o for o in self.opt_outs if o.objection]
        return tuple(found[-1].digest for found in (frozen, objections) if found)

    @property
    def objected(self) -> datetime | None:
        """When the last objection came, if any did."""
        return max((o.since for o in self.opt_outs if o.objection), default=None)

    @property
    def federated(self) -> bool:
        """The rows lie at sites. Records of before this was said are known by their dictionary."""
        described = self.latest is None and self.published and bool(self.dictionary)
        return self.in_place == SITES or (described and not self.in_place)

    def chapter(self, sha256: str) -> Chapter | None:
        """The place of a version in the history, or None."""
        return next((chapter for chapter in self.history if chapter.sha256 == sha256), None)

    @property
    def closed(self) -> Chapter | None:
        """The latest version's chapter where it was withdrawn or erased: then nobody may ask it."""
        chapter = self.chapter(self.latest.sha256) if self.latest else None
        gone = chapter is not None and chapter.standing in (Standing.WITHDRAWN, Standing.ERASED)
        return chapter if gone else None

    def column(self, name: str) -> Column | None:
        """The column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Names, types, units and codes that several sites' datasets claim to follow."""

    name: str
    version: str
    title: str
    columns: tuple[Column, ...]
    unit: str
    """What one row is, in a noun: `stay`, `machine`."""

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a steward should know before publishing, with the command that fixes it."""

    column: ColumnName | None
    text: str
    fix: str = ""
    suggests: Label | None = None


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """What one pass over the data tells about a column. For the steward's eyes: a profile is an answer too."""

    name: ColumnName
    type: ColumnType
    nulls: int
    distinct: int
    lowest: str
    highest: str
    estimated: bool = False
    """`distinct` is an estimate, a few percent off."""
    edges: tuple[float, ...] = ()
    """Histogram of a number, date or timestamp (seconds): n + 1 edges for n bins."""
    counts: tuple[int, ...] = ()
    """Rows in each bin; of `sampled` rows where the version is large."""
    sampled: int = 0
    common: tuple[tuple[str, int], ...] = ()
    """The values, with their rows, of a column of few different ones, most frequent first."""


@dataclass(frozen=True, slots=True)
class Anonymity:
    """How well rows hide among others that look the same."""

    columns: tuple[ColumnName, ...]
    """The quasi-identifiers that were looked at together."""
    k: int
    """Rows in the smallest group of equal quasi-identifiers."""
    unique: int
    """Rows that are alone in their group."""
    below: int
    """Rows in groups below the default cohort."""
    sensitive: ColumnName | None = None
    l: int | None = None  # noqa: E741 - its name in the literature
    """The fewest different values of the sensitive column within a group."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One pass over a source, before or after it became a version."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    findings: tuple[Finding, ...]
    anonymity: tuple[Anonymity, ...] = ()
    changes: tuple[Change, ...] = ()
    """Against the version before."""
