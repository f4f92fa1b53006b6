"""Noisy answers: which noise each statistic gets, and what is said of it. The draws themselves come from outside.

Each privacy unit has at most one row in the whole answer, so one unit changes one cell, and there each statistic by its
sensitivity. ε is split evenly over the measures, and within a measure over its statistics. Where groups are not
declared, a count of each group decides by a threshold which are shown: with a count of rows among the measures, it is
that one; else it takes a share of its own.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dataspace.model.datasets import Value
from dataspace.model.plans import AggregatePlan, Function, Measure, Noise
from dataspace.planning import estimates
from dataspace.planning.cells import Keys, declared_grid
from dataspace.planning.estimates import Noised
from dataspace.planning.statistics import BINS, BLOCK, Shape, Statistic, needs_bounds, statistics_of
from dataspace.privacy.noise import split_epsilon

Draw = Callable[[Sequence[int], int, float], list[int]]
"""Values, sensitivity in the same whole steps, ε: the values with discrete Laplace noise."""

Keep = Callable[[Sequence[int], float, float, int], Mapping[int, int]]
"""Counts of groups, ε, δ, the fewest rows that a group comes with: the places of the groups that are shown, and their
noisy counts."""

LEFT_OUT = 0.25
"""How much higher the threshold for unknown groups is, so that groups of fewer rows than that need not be looked at."""

Counted = int | tuple[tuple[int, int], ...]
"""A statistic of a cell: a number of whole steps, or pairs of bin and rows."""


@dataclass(frozen=True, slots=True)
class BoundedCell:
    """One group in which each privacy unit has at most one row, in this group or another. Never leaves the clerk.

    `statistics` are in the order of `statistics.flat`; empty where there is no row.
    """

    keys: Keys
    rows: int
    statistics: tuple[Counted, ...] = ()


@dataclass(frozen=True, slots=True)
class NoisyAnswer:
    """Rows in the order of the declared values: keys, then one noised number for each measure."""

    rows: tuple[tuple[Keys, tuple[Noised, ...]], ...]
    rules: tuple[str, ...]
    costs: tuple[tuple[float, float], ...] = ()
    """ε and δ of each measure."""


def shares(plan: AggregatePlan) -> int:
    """Into how many equal parts ε is divided."""
    return len(plan.measures) + (unknown_groups(plan) and _deciding(plan) is None)


def unknown_groups(plan: AggregatePlan) -> bool:
    """Whether a key's values are not declared, so that which groups exist has to be protected too."""
    return any(not key.values for key in plan.keys)


def fewest(plan: AggregatePlan, noise: Noise) -> int:
    """The fewest rows with which an unknown group is handed to the clerk: a million groups of one row would be a
    million noisy counts of which none is shown.

    A group that one person lifts over this is shown with the probability that a threshold lower by as much gives a
    group of one: so the threshold is raised by one less (`laplace.keep`), and δ stays what it is.
    """
    if not unknown_groups(plan):
        return 0
    share = split_epsilon(noise.epsilon, shares(plan))[0]
    return 1 + math.floor(LEFT_OUT * math.log(1.0 / noise.delta) / share)


def _deciding(plan: AggregatePlan) -> int | None:
    """The measure that counts every row, whose noisy counts also decide which groups are shown."""
    plain = (m.column is None and m.where is None for m in plan.measures)
    return next((at for at, found in enumerate(plain) if found), None)


def noised(
    plan: AggregatePlan, noise: Noise, cells: Sequence[BoundedCell], draw: Draw, keep: Keep | None = None
) -> NoisyAnswer:
    """The noisy answer: over all declared cells, the empty ones too, or over the groups that pass the threshold."""
    share = split_epsilon(noise.epsilon, shares(plan))[0]
    full, decided, at = _shown(plan, noise, cells, share, keep)
    statistics = statistics_of(plan, noise)
    columns, start = [], 0
    for number, (measure, parts) in enumerate(zip(plan.measures, statistics, strict=True)):
        if decided is not None and number == at:
            columns.append(estimates.counts(decided, 1.0 / share))
        else:
            columns.append(_measure(measure, parts, start, full, share, draw))
        start += len(parts)
    rows = tuple((cell.keys, tuple(column[i] for column in columns)) for i, cell in enumerate(full))
    return NoisyAnswer(rows, _sentences(plan, noise), costs(plan, noise))


def costs(plan: AggregatePlan, noise: Noise) -> tuple[tuple[float, float], ...]:
    """ε and δ of each measure; what decides on groups by itself is not among them, though it is charged."""
    share, at = split_epsilon(noise.epsilon, shares(plan))[0], _deciding(plan)
    hidden = unknown_groups(plan)
    return tuple((share, noise.delta if hidden and i == at else 0.0) for i in range(len(plan.measures)))


