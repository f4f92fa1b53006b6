"""What may be shown of an aggregate: small and dominated cells are withheld, and those that would reveal them.

1. A cell with fewer units than the cohort is withheld, zero included; so is one that holds all units of its line,
   because it tells the empty ones (0 % and 100 % are disclosive).
2. A number over a column is withheld where too few units make it up, where the largest dominate it (n,k), where the
   second largest could estimate the largest (p %), or where a column with two values would tell a small count.
3. Further cells are withheld until no line has a single withheld cell or a withheld sum below the cohort, and until
   no small cell follows from the equations that the totals of the lines make.

Totals of lines are taken as known, because another question may ask for them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from dataspace.model.names import ColumnName
from dataspace.model.plans import AggregatePlan, Disclosure, Function, Measure
from dataspace.planning.cells import MAXIMUM_CELLS, Cell, ColumnCell, Keys, possible

Number = int | float | None
Line = tuple[int, ...]

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


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Positions in the grid that are withheld: of themselves, and because of these."""

    primary: frozenset[int]
    secondary: frozenset[int] = frozenset()

    @property
    def hidden(self) -> frozenset[int]:
        return self.primary | self.secondary


def protect(plan: AggregatePlan, cells: Sequence[Cell], rules: Disclosure) -> Protected:
    """Apply the rules to all cells of one answer. Raises ValueError for more cells than an answer may have."""
    grid = _fill(plan, cells)
    lines = _lines([cell.keys for cell in grid])
    units = [cell.units for cell in grid]
    small = frozenset(i for i, count in enumerate(units) if count < rules.cohort)
    whole = frozenset(_alone(lines, units))
    base = _complete(_Pattern(small | whole), lines, units, rules.cohort)
    patterns: dict[ColumnName | None, _Pattern] = {None: base}
    for column in {m.column for m in plan.measures} - {None}:
        risky = _risky(plan, column, grid, rules)
        start = _Pattern(base.primary | risky, base.secondary - risky)
        patterns[column] = _complete(start, lines, units, rules.cohort)
    return _show(plan, grid, patterns, rules)


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


def _lines(grid: Sequence[Keys]) -> list[Line]:
    """Positions that differ in one key only, for each key: what a total may be asked over."""
    groups: dict[tuple[int, Keys], list[int]] = {}
    for index, keys in enumerate(grid):
        for axis in range(len(keys)):
            groups.setdefault((axis, keys[:axis] + keys[axis + 1 :]), []).append(index)
    return [tuple(line) for line in groups.values() if len(line) > 1]


def _alone(lines: Iterable[Line], units: Sequence[int]) -> Iterable[int]:
    """Cells that hold every unit of a line with other cells in it."""
    for line in lines:
        filled = [index for index in line if units[index]]
        if len(filled) == 1:
            yield filled[0]


def _risky(
    plan: AggregatePlan, column: ColumnName | None, grid: Sequence[Cell], rules: Disclosure
) -> frozenset[int]:
    asked = {m.function for m in plan.measures if m.column == column}
    sums = bool(asked - {Function.COUNT})
    risky = set()
    for index, cell in enumerate(grid):
        part = cell.columns.get(column, _EMPTY) if column is not None else _EMPTY
        without = cell.units - part.units
        if part.units < rules.cohort or 0 < without < rules.cohort or (sums and _tells(part, rules)):
            risky.add(index)
    return frozenset(risky)


def _tells(part: ColumnCell, rules: Disclosure) -> bool:
    """Whether a sum or a mean of this column tells about single units."""
    if not np.isfinite(part.total) or part.constant or part.nonzero < rules.cohort:
        return True
    if part.between == 0 and min(part.at_lowest, part.at_highest) < rules.cohort:
        return True
    if sum(part.largest[: rules.dominance_n]) > rules.dominance_share * part.absolute:
        return True
    first, second = (*part.largest, 0.0, 0.0)[:2]
    return part.absolute - first - second < rules.p_percent * first


def _complete(start: _Pattern, lines: Sequence[Line], units: Sequence[int], cohort: int) -> _Pattern:
    """Withhold further cells until the withheld ones can be told neither from one line nor from all together."""
    hidden = set(start.hidden)
    while True:
        _widen(hidden, lines, units, cohort)
        extra = _cure(start.primary, hidden, lines, units)
        if extra is None:
            return _Pattern(start.primary, frozenset(hidden) - start.primary)
        hidden.add(extra)


def _widen(hidden: set[int], lines: Sequence[Line], units: Sequence[int], cohort: int) -> None:
    changed = True
    while changed:
        changed = False
        for line in lines:
            inside = [index for index in line if index in hidden]
            weak = len(inside) == 1 or sum(units[index] for index in inside) < cohort
            shown = [index for index in line if index not in hidden]
            if inside and weak and shown:
                hidden.add(min(shown, key=lambda index: (units[index], index)))
                changed = True


def _cure(
    primary: frozenset[int], hidden: set[int], lines: Sequence[Line], units: Sequence[int]
) -> int | None:
    """The next cell to withhold because the lines' equations together determine a small one; None where none does."""
    for index in determined(sorted(hidden), lines):
        if index in primary:
            around = {i for line in lines if index in line for i in line if i not in hidden}
            if around:
                return min(around, key=lambda i: (units[i], i))
    return None


def determined(hidden: Sequence[int], lines: Sequence[Line]) -> list[int]:
    """The withheld cells whose number follows from the totals of all lines and the shown cells.

    A cell is free exactly where some solution of the homogeneous equations moves it; a fixed generic direction,
    projected onto those solutions, moves every free cell.
    """
    place = {index: at for at, index in enumerate(hidden)}
    members = [[place[i] for i in line if i in place] for line in lines]
    members = [row for row in members if row]
    if not members:
        return []
    equations = np.zeros((len(members), len(hidden)))
    for at, row in enumerate(members):
        equations[at, row] = 1.0
    direction = np.sin((np.arange(len(hidden)) + 0.7) ** 2)
    fitted, *_ = np.linalg.lstsq(equations, equations @ direction, rcond=None)
    return [index for at, index in enumerate(hidden) if abs(direction[at] - fitted[at]) < 1e-7]


def _show(
    plan: AggregatePlan,
    grid: Sequence[Cell],
    patterns: Mapping[ColumnName | None, _Pattern],
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
