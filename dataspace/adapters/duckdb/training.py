"""One step of a declared fit, over the cut that the worker holds."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dataspace.adapters.duckdb.bench import Bench
from dataspace.adapters.duckdb.compile import UNIT
from dataspace.model.codec import from_json
from dataspace.model.names import ColumnName
from dataspace.model.plans import TrainingPlan
from dataspace.model.runs import Arrays, Step, float_array
from dataspace.planning.logistic import design_matrix, evaluate, fit_statistics, held_out

Reply = tuple[dict[str, Any], dict[str, Any]]


class Training:
    """Keeps the design matrix of the last plan, so that a round costs its arithmetic only."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._prepared: tuple[tuple[str, TrainingPlan], Any] | None = None

    def step(self, name: str, cut: str, document: Mapping[str, Any], arrays: Arrays) -> Reply:
        """A plain update. Raises ValueError for coefficients that do not fit the plan."""
        plan = from_json(TrainingPlan, document)
        (x, y), (kept_x, kept_y) = self._data(cut, plan)
        match Step(name):
            case Step.FIT:
                beta = _beta(plan, arrays)
                stats, found = fit_statistics(x, y, beta), evaluate(kept_x, kept_y, beta)
                numbers = {
                    "n": stats.n,
                    "events": stats.events,
                    "log_likelihood": stats.log_likelihood,
                    "held_out": found.n,
                    "held_out_events": found.events,
                    "auc": found.auc if np.isfinite(found.auc) else None,
                }
                return numbers, {"gradient": stats.gradient, "hessian": stats.hessian}
            case Step.COUNT:
                raise ValueError("a count is no step of training")

    def _data(self, cut: str, plan: TrainingPlan) -> Any:
        key = (cut, plan)
        if self._prepared is None or self._prepared[0] != key:
            columns = self._bench.columns(cut, [plan.target, *plan.features])
            x, y, whole = design_matrix(plan, columns)
            kept = held_out(columns[ColumnName(UNIT)][whole], plan.holdout)
            self._prepared = (key, ((x[~kept], y[~kept]), (x[kept], y[kept])))
        return self._prepared[1]


def _beta(plan: TrainingPlan, arrays: Arrays) -> Any:
    beta = float_array(arrays["beta"])
    if beta.shape != (len(plan.terms()),) or not np.isfinite(beta).all():
        raise ValueError("coefficients that do not fit the plan")
    return beta
