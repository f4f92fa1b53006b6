"""Discrete Laplace noise from OpenDP's own mechanisms, on whole numbers.

From its modules and not from its prelude, which loads a data frame library: twice the memory, for nothing here.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from opendp.domains import atom_domain, map_domain, vector_domain
from opendp.measurements import make_laplace, make_laplace_threshold
from opendp.metrics import absolute_distance, l01inf_distance, l1_distance
from opendp.mod import enable_features

LARGEST = 2**62
"""Sums beyond are held here: nothing that fits a cut comes near, and the mechanism's numbers have 64 bits."""


def draw(values: Sequence[int], sensitivity: int, epsilon: float) -> list[int]:
    """The values with noise, ε-differentially private where one unit changes their sum of differences by `sensitivity`.

    Raises ValueError where the mechanism cannot promise this ε.
    """
    if not values:
        return []
    held = [max(-LARGEST, min(LARGEST, value)) for value in values]
    return [int(value) for value in _laplace(sensitivity, epsilon)(held)]


def keep(counts: Sequence[int], epsilon: float, delta: float, fewest: int = 1) -> Mapping[int, int]:
    """The places of the groups whose noisy count passes a threshold, and these counts: (ε, δ)-differentially private
    where one unit changes one count by one, and groups of fewer rows than `fewest` were left out before.

    Raises ValueError where the mechanism cannot promise that.
    """
    if not counts:
        return {}
    kept = _threshold(epsilon, delta, fewest)({str(place): count for place, count in enumerate(counts)})
    return {int(place): int(count) for place, count in kept.items()}


@lru_cache(maxsize=256)
def _laplace(sensitivity: int, epsilon: float) -> Any:
    enable_features("contrib")
    space = vector_domain(atom_domain(T="i64")), l1_distance(T="i64")
    for scale in _scales(sensitivity / epsilon):
        mechanism = make_laplace(*space, scale)
        if mechanism.map(sensitivity) <= epsilon:
            return mechanism
    raise ValueError("the mechanism cannot promise this privacy loss")


@lru_cache(maxsize=64)
def _threshold(epsilon: float, delta: float, fewest: int) -> Any:
    enable_features("contrib")
    domain = map_domain(atom_domain(T="String"), atom_domain(T="i64"))
    metric = l01inf_distance(absolute_distance(T="i64"))
    for scale in _scales(1.0 / epsilon):
        # Twice what δ needs, so that it always suffices.
        threshold = 1 + math.ceil(scale * math.log(1.0 / delta))
        promised = make_laplace_threshold(domain, metric, scale, threshold).map((1, 1, 1))
        if promised[0] <= epsilon and promised[1] <= delta:
            # What is promised for a group of one above this threshold holds for one of `fewest` above that.
            return make_laplace_threshold(domain, metric, scale, threshold + max(1, fewest) - 1)
    raise ValueError("the mechanism cannot promise this privacy loss")


def _scales(scale: float) -> Sequence[float]:
    """OpenDP rounds its own promise upwards: widen the noise by the least that makes it keep ours."""
    wider = [scale]
    for _ in range(7):
        wider.append(math.nextafter(wider[-1], math.inf) * (1.0 + 2.0**-50))
    return wider
