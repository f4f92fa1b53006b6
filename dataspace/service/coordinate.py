"""The coordinator of one run: rounds with deadlines, replies by name, a journal that is durable line by line.

It runs inside Flower's ServerApp or in process, and knows neither. It sees what sites send and nothing else.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from dataspace.model.codec import from_json
from dataspace.model.names import SiteName
from dataspace.model.plans import TrainingPlan
from dataspace.model.runs import (
    Arrays,
    Checkpoint,
    RunEvent,
    RunOrder,
    SiteMessage,
    SiteReply,
    Step,
)
from dataspace.ports import Checkpoints, Clock, Exchange, Journal
from dataspace.service.signed_replies import stands
from dataspace.service.training_course import Course
from dataspace.service.training_rounds import course_of
from dataspace.service.waiting import late_named

FATAL = ("policy.", "permit.", "app.", "data.", "run.")
"""Refusals that another round would not change; a site that is silent may be back in the next one."""

SILENT = "no-answer"
ABSENT = "The site was not connected when the run began."
SILENT_ROUNDS = 2
"""A site that let so many rounds pass is not waited for any more: the others would wait for every deadline."""


@dataclass(slots=True)
class _Run:
    """What is known of a run while it runs."""

    order: RunOrder
    exchange: Exchange
    journal: Journal
    clock: Clock
    checkpoints: Checkpoints | None = None
    resumed: Checkpoint | None = None
    """Where a coordinator before this one had come to."""
    refused: dict[SiteName, dict[str, str]] = field(default_factory=dict)
    silent: dict[SiteName, int] = field(default_factory=dict)
    """How many rounds, one after the other, a site let pass until their deadline."""

    def tell(self, kind: str, number: int, **facts: Any) -> None:
        self.journal.append(RunEvent(self.order.run, kind, number, self.clock.now(), facts))

    def name_absent(self) -> None:
        """Who holds the data and is not here: an answer without them must not look as if it were whole."""
        for site in self.order.absent:
            why = {"code": SILENT, "reason": ABSENT, "round": "0"}
            self.refused[site] = why
            self.tell("refused", 0, site=site, code=SILENT, reason=ABSENT)

    def round_done(
        self, number: int, facts: Mapping[str, Any], arrays: Arrays, state: Mapping[str, Any] | None = None
    ) -> None:
        """Keep what the next round begins with, then tell of this one: a round that was told of is not lost."""
        event = RunEvent(self.order.run, "round", number, self.clock.now(), facts)
        if self.checkpoints is not None:
            self.checkpoints.keep(Checkpoint(event, arrays, state or {}, self.refused))
        self.journal.append(event)

    def ask(
        self, step: Step, number: int, arrays: Arrays, read: Callable[[SiteReply], None] = lambda reply: None
    ) -> dict[SiteName, SiteReply]:
        """One exchange with every site that has not refused for good; the answers by site, sorted."""
        document = {
            "plan": self.order.plan,
            "permit": self.order.permit,
            "principal": self.order.principal,
            "roster": dict(self.order.roster),
            "sites": sorted(self.order.sites),
            "seconds": self.order.round_seconds,
        }
        asked = [site for site in self.order.sites if not self._for_good(site)]
        messages = {site: SiteMessage(self.order.run, number, step, document, arrays) for site in asked}
        answers: dict[SiteName, SiteReply] = {}
        heard, asked_at = set[SiteName](), time.monotonic()

        def late(sites: Sequence[SiteName], waited: float) -> None:
            left = max(0.0, self.order.round_seconds - waited)
            self.tell("waiting", number, sites=list(sites), seconds=waited, left=left)

        with late_named(lambda: sorted(set(asked) - heard), late):
            self._hear(messages, number, answers, heard, read)
        self._count_silent(answers, time.monotonic() - asked_at)
        return dict(sorted(answers.items()))

    def _hear(
        self,
        messages: Mapping[SiteName, SiteMessage],
        number: int,
        answers: dict[SiteName, SiteReply],
        heard: set[SiteName],
        read: Callable[[SiteReply], None],
    ) -> None:
        for received in self.exchange.send(messages, self.order.round_seconds):
            reply = self._checked(messages[received.site], received, read)
            heard.add(reply.site)
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

    def _checked(
        self, message: SiteMessage, reply: SiteReply, read: Callable[[SiteReply], None]
    ) -> SiteReply:
        """The reply, or in its place why it is none: not signed by the site's own key, or no answer to the question."""
        if reply.refused:
            return reply
        key = self.order.keys.get(reply.site, "")
        if key and not stands(message, reply, key):
            return SiteReply(
                reply.site, refused="reply.unsigned", reason="The site's own key has not signed this answer."
            )
        try:
            read(reply)
        except (ValueError, KeyError, TypeError):
            return SiteReply(
                reply.site, refused="reply.malformed", reason="The answer does not fit what was asked."
            )
        return reply

    def _count_silent(self, answers: Mapping[SiteName, SiteReply], seconds: float) -> None:
        """Of a site that let a whole round pass; one that is known to be away costs no round its time."""
        for site in answers:
            self.silent.pop(site, None)
        if seconds >= self.order.round_seconds:
            for site, why in self.refused.items():
                if why["code"] == SILENT:
                    self.silent[site] = self.silent.get(site, 0) + 1

    def enough(self, answers: Mapping[SiteName, SiteReply], number: int) -> bool:
        if len(answers) >= self.order.minimum:
            return True
        cause = f"{len(answers)} of {len(self.order.sites)} sites answered, {self.order.minimum} are needed"
        self.tell("failed", number, cause=cause, refused=self.refused)
        return False

    def _for_good(self, site: SiteName) -> bool:
        fatal = self.refused.get(site, {}).get("code", "").startswith(FATAL)
        return fatal or self.silent.get(site, 0) >= SILENT_ROUNDS


