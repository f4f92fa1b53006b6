"""What is alike in the rounds of every model family: the state between two rounds, how answers are read, the model.

Nothing here waits, sends or writes.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from dataspace.model.names import SiteName
from dataspace.model.plans import Family, TrainingPlan
from dataspace.model.runs import Arrays, SiteReply, Step
from dataspace.model.training import Scaling
from dataspace.planning import network
from dataspace.planning.own_apps import by_name
from dataspace.planning.scaling import declared, pooled

Replies = Mapping[SiteName, SiteReply]
Facts = dict[str, Any]
MODEL = "dataspace-model/1"


class Course(ABC):
    """The state of one training between two rounds: `arrays` and `state` are all of it."""

    step: ClassVar[Step]
    final: ClassVar[Step] = Step.SCORE
    name: ClassVar[str] = "weights"

    def __init__(self, plan: TrainingPlan) -> None:
        self.plan = plan
        self.state: Facts = {}
        self.arrays: dict[str, Any] = self.first()
        if plan.scaling is not Scaling.NONE:
            self.arrays["centre"], self.arrays["width"] = declared(plan)

    @property
    def wants_scale(self) -> bool:
        """Whether the sites are asked for sums before the first round."""
        return self.plan.scaling is Scaling.FEDERATED

    def resume(self, arrays: Arrays, state: Mapping[str, Any]) -> None:
        """Go on from what another coordinator kept."""
        self.arrays, self.state = dict(arrays), dict(state)

    def scale(self, answers: Replies) -> None:
        """Mean and deviation over all that answered."""
        parts = [
            (int(reply.document["n"]), reply.arrays["sums"], reply.arrays["squares"])
            for reply in answers.values()
        ]
        self.arrays["centre"], self.arrays["width"] = pooled(self.plan, parts)

    def read(self, step: Step, reply: SiteReply) -> None:
        """Raises ValueError, KeyError or TypeError for what is no answer to this step: NaN, another shape."""
        for name, shape in self.expected(step).items():
            values = reply.arrays[name]
            if values.shape != shape or not np.isfinite(values).all():
                raise ValueError(f"{name} is not what was asked for")
        if self.plan.privacy is None and not 0 <= int(reply.document["events"]) <= int(reply.document["n"]):
            raise ValueError("counts that cannot be")

    def expected(self, step: Step) -> dict[str, tuple[int, ...]]:
        """Shapes of what a site sends."""
        terms, size = len(self.plan.terms()), network.size(self.plan)
        shapes: dict[Step, dict[str, tuple[int, ...]]] = {
            Step.SCALE: {"sums": (terms,), "squares": (terms,)},
            Step.FIT: {"gradient": (size,), "hessian": (size, size)},
            Step.LOCAL: {"update": (size,)},
            Step.NOISY: {"gradient": (size,)},
        }
        return shapes.get(step, {})

    def facts(self, answers: Replies) -> Facts:
        """What is told of every round."""
        return {
            "sites": list(answers),
            "n": sum(int(reply.document["n"]) for reply in answers.values()),
            "events": sum(int(reply.document["events"]) for reply in answers.values()),
            "evaluation": evaluation(answers),
        }

    def last(self, answers: Replies) -> Facts:
        """What is told at the end: the model, and how it does on held-out rows."""
        return self.facts(answers) | {"terms": list(self.plan.terms()), "model": self.model()}

    def model(self) -> Facts:
        """The model as a document that predicts without any of this."""
        plan = self.plan
        document: Facts = {
            "format": MODEL,
            "family": plan.family.value,
            "dataset": plan.dataset,
            "target": plan.target,
            "classes": list(plan.values()),
            "features": list(plan.features),
            "categorical": {name: list(codes) for name, codes in plan.categorical.items()},
        }
        for name in ("centre", "width"):
            if name in self.arrays:
                document[name] = np.asarray(self.arrays[name]).tolist()
        if plan.family is Family.TREES:
            bounds = {name: list(pair) for name, pair in plan.scales.items()}
            return document | {
                "bins": plan.boosting.bins,
                "bounds": bounds,
                "trees": self.arrays["trees"].tolist(),
            }
        weights = np.asarray(self.arrays[self.name], np.float64)
        if plan.app is not None:
            named = by_name(plan.app.weights, weights)
            return document | {
                "app": plan.app.hash,
                "weights": {name: part.tolist() for name, part in named.items()},
            }
        return document | {
            "layers": [layer.tolist() for layer in network.layers(weights, network.shapes(plan))]
        }

    @abstractmethod
    def first(self) -> dict[str, Any]:
        """What the first round begins with."""

    @abstractmethod
    def take(self, answers: Replies) -> Facts:
        """Move on by one round, and say what is told of it. Raises ValueError, in words, where that cannot be."""


def evaluation(answers: Replies) -> Facts:
    """How the model that was sent does on each site's held-out rows; a site may keep it to itself."""
    told: Facts = {}
    for site, reply in answers.items():
        known = {
            name: reply.document[name] for name in ("auc", "accuracy") if reply.document.get(name) is not None
        }
        if known:
            told[site] = known | {"n": reply.document.get("held_out")}
    return told
