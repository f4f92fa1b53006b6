"""Declared curation: the steps that make a version of a source, and what every new version is held against."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from dataspace.model.names import ColumnName, DatasetName, PrincipalId

Scalar = str | int | float | bool | None


class Coarser(StrEnum):
    """How a column is generalised."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    BAND = "band"
    """Numbers to the lower end of bands of the step's width."""
    PREFIX = "prefix"
    """Text to its first characters, as many as the step's width."""
    GROUP = "group"
    """Codes of fewer rows than the step's width to `other`."""


@dataclass(frozen=True, slots=True)
class KeepConsented:
    """Keep the rows whose column holds one of these values, compared as text; null is no consent."""

    column: ColumnName
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drop:
    """Leave a column out."""

    column: ColumnName


@dataclass(frozen=True, slots=True)
class Rename:
    """Give a column another name."""

    column: ColumnName
    to: ColumnName


@dataclass(frozen=True, slots=True)
class Cast:
    """Give a column another type: a `ColumnType`'s word. What does not fit is an error, never a null."""

    column: ColumnName
    type: str


@dataclass(frozen=True, slots=True)
class Generalise:
    """Make a column coarser. `width` is a band's, a prefix' or the smallest group's, as `how` says."""

    column: ColumnName
    how: Coarser
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class MapCodes:
    """Local codes, as text, to those of a dictionary, as text. A code that is not named stays.

    `loosely`: one that is not named as it stands is looked up without its case, blanks around it and leading zeros.
    """

    column: ColumnName
    codes: tuple[tuple[str, str], ...]
    loosely: bool = False


@dataclass(frozen=True, slots=True)
class ConvertUnit:
    """From one unit (UCUM) to another: `value * factor + offset`."""

    column: ColumnName
    source: str
    target: str
    factor: float
    offset: float = 0.0


Step: TypeAlias = KeepConsented | Drop | Rename | Cast | Generalise | MapCodes | ConvertUnit


def spelled(step: Step) -> str:
    """A step as the steward would type it, without the dashes."""
    match step:
        case KeepConsented():
            return f"consent {step.column}={'|'.join(step.values)}"
        case Drop():
            return f"drop {step.column}"
        case Rename():
            return f"rename {step.column}={step.to}"
        case Cast():
            return f"cast {step.column}={step.type}"
        case Generalise(how=Coarser.BAND | Coarser.PREFIX):
            return f"generalise {step.column}={step.width:g}"
        case Generalise(how=Coarser.GROUP):
            return f"generalise {step.column}=group:{step.width:g}"
        case Generalise():
            return f"generalise {step.column}={step.how.value}"
        case MapCodes():
            aside = " (case, blanks and leading zeros aside)" if step.loosely else ""
            return f"codes {step.column}={','.join(f'{here}:{code}' for here, code in step.codes)}{aside}"
        case ConvertUnit():
            return f"unit {step.column}={step.source}>{step.target}"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a version comes from (PROV): the source that was used, the activity, and who it is attributed to."""

    source: str
    connector: str
    headers: tuple[str, ...]
    """The columns as the source spells them, blanks included."""
    steps: tuple[Step, ...]
    rows_read: int
    by: PrincipalId
    at: datetime
    derived_from: str = ""
    """SHA-256 of the version that was curated further; empty where a source was read."""
    previous: str = ""
    """SHA-256 of the version that was the latest before; empty for the first."""


class Standing(StrEnum):
    """Whether a version may be asked."""

    CURRENT = "current"
    DEPRECATED = "deprecated"
    """May be asked; there is something better."""
    WITHDRAWN = "withdrawn"
    """No new access; the bytes stay."""
    ERASED = "erased"
    """The bytes are gone."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """One version in the history of its lineage. Whoever sees the description sees it, so it counts no rows."""

    number: int
    sha256: str
    created: datetime
    standing: Standing = Standing.CURRENT
    reason: str = ""
    since: datetime | None = None


class Rule(StrEnum):
    """What a lineage expects of every version."""

    RANGE = "range"
    UNIQUE = "unique"
    PRESENT = "present"
    AMONG = "among"
    REFERS = "refers"


@dataclass(frozen=True, slots=True)
class Expectation:
    """One declared rule. Which of the other fields count depends on `rule`; null passes all but `present`."""

    rule: Rule
    columns: tuple[ColumnName, ...]
    lower: float | None = None
    upper: float | None = None
    values: tuple[str, ...] = ()
    dataset: DatasetName | None = None
    """Of `refers`: the dataset whose latest version has to hold every value."""
    key: ColumnName | None = None
    """Of `refers`: its column there."""

    def __str__(self) -> str:
        names = "+".join(self.columns)
        match self.rule:
            case Rule.RANGE:
                low, high = ("" if end is None else f"{end:g}" for end in (self.lower, self.upper))
                return f"{names}={low}..{high}"
            case Rule.AMONG:
                return f"{names}={'|'.join(self.values)}"
            case Rule.REFERS:
                return f"{names}->{self.dataset}.{self.key}"
        return f"{names}={self.rule.value}"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between a version and the one before; `column` is None where all rows are meant."""

    column: ColumnName | None
    what: str
    """`header`, `added`, `gone`, `type`, `category`, `range`, `nulls`, `distribution` or `rows`."""
    text: str
    breaking: bool = False