def _shown(
    plan: AggregatePlan, noise: Noise, cells: Sequence[BoundedCell], share: float, keep: Keep | None
) -> tuple[list[BoundedCell], list[int] | None, int | None]:
    """The cells of the answer; and where a threshold chose them, their noisy counts and the measure that these are."""
    if not unknown_groups(plan):
        present = {cell.keys: cell for cell in cells}
        return [present.get(keys) or BoundedCell(keys, 0) for keys in declared_grid(plan)], None, None
    if keep is None or not noise.delta > 0:
        raise ValueError("groups that are not declared need a threshold with a δ")
    least = fewest(plan, noise)
    cells = [cell for cell in cells if cell.rows >= least]
    kept = keep([cell.rows for cell in cells], share, noise.delta, least)
    order = sorted(kept, key=lambda place: _sortable(cells[place].keys))
    return [cells[place] for place in order], [kept[place] for place in order], _deciding(plan)


def _sortable(keys: Keys) -> list[tuple[bool, str, float | str]]:
    """An order that says nothing about the data: by value, missing ones last."""
    return [(value is None, *_ranked(value)) for value in keys]


def _ranked(value: Value) -> tuple[str, float | str]:
    return ("", float(value)) if isinstance(value, int | float) else ("text", str(value))


def _measure(
    measure: Measure,
    parts: Sequence[Statistic],
    start: int,
    cells: Sequence[BoundedCell],
    share: float,
    draw: Draw,
) -> list[Noised]:
    if parts[0].shape is Shape.BINS:
        return _quantiles(measure, parts[0], start, cells, share, draw)
    part = split_epsilon(share, len(parts))[0]
    scales = [statistic.sensitivity / part for statistic in parts]
    drawn = [
        draw([_whole(cell, start + at) for cell in cells], statistic.sensitivity, part)
        for at, statistic in enumerate(parts)
    ]
    match measure.function:
        case Function.SUM:
            return estimates.sums(drawn[0], scales[0], parts[0].step)
        case Function.AVG:
            return estimates.means(drawn[0], drawn[1], (scales[0], scales[1]), parts[0])
        case Function.VARIANCE | Function.STDDEV:
            three, root = (drawn[0], drawn[1], drawn[2]), measure.function is Function.STDDEV
            return estimates.variances(three, (scales[0], scales[1], scales[2]), (parts[0], parts[1]), root)
    return estimates.counts(drawn[0], scales[0])


def _whole(cell: BoundedCell, at: int) -> int:
    found = cell.statistics[at] if cell.statistics else 0
    if not isinstance(found, int):
        raise ValueError("a statistic of another shape")
    return found


def _quantiles(
    measure: Measure,
    bins: Statistic,
    start: int,
    cells: Sequence[BoundedCell],
    share: float,
    draw: Draw,
) -> list[Noised]:
    """One row is in one bin and in one block: two counts change by one."""
    width = BINS + BINS // BLOCK
    drawn = draw([count for cell in cells for count in _tree(cell, start)], 2, share)
    level = 0.5 if measure.level is None else measure.level
    return [
        estimates.quantile(drawn[at * width : (at + 1) * width], 2.0 / share, level, bins)
        for at in range(len(cells))
    ]


def _tree(cell: BoundedCell, at: int) -> list[int]:
    counted = cell.statistics[at] if cell.statistics else ()
    if isinstance(counted, int):
        raise ValueError("a statistic of another shape")
    fine, coarse = [0] * BINS, [0] * (BINS // BLOCK)
    for place, rows in counted:
        fine[place] += rows
        coarse[place // BLOCK] += rows
    return fine + coarse


def _sentences(plan: AggregatePlan, noise: Noise) -> tuple[str, ...]:
    unit = (
        f"'{plan.privacy_unit}' counts with one row at most" if plan.privacy_unit else "row is its own unit"
    )
    sentences = [
        f"Each {unit}; discrete Laplace noise of ε {noise.epsilon:g} in total, over {_measures(plan)}.",
        "The interval holds the noise, 95 % of the time; it says nothing about sampling.",
    ]
    for column in sorted({m.column for m in plan.measures if m.column is not None and needs_bounds(m)}):
        lower, upper = noise.bounds[column]
        sentences.append(f"Values of '{column}' outside {lower:g} to {upper:g} count as these bounds.")
    sentences += [
        f"'{m.name}' is the quantile at {m.level:g}, among {BINS} places."
        for m in plan.measures
        if m.level is not None
    ]
    if unknown_groups(plan):
        sentences.append(
            f"Groups are shown where their noisy count passes a threshold, which small groups do with a probability of "
            f"{noise.delta:g} (δ) at most; counts just above it are too high on average."
        )
    elif plan.keys:
        sentences.append("Rows whose value is not declared are in no cell; empty cells get noise too.")
    return tuple(sentences)


def _measures(plan: AggregatePlan) -> str:
    return "1 measure" if len(plan.measures) == 1 else f"{len(plan.measures)} measures"
