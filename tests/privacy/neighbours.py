"""A statistical test of differential privacy: from what two neighbouring tables gave, can anybody tell them apart?

For every event E, a mechanism must have P(M(x) ∈ E) ≤ e^ε P(M(y) ∈ E) in both directions. Among the runs in which E
came about, the share of x is then e^ε / (1 + e^ε) at most, so a binomial test is exact. All events together err once in
a million times.
"""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

DOUBT = 1e-6
_PARTS = 12

Outcomes = npt.NDArray[np.float64]


def told_apart(x: Sequence[float], y: Sequence[float], epsilon: float, grid: float | None = None) -> str:
    """The event that tells the tables apart, or nothing. `grid`: outcomes off its multiples are an event of their own.

    Events are intervals of outcomes, both tails, and which of the lowest bits are set: those of a floating-point sum
    tell more than its size does.
    """
    ours, theirs = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    edges = np.unique(np.quantile(np.concatenate([ours, theirs]), np.linspace(0, 1, _PARTS + 1)[1:-1]))
    one, other = _events(ours, edges, grid), _events(theirs, edges, grid)
    names = sorted({*one, *other})
    limit = math.exp(epsilon) / (1.0 + math.exp(epsilon))
    for name in names:
        for mine, rest in ((one[name], other[name]), (other[name], one[name])):
            if binom.sf(mine - 1, mine + rest, limit) < DOUBT / (2 * len(names)):
                return f"{name}: {one[name]} and {other[name]} times"
    return ""


def _events(outcomes: Outcomes, edges: Outcomes, grid: float | None) -> Counter[str]:
    found = Counter[str]()
    for at, edge in enumerate(edges):
        found[f"below edge {at}"] = int((outcomes < edge).sum())
        found[f"from edge {at} on"] = int((outcomes >= edge).sum())
    places = np.digitize(outcomes, edges)
    for place in range(len(edges) + 1):
        found[f"in part {place}"] = int((places == place).sum())
    if grid is not None:
        found["off the grid"] = int((np.mod(outcomes, grid) != 0).sum())
        for place in range(len(edges) + 1):
            found[f"off the grid in part {place}"] = int(
                ((np.mod(outcomes, grid) != 0) & (places == place)).sum()
            )
    return found
