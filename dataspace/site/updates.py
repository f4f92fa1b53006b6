"""What one message of a training may ask, and what of the worker's numbers may leave; without noise, that is."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from dataspace.model.datasets import ColumnType, Dataset
from dataspace.model.limits import SiteLimits
from dataspace.model.own_apps import BLOCK_NORMS
from dataspace.model.plans import Family, TrainingPlan
from dataspace.model.runs import Arrays, SiteMessage, Step
from dataspace.model.training import Scaling
from dataspace.planning import network, trees
from dataspace.planning.training_bounds import problem
from dataspace.site.refused import Refused

PARAMETERS_PER_UNIT = 0.33
RESIDUAL_DEGREES = 10
GRID = 2.0**-20
"""Updates are told as multiples of this."""

Told = dict[str, Any]


def check_message(plan: TrainingPlan, message: SiteMessage, limits: SiteLimits) -> None:
    """Raises Refused for a configuration out of bounds, or numbers that are not those of the plan."""
    if said := problem(plan):
        code = "data.holdout" if "holds out" in said[0] else "data.configuration"
        raise Refused(code, said[0])
    first = 0 if message.step is Step.SCALE else 1
    if not 1 <= plan.rounds <= limits.rounds or not first <= message.round <= first * (plan.rounds + 1):
        raise Refused(
            "data.rounds", f"A run has at most {limits.rounds} rounds here: `rounds` in this site's limits."
        )
    if message.step not in steps_of(plan):
        raise Refused("data.step", "The plan has no such step.")
    if limits.epsilon_training and (plan.privacy is None or plan.privacy.epsilon > limits.epsilon_training):
        raise Refused(
            "policy.noise",
            f"This site trains with noise only, at an ε of at most {limits.epsilon_training:g}.",
        )
    _check_numbers(plan, message)


def round_seconds(said: object) -> float:
    """How long the coordinator will wait. Raises Refused for what is no time."""
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 < said < math.inf:
        raise Refused("data.configuration", "The run does not say how long a round may last.")
    return float(said)


def steps_of(plan: TrainingPlan) -> frozenset[Step]:
    """What may be asked under a plan, and nothing else."""
    if plan.privacy is not None:
        return frozenset({Step.NOISY, Step.SCORE})
    scale = frozenset({Step.SCALE} if plan.scaling is Scaling.FEDERATED else ())
    match plan.family:
        case Family.LOGISTIC | Family.MULTINOMIAL:
            return scale | {Step.FIT}
        case Family.MLP:
            return scale | {Step.LOCAL, Step.SCORE}
        case Family.APP:
            return frozenset()  # never without noise
        case Family.TREES:
            return frozenset({Step.GROW, Step.SCORE})


def _check_numbers(plan: TrainingPlan, message: SiteMessage) -> None:
    arrays, terms = message.arrays, len(plan.terms())
    if plan.family is Family.TREES:
        if arrays.keys() != {"trees"}:
            raise Refused("data.shape", "The trees sent do not fit the plan.")
        try:
            trees.check(plan, np.asarray(arrays["trees"], np.float64), plan.rounds * MOST_SITES)
        except ValueError as error:
            raise Refused("data.shape", "The trees sent do not fit the plan.") from error
        return
    expected: dict[str, tuple[int, ...]] = {}
    if message.step is not Step.SCALE:
        expected["beta" if message.step is Step.FIT else "weights"] = (network.size(plan),)
        if "centre" in arrays:
            expected |= {"centre": (terms,), "width": (terms,)}
    if not _shaped(arrays, expected) or ("width" in arrays and not (arrays["width"] > 0).all()):
        raise Refused("data.shape", "The coefficients sent do not fit the plan.")


MOST_SITES = 1_000
"""Of one run; with the rounds it bounds how many trees a model may have."""


def check_update(
    plan: TrainingPlan,
    step: Step,
    document: Mapping[str, Any],
    arrays: Arrays,
    units: int,
    events: int,
    leaf: int,
) -> tuple[Told, Arrays]:
    """What may leave of an update without noise: nothing that is not named here. Raises Refused.

    `units` are the fewest persons, and `events` the fewest of each class, that numbers may stand for; `leaf` the
    fewest persons of a leaf of a tree.
    """
    told, classes = document, [int(count) for count in document["class_units"]]
    if int(told["units"]) < units or min(classes) < events:
        raise Refused("data.few", "Too few units or events here for this model.")
    _check_parameters(plan, step, int(told["units"]))
    p = len(plan.terms())
    d = network.size(plan)
    shapes: dict[Step, dict[str, tuple[int, ...]]] = {
        Step.FIT: {"gradient": (d,), "hessian": (d, d)},
        Step.SCALE: {"sums": (p,), "squares": (p,)},
        Step.LOCAL: {"update": (d,)},
        Step.SCORE: {},
    }
    if step is Step.GROW:
        _check_tree(plan, told, arrays, leaf)
    elif not _shaped(arrays, shapes[step], finite=False):
        raise Refused("internal", "No answer from this site.")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise Refused("data.not-finite", "The model does not converge on the rows here.")
    if step is Step.LOCAL:
        cut = network.clipped(np.asarray(arrays["update"], np.float64), plan.network.clip)
        arrays = {"update": np.rint(cut / GRID) * GRID}
    return _numbers(plan, step, told, units, events), arrays


def check_gradient(plan: TrainingPlan, document: Mapping[str, Any], arrays: Arrays) -> Any:
    """The sum that noise is added to. Raises Refused where it is none, or longer than its units, or the blocks of an
    app, could make it."""
    privacy = plan.privacy
    if privacy is None or not _shaped(arrays, {"gradient": (network.size(plan),)}, finite=False):
        raise Refused("internal", "No answer from this site.")
    total = np.asarray(arrays["gradient"], np.float64)
    if not np.isfinite(total).all():
        raise Refused("data.not-finite", "The model does not converge on the rows here.")
    parts = plan.app.blocks if plan.app is not None else max(1, int(document["units"]))
    return network.clipped(total, privacy.clip * parts)


def one_person(plan: TrainingPlan) -> float:
    """How far, in the L2 norm, one person can move the sum that noise is added to."""
    if plan.privacy is None:
        raise Refused("internal", "No answer from this site.")
    return plan.privacy.clip * (BLOCK_NORMS if plan.app is not None else 1.0)


def _check_parameters(plan: TrainingPlan, step: Step, n: int) -> None:
    p = 2**plan.boosting.depth if plan.family is Family.TREES else network.size(plan)
    if step is not Step.SCALE and (p > PARAMETERS_PER_UNIT * n or n - p < RESIDUAL_DEGREES):
        raise Refused("data.parameters", "Too many parameters for the rows here: choose fewer, or noise.")


def _check_tree(plan: TrainingPlan, told: Mapping[str, Any], arrays: Arrays, leaf: int) -> None:
    try:
        trees.check(plan, np.asarray(arrays["tree"], np.float64), 1)
    except (KeyError, ValueError) as error:
        raise Refused("internal", "No answer from this site.") from error
    if arrays.keys() != {"tree"} or int(told["smallest_leaf"]) < leaf:
        raise Refused("data.few", "Too few units here for a leaf of a tree.")


def check_bounds(plan: TrainingPlan, dataset: Dataset) -> None:
    """Raises Refused for trees that would divide elsewhere than between the bounds that this site declares: bins that
    a stranger may choose could be as narrow as a value."""
    for name, bounds in plan.scales.items() if plan.family is Family.TREES else ():
        column = dataset.column(name)
        flag = column is not None and (bool(column.values) or column.type is ColumnType.BOOLEAN)
        declared = (0.0, 1.0) if flag else (column.lower, column.upper) if column else (None, None)
        if bounds != declared:
            raise Refused("data.configuration", "Trees divide between the bounds that are declared here.")


def leaf_units(units: int) -> int:
    """The fewest units of a leaf: a fifth of those that a model needs, and never fewer than the cohort's default."""
    return max(10, units // 5)


def _numbers(plan: TrainingPlan, step: Step, told: Mapping[str, Any], units: int, events: int) -> Told:
    """The allow-list. How a model does is told only of as many held-out units as a model may be fitted on."""
    out: Told = {"n": int(told["n"]), "events": int(told["events"])}
    if step is Step.FIT:
        out["log_likelihood"] = float(told["log_likelihood"])
    if step is not Step.SCALE:
        held = [int(count) for count in told["held_class_units"]]
        shown = int(told["held_units"]) >= units and min(held) >= events
        auc = told["auc"]
        out["held_out"] = int(told["held_out"]) if shown else None
        out["auc"] = round(float(auc), 3) if shown and auc is not None else None
        if plan.family is not Family.LOGISTIC:
            out["accuracy"] = round(int(told["correct"]) / int(told["held_out"]), 3) if shown else None
    return out


def _shaped(arrays: Arrays, expected: Mapping[str, tuple[int, ...]], finite: bool = True) -> bool:
    return arrays.keys() == expected.keys() and all(
        arrays[name].shape == shape and (not finite or bool(np.isfinite(arrays[name]).all()))
        for name, shape in expected.items()
    )
