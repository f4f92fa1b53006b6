"""Conditions on rows, as a closed tree: what a row filter, a `where` and a compiled plan are made of.

There is no cast, no arithmetic and no function in it, so that evaluating one can neither fail nor take long.
"""

from dataclasses import dataclass
from enum import StrEnum

from dataspace.model.datasets import Value
from dataspace.model.names import ColumnName


class Comparator(StrEnum):
    """The comparisons that never raise."""

    EQ = "="
    NE = "<>"
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


@dataclass(frozen=True, slots=True)
class Compare:
    """`column <comparator> literal`. A null on the left is never a match."""

    column: ColumnName
    comparator: Comparator
    value: Value


@dataclass(frozen=True, slots=True)
class OneOf:
    """`column IN (literals)`."""

    column: ColumnName
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class IsNull:
    """`column IS NULL`."""

    column: ColumnName


@dataclass(frozen=True, slots=True)
class Not:
    """Two-valued: rows for which the part does not match, nulls included."""

    part: "Predicate"


@dataclass(frozen=True, slots=True)
class All:
    """Every part matches. Never empty: an empty conjunction would match everything by mistake."""

    parts: tuple["Predicate", ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("a conjunction needs at least one part")


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part matches."""

    parts: tuple["Predicate", ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("a disjunction needs at least one part")


Predicate = Compare | OneOf | IsNull | Not | All | AnyOf


def columns_of(predicate: Predicate | None) -> frozenset[ColumnName]:
    """The columns that a predicate reads."""
    match predicate:
        case None:
            return frozenset()
        case Compare(column) | OneOf(column) | IsNull(column):
            return frozenset({column})
        case Not(part):
            return columns_of(part)
        case All(parts) | AnyOf(parts):
            return frozenset().union(*map(columns_of, parts))
