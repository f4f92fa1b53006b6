"""Numeric features on one scale: by declared figures, or by the mean and deviation over all sites.

A centre and a width stand for each column of the design matrix; the intercept and indicators have 0 and 1.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from dataspace.model.names import ColumnName
from dataspace.model.plans import TrainingPlan
from dataspace.model.training import Scaling
from dataspace.planning.logistic import Matrix, Vector

Scale = tuple[Vector, Vector]


def numeric(plan: TrainingPlan) -> Mapping[int, ColumnName]:
    """The places, in the design matrix, of the features that are numbers."""
    known = {str(feature): feature for feature in plan.features if not plan.categorical.get(feature)}
    return {at: known[term] for at, term in enumerate(plan.terms()) if term in known}


def declared(plan: TrainingPlan) -> Scale:
    """What the plan itself says; 0 and 1 for what it does not speak of."""
    centre, width = unscaled(plan)
    for at, feature in numeric(plan).items():
        if plan.scaling is Scaling.DECLARED and feature in plan.scales:
            centre[at], width[at] = plan.scales[feature]
    return centre, width


def unscaled(plan: TrainingPlan) -> Scale:
    """Everything as it stands."""
    return np.zeros(len(plan.terms())), np.ones(len(plan.terms()))


def sums(plan: TrainingPlan, x: Matrix) -> tuple[Vector, Vector]:
    """Of each numeric column, and of its squares, over these rows; 0 elsewhere."""
    mask = np.zeros(x.shape[1])
    mask[list(numeric(plan))] = 1.0
    return x.sum(axis=0) * mask, (x**2).sum(axis=0) * mask


def pooled(plan: TrainingPlan, parts: Sequence[tuple[int, Vector, Vector]]) -> Scale:
    """Mean and standard deviation over the rows of all parts (`n`, sums, sums of squares).

    A feature that never varies is centred only. Raises ValueError where there are no rows.
    """
    n = sum(rows for rows, _, _ in parts)
    if n < 1:
        raise ValueError("no site has rows to scale by")
    mean = np.sum([part for _, part, _ in parts], axis=0) / n
    spread = np.sqrt(np.maximum(np.sum([part for _, _, part in parts], axis=0) / n - mean**2, 0.0))
    centre, width = unscaled(plan)
    for at in numeric(plan):
        centre[at] = mean[at]
        width[at] = spread[at] if spread[at] > 1e-12 * max(1.0, abs(mean[at])) else 1.0
    return centre, width


def scaled(x: Matrix, scale: Scale) -> Matrix:
    """The design matrix, every column less its centre and over its width."""
    return np.asarray((x - scale[0]) / scale[1], dtype=np.float64)
