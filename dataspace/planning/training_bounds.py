"""What a training plan may ask for at all: the same bounds where it is made, and at every site that gets it."""

import math

from dataspace.model.limits import HOLDOUTS
from dataspace.model.own_apps import OwnApp
from dataspace.model.plans import Family, TrainingPlan
from dataspace.model.training import Scaling
from dataspace.planning.network import size
from dataspace.planning.scaling import numeric

ROUNDS = 1_000
FEATURES, CLASSES, LAYERS, HIDDEN, WEIGHTS = 200, 50, 3, 512, 500_000
STEPS, BATCH, DEPTH, BINS, NORM, RATE = 1_000, 10_000, 8, 256, 1e3, 100.0
ARRAYS, SIDES, LEAST_BLOCKS, MOST_BLOCKS = 256, 6, 8, 256
"""Of an own app: arrays of weights, dimensions of one, blocks that persons are dealt to."""
DELTA = 1e-6
"""The largest δ of a run: that of a permit's account."""
MOST_EPSILON = 8.0
"""Beyond it only a top-up that the data protection officer agreed to; a plan never says more."""


def problem(plan: TrainingPlan) -> tuple[str, str] | None:
    """What is wrong with it, and what to do; None where it may run."""
    if plan.holdout not in HOLDOUTS:
        return (
            f"A run holds out {' or '.join(f'{share:g}' for share in HOLDOUTS)} of the rows.",
            "Choose one.",
        )
    if plan.target in plan.features or len(set(plan.features)) != len(plan.features):
        return "A column stands in the plan twice.", "Name each once."
    if not 1 <= len(plan.features) <= FEATURES or not 2 <= len(plan.values()) <= CLASSES:
        return f"A model has 1 to {FEATURES} features and 2 to {CLASSES} classes.", "Name fewer."
    if not 1 <= plan.rounds <= ROUNDS:
        return (
            f"A run has 1 to {ROUNDS:,} rounds; a site allows fewer, 100 where its people say nothing else.",
            "Choose fewer.",
        )
    if not 0 <= plan.ridge <= 1e6:
        return "A ridge is a number from 0 to a million.", "Choose another."
    return _of_family(plan) or _of_scales(plan) or _of_privacy(plan)


def _of_family(plan: TrainingPlan) -> tuple[str, str] | None:
    net, boosting = plan.network, plan.boosting
    if plan.family is Family.LOGISTIC and plan.classes:
        return "Logistic regression is of a target of 0 and 1.", 'Choose the family "multinomial".'
    if plan.family is Family.TREES:
        if len(plan.values()) != 2:
            return "Trees are grown for two classes.", 'Choose the family "multinomial" or "mlp".'
        if not (
            1 <= boosting.depth <= DEPTH and 2 <= boosting.bins <= BINS and 0 < boosting.learning_rate <= 1
        ):
            return f"Trees have a depth of 1 to {DEPTH}, 2 to {BINS} bins and a rate up to 1.", "Choose less."
    if (plan.family is Family.APP) != (plan.app is not None):
        return 'An app is named by its hash, in the family "app".', "Name both, or neither."
    if plan.app is not None and (wrong := _of_app(plan, plan.app)):
        return wrong
    if plan.family is Family.MLP:
        widths = net.hidden
        if not 1 <= len(widths) <= LAYERS or not all(1 <= width <= HIDDEN for width in widths):
            return f"A network has 1 to {LAYERS} hidden layers of at most {HIDDEN}.", "Choose fewer."
    if plan.family in (Family.MLP, Family.APP):
        if not (1 <= net.steps <= STEPS and 1 <= net.batch <= BATCH):
            return f"A round has at most {STEPS} steps of {BATCH} rows.", "Choose fewer."
        if not (0 < net.learning_rate <= RATE and 0 < net.clip <= NORM and 0 <= net.seed < 2**32):
            return "Learning rate, clip and seed are finite and positive.", "Choose others."
    if plan.family is not Family.TREES and size(plan) > WEIGHTS:
        return f"A model has at most {WEIGHTS:,} weights.", "Choose a smaller one."
    return None


def _of_app(plan: TrainingPlan, app: OwnApp) -> tuple[str, str] | None:
    names = [weight.name for weight in app.weights]
    if not 1 <= len(names) <= ARRAYS or len(set(names)) != len(names):
        return f"An app has 1 to {ARRAYS} arrays of weights, each with its own name.", "Change its manifest."
    if not all(1 <= len(w.shape) <= SIDES and all(side >= 1 for side in w.shape) for w in app.weights):
        return f"An array of weights has 1 to {SIDES} sides of at least 1.", "Change the app's manifest."
    if not LEAST_BLOCKS <= app.blocks <= MOST_BLOCKS:
        return f"Persons are dealt to {LEAST_BLOCKS} to {MOST_BLOCKS} blocks.", "Choose another number."
    if plan.privacy is None:
        return "What an own app learned leaves with noise only.", "Give ε."
    if plan.ridge:
        return "An app has its own penalties, and no ridge.", "Leave it out."
    return None


def _of_scales(plan: TrainingPlan) -> tuple[str, str] | None:
    known = set(numeric(plan).values())
    if set(plan.scales) - known:
        return "A scale is declared for what is no numeric feature.", "Leave it out."
    trees = plan.family is Family.TREES
    for first, second in plan.scales.values():
        width = second - first if trees else second
        if not (math.isfinite(first) and math.isfinite(second) and width > 0):
            return (
                "A scale is a finite centre and a width above 0 (of trees: two bounds).",
                "Declare it anew.",
            )
    if (trees or plan.scaling is Scaling.DECLARED) and known - set(plan.scales):
        return "A numeric feature has no declared scale.", "Declare it, or ask its steward for bounds."
    if trees and plan.scaling is not Scaling.NONE:
        return "Trees need no scaling.", "Leave it out."
    return None


def _of_privacy(plan: TrainingPlan) -> tuple[str, str] | None:
    asked = plan.privacy
    if asked is None:
        return None
    if plan.family is Family.TREES:
        return "Where a tree divides cannot be told with noise.", 'Choose "logistic", "multinomial" or "mlp".'
    if plan.scaling is Scaling.FEDERATED:
        return "Means over sites would leave without noise.", "Declare scales, or bounds in the dictionary."
    if not (0 < asked.epsilon <= MOST_EPSILON and 0 < asked.delta <= DELTA):
        return f"A run has an ε of at most {MOST_EPSILON:g} and a δ of at most {DELTA:g}.", "Ask for less."
    if not (0 < asked.sampling <= 1 and 0 < asked.clip <= NORM and 0 < asked.learning_rate <= RATE):
        return "Sampling is a share above 0; clip and rate are positive and finite.", "Choose others."
    return None
