"""How the columns of a dataset fit a shared dictionary."""

from dataclasses import dataclass
from enum import StrEnum

from dataspace.model.curation import Step
from dataspace.model.names import ColumnName


class Fit(StrEnum):
    """How one column of the dictionary is found in the data."""

    SAME = "same"
    MAPPED = "mapped"
    """Found, and made to fit by the steps."""
    PARTLY = "partly"
    """Found, but some of its codes or its unit do not fit."""
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Match:
    """One column of the dictionary, the local one, and what does not match, in plain words."""

    column: ColumnName
    fit: Fit
    local: ColumnName | None = None
    text: str = ""
    steps: tuple[Step, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    """Codes that were met here and are read as another one: for the steward's eyes, kept nowhere."""


@dataclass(frozen=True, slots=True)
class Matching:
    """A whole dataset against a dictionary. `others` are local columns that the dictionary does not know."""

    dictionary: str
    matches: tuple[Match, ...]
    others: tuple[ColumnName, ...]

    @property
    def complete(self) -> bool:
        """Whether every column of the dictionary is there, or is made to fit."""
        return all(match.fit in (Fit.SAME, Fit.MAPPED) for match in self.matches)

    @property
    def mappable(self) -> bool:
        """Whether a column is here that does not fit yet: a mapping, or one with declared codes, would change it."""
        return any(match.fit in (Fit.MAPPED, Fit.PARTLY) for match in self.matches)

    @property
    def steps(self) -> tuple[Step, ...]:
        """All that makes the data fit, in order."""
        return tuple(step for match in self.matches for step in match.steps)
