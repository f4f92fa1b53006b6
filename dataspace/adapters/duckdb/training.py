"""One step of a declared training, over the cut that the worker holds.

Runs inside the confined worker, which gives plain numbers: what of them may leave, and with what noise, the guard
decides.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dataspace.adapters.duckdb.bench import Bench
from dataspace.adapters.duckdb.blocks import Blocks
from dataspace.adapters.duckdb.compile import UNIT
from dataspace.adapters.duckdb.growing import grow
from dataspace.adapters.duckdb.wire import Channel
from dataspace.model.codec import from_json
from dataspace.model.names import ColumnName
from dataspace.model.plans import Family, TrainingPlan
from dataspace.model.runs import Arrays, Step, float_array
from dataspace.planning import network, trees
from dataspace.planning.logistic import FitStatistics, Matrix, Vector, design_matrix, fit_statistics, held_out
from dataspace.planning.scaling import scaled, sums

Reply = tuple[dict[str, Any], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Rows:
    """A design matrix with its target and the unit of each row."""

    x: Matrix
    y: Vector
    units: npt.NDArray[np.int64]

    def scaled(self, arrays: Arrays) -> "Rows":
        """By the centre and width that came with the message, if any did."""
        if "centre" not in arrays:
            return self
        centre, width = (_fitting(arrays[name], self.x.shape[1]) for name in ("centre", "width"))
        return Rows(scaled(self.x, (centre, width)), self.y, self.units)

    def class_units(self, classes: int) -> list[int]:
        """Units with a row of each class."""
        return [len(np.unique(self.units[self.y == value])) for value in range(classes)]


class Training:
    """Keeps the design matrix of the last plan, so that a round costs its arithmetic only."""

    def __init__(self, bench: Bench, guest: Channel | None = None) -> None:
        """`guest` runs the app of a plan that names one."""
        self._bench, self._guest = bench, guest
        self._prepared: tuple[tuple[str, TrainingPlan], tuple[Rows, Rows]] | None = None

    def step(self, order: Mapping[str, Any], arrays: Arrays) -> Reply:
        """A plain update. Raises ValueError for numbers that do not fit the plan."""
        plan = from_json(TrainingPlan, order["plan"])
        fitted, kept = (rows.scaled(arrays) for rows in self._data(str(order["cuts"][0]), plan))
        if plan.app is not None:
            return self._of_app(plan, order, arrays, fitted, kept)
        match Step(order["step"]):
            case Step.FIT:
                return _fit(plan, fitted, kept, arrays)
            case Step.SCALE:
                first, second = sums(plan, fitted.x)
                return _counted(plan, fitted), {"sums": first, "squares": second}
            case Step.LOCAL:
                moved = network.local_update(
                    fitted.x, fitted.y, _weights(plan, arrays), plan, int(order["round"])
                )
                return _counted(plan, fitted) | _scored(plan, kept, arrays), {"update": moved}
            case Step.NOISY:
                return _noisy(plan, fitted, arrays)
            case Step.GROW:
                said, tree = grow(plan, fitted.x, fitted.y, fitted.units, arrays, int(order["cohort"]))
                return _counted(plan, fitted) | _scored(plan, kept, arrays) | said, {"tree": tree}
            case Step.SCORE:
                return _counted(plan, fitted) | _scored(plan, kept, arrays), {}
            case Step.COUNT:
                raise ValueError("a count is no step of training")

    def _of_app(
        self, plan: TrainingPlan, order: Mapping[str, Any], arrays: Arrays, fitted: Rows, kept: Rows
    ) -> Reply:
        """Of blocks, and not of persons: each person moves a number by 1 at most, and the sum by twice the norm."""
        if self._guest is None:
            raise ValueError("there is nobody to run an app")
        blocks, weights = Blocks(self._guest, plan, order["app"]), _weights(plan, arrays)
        if order["app"]["trial"]:
            return {"tried": blocks.tried(weights)}, {}
        match Step(order["step"]):
            case Step.NOISY:
                number = int(order["round"])
                units, total = blocks.learned(fitted.x, fitted.y, fitted.units, weights, number)
                return {"units": units}, {"gradient": total}
            case Step.SCORE:
                some, right = blocks.scored(kept.x, kept.y, kept.units, weights)
                return {"held_units": some, "right": right}, {}
            case _:
                raise ValueError("no step of an app")

    def _data(self, cut: str, plan: TrainingPlan) -> tuple[Rows, Rows]:
        key = (cut, plan)
        if self._prepared is None or self._prepared[0] != key:
            columns = self._bench.columns(cut, [plan.target, *plan.features])
            x, y, whole = design_matrix(plan, columns)
            if plan.family is Family.TREES:
                x = trees.binned(plan, x)
            units = columns[ColumnName(UNIT)][whole]
            kept = held_out(units, plan.holdout)
            parts = Rows(x[~kept], y[~kept], units[~kept]), Rows(x[kept], y[kept], units[kept])
            self._prepared = (key, parts)
        return self._prepared[1]


def _fit(plan: TrainingPlan, fitted: Rows, kept: Rows, arrays: Arrays) -> Reply:
    beta = _weights(plan, arrays, "beta")
    stats: FitStatistics = (
        fit_statistics(fitted.x, fitted.y, beta)
        if plan.family is Family.LOGISTIC
        else network.fit_sums(fitted.x, fitted.y, beta, len(plan.values()))
    )
    numbers = _counted(plan, fitted) | _scored(plan, kept, {"weights": beta})
    numbers |= {"events": stats.events, "log_likelihood": stats.log_likelihood}
    return numbers, {"gradient": stats.gradient, "hessian": stats.hessian}


def _noisy(plan: TrainingPlan, fitted: Rows, arrays: Arrays) -> Reply:
    """Each unit takes part with the plan's probability, drawn from the system's source: nobody can foretell who."""
    found, place = np.unique(fitted.units, return_inverse=True)
    asked = plan.privacy
    if asked is None:
        raise ValueError("a plan without privacy has no such step")
    drawn = np.frombuffer(os.urandom(8 * len(found)), np.uint64) >> np.uint64(11)
    taken = (drawn.astype(np.float64) * 2.0**-53 < asked.sampling)[place]
    weights = _weights(plan, arrays)
    total = network.clipped_sum(
        fitted.x[taken], fitted.y[taken], fitted.units[taken], weights, network.shapes(plan), asked.clip
    )
    return {"units": len(found)}, {"gradient": total}


def _counted(plan: TrainingPlan, fitted: Rows) -> dict[str, Any]:
    return {
        "n": len(fitted.y),
        "events": int((fitted.y > 0).sum()),
        "units": len(np.unique(fitted.units)),
        "class_units": fitted.class_units(len(plan.values())),
    }


def _scored(plan: TrainingPlan, kept: Rows, arrays: Arrays) -> dict[str, Any]:
    """How well the model that was sent does on the held-out rows. `right` is the sum over units of the share of
    their rows that it tells right."""
    if plan.family is Family.TREES:
        margin = trees.margin(_nodes(plan, arrays), kept.x)
        found = network.score(margin[:, None], kept.y, np.ones(1), ((1, 1),))
        told = margin > 0
    else:
        weights, shapes = _weights(plan, arrays), network.shapes(plan)
        found = network.score(kept.x, kept.y, weights, shapes)
        told = np.argmax(network.chances(kept.x, weights, shapes), axis=1)
    units, place = np.unique(kept.units, return_inverse=True)
    shares = np.bincount(place, weights=told == kept.y, minlength=len(units)) / np.maximum(
        1, np.bincount(place)
    )
    return {
        "held_out": found.n,
        "held_out_events": int((kept.y > 0).sum()),
        "held_units": len(units),
        "held_class_units": kept.class_units(len(plan.values())),
        "correct": found.correct,
        "right": float(shares.sum()),
        "auc": found.auc if np.isfinite(found.auc) else None,
    }


def _weights(plan: TrainingPlan, arrays: Arrays, name: str = "weights") -> Vector:
    return _fitting(arrays[name], network.size(plan))


def _nodes(plan: TrainingPlan, arrays: Arrays) -> Any:
    nodes = float_array(arrays["trees"])
    trees.check(plan, nodes, len(nodes))
    return nodes


def _fitting(values: Any, size: int) -> Vector:
    found = float_array(values)
    if found.shape != (size,) or not np.isfinite(found).all():
        raise ValueError("numbers that do not fit the plan")
    return found
