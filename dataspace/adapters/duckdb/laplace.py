"""Discrete Laplace noise from OpenDP's own mechanism, on whole numbers.

From its modules and not from its prelude, which loads a data frame library: twice the memory, for nothing here.
"""

import math
from collections.abc import Sequence

from opendp.domains import atom_domain, vector_domain
from opendp.measurements import make_laplace
from opendp.metrics import l1_distance
from opendp.mod import enable_features


def draw(values: Sequence[int], sensitivity: int, epsilon: float) -> list[int]:
    """The values with noise, ε-differentially private where one unit changes their sum of differences by `sensitivity`.

    Raises ValueError where the mechanism cannot promise this ε.
    """
    if not values:
        return []
    enable_features("contrib")
    scale = sensitivity / epsilon
    # OpenDP rounds its own promise upwards: widen the noise by the least that makes it keep ours.
    for _ in range(8):
        mechanism = make_laplace(vector_domain(atom_domain(T="i64")), l1_distance(T="i64"), scale)
        if mechanism.map(sensitivity) <= epsilon:
            return [int(value) for value in mechanism(list(values))]
        scale = math.nextafter(scale, math.inf) * (1.0 + 2.0**-50)
    raise ValueError("the mechanism cannot promise this privacy loss")
