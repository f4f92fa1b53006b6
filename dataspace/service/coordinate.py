"""The coordinator of one run: rounds with deadlines, replies by name, a journal that is durable line by line.

It runs inside Flower's ServerApp or in process, and knows neither. It sees what sites send and nothing else.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dataspace.model.codec import from_json
from dataspace.model.names import SiteName
from dataspace.model.plans import TrainingPlan
from dataspace.model.runs import Arrays, RunEvent, RunOrder, SiteMessage, SiteReply, Step, float_array
from dataspace.planning.logistic import FitStatistics, combine, newton_step, standard_errors
from dataspace.ports import Clock, Exchange, Journal

FATAL = ("policy.", "permit.", "app.", "data.")
"""Refusals that another round would not change; a site that is silent may be back in the next one."""


@dataclass(slots=True)
class _Run:
    """What is known of a run while it runs."""

    order: RunOrder
    exchange: Exchange
    journal: Journal
    clock: Clock
    refused: dict[SiteName, dict[str, str]] = field(default_factory=dict)

    def tell(self, kind: str, number: int, **facts: Any) -> None:
        self.journal.append(RunEvent(self.order.run, kind, number, self.clock.now(), facts))

    def ask(self, step: Step, number: int, arrays: Arrays) -> dict[SiteName, SiteReply]:
        """One exchange with every site that has not refused for good; the answers by site, sorted."""
        document = {
            "plan": self.order.plan,
            "permit": self.order.permit,
            "principal": self.order.principal,
            "roster": dict(self.order.roster),
            "sites": sorted(self.order.sites),
        }
        asked = [site for site in self.order.sites if not self._for_good(site)]
        messages = {site: SiteMessage(self.order.run, number, step, document, arrays) for site in asked}
        answers: dict[SiteName, SiteReply] = {}
        for reply in self.exchange.send(messages, self.order.round_seconds):
            if reply.refused:
                self.refused[reply.site] = {
                    "code": reply.refused,
                    "reason": reply.reason,
                    "round": str(number),
                }
                self.tell("refused", number, site=reply.site, code=reply.refused, reason=reply.reason)
            else:
                self.refused.pop(reply.site, None)
                answers[reply.site] = reply
        return dict(sorted(answers.items()))

    def enough(self, answers: Mapping[SiteName, SiteReply], number: int) -> bool:
        if len(answers) >= self.order.minimum:
            return True
        cause = f"{len(answers)} of {len(self.order.sites)} sites answered, {self.order.minimum} are needed"
        self.tell("failed", number, cause=cause, refused=self.refused)
        return False

    def _for_good(self, site: SiteName) -> bool:
        return self.refused.get(site, {}).get("code", "").startswith(FATAL)


def coordinate(order: RunOrder, exchange: Exchange, journal: Journal, clock: Clock) -> None:
    """Run the order to its end; the last event is `finished` or `failed`, with a named cause."""
    run = _Run(order, exchange, journal, clock)
    run.tell("started", 0, sites=sorted(order.sites))
    if "by" in order.plan:
        _count(run)
    else:
        _train(run, from_json(TrainingPlan, dict(order.plan)))


def _count(run: _Run) -> None:
    answers = run.ask(Step.COUNT, 1, {})
    if run.enough(answers, 1):
        cells = {site: dict(reply.document) for site, reply in answers.items()}
        run.tell("finished", 1, cells=cells, refused=run.refused)


def _train(run: _Run, plan: TrainingPlan) -> None:
    """Fisher scoring: the sums of all sites give the very step that pooled rows would give.

    Each exchange brings the sums at the coefficients sent and how well these do on the site's held-out rows. The
    last exchange takes no step: its sums give the standard errors of the final coefficients.
    """
    started = time.monotonic()
    beta = float_array(np.zeros(len(plan.terms())))
    for number in range(1, plan.rounds + 2):
        if time.monotonic() - started > run.order.run_seconds:
            run.tell("failed", number, cause="the time of the run is over", refused=run.refused)
            return
        answers = run.ask(Step.FIT, number, {"beta": beta})
        if not run.enough(answers, number):
            return
        total = combine([_statistics(reply) for reply in answers.values()])
        facts = _round_facts(answers, total, beta)
        if number <= plan.rounds:
            run.tell("round", number, **facts)
            beta = newton_step(beta, total, plan.ridge)
            continue
        errors = standard_errors(total, plan.ridge).tolist()
        facts |= {"terms": list(plan.terms()), "standard_errors": errors, "refused": run.refused}
        run.tell("finished", plan.rounds, seconds=round(time.monotonic() - started, 3), **facts)


def _statistics(reply: SiteReply) -> FitStatistics:
    said = reply.document
    return FitStatistics(
        gradient=float_array(reply.arrays["gradient"]),
        hessian=float_array(reply.arrays["hessian"]),
        log_likelihood=float(said["log_likelihood"]),
        n=int(said["n"]),
        events=int(said["events"]),
    )


def _round_facts(answers: Mapping[SiteName, SiteReply], total: FitStatistics, beta: Any) -> dict[str, Any]:
    return {
        "sites": list(answers),
        "n": total.n,
        "events": total.events,
        "log_likelihood": total.log_likelihood,
        "beta": beta.tolist(),
        "evaluation": _evaluation(answers),
    }


def _evaluation(answers: Mapping[SiteName, SiteReply]) -> dict[str, Any]:
    """AUC of the given coefficients on each site's held-out rows; a site may keep it to itself."""
    return {
        site: {"auc": reply.document["auc"], "n": reply.document["held_out"]}
        for site, reply in answers.items()
        if reply.document.get("auc") is not None
    }
