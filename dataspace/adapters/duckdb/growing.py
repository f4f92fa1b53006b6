"""One more tree upon a model, grown by XGBoost in the confined worker and told as plain nodes."""

import json
from typing import Any

import numpy as np
import numpy.typing as npt

from dataspace.model.plans import TrainingPlan
from dataspace.model.runs import Arrays, float_array
from dataspace.planning import trees
from dataspace.planning.logistic import Matrix, Vector


def grow(
    plan: TrainingPlan, x: Matrix, y: Vector, units: npt.NDArray[np.int64], arrays: Arrays, cohort: int
) -> tuple[dict[str, Any], trees.Nodes]:
    """The tree, and the units of its smallest leaf, which are never fewer than `cohort` where there are so many.

    The model that was sent is walked by our own code and enters as a margin: XGBoost reads nothing of a stranger's.
    """
    import xgboost  # heavy, and for this family alone

    model = float_array(arrays["trees"])
    trees.check(plan, model, len(model))
    rows = xgboost.DMatrix(x, label=y, base_margin=trees.margin(model, x), nthread=1)
    settings = {
        "objective": "binary:logistic",
        "base_score": 0.5,
        "tree_method": "exact",
        "max_depth": plan.boosting.depth,
        "eta": plan.boosting.learning_rate,
        "lambda": max(1.0, plan.ridge),
        # A row weighs at most a quarter, so this alone leaves no leaf of fewer rows; units are counted below.
        "min_child_weight": cohort / 4,
        "nthread": 1,
        "verbosity": 0,
    }
    grown = xgboost.train(settings, rows, num_boost_round=1)
    told = json.loads(bytes(grown.save_raw("json")))["learner"]["gradient_booster"]["model"]["trees"][0]
    tree, own = _nodes(told, plan.boosting.learning_rate)
    tree = trees.pruned(tree, own, x, units, cohort)
    return {"smallest_leaf": trees.smallest(tree, x, units)}, tree


def _nodes(told: Any, rate: float) -> tuple[trees.Nodes, Vector]:
    """The nodes breadth first, as XGBoost numbers them, and what each would say if it were a leaf."""
    left, right = np.asarray(told["left_children"]), np.asarray(told["right_children"])
    leaf, limits = left < 0, np.asarray(told["split_conditions"], np.float64)
    own = np.clip(np.asarray(told["base_weights"], np.float64) * rate, -trees.MOST_VALUE, trees.MOST_VALUE)
    nodes = np.zeros((len(left), trees.WIDTH))
    nodes[:, trees.FEATURE] = np.where(leaf, -1, np.asarray(told["split_indices"]))
    nodes[:, trees.LIMIT] = np.where(leaf, 0.0, limits)
    nodes[:, trees.LEFT], nodes[:, trees.RIGHT] = np.where(leaf, 0, left), np.where(leaf, 0, right)
    nodes[:, trees.VALUE] = np.where(leaf, own, 0.0)
    return nodes, own
