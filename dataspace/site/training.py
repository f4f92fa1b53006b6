"""A training step at a site: the plan's bounds, the site's policies, the confined worker, and what of it may leave."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dataspace.adapters import gaussian
from dataspace.errors import BudgetExceeded, InvalidRequest
from dataspace.model.charges import Account, ChargeKind, PrivacyEvent
from dataspace.model.codec import from_json, to_json
from dataspace.model.datasets import Dataset
from dataspace.model.limits import SiteLimits
from dataspace.model.names import SiteName
from dataspace.model.own_apps import PackedApp
from dataspace.model.permits import Permit
from dataspace.model.plans import TrainingPlan
from dataspace.model.policies import AnswerKind
from dataspace.model.principals import Principal
from dataspace.model.records import RecordKind
from dataspace.model.requests import AccessRequest
from dataspace.model.runs import Arrays, SiteMessage, SiteReply, Step
from dataspace.ports import Cuts, Engine, Ledger
from dataspace.privacy.calibration import TrainingNoise, training_noise
from dataspace.privacy.noise import laplace_event
from dataspace.service.access_requests import access_request
from dataspace.service.enforcing import Enforcement, Granted, request_facts
from dataspace.service.recipes import recipe_for
from dataspace.service.spending import Release, charge_of, charged, limits_of_release
from dataspace.site.own_apps import OwnApps, lacking
from dataspace.site.refused import Refused
from dataspace.site.runs_seen import RunsSeen
from dataspace.site.updates import (
    check_bounds,
    check_gradient,
    check_message,
    check_update,
    leaf_units,
    one_person,
    round_seconds,
)

WORKING_SHARE = 0.9
"""Of the time that a round may last: so that it is this site that says why there is no answer, and is still heard."""
PARTS = 1000
"""Shares of a person's rows are told in thousandths, so that the noise is added to whole numbers."""


@dataclass(frozen=True, slots=True)
class SiteTraining:
    """Answers the steps of declared training plans, and nothing else."""

    site: SiteName
    limits: SiteLimits
    dataset: Callable[[str, Permit | None], Dataset]
    """The dataset of that name here, in the version that the permit gives; raises Refused where there is none."""
    enforcement: Enforcement
    cuts: Cuts
    engine: Engine
    ledger: Ledger
    seen: RunsSeen = field(default_factory=RunsSeen)
    apps: OwnApps | None = None
    """Of researchers; None where none runs here."""

    def answer(self, message: SiteMessage, principal: Principal, permit: Permit | None) -> SiteReply:
        """An update that may leave. Raises Refused, AccessDenied, BudgetExceeded, NoAnswer."""
        plan = self._plan(message)
        app = self._app(plan)
        dataset = self.dataset(plan.dataset, permit)
        if unknown := sorted(name for name in (plan.target, *plan.features) if dataset.column(name) is None):
            raise InvalidRequest(f"'{dataset.name}' has no column '{unknown[0]}' here.")
        check_bounds(plan, dataset)
        read = frozenset({plan.target, *plan.features})
        request = access_request(principal, AnswerKind.TRAIN, plan.purpose, dataset, read, permit, self.site)
        question = f"run {message.run} round {message.round}: {plan.family.value} {message.step.value}"
        granted = self.enforcement.granted(request, question)
        facts = request_facts(request, question) | {"policies": granted.policies.digest}
        intent = self.enforcement.record(RecordKind.QUERY_INTENDED, principal, facts)
        if (known := self.seen.again(message)) is not None:  # paid for, and told, once
            return replace(known, document={**known.document, "intent": intent})
        step = _Step(self, plan, message, dataset, request, granted, app)
        document, arrays = step.plain() if plan.privacy is None else step.private()
        reply = SiteReply(self.site, {**document, "intent": intent}, arrays)
        if plan.privacy is not None:
            self.seen.keep(message, reply)
        return reply

    def _app(self, plan: TrainingPlan) -> PackedApp | None:
        if plan.app is not None and self.apps is None:
            raise Refused("app.foreign", "This site runs no foreign apps.")
        return self.apps.for_plan(plan) if self.apps is not None else None

    def _plan(self, message: SiteMessage) -> TrainingPlan:
        plan = from_json(TrainingPlan, message.document["plan"])
        check_message(plan, message, self.limits)
        self.seen.check(message.run, message.document, plan.rounds)
        return plan


