"""What may be shown of an aggregate: small and dominated cells are withheld, and those that would reveal them.

1. A cell with fewer units than the cohort is withheld, zero included; so is one that holds all units of its line,
   because it tells the empty ones (0 % and 100 % are disclosive).
2. A number over a column is withheld where too few units make it up, where the largest dominate it (n,k), where the
   second largest could estimate the largest (p %), or where a column with two values would tell a small count.
3. Further cells are withheld until no line has a single withheld cell or a withheld sum below the cohort, and until
   every withheld number could be another one by as much as `planning.rooms` says, whatever totals are known.
4. Means by group are withheld where they leave fewer than ten degrees of freedom.

Totals of lines are taken as known, because another question may ask for them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

import numpy as np

from dataspace.model.names import ColumnName
from dataspace.model.plans import AggregatePlan, Disclosure, Function, Measure
from dataspace.planning.cells import MAXIMUM_CELLS, Cell, ColumnCell, Keys, possible
from dataspace.planning.rooms import added_up, few, tells, values_of_few
from dataspace.planning.suppression import Pattern, Table

Number = int | float | None

DEGREES = 10
"""Residual degrees of freedom that means by group leave at least: they are a model with a parameter for each group."""

_EMPTY = ColumnCell(0, 0)


@dataclass(frozen=True, slots=True)
class Withheld:
    """One cell, and why; `secondary` must not leave the clerk (see `model.answers.Suppressed`)."""

    row: int
    column: str
    secondary: bool


@dataclass(frozen=True, slots=True)
class Protected:
    """Rows as they may be shown: the keys, then one number or None for each measure."""

    rows: tuple[tuple[Keys, tuple[Number, ...]], ...]
    suppressed: tuple[Withheld, ...]
    rules: tuple[str, ...]


TooClose = Mapping[ColumnName | None, frozenset[Keys]]
"""Cells that other answers forbid, for counts of units and for each column."""


def protect(
    plan: AggregatePlan,
    cells: Sequence[Cell],
    rules: Disclosure,
    close: TooClose = MappingProxyType({}),
) -> Protected:
    """Apply the rules to all cells of one answer. Raises ValueError for more cells than an answer may have."""
    grid = _fill(plan, cells)
    units = [cell.units for cell in grid]
    table = Table([cell.keys for cell in grid], units, rules.cohort)
    small = frozenset(i for i, count in enumerate(units) if count < rules.cohort)
    forbidden = {
        column: frozenset(i for i, c in enumerate(grid) if c.keys in keys) for column, keys in close.items()
    }
    start = Pattern(small | frozenset(_alone(table.lines, units)) | forbidden.get(None, frozenset()))
    base = table.complete(start, [few(units, start.primary, rules.cohort, forbidden.get(None, ()))])
    patterns: dict[ColumnName | None, Pattern] = {None: base}
    for column in dict.fromkeys(m.column for m in plan.measures):
        if column is not None:
            patterns[column] = _of_column(
                plan, column, grid, table, base, rules, forbidden.get(column, frozenset())
            )
    return _show(plan, grid, patterns, rules)


def _of_column(
    plan: AggregatePlan,
    column: ColumnName,
    grid: Sequence[Cell],
    table: Table,
    base: Pattern,
    rules: Disclosure,
    forbidden: frozenset[int],
) -> Pattern:
    asked = {m.function for m in plan.measures if m.column == column}
    parts = [cell.columns.get(column, _EMPTY) for cell in grid]
    sums = bool(asked - {Function.COUNT})
    risky = frozenset(
        index
        for index, (cell, part) in enumerate(zip(grid, parts, strict=True))
        if part.units < rules.cohort
        or 0 < cell.units - part.units < rules.cohort
        or (sums and tells(part, rules))
    )
    risky |= forbidden
    start = Pattern(base.primary | risky, base.secondary - risky)
    demands = [values_of_few([cell.units for cell in grid], parts, start.primary, rules.cohort)]
    if sums:
        demands.append(added_up(parts, start.primary, rules))
    found = table.complete(start, demands)
    if Function.AVG in asked and _degrees_left(grid, found) < DEGREES:
        return Pattern(frozenset(range(len(grid))))
    return found


def _degrees_left(grid: Sequence[Cell], pattern: Pattern) -> int:
    """Residual degrees of freedom of the model that means by group are: units less one mean for each group."""
    shown = [cell.units for index, cell in enumerate(grid) if index not in pattern.hidden]
    return sum(shown) - len(shown) if shown else DEGREES


def _fill(plan: AggregatePlan, cells: Sequence[Cell]) -> list[Cell]:
    """All combinations of declared and of observed values, the empty cells included, in the order of the keys."""
    present = {cell.keys: cell for cell in cells}
    domains = []
    for position, key in enumerate(plan.keys):
        seen = {cell.keys[position] for cell in cells} - set(key.values)
        domains.append([*key.values, *sorted(seen, key=lambda v: (v is None, str(type(v)), v))])
    size = int(np.prod([len(domain) for domain in domains], dtype=float))
    if size > MAXIMUM_CELLS:
        raise ValueError("more cells than an answer may have")
    wanted = (keys for keys in product(*domains) if keys in present or possible(plan.where, plan.keys, keys))
    return [present.get(keys) or Cell(keys, 0) for keys in wanted]


def _alone(lines: Iterable[Sequence[int]], units: Sequence[int]) -> Iterable[int]:
    """Cells that hold every unit of a line with other cells in it."""
    for line in lines:
        filled = [index for index in line if units[index]]
        if len(filled) == 1:
            yield filled[0]


def _show(
    plan: AggregatePlan,
    grid: Sequence[Cell],
    patterns: Mapping[ColumnName | None, Pattern],
    rules: Disclosure,
) -> Protected:
    rows: list[tuple[Keys, tuple[Number, ...]]] = []
    suppressed: list[Withheld] = []
    left_out = False
    for index, cell in enumerate(grid):
        declared = all(v in key.values for v, key in zip(cell.keys, plan.keys, strict=True))
        if not declared and index in patterns[None].hidden:
            left_out = True  # that the value occurs at all is not public
            continue
        for measure in plan.measures:
            pattern = patterns[measure.column]
            if index in pattern.hidden:
                suppressed.append(Withheld(len(rows), measure.name, index in pattern.secondary))
        numbers = tuple(
            None if index in patterns[m.column].hidden else told(m, cell, rules.round_to)
            for m in plan.measures
        )
        rows.append((cell.keys, numbers))
    return Protected(tuple(rows), tuple(suppressed), _sentences(plan, suppressed, rules, left_out))


def told(measure: Measure, cell: Cell, step: int) -> Number:
    """The number as it is told, in steps of `step`.

    A mean is the told sum over the told number of rows: from its exact value the exact number of rows would follow.
    """
    if measure.column is None:
        return _stepped(cell.units, step)
    part = cell.columns.get(measure.column, _EMPTY)
    match measure.function:
        case Function.COUNT:
            return _stepped(part.units, step)
        case Function.SUM:
            return part.total if step == 1 else step * round(part.total / step)
        case Function.AVG if step == 1:
            return part.total / part.rows
        case Function.AVG:
            return step * round(part.total / step) / _stepped(part.rows, step)
        case _:
            raise ValueError("a measure that aggregate answers do not have")


def _stepped(count: int, step: int) -> int:
    """To the nearest step, half up, and never to 0: what is shown is not empty."""
    return count if step == 1 else max(step, step * ((2 * count + step) // (2 * step)))


def _sentences(
    plan: AggregatePlan, suppressed: Sequence[Withheld], rules: Disclosure, left_out: bool
) -> tuple[str, ...]:
    counted = f"distinct '{plan.privacy_unit}'" if plan.privacy_unit else "rows: each row is its own unit"
    sentences = [
        f"Counts are of {counted}.",
        f"Cells of fewer than {rules.cohort} units are withheld, 0 included.",
    ]
    if any(m.function is not Function.COUNT for m in plan.measures):
        sentences.append(
            f"Sums and means are withheld where {rules.dominance_n} units make up more than "
            f"{rules.dominance_share:.0%}, or one could estimate another to within {rules.p_percent:.0%}."
        )
    if suppressed:
        sentences.append("Withheld: under the minimum, or would reveal one that is.")
    if rules.round_to > 1:
        sentences.append(f"Counts and sums are in steps of {rules.round_to}; totals of them need not add up.")
    if left_out:
        sentences.append("Groups under the minimum whose value is not declared are left out altogether.")
    return tuple(sentences)
