"""What noise is added to: for each measure of a noisy answer, the whole numbers that a cell is summed up by.

A row gives each statistic one small whole number, its *mark*: 0 where the row does not count for it. Marks are
bounded before anything is added up, so that one row changes a statistic by its sensitivity at most. The bounds hold
exactly: clipping, subtracting and dividing by a power of two are monotone in floating point, here and in the engine.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from dataspace.model.names import ColumnName
from dataspace.model.plans import AggregatePlan, Function, Measure, Noise
from dataspace.model.predicates import Predicate

_STEPS = 20
"""Bits of the fixed point: the larger bound is about 2^20 steps."""

BINS = 256
"""Places that a quantile can have between the bounds."""
BLOCK = 16
"""Bins that are also counted together."""


class Shape(StrEnum):
    """How the marks of a cell are summed up."""

    COUNT = "count"
    SUM = "sum"
    BINS = "bins"


@dataclass(frozen=True, slots=True)
class Statistic:
    """One of the numbers that a measure is made of.

    Of a sum, each value is clipped to `lower` and `upper`, less `offset`; where `squared` it is squared, less `half`;
    and then counted in whole `step`s. Of bins, `step` is the width of one.
    """

    shape: Shape
    column: ColumnName | None = None
    where: Predicate | None = None
    lower: float = 0.0
    upper: float = 0.0
    offset: float = 0.0
    squared: bool = False
    half: float = 0.0
    step: float = 1.0

    @property
    def plain(self) -> bool:
        """Whether every row counts, so that the marks need not be looked at."""
        return self.shape is Shape.COUNT and self.column is None and self.where is None

    @property
    def sensitivity(self) -> int:
        """By how much one row changes the statistic, in whole steps (for bins: in one bin)."""
        if self.shape is not Shape.SUM:
            return 1
        reach = max(abs(self.lower - self.offset), abs(self.upper - self.offset))
        if self.squared:
            reach = max(self.half, abs(reach * reach - self.half))
        return math.ceil(reach / self.step)

    @property
    def largest(self) -> int:
        """The largest mark of a row."""
        match self.shape:
            case Shape.COUNT:
                return 1
            case Shape.SUM:
                return 2 * self.sensitivity + 1
            case Shape.BINS:
                return BINS


def statistics_of(plan: AggregatePlan, noise: Noise) -> tuple[tuple[Statistic, ...], ...]:
    """For each measure, in order, what it is made of."""
    return tuple(_statistics(measure, noise) for measure in plan.measures)


def flat(statistics: Sequence[Sequence[Statistic]]) -> tuple[Statistic, ...]:
    """All of them in the order in which a cell holds them."""
    return tuple(statistic for several in statistics for statistic in several)


def needs_bounds(measure: Measure) -> bool:
    """Whether the values of the column are used, so that it has to be bounded."""
    return measure.column is not None and measure.function is not Function.COUNT


def _statistics(measure: Measure, noise: Noise) -> tuple[Statistic, ...]:
    count = Statistic(Shape.COUNT, measure.column, measure.where)
    if measure.column is None or measure.function is Function.COUNT:
        return (count,)
    lower, upper = noise.bounds[measure.column]
    whole = measure.column in noise.whole
    match measure.function:
        case Function.SUM:
            step = step_of(lower, upper, whole)
            return (Statistic(Shape.SUM, measure.column, measure.where, lower, upper, step=step),)
        case Function.QUANTILE:
            return (
                Statistic(
                    Shape.BINS, measure.column, measure.where, lower, upper, step=bin_width(lower, upper)
                ),
            )
        case Function.AVG:
            return (_centred(measure, lower, upper), count)
        case _:
            return (_centred(measure, lower, upper), _squares(measure, lower, upper), count)


def _centred(measure: Measure, lower: float, upper: float) -> Statistic:
    """Around the middle of the bounds a value is half as large at most, and so is the noise."""
    middle = lower + (upper - lower) / 2.0
    step = step_of(lower - middle, upper - middle)
    return Statistic(Shape.SUM, measure.column, measure.where, lower, upper, middle, step=step)


def _squares(measure: Measure, lower: float, upper: float) -> Statistic:
    middle = lower + (upper - lower) / 2.0
    reach = max(abs(lower - middle), abs(upper - middle))
    half = reach * reach / 2.0
    return Statistic(
        Shape.SUM, measure.column, measure.where, lower, upper, middle, True, half, step_of(-half, half)
    )


def step_of(lower: float, upper: float, whole: bool = False) -> float:
    """The fixed point's step: a power of two, so that dividing by it is exact; 1 for whole numbers within reach."""
    step = 2.0 ** (math.ceil(math.log2(max(abs(lower), abs(upper)))) - _STEPS)
    exact = whole and float(lower).is_integer() and float(upper).is_integer()
    return 1.0 if exact and step <= 1.0 else step


def bin_width(lower: float, upper: float) -> float:
    """Of a bin; between whole bounds that are not far apart, each whole number has a bin that begins with it."""
    span = upper - lower
    if float(lower).is_integer() and float(upper).is_integer() and span < BINS:
        return 1.0 / (BINS // (int(span) + 1))
    return span / BINS
