"""Networks over sites: a layer is a matrix, the last one scores every class but the first; without hidden layers this
is multinomial regression.

Pure arithmetic over arrays that were given; gradients point uphill, towards more likelihood.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dataspace.model.plans import Family, TrainingPlan
from dataspace.planning.logistic import FitStatistics, Matrix, Vector, auc

Shapes = tuple[tuple[int, int], ...]
Units = npt.NDArray[np.int64]
CHUNK = 4_000_000
"""Numbers that gradients of single rows may take up at a time (32 MB)."""


@dataclass(frozen=True, slots=True)
class Score:
    """How a model does on rows. `auc` is NaN unless there are two classes, both with rows."""

    n: int
    correct: int
    log_likelihood: float
    auc: float


def shapes(plan: TrainingPlan) -> Shapes:
    """Rows and columns of each layer; beside the inputs of a layer stands a constant 1."""
    inputs, outputs, found = len(plan.terms()), len(plan.values()) - 1, list[tuple[int, int]]()
    for width in plan.network.hidden if plan.family is Family.MLP else ():
        found.append((inputs, width))
        inputs = width + 1
    return (*found, (inputs, outputs))


def size(plan: TrainingPlan) -> int:
    """How many weights the model has."""
    if plan.app is not None:
        return plan.app.size
    return sum(rows * columns for rows, columns in shapes(plan))


def initial(plan: TrainingPlan) -> Vector:
    """The first weights: zeros in the last layer, so that all classes are equally likely; small ones before it."""
    draw = np.random.default_rng(plan.network.seed)
    *hidden, (rows, columns) = shapes(plan)
    parts = [draw.normal(size=r * c) / np.sqrt(r) for r, c in hidden]
    return np.concatenate([*parts, np.zeros(rows * columns)])


def layers(weights: Vector, found: Shapes) -> list[Matrix]:
    """The flat weights as matrices. Raises ValueError where there are more or fewer."""
    ends = np.cumsum([rows * columns for rows, columns in found])
    if weights.shape != (ends[-1],):
        raise ValueError("weights that do not fit the plan")
    return [part.reshape(shape) for part, shape in zip(np.split(weights, ends[:-1]), found, strict=True)]


def chances(x: Matrix, weights: Vector, found: Shapes) -> Matrix:
    """How likely each class is, for each row."""
    return _softmax(_forward(x, layers(weights, found))[1])


def score(x: Matrix, y: Vector, weights: Vector, found: Shapes) -> Score:
    """Metrics on these rows."""
    scores = _forward(x, layers(weights, found))[1]
    chance = _softmax(scores)
    right = int((np.argmax(chance, axis=1) == y).sum())
    ranked = auc(scores[:, 0], y) if scores.shape[1] == 1 else float("nan")
    return Score(len(y), right, _log_likelihood(chance, y), ranked)


def local_update(x: Matrix, y: Vector, weights: Vector, plan: TrainingPlan, number: int) -> Vector:
    """How far these rows move the weights in the plan's steps of mini-batch ascent, cut to the plan's norm."""
    found, net = shapes(plan), plan.network
    draw = np.random.default_rng([net.seed, number])
    order: Units = np.empty(0, np.int64)
    moved = weights.copy()
    for _ in range(net.steps):
        if len(order) < min(net.batch, len(y)):
            order = draw.permutation(len(y))
        rows, order = order[: net.batch], order[net.batch :]
        step = _gradient(x[rows], y[rows], moved, found) / max(1, len(rows)) - plan.ridge * moved / max(
            1, len(y)
        )
        moved += net.learning_rate * step
    return clipped(moved - weights, net.clip)


def clipped(vector: Vector, norm: float) -> Vector:
    """The vector, shortened to this L2 norm where it is longer."""
    length = float(np.linalg.norm(vector))
    return vector * (norm / length) if length > norm else vector


def clipped_sum(x: Matrix, y: Vector, units: Units, weights: Vector, found: Shapes, norm: float) -> Vector:
    """The sum over units of the mean gradient of a unit's rows, each cut to `norm`: what one unit can change is
    bounded by it, however many rows it has."""
    order = np.argsort(units, kind="stable")
    x, y, units = x[order], y[order], units[order]
    total = np.zeros(len(weights))
    starts = np.flatnonzero(np.r_[True, units[1:] != units[:-1]]) if len(units) else np.empty(0, np.int64)
    ends = np.r_[starts[1:], len(units)]
    at, most = 0, max(1, CHUNK // max(1, len(weights)))
    while at < len(starts):
        until = max(at + 1, int(np.searchsorted(ends, starts[at] + most, side="right")))
        rows = slice(starts[at], ends[until - 1])
        single = _row_gradients(x[rows], y[rows], weights, found)
        summed = np.add.reduceat(single, starts[at:until] - starts[at], axis=0)
        means = summed / (ends[at:until] - starts[at:until])[:, None]
        lengths = np.linalg.norm(means, axis=1)
        total += (means * np.minimum(1.0, norm / np.maximum(lengths, 1e-300))[:, None]).sum(axis=0)
        at = until
    return total


def fit_sums(x: Matrix, y: Vector, beta: Vector, classes: int) -> FitStatistics:
    """Gradient and information of multinomial regression; coefficients by term, then by class. `events` are the rows
    of all classes but the first."""
    outputs = classes - 1
    weights = beta.reshape(x.shape[1], outputs)
    chance = _softmax(x @ weights)
    others = chance[:, 1:]
    gradient = x.T @ (_flags(y, classes)[:, 1:] - others)
    size = x.shape[1] * outputs
    information = np.empty((x.shape[1], outputs, x.shape[1], outputs))
    for a in range(outputs):
        for b in range(a, outputs):
            weight = others[:, a] * ((a == b) - others[:, b])
            block = (x * weight[:, None]).T @ x
            information[:, a, :, b] = information[:, b, :, a] = block
    likelihood = _log_likelihood(chance, y)
    return FitStatistics(
        gradient.reshape(-1), information.reshape(size, size), likelihood, len(y), int((y > 0).sum())
    )


def _forward(x: Matrix, matrices: list[Matrix]) -> tuple[list[Matrix], Matrix]:
    """The inputs of each layer, and the scores."""
    inputs = [x]
    for matrix in matrices[:-1]:
        reached = np.tanh(inputs[-1] @ matrix)
        inputs.append(np.column_stack([np.ones(len(x)), reached]))
    return inputs, inputs[-1] @ matrices[-1]


def _backward(y: Vector, inputs: list[Matrix], scores: Matrix, matrices: list[Matrix]) -> list[Matrix]:
    """For each layer, how the likelihood of each row grows with what the layer puts out."""
    slopes = [_flags(y, scores.shape[1] + 1)[:, 1:] - _softmax(scores)[:, 1:]]
    for matrix, given in zip(matrices[:0:-1], inputs[:0:-1], strict=True):
        slopes.append((slopes[-1] @ matrix[1:].T) * (1.0 - given[:, 1:] ** 2))
    return slopes[::-1]


def _gradient(x: Matrix, y: Vector, weights: Vector, found: Shapes) -> Vector:
    matrices = layers(weights, found)
    inputs, scores = _forward(x, matrices)
    slopes = _backward(y, inputs, scores, matrices)
    return np.concatenate([(a.T @ s).reshape(-1) for a, s in zip(inputs, slopes, strict=True)])


def _row_gradients(x: Matrix, y: Vector, weights: Vector, found: Shapes) -> Matrix:
    matrices = layers(weights, found)
    inputs, scores = _forward(x, matrices)
    slopes = _backward(y, inputs, scores, matrices)
    parts: list[Any] = [
        (a[:, :, None] * s[:, None, :]).reshape(len(y), -1) for a, s in zip(inputs, slopes, strict=True)
    ]
    return np.concatenate(parts, axis=1)


def _softmax(scores: Matrix) -> Matrix:
    """With a score of 0 for the first class."""
    full = np.column_stack([np.zeros(len(scores)), scores])
    full -= full.max(axis=1, keepdims=True)
    grown = np.exp(full)
    return np.asarray(grown / grown.sum(axis=1, keepdims=True), dtype=np.float64)


def _flags(y: Vector, classes: int) -> Matrix:
    return np.asarray(y[:, None] == np.arange(classes), dtype=np.float64)


def _log_likelihood(chance: Matrix, y: Vector) -> float:
    own = chance[np.arange(len(y)), y.astype(np.int64)]
    return float(np.log(np.maximum(own, 1e-300)).sum())