@dataclass(frozen=True, slots=True)
class _Step:
    """One step that the site's policies allow."""

    at: SiteTraining
    plan: TrainingPlan
    message: SiteMessage
    dataset: Dataset
    request: AccessRequest
    granted: Granted
    app: PackedApp | None = None

    @property
    def _units(self) -> int:
        return max(self.at.limits.units, self.granted.obligations.minimum_units or 0)

    @property
    def _leaf(self) -> int:
        return max(leaf_units(self._units), self.granted.obligations.cohort or 0)

    def plain(self) -> tuple[Mapping[str, Any], Arrays]:
        """Exact numbers, where enough persons stand behind them."""
        document, arrays = self._worked()
        events = max(self.at.limits.events, self.granted.obligations.minimum_events or 0)
        return check_update(self.plan, self.message.step, document, arrays, self._units, events, self._leaf)

    def private(self) -> tuple[Mapping[str, Any], Arrays]:
        """Numbers with noise, charged before the worker looks. What goes wrong after that counts as spent."""
        from dataspace.adapters.duckdb import laplace  # with OpenDP, which a site at rest does not need

        asked, first = self.plan.privacy, self.message.round == 1
        if asked is None:
            raise Refused("internal", "No answer from this site.")
        noise = training_noise(asked, self.plan.rounds)
        if first and self.message.step is Step.NOISY:
            self._affordable(noise.run(asked, self.plan.rounds))
        if self.app is not None and first:
            self._tried(self.app)
        if self.message.step is Step.SCORE:
            return self._scored(noise)
        events = (noise.step(asked), *([laplace_event(noise.number)] if first else []))
        with self._charged(ChargeKind.UPDATE, events) as held:
            document, arrays = self._worked()
            total = check_gradient(self.plan, document, arrays)
            let_out: dict[str, Any] = {"charge": to_json(held.charge)}
            if first:
                let_out["units"] = laplace.draw([int(document["units"])], 1, noise.number)[0]
                if let_out["units"] < self._units:  # told on the ground of a noisy count, which is charged
                    raise Refused("data.few", "Too few units or events here for this model.")
            update = gaussian.noised(total, one_person(self.plan), noise.multiplier)
        return let_out, {"gradient": update}

    def _scored(self, noise: TrainingNoise) -> tuple[Mapping[str, Any], Arrays]:
        """Of the held-out persons how many are told right, each for the share of their rows."""
        from dataspace.adapters.duckdb import laplace  # as above

        event = laplace_event(noise.number, 2)
        with self._charged(ChargeKind.METRIC, (event,)) as held:
            document, _ = self._worked()
            (right,) = laplace.draw([round(PARTS * float(document["right"]))], PARTS, noise.number)
            (units,) = laplace.draw([int(document["held_units"])], 1, noise.number)
        return {"charge": to_json(held.charge), "right": right / PARTS, "held_out": units}, {}

    def _tried(self, app: PackedApp) -> None:
        """On rows that are nobody's, so before anything is charged, and with a plain word where it fails."""
        told, _ = self._worked(trial=True)
        if told.get("tried") is not True:
            raise Refused(
                "app.failed",
                "The app does not answer about made-up rows as its manifest declares: see `dataspace app try FOLDER`.",
            )

    def _worked(self, trial: bool = False) -> tuple[Mapping[str, Any], Arrays]:
        recipe = recipe_for(self.dataset, self.granted.obligations, self.request.permit)
        order = {"plan": self.message.document["plan"], "cohort": self._leaf}
        if (seconds := self.message.document.get("seconds")) is not None:
            order["seconds"] = round_seconds(seconds) * WORKING_SHARE
        if self.app is not None:
            order["app"] = {
                "hash": self.app.hash,
                "uses": self.app.manifest.uses.value,
                "entry": self.app.manifest.entry,
                "files": dict(self.app.files),
                "trial": trial,
            }
        with self.at.cuts.lease(recipe) as lease:
            told, arrays = self.at.engine.step(
                f"run/{self.message.run}", replace(self.message, document=order), [lease]
            )
        if "lacks" in told:
            raise lacking(str(told["lacks"]))
        return told, arrays

    def _charged(self, kind: ChargeKind, events: tuple[PrivacyEvent, ...]) -> Any:
        what = f"run {self.message.run} round {self.message.round}"
        # A round that is asked for again draws noise anew, and so is paid anew.
        key = f"{self.message.run}/{self.message.round}/{self.at.site}/{uuid.uuid4().hex}"
        release = Release(kind, what, events)
        return charged(
            self.at.ledger, self.request, self.dataset, self.granted.allow.obligations, release, key
        )

    def _affordable(self, events: tuple[PrivacyEvent, ...]) -> None:
        """Refuse a run at its beginning that could not be paid to its end."""
        account = Account(self.dataset.name, self.dataset.privacy_unit)
        release = Release(ChargeKind.UPDATE, f"run {self.message.run}", events)
        limits = limits_of_release(release.kind, self.granted.allow.obligations)
        short = self.at.ledger.short(account, charge_of(self.request, release), limits)
        if short is not None:
            raise BudgetExceeded(short.asked, short.left, short.limited_by)
