"""Bounds of a column that nobody declared, found privately: noisy counts of bands that double in size.

The bounds are the edges of the outermost bands whose noisy count stands out, and zero always lies between them.
Values beyond are clipped, as always.
"""

import math
from collections.abc import Iterable

from dataspace.model.names import ColumnName
from dataspace.model.plans import AggregatePlan, Case, Function, Key, Measure
from dataspace.model.predicates import All, Comparator, Compare, Predicate
from dataspace.privacy.noise import laplace_scale

SHARE = 0.25
"""Of ε, for finding the bounds of all columns of a question that have none."""

_LOWEST, _HIGHEST = -10, 40
"""Powers of two between which values are told apart."""
_DOUBT = 0.01
"""The probability that an empty band stands out."""

BAND, COUNTED = ColumnName("band"), "rows"


def search(plan: AggregatePlan, column: ColumnName) -> AggregatePlan:
    """The question that counts the rows in each band of the column."""
    edges = [2.0**power for power in range(_LOWEST, _HIGHEST + 1)]
    cases = [Case(Compare(column, Comparator.GE, edges[-1]), len(edges))]
    cases += [Case(Compare(column, Comparator.GE, edges[at]), at + 1) for at in range(len(edges) - 2, -1, -1)]
    cases += [Case(_above(column, -edges[0]), 0)]
    cases += [Case(_above(column, -edges[at]), -at) for at in range(1, len(edges))]
    cases += [Case(Compare(column, Comparator.LE, -edges[-1]), -len(edges))]
    values = tuple(sorted(int(case.value) for case in cases if isinstance(case.value, int)))
    key = Key(BAND, values, tuple(cases))
    return AggregatePlan(
        plan.dataset,
        (key,),
        (Measure(Function.COUNT, None, COUNTED),),
        plan.where,
        plan.privacy_unit,
        plan.joins,
    )


def _above(column: ColumnName, edge: float) -> Predicate:
    return All((Compare(column, Comparator.GT, edge),))


def found(rows: Iterable[tuple[int, int]], epsilon: float) -> tuple[float, float] | None:
    """Lower and upper bound, from bands and their noisy counts of this ε; None where no band stands out."""
    rows = list(rows)
    least = laplace_scale(1, epsilon) * math.log(len(rows) / _DOUBT)
    out = [band for band, count in rows if count > least]
    if not out:
        return None
    lowest, highest = min(out), max(out)
    # Bands just below the threshold may hold many rows, and those near zero cost least to let in.
    return min(0.0, _edge(lowest, upwards=False)), max(0.0, _edge(highest, upwards=True))


def _edge(band: int, upwards: bool) -> float:
    """The outer edge of a band: band 0 is around zero, the last ones on either side end where they would."""
    if band == 0:
        return 2.0**_LOWEST if upwards else -(2.0**_LOWEST)
    outer = (band > 0) == upwards
    power = _LOWEST + abs(band) - (0 if outer else 1)
    return math.copysign(2.0**power, band)
