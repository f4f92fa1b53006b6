"""How far a withheld number must stay from being known: its protection interval.

1. A count of few units: anything from 0 to the cohort, so that not even that it is small can be told.
2. A count where few lack a value: those who lack it, anything from 0 to the cohort.
3. A sum: as much as the rule that withholds it says (the upper protection levels of Hundepohl and others, Statistical
   Disclosure Control, 2012, section 4.2.2), and a tenth of it at least.
"""

from collections.abc import Collection, Sequence

import numpy as np

from dataspace.model.plans import Disclosure
from dataspace.planning.cells import ColumnCell
from dataspace.planning.suppression import Demand, Room


def few(units: Sequence[int], withheld: Collection[int], cohort: int, close: Collection[int] = ()) -> Demand:
    """Of counts of units; those that other answers come too `close` to could be more or less by the cohort."""
    rooms = {i: Room(cohort - units[i], units[i]) for i in withheld if units[i] < cohort}
    rooms |= {i: Room(cohort, min(units[i], cohort)) for i in close if i not in rooms}
    return Demand(np.asarray(units, float), rooms)


def values_of_few(
    units: Sequence[int], parts: Sequence[ColumnCell], withheld: Collection[int], cohort: int
) -> Demand:
    """Of counts of units with a value in a column."""
    rooms = {}
    for index in withheld:
        has = parts[index].units
        lacks = units[index] - has
        if has < cohort:
            rooms[index] = Room(cohort - has, has)
        elif 0 < lacks < cohort:
            rooms[index] = Room(lacks, min(has, cohort - lacks))
    return Demand(np.array([part.units for part in parts], float), rooms)


def added_up(parts: Sequence[ColumnCell], withheld: Collection[int], rules: Disclosure) -> Demand:
    """Of sums of a column."""
    values = np.array([part.total if np.isfinite(part.total) else 0.0 for part in parts], float)
    sizes = np.array([part.absolute if np.isfinite(part.absolute) else 0.0 for part in parts])
    means = [size / part.nonzero for size, part in zip(sizes.tolist(), parts, strict=True) if part.nonzero]
    typical = min(means, default=0.0)
    signed = bool((values < 0).any() or (sizes > values * (1 + 1e-9) + 1e-9).any())
    rooms = {}
    for index in withheld:
        if tells(parts[index], rules):
            more = _more(parts[index], float(sizes[index]), typical, rules)
            rooms[index] = Room(more, more if signed else min(more, float(values[index])))
    return Demand(values, rooms, signed)


def _more(part: ColumnCell, size: float, typical: float, rules: Disclosure) -> float:
    top = [value for value in part.largest if np.isfinite(value)]
    first, second = (*top, 0.0, 0.0)[:2]
    return max(
        rules.p_percent * size,
        sum(top[: rules.dominance_n]) / rules.dominance_share - size,
        rules.p_percent * first - (size - first - second),
        (rules.cohort - min(part.nonzero, part.units)) * typical,
    )


def tells(part: ColumnCell, rules: Disclosure) -> bool:
    """Whether a sum or a mean of this column tells about single units."""
    if not np.isfinite(part.total) or part.constant or part.nonzero < rules.cohort:
        return True
    if part.between == 0 and min(part.at_lowest, part.at_highest) < rules.cohort:
        return True
    if sum(part.largest[: rules.dominance_n]) > rules.dominance_share * part.absolute:
        return True
    first, second = (*part.largest, 0.0, 0.0)[:2]
    return part.absolute - first - second < rules.p_percent * first
