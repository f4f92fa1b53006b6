"""The raw cells between worker and clerk, and the grid that a question spans over declared values."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import product

from dataspace.errors import UnsupportedQuery
from dataspace.model.datasets import Value
from dataspace.model.names import ColumnName
from dataspace.model.plans import AggregatePlan, Function, Key, Noise
from dataspace.model.predicates import (
    All,
    AnyOf,
    Comparator,
    Compare,
    IsNull,
    Not,
    OneOf,
    Predicate,
    columns_of,
)

MAXIMUM_CELLS = 1_000
"""Cells of one answer. More would make the check for hidden equations slow, and nobody reads them."""

Keys = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class ColumnCell:
    """What one cell holds of one column. Never leaves the clerk.

    `rows` and `units` have a value there; `nonzero` is the units whose own sum is not 0; `largest` the biggest
    absolute sums of single units, downwards; `at_lowest`/`at_highest` the units with a row at the cell's least and
    greatest value, `between` the rows at neither: 0 means that the column has at most two values in this cell.
    """

    rows: int
    units: int
    total: float = 0.0
    absolute: float = 0.0
    nonzero: int = 0
    largest: tuple[float, ...] = ()
    at_lowest: int = 0
    at_highest: int = 0
    between: int = 0
    constant: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One group. A key is None where the row's value is not among the declared ones, or missing."""

    keys: Keys
    units: int
    columns: Mapping[ColumnName, ColumnCell] = field(default_factory=dict)


def columns_needed(plan: AggregatePlan) -> tuple[ColumnName, ...]:
    """The columns that are measured, each once, in the order of the question."""
    return tuple(dict.fromkeys(m.column for m in plan.measures if m.column is not None))


def columns_read(plan: AggregatePlan) -> frozenset[ColumnName]:
    """Every column that a compiled question looks at, wherever."""
    found = {key.column for key in plan.keys if not key.cases} | columns_of(plan.where)
    for key in plan.keys:
        found |= frozenset[ColumnName]().union(*(columns_of(case.when) for case in key.cases))
    for measure in plan.measures:
        found |= columns_of(measure.where) | ({measure.column} if measure.column is not None else set())
    return frozenset(found)


def declared_grid(plan: AggregatePlan) -> tuple[Keys, ...]:
    """Every combination of declared key values that the condition leaves possible; nothing is read off the data."""
    grid = product(*(key.values for key in plan.keys))
    return tuple(keys for keys in grid if possible(plan.where, plan.keys, keys))


def check_size(plan: AggregatePlan) -> None:
    """Raises UnsupportedQuery where the declared values alone span too many cells."""
    size = 1
    for key in plan.keys:
        size *= max(1, len(key.values))
    if size > MAXIMUM_CELLS:
        raise UnsupportedQuery(
            f"an answer with {size} cells", f"Group by fewer columns: at most {MAXIMUM_CELLS} cells."
        )


def check_noisy(plan: AggregatePlan, noise: Noise, to_find: Collection[ColumnName] = ()) -> None:
    """Raises UnsupportedQuery for what noise cannot protect: undeclared keys, unbounded sums, no ε.

    The bounds of the columns `to_find` are found before it runs.
    """
    if not (math.isfinite(noise.epsilon) and noise.epsilon > 0):
        raise UnsupportedQuery("a noisy answer with an ε that is not above 0", "State an ε such as 0.1.")
    for key in plan.keys:
        if not key.values and not 0 < noise.delta < 1:
            raise UnsupportedQuery(
                f"grouping a noisy answer by '{key.column}', whose values are not declared",
                "Group by columns with declared values: which groups exist would itself tell about persons.",
            )
    for measure in plan.measures:
        if measure.column is None or measure.function is Function.COUNT or measure.column in to_find:
            continue
        lower, upper = noise.bounds.get(measure.column, (0.0, 0.0))
        if not (math.isfinite(lower) and math.isfinite(upper) and lower < upper):
            raise UnsupportedQuery(
                f"a noisy {measure.function.value} of '{measure.column}', which has no declared bounds",
                "Ask the steward to declare lower and upper bounds, or count instead.",
            )


def possible(where: Predicate | None, keys: tuple[Key, ...], values: Keys) -> bool:
    """Whether any row with these key values could meet the condition; True where that depends on the data."""
    pairs = zip(keys, values, strict=True)
    known = {key.column: value for key, value in pairs if key.values and not key.cases}
    return where is None or _truth(where, known) is not False


def _truth(predicate: Predicate, known: Mapping[ColumnName, Value]) -> bool | None:
    match predicate:
        case Compare(column, comparator, value):
            return _compare(known[column], comparator, value) if column in known else None
        case OneOf(column, values):
            return (
                _any([_compare(known[column], Comparator.EQ, v) for v in values]) if column in known else None
            )
        case IsNull(column):
            return known[column] is None if column in known else None
        case Not(part):
            truth = _truth(part, known)
            return None if truth is None else not truth
        case AnyOf(parts):
            return _any([_truth(part, known) for part in parts])
        case All(parts):
            truth = _any([None if t is None else not t for t in (_truth(part, known) for part in parts)])
            return None if truth is None else not truth


def _any(truths: list[bool | None]) -> bool | None:
    if True in truths:
        return True
    return None if None in truths else False


def _compare(left: Value, comparator: Comparator, right: Value) -> bool | None:
    """None where it cannot be told outside the engine: another type, or a group without a value."""
    if left is None or right is None or isinstance(left, str) != isinstance(right, str):
        return None
    if isinstance(left, str) and comparator not in (Comparator.EQ, Comparator.NE):
        return None  # the engine's order of text is not Python's in every locale
    if isinstance(left, str) or isinstance(right, str):
        return (left == right) is (comparator is Comparator.EQ)
    match comparator:
        case Comparator.EQ:
            return left == right
        case Comparator.NE:
            return left != right
        case Comparator.LT:
            return left < right
        case Comparator.LE:
            return left <= right
        case Comparator.GT:
            return left > right
        case Comparator.GE:
            return left >= right