def coordinate(
    order: RunOrder,
    exchange: Exchange,
    journal: Journal,
    clock: Clock,
    checkpoints: Checkpoints | None = None,
) -> None:
    """Run the order to its end; the last event is `finished` or `failed`, with a named cause.

    With `checkpoints`, a coordinator that follows one that was lost goes on after the last round that was over.
    """
    run = _Run(order, exchange, journal, clock, checkpoints)
    run.resumed = checkpoints.last() if checkpoints is not None else None
    if run.resumed is None:
        run.tell("started", 0, sites=sorted(order.sites), round_seconds=order.round_seconds)
        run.name_absent()
    else:
        run.refused = {site: dict(why) for site, why in run.resumed.refused.items()}
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
    """Rounds of the plan's family, then one exchange more, which tells how the final model does.

    A site that answers what was not asked is named and left out of the round, as one that refuses.
    """
    started = time.monotonic()
    course, first = course_of(plan), 1
    if run.resumed is not None:
        course.resume(run.resumed.arrays, run.resumed.state)
        first = run.resumed.event.round + 1
    elif course.wants_scale and not _scaled(run, course):
        return
    for number in range(first, plan.rounds + 2):
        if time.monotonic() - started > run.order.run_seconds:
            run.tell("failed", number, cause="the time of the run is over", refused=run.refused)
            return
        step = course.step if number <= plan.rounds else course.final
        answers = run.ask(step, number, course.arrays, partial(course.read, step))
        if not run.enough(answers, number):
            return
        try:
            facts = course.take(answers) if number <= plan.rounds else course.last(answers)
        except ValueError as error:  # our own words, which tell of no value
            run.tell("failed", number, cause=str(error), refused=run.refused)
            return
        if number <= plan.rounds:
            run.round_done(number, facts, course.arrays, course.state)
    seconds = round(time.monotonic() - started, 3)
    run.tell("finished", plan.rounds, seconds=seconds, **facts, refused=run.refused)


def _scaled(run: _Run, course: Course) -> bool:
    """Ask for the sums that features are scaled by; whether enough sites gave them."""
    answers = run.ask(Step.SCALE, 0, {}, partial(course.read, Step.SCALE))
    if not run.enough(answers, 0):
        return False
    course.scale(answers)
    return True
