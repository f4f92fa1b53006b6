"""What a noisy answer will be like before anything is asked of the data: expected errors, and ε for a wished one.

The error of a count or a sum follows from ε alone. That of a mean, a spread or a quantile also depends on the rows: it
is given for as many as the catalogue says there are, spread evenly over the groups and between the bounds.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from dataspace.model.plans import AggregatePlan, Noise
from dataspace.planning.cells import declared_grid
from dataspace.planning.noising import BoundedCell, Counted, noised, shares, unknown_groups
from dataspace.planning.statistics import BINS, Shape, Statistic, flat, statistics_of
from dataspace.privacy.noise import split_epsilon

LEAST = 1e-6
"""The smallest ε that is looked for."""
_HALVINGS = 40


@dataclass(frozen=True, slots=True)
class Forecast:
    """What an answer would cost, and for each measure half the width of its 95 % interval, as expected."""

    epsilon: float
    delta: float
    errors: Mapping[str, float]
    repeated: bool = False
    """True where this was answered before, so that nothing would be spent."""


def expected_errors(plan: AggregatePlan, noise: Noise, rows: int) -> dict[str, float]:
    """Half the width of the interval of each measure. `rows` of the dataset; 0 where that is not known."""
    cells = 1 if unknown_groups(plan) else max(1, len(declared_grid(plan)))
    statistics = flat(statistics_of(plan, noise))
    even = BoundedCell((), rows // cells, tuple(_even(s, rows // cells) for s in statistics))
    # Without its keys and with no noise drawn, the plan has one cell and each interval its usual width.
    share = split_epsilon(noise.epsilon, shares(plan))[0]
    alone = replace(plan, keys=(), where=None)
    quiet = replace(noise, epsilon=share * len(plan.measures))
    answer = noised(alone, quiet, [even], lambda values, _sensitivity, _epsilon: list(values))
    ((_, numbers),) = answer.rows
    return {
        measure.name: _half(number.value, number.low, number.high)
        for measure, number in zip(plan.measures, numbers, strict=True)
    }


def _half(value: float, low: float, high: float) -> float:
    """The longer side: near a bound the other one is cut off."""
    return max(value - low, high - value)


def _even(statistic: Statistic, rows: int) -> Counted:
    match statistic.shape:
        case Shape.COUNT:
            return rows
        case Shape.BINS:
            used = min(BINS, max(1, math.ceil((statistic.upper - statistic.lower) / statistic.step)))
            return tuple((at, rows // used + (at < rows % used)) for at in range(used))
    if statistic.squared:
        reach = 2.0 * statistic.half
        return round(rows * (reach / 3.0 - statistic.half) / statistic.step)
    middle = (statistic.lower + statistic.upper) / 2.0
    return round(rows * (middle - statistic.offset) / statistic.step)


def epsilon_for(plan: AggregatePlan, noise: Noise, error: float, rows: int, ceiling: float) -> float | None:
    """The least ε, to three digits, with which no expected error is above `error`; None where it is over `ceiling`."""

    def enough(epsilon: float) -> bool:
        found = expected_errors(plan, replace(noise, epsilon=epsilon), rows)
        return all(half <= error for half in found.values())

    if not enough(ceiling):
        return None
    low, high = LEAST, ceiling
    if enough(low):
        return low
    for _ in range(_HALVINGS):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if enough(middle) else (middle, high)
    digits: int = 2 - math.floor(math.log10(high))
    rounded: float = math.ceil(high * 10**digits) / 10**digits
    return min(ceiling, rounded)
