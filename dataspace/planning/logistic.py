"""Logistic regression over sites: each sends sums over its rows, and the sums of all give the pooled fit.

Fisher scoring needs the gradient Xᵀ(y - p) and the information Xᵀ diag(p(1-p)) X, which are sums over rows: adding
them over sites and adding rows in one place are the same arithmetic. Nothing here touches a file or a random source.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dataspace.model.datasets import Value
from dataspace.model.names import ColumnName
from dataspace.model.plans import TrainingPlan

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FitStatistics:
    """Sums over the rows of one site, or of all: what one step of the fit needs."""

    gradient: Vector
    hessian: Matrix
    """The information matrix, positive semi-definite: minus the second derivative of the log-likelihood."""
    log_likelihood: float
    n: int
    events: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How the coefficients do on rows that they were not fitted on. `auc` is NaN where one class is missing."""

    auc: float
    n: int
    events: int
    log_likelihood: float


def design_matrix(
    plan: TrainingPlan, columns: Mapping[ColumnName, npt.NDArray[Any]]
) -> tuple[Matrix, Vector, Flags]:
    """The columns of `plan.terms()`, the target as the place of its class, and which rows are whole.

    A row is left out where a value is missing, a code is not declared, or the target is none of the plan's values.
    Values are floats (NaN where missing), or text (None where missing) in categorical columns.
    """
    flagged = [_equals(columns[plan.target], value) for value in plan.values()]
    whole: Flags = np.logical_or.reduce(flagged)
    target: Vector = np.argmax(np.stack(flagged), axis=0).astype(np.float64)
    parts = [np.ones(len(target))]
    for feature in plan.features:
        codes = plan.categorical.get(feature)
        if codes:
            flags = [_equals(columns[feature], code) for code in codes]
            whole &= np.logical_or.reduce(flags)
            parts += [flag.astype(np.float64) for flag in flags[1:]]
        else:
            numbers = as_numbers(columns[feature])
            whole &= np.isfinite(numbers)
            parts.append(numbers)
    return np.column_stack(parts)[whole], target[whole], whole


def as_numbers(values: npt.NDArray[Any]) -> Vector:
    """Floats with NaN where missing. Raises ValueError for text."""
    if values.dtype == object:
        return np.array([np.nan if v is None else float(v) for v in values], dtype=np.float64)
    return values.astype(np.float64)


def _equals(values: npt.NDArray[Any], code: Value) -> Flags:
    if isinstance(code, str) or values.dtype == object:
        return np.array([v == code for v in values], dtype=np.bool_)
    return np.asarray(values == code, dtype=np.bool_)


def held_out(units: npt.NDArray[np.int64], share: float) -> Flags:
    """Which rows no site trains on: a hash of the unit below `share`, so all rows of a unit go together.

    The same rows in every run. If a run could choose them, sums over many choices would tell about single rows
    (Dinur and Nissim 2003).
    """
    with np.errstate(over="ignore"):
        mixed = units.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
    return np.asarray((mixed >> np.uint64(11)).astype(np.float64) / 2.0**53 < share, dtype=np.bool_)


def fit_statistics(x: Matrix, y: Vector, beta: Vector) -> FitStatistics:
    """Gradient, information and log-likelihood of these rows at `beta`."""
    score = x @ beta
    chance = _chance(score)
    weight = chance * (1.0 - chance)
    hessian = (x * weight[:, None]).T @ x
    return FitStatistics(x.T @ (y - chance), hessian, _log_likelihood(score, y), len(y), int(y.sum()))


def evaluate(x: Matrix, y: Vector, beta: Vector) -> Evaluation:
    """Metrics of `beta` on these rows."""
    score = x @ beta
    return Evaluation(auc(score, y), len(y), int(y.sum()), _log_likelihood(score, y))


def combine(parts: Sequence[FitStatistics]) -> FitStatistics:
    """The sums of all sites. Raises ValueError where no site answered."""
    if not parts:
        raise ValueError("no site answered, so there is nothing to combine")
    return FitStatistics(
        np.sum([part.gradient for part in parts], axis=0),
        np.sum([part.hessian for part in parts], axis=0),
        float(sum(part.log_likelihood for part in parts)),
        sum(part.n for part in parts),
        sum(part.events for part in parts),
    )


def newton_step(beta: Vector, stats: FitStatistics, ridge: float = 0.0, intercepts: int = 1) -> Vector:
    """The next coefficients; `ridge` is the penalty ridge/2·|β|² on all but the intercepts, which come first.

    Raises ValueError where a coefficient cannot be told from the data: a code that no row has, or columns that add
    up to another. A ridge above 0 makes every step possible.
    """
    penalty = _penalty(len(beta), ridge, intercepts)
    information = stats.hessian + np.diag(penalty)
    if np.linalg.matrix_rank(information) < len(beta):
        raise ValueError("a coefficient cannot be told from the data: drop a feature, or set a ridge above 0")
    step = np.linalg.solve(information, stats.gradient - penalty * beta)
    return np.asarray(beta + step, dtype=np.float64)


def standard_errors(stats: FitStatistics, ridge: float = 0.0, intercepts: int = 1) -> Vector:
    """Square roots of the diagonal of the inverse information. Raises ValueError where it has none."""
    penalty = np.diag(_penalty(len(stats.gradient), ridge, intercepts))
    try:
        variance = np.diag(np.linalg.inv(stats.hessian + penalty))
    except np.linalg.LinAlgError as error:
        raise ValueError("the information matrix is singular: a coefficient cannot be told") from error
    return np.asarray(np.sqrt(variance), dtype=np.float64)


def auc(scores: Vector, y: Vector) -> float:
    """The chance that an event scores above a non-event, ties counting half; NaN where one class is missing."""
    events = int(y.sum())
    others = len(y) - events
    if not events or not others:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks = (last - (counts - 1) / 2.0)[inverse]  # the mean rank of those that tie
    return float((ranks[y == 1.0].sum() - events * (events + 1) / 2.0) / (events * others))


def _penalty(size: int, ridge: float, intercepts: int) -> Vector:
    return np.array([0.0] * intercepts + [ridge] * (size - intercepts), dtype=np.float64)


def _chance(score: Vector) -> Vector:
    """The logistic function without overflow at either end."""
    small = np.exp(-np.abs(score))
    return np.asarray(np.where(score >= 0, 1.0 / (1.0 + small), small / (1.0 + small)), dtype=np.float64)


def _log_likelihood(score: Vector, y: Vector) -> float:
    return float(np.sum(y * score - np.logaddexp(0.0, score)))
