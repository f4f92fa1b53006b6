"""What federation is compared with, in the demo only: each hospital alone, and all rows in one place.

Only this file ever sees the rows of several hospitals together. The held-out rows are those that the sites hold out
too: `held_out` looks at a row's number in its own site's file and at nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from dataspace.cli.demo.stays import HEADER, Row
from dataspace.model.names import ColumnName
from dataspace.model.plans import TrainingPlan
from dataspace.planning.logistic import (
    Evaluation,
    Matrix,
    Vector,
    combine,
    design_matrix,
    evaluate,
    fit_statistics,
    held_out,
    newton_step,
    standard_errors,
)


@dataclass(frozen=True, slots=True)
class Split:
    """The design matrix and target of one hospital: what is trained on, and what is held out."""

    train: tuple[Matrix, Vector]
    held: tuple[Matrix, Vector]


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients after the rounds of the plan, and their standard errors at the end."""

    beta: Vector
    errors: Vector


@dataclass(frozen=True, slots=True)
class Comparison:
    """AUC on the held-out stays of each hospital, by who trained; `alone` has None where one hospital cannot fit."""

    alone: Mapping[str, Evaluation | None]
    federated: Mapping[str, Evaluation]
    pooled: Mapping[str, Evaluation]
    pooled_fit: Fit
    largest_difference: float
    """Between the federated coefficients and the pooled ones."""


def compare(
    plan: TrainingPlan,
    rows: Mapping[str, Sequence[Row]],
    took_part: Sequence[str],
    federated: Sequence[float],
) -> Comparison:
    """Fit alone and pooled on the rows of those that took part, and evaluate all three on everyone's held-out rows."""
    splits = {name: split(plan, stays) for name, stays in rows.items()}
    pooled = fit(plan, [splits[name].train for name in took_part])
    beta = np.asarray(federated, dtype=np.float64)
    return Comparison(
        alone={name: _alone(plan, part) for name, part in splits.items()},
        federated={name: evaluate(*part.held, beta) for name, part in splits.items()},
        pooled={name: evaluate(*part.held, pooled.beta) for name, part in splits.items()},
        pooled_fit=pooled,
        largest_difference=float(np.max(np.abs(beta - pooled.beta))),
    )


def split(plan: TrainingPlan, rows: Sequence[Row]) -> Split:
    """The rows of one hospital as it splits them itself."""
    columns = {ColumnName(name): _numbers(rows, name) for name in (plan.target, *plan.features)}
    x, y, whole = design_matrix(plan, columns)
    aside = held_out(np.arange(len(rows), dtype=np.int64), plan.holdout)[whole]
    return Split((x[~aside], y[~aside]), (x[aside], y[aside]))


def fit(plan: TrainingPlan, parts: Sequence[tuple[Matrix, Vector]]) -> Fit:
    """The rounds of the plan over these rows, in one place. Raises ValueError where a coefficient cannot be told."""
    x, y = np.vstack([x for x, _ in parts]), np.concatenate([y for _, y in parts])
    beta = np.zeros(len(plan.terms()))
    for _ in range(plan.rounds):
        beta = newton_step(beta, combine([fit_statistics(x, y, beta)]), plan.ridge)
    return Fit(beta, standard_errors(fit_statistics(x, y, beta), plan.ridge))


def auc_error(auc: float, events: int, others: int) -> float:
    """Standard error of an AUC over so many cases of each kind (Hanley and McNeil, Radiology 1982)."""
    both_events = auc / (2.0 - auc) - auc**2
    both_others = 2.0 * auc**2 / (1.0 + auc) - auc**2
    spread = auc * (1.0 - auc) + (events - 1) * both_events + (others - 1) * both_others
    return sqrt(spread / (events * others))


def _alone(plan: TrainingPlan, part: Split) -> Evaluation | None:
    try:
        return evaluate(*part.held, fit(plan, [part.train]).beta)
    except ValueError:
        return None  # a kind of admission that this hospital has not seen has no coefficient


def _numbers(rows: Sequence[Row], name: str) -> npt.NDArray[np.float64]:
    at = HEADER.index(name)
    return np.array([float(row[at]) for row in rows], dtype=np.float64)
