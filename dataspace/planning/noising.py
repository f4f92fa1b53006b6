"""Noisy answers: fixed point, sensitivity, scale and interval. The draws themselves come from outside.

Each privacy unit has at most one row in the whole answer, so one unit changes one cell of a count by 1, and of a sum
by at most the larger of the bounds. ε is split evenly over the measures; a mean spends its part on a sum and a count.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dataspace.model.names import ColumnName
from dataspace.model.plans import AggregatePlan, Function, Measure, Noise
from dataspace.planning.cells import BoundedCell, BoundedColumn, Keys, declared_grid

Draw = Callable[[Sequence[int], int, float], list[int]]
"""Values, sensitivity in the same whole steps, ε: the values with discrete Laplace noise."""

CONFIDENCE = 0.95
_STEPS = 20
"""Bits of the fixed point: the larger bound is about 2^20 steps."""

Number = int | float


@dataclass(frozen=True, slots=True)
class Noised:
    """One number of the answer with the bounds of its 95 % interval."""

    value: Number
    low: Number
    high: Number


@dataclass(frozen=True, slots=True)
class NoisyAnswer:
    """Rows in the order of the declared values: keys, then one noised number for each measure."""

    rows: tuple[tuple[Keys, tuple[Noised, ...]], ...]
    rules: tuple[str, ...]


def step_of(lower: float, upper: float) -> float:
    """The fixed point's step: a power of two, so that dividing by it is exact."""
    return 2.0 ** (math.ceil(math.log2(max(abs(lower), abs(upper)))) - _STEPS)


def points(plan: AggregatePlan, noise: Noise) -> dict[ColumnName, tuple[float, float, float]]:
    """Lower bound, upper bound and step of each column that is summed."""
    summed = {m.column for m in plan.measures if m.column is not None and m.function is not Function.COUNT}
    return {c: (*noise.bounds[c], step_of(*noise.bounds[c])) for c in sorted(summed)}


def half_width(scale: float, confidence: float = CONFIDENCE) -> int:
    """The smallest m for which discrete Laplace noise of this scale stays within ±m with this probability."""
    decay = math.exp(-1.0 / scale)
    # P(|X| > m) = 2 decay^(m + 1) / (1 + decay)
    bound = math.log((1.0 - confidence) * (1.0 + decay) / 2.0) / math.log(decay) - 1.0
    return max(0, math.ceil(bound - 1e-12))


def noised(plan: AggregatePlan, noise: Noise, cells: Sequence[BoundedCell], draw: Draw) -> NoisyAnswer:
    """The noisy answer over all declared cells, the empty ones included."""
    present = {cell.keys: cell for cell in cells}
    grid = declared_grid(plan)
    full = [present.get(keys) or BoundedCell(keys, 0) for keys in grid]
    share = noise.epsilon / len(plan.measures)
    columns = [_measure(measure, plan, noise, full, share, draw) for measure in plan.measures]
    rows = tuple((keys, tuple(column[at] for column in columns)) for at, keys in enumerate(grid))
    return NoisyAnswer(rows, _sentences(plan, noise))


def _measure(
    measure: Measure,
    plan: AggregatePlan,
    noise: Noise,
    cells: Sequence[BoundedCell],
    epsilon: float,
    draw: Draw,
) -> list[Noised]:
    if measure.column is None:
        return _counts([cell.rows for cell in cells], epsilon, draw)
    parts = [cell.columns.get(measure.column) or BoundedColumn(0, 0) for cell in cells]
    counts = [part.rows for part in parts]
    if measure.function is Function.COUNT:
        return _counts(counts, epsilon, draw)
    lower, upper, step = points(plan, noise)[measure.column]
    steps = [part.steps for part in parts]
    if measure.function is Function.SUM:
        return _sums(steps, (lower, upper), step, epsilon, draw)
    # Two numbers make the mean, so each must hold with half of the doubt.
    doubt = 1.0 - (1.0 - CONFIDENCE) / 2.0
    sums = _sums(steps, (lower, upper), step, epsilon / 2.0, draw, doubt)
    sizes = _counts(counts, epsilon / 2.0, draw, doubt)
    return [_mean(total, size, (lower, upper)) for total, size in zip(sums, sizes, strict=True)]


def _counts(
    values: Sequence[int], epsilon: float, draw: Draw, confidence: float = CONFIDENCE
) -> list[Noised]:
    width = half_width(1.0 / epsilon, confidence)
    # A count is never negative, which is known without looking.
    return [Noised(max(0, v), max(0, v - width), max(0, v + width)) for v in draw(values, 1, epsilon)]


def _sums(
    values: Sequence[int],
    bounds: tuple[float, float],
    step: float,
    epsilon: float,
    draw: Draw,
    confidence: float = CONFIDENCE,
) -> list[Noised]:
    sensitivity = math.ceil(max(abs(bounds[0]), abs(bounds[1])) / step)
    width = half_width(sensitivity / epsilon, confidence)
    drawn = draw(values, sensitivity, epsilon)
    return [Noised(v * step, (v - width) * step, (v + width) * step) for v in drawn]


def _mean(total: Noised, size: Noised, bounds: tuple[float, float]) -> Noised:
    ends = [t / max(1, n) for t in (total.low, total.high) for n in (size.low, size.high)]
    low, value, high = min(ends), total.value / max(1, size.value), max(ends)
    return Noised(*(min(bounds[1], max(bounds[0], end)) for end in (value, low, high)))


def _sentences(plan: AggregatePlan, noise: Noise) -> tuple[str, ...]:
    unit = (
        f"'{plan.privacy_unit}' counts with one row at most" if plan.privacy_unit else "row is its own unit"
    )
    sentences = [
        f"Each {unit}; discrete Laplace noise of ε {noise.epsilon:g} in total, over {_measures(plan)}.",
        "The interval holds the noise, 95 % of the time; it says nothing about sampling.",
    ]
    for column, (lower, upper) in sorted(_bounds(plan, noise).items()):
        sentences.append(f"Values of '{column}' outside {lower:g} to {upper:g} count as these bounds.")
    if plan.keys:
        sentences.append("Rows whose value is not declared are in no cell; empty cells get noise too.")
    return tuple(sentences)


def _bounds(plan: AggregatePlan, noise: Noise) -> Mapping[ColumnName, tuple[float, float]]:
    return {column: noise.bounds[column] for column in points(plan, noise)}


def _measures(plan: AggregatePlan) -> str:
    return "1 measure" if len(plan.measures) == 1 else f"{len(plan.measures)} measures"
