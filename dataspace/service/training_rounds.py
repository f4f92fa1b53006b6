"""What a coordinator does in the rounds of each model family: what it asks, makes of the answers, and tells.

Nothing here waits, sends or writes. What a site sent is read by `read`, which names what is no answer.
"""

from typing import Any

import numpy as np

from dataspace.model.plans import Family, TrainingPlan
from dataspace.model.runs import SiteReply, Step, float_array
from dataspace.planning import network, trees
from dataspace.planning.logistic import FitStatistics, combine, newton_step, standard_errors
from dataspace.planning.own_apps import first_weights
from dataspace.privacy.calibration import NUMBERS, training_noise
from dataspace.privacy.noise import laplace_event
from dataspace.privacy.purses import epsilon_of
from dataspace.service.training_course import Course, Facts, Replies


def course_of(plan: TrainingPlan) -> Course:
    """What is done for this plan."""
    if plan.privacy is not None:
        return NoisyDescent(plan)
    match plan.family:
        case Family.LOGISTIC | Family.MULTINOMIAL:
            return Newton(plan)
        case Family.MLP:
            return Averaging(plan)
        case Family.TREES:
            return Bagging(plan)
        case Family.APP:
            raise ValueError("an own app learns with noise only")


class Newton(Course):
    """Fisher scoring: the sums of all sites give the very step that pooled rows would give.

    The last exchange takes no step: its sums give the standard errors of the final coefficients.
    """

    step = final = Step.FIT
    name = "beta"

    def first(self) -> dict[str, Any]:
        return {"beta": np.zeros(network.size(self.plan))}

    def take(self, answers: Replies) -> Facts:
        facts, total = self.facts(answers), _total(answers)
        intercepts = len(self.plan.values()) - 1
        self.arrays["beta"] = newton_step(self.arrays["beta"], total, self.plan.ridge, intercepts)
        return facts

    def facts(self, answers: Replies) -> Facts:
        told = {"log_likelihood": _total(answers).log_likelihood, "beta": self.arrays["beta"].tolist()}
        return super().facts(answers) | told

    def last(self, answers: Replies) -> Facts:
        errors = standard_errors(_total(answers), self.plan.ridge, len(self.plan.values()) - 1)
        return super().last(answers) | {"standard_errors": errors.tolist()}


class Averaging(Course):
    """Every site descends by itself for some steps; the weights move by the mean of how far each moved, by rows
    (McMahan et al. 2017)."""

    step = Step.LOCAL

    def first(self) -> dict[str, Any]:
        return {"weights": network.initial(self.plan)}

    def take(self, answers: Replies) -> Facts:
        facts = self.facts(answers)
        if not facts["n"]:
            raise ValueError("no site has rows to fit on")
        moved = sum(float_array(r.arrays["update"]) * int(r.document["n"]) for r in answers.values())
        self.arrays["weights"] = self.arrays["weights"] + moved / facts["n"]
        return facts


class Bagging(Course):
    """Every site grows one tree upon the model; all of a round together correct it."""

    step = Step.GROW
    name = "trees"

    def first(self) -> dict[str, Any]:
        return {"trees": trees.none()}

    def read(self, step: Step, reply: SiteReply) -> None:
        super().read(step, reply)
        if step is Step.GROW:
            trees.check(self.plan, float_array(reply.arrays["tree"]), 1)

    def take(self, answers: Replies) -> Facts:
        grown = [float_array(reply.arrays["tree"]) for reply in answers.values()]
        facts = self.facts(answers)
        self.arrays["trees"] = trees.together(self.arrays["trees"], grown)
        return facts


class NoisyDescent(Course):
    """Ascent along sums of clipped gradients, noised at each site, over how many persons there are by a noisy count; of
    an app along what its blocks learned, over how many blocks there are."""

    step = Step.NOISY

    def first(self) -> dict[str, Any]:
        self.state = {"units": {}, "steps": {}}
        if self.plan.app is not None:
            return {"weights": first_weights(self.plan.app.weights, self.plan.network.seed)}
        return {"weights": network.initial(self.plan)}

    def read(self, step: Step, reply: SiteReply) -> None:
        super().read(step, reply)
        if step is Step.SCORE:
            float(reply.document["right"]), int(reply.document["held_out"])
        elif reply.site not in self.state["units"]:
            int(reply.document["units"])

    def take(self, answers: Replies) -> Facts:
        asked, units, steps = self.plan.privacy, dict(self.state["units"]), dict(self.state["steps"])
        for site, reply in answers.items():
            units.setdefault(site, int(reply.document["units"]) if "units" in reply.document else 0)
            steps[site] = steps.get(site, 0) + 1
        self.state = {"units": units, "steps": steps}
        persons = sum(units[site] for site in answers)
        if asked is None or persons < 1:
            raise ValueError("the noisy counts leave nobody to learn from")
        total = np.sum([float_array(reply.arrays["gradient"]) for reply in answers.values()], axis=0)
        if self.plan.app is not None:  # each block says what it learned, however few or many persons it has
            mean = total / (self.plan.app.blocks * len(answers))
        else:
            mean = total / (asked.sampling * persons) - self.plan.ridge * self.arrays["weights"] / persons
        self.arrays["weights"] = self.arrays["weights"] + asked.learning_rate * mean
        return self.facts(answers)

    def facts(self, answers: Replies) -> Facts:
        units = sum(self.state["units"].get(site, 0) for site in answers)
        return {"sites": list(answers), "units": units, "evaluation": {}}

    def last(self, answers: Replies) -> Facts:
        """The noisy accuracy at each site, and what each site's persons lost to this run."""
        asked = self.plan.privacy
        if asked is None:
            raise ValueError("a plan without privacy has no such end")
        noise, told = training_noise(asked, self.plan.rounds), super().last(answers)
        spent = {}
        for site, steps in self.state["steps"].items():
            events = noise.run(asked, steps)[:1]
            numbers = NUMBERS if site in answers else 1
            spent[site] = round(epsilon_of((*events, laplace_event(noise.number, numbers)), asked.delta), 6)
        told["evaluation"] = {
            site: {
                "accuracy": round(
                    min(1.0, max(0.0, float(r.document["right"]) / max(1, int(r.document["held_out"])))), 3
                ),
                "n": int(r.document["held_out"]),
            }
            for site, r in answers.items()
        }
        privacy = {
            "epsilon": max(spent.values(), default=0.0),
            "delta": asked.delta,
            "by_site": spent,
            "noise_multiplier": round(noise.multiplier, 4),
        }
        return told | {"privacy": privacy}


def _total(answers: Replies) -> FitStatistics:
    return combine(
        [
            FitStatistics(
                gradient=float_array(reply.arrays["gradient"]),
                hessian=float_array(reply.arrays["hessian"]),
                log_likelihood=float(reply.document["log_likelihood"]),
                n=int(reply.document["n"]),
                events=int(reply.document["events"]),
            )
            for reply in answers.values()
        ]
    )
