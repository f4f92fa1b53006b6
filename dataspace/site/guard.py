"""The guard: stands between Flower and the data of a site, and lets out only what the site itself allows.

What it checks, before and after the confined worker; the numbers stand again at the code:

1. the kill switch is off;
2. the code package is one that this site approved, by its hash, and the house rules (hours, sites) hold;
3. the permit was signed by an issuer that this site pinned, names the person who asks, and was granted for the sites
   that compute together;
4. the permit was not revoked, by a status list that is fresh enough for this site;
5. the permit was countersigned here, or this site leaves that to its own policies;
6. the dataset is here, and the question can be compiled to a plan of ours;
7. this site's own policies, through the same `decide` as at the hub; the intent is recorded;
8. the numbers: enough units and events, few enough parameters, the declared shapes, nothing infinite;
9. what leaves is recorded in the site's own log, and only then sent.

A refusal has a code and one sentence; the text of an exception never leaves.
"""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dataspace.errors import (
    AccessDenied,
    DataspaceError,
    InvalidRequest,
    RequestError,
    UnsupportedQuery,
    VerificationFailed,
)
from dataspace.model.codec import from_json
from dataspace.model.datasets import Dataset
from dataspace.model.limits import HOLDOUTS, Acceptance, SiteLimits
from dataspace.model.names import ColumnName, DatasetName, SiteName
from dataspace.model.permits import Permit
from dataspace.model.plans import AggregatePlan, CountPlan, Function, Key, Measure, TrainingPlan
from dataspace.model.policies import AnswerKind
from dataspace.model.principals import Principal
from dataspace.model.records import JSON, RecordKind
from dataspace.model.runs import Arrays, SiteMessage, SiteReply, Step
from dataspace.ports import Catalog, Cuts, Engine, PermitSeal, SiteWill, SqlReader, StatusSource
from dataspace.service.answering import Answering, recipe_for
from dataspace.service.asking import access_request, columns_read
from dataspace.service.enforcing import Enforcement, request_facts
from dataspace.service.pinned_version import permitted_version
from dataspace.site.house import against
from dataspace.site.issuers import as_known_here
from dataspace.site.roster import outside_roster
from dataspace.site.status import standing
from dataspace.site.trust import believed
from dataspace.site.will import document_digest
from dataspace.transparency.canonical import digest

PARAMETERS_PER_UNIT = 0.33
RESIDUAL_DEGREES = 10
_log = logging.getLogger("dataspace.site.guard")


class Refused(RequestError):
    """The guard refuses; `code` travels, the sentence too."""

    def __init__(self, code: str, sentence: str, hint: str = "") -> None:
        super().__init__(sentence, hint)
        self.refusal = code


@dataclass(frozen=True, slots=True)
class Guard:
    """One site's guard. `handle` is called for each message, one at a time."""

    site: SiteName
    limits: SiteLimits
    will: SiteWill
    seal: PermitSeal
    status: StatusSource
    catalog: Catalog
    reader: SqlReader
    enforcement: Enforcement
    answering: Answering
    cuts: Cuts
    engine: Engine
    key: bytes = b""
    """The public key that this site joined with."""
    issuer: str = ""
    """The issuer that `status` is of: the hub joined. Permits of others have a longer number here."""
    issuers: Mapping[str, StatusSource] = field(default_factory=dict)
    """Further issuers that this site pinned, with where it learns which of their permits hold."""
    own_apps: frozenset[str] = frozenset()
    """Code packages that the site's own software builds; empty where none comes from elsewhere."""

    def handle(self, message: SiteMessage) -> SiteReply:
        """Answer or refuse; raises nothing but what the log raises: no record, no reply."""
        reply = self._guarded(message)
        facts: dict[str, JSON] = {
            "run": message.run,
            "round": message.round,
            "step": message.step.value,
            "app": message.app_hash,
            "refused": reply.refused,
            "reason": reply.reason if reply.refused.startswith("permit.") else "",
            "document": digest(reply.document),
            "numbers": sum(array.size for array in reply.arrays.values()),
            "arrays": {name: digest_array(array) for name, array in sorted(reply.arrays.items())},
        }
        self.enforcement.record(RecordKind.SITE_REPLY, None, facts)  # 9
        return reply

    def _guarded(self, message: SiteMessage) -> SiteReply:
        try:
            return self._answer(message)
        except Refused as refusal:
            self.engine.close(f"run/{message.run}")
            return self._refusal(refusal.refusal, str(refusal))
        except AccessDenied as denied:
            return self._refusal("policy.forbidden", denied.fact)
        except VerificationFailed as error:
            # Our own words about the document, never its text: recorded below, with what was refused.
            return self._refusal("permit.invalid", f"The permit does not hold here. {error.fact}")
        except (InvalidRequest, UnsupportedQuery) as error:
            return self._refusal("data.unsupported", str(error))
        except DataspaceError as error:
            return self._refusal(error.code, "No answer from this site.")
        except Exception:  # noqa: BLE001 - whatever broke, its text must not leave the site
            _log.exception("the guard failed on run %s round %s", message.run, message.round)
            return self._refusal("internal", "No answer from this site.")

    def _answer(self, message: SiteMessage) -> SiteReply:
        if self.will.stopped():  # 1
            raise Refused("site.stopped", "This site has stopped all runs.")
        if not self.will.approved(message.app_hash):  # 2
            raise Refused("app.unknown", "This site has not approved the app of this run.")
        if why := against(
            self.limits, message.app_hash, message.document, self.own_apps, self.enforcement.clock.now()
        ):
            raise Refused(*why)
        principal = from_json(Principal, {**message.document["principal"], "asserted_by": "hub"})
        principal = believed(principal, self.limits.trusts)
        permit = self._permit(message.document, principal)
        if message.step is Step.COUNT:
            return self._count(message, principal, permit)
        return self._fit(message, principal, permit)

    def _permit(self, document: Mapping[str, Any], principal: Principal) -> Permit | None:
        jws = document.get("permit", "")
        if not jws:
            return None
        permit = self.seal.verify(jws)  # 3
        if principal.id not in permit.persons:
            raise Refused("permit.person", "The permit does not name the person who asks.")
        if elsewhere := outside_roster(permit, document, self.site, self.key):
            raise Refused("permit.roster", elsewhere)
        home = permit.issued_by == self.issuer or not self.issuer
        source = self.status if home else self.issuers.get(permit.issued_by)
        status, age = source.status() if source else (None, 0.0)  # 4
        if status is None or age > self.limits.status_stale_seconds:
            raise Refused("permit.status-stale", "This site cannot tell whether the permit still stands.")
        if why := standing(permit, document_digest(jws), status, age):
            raise Refused(*why)
        permit = as_known_here(permit, self.issuer)
        by_hand = self.limits.acceptance is Acceptance.BY_HAND
        if by_hand and not self.will.accepted(permit.id, document_digest(jws)):  # 5
            raise Refused("permit.not-accepted", f"This site has not countersigned {permit.id} yet.")
        return permit

    def _count(self, message: SiteMessage, principal: Principal, permit: Permit | None) -> SiteReply:
        asked = from_json(CountPlan, message.document["plan"])
        dataset = self._dataset(asked.dataset, permit)
        plan = self._compiled(asked, dataset)
        request = access_request(
            principal, AnswerKind.AGGREGATE, asked.purpose, dataset, columns_read(plan), permit, self.site
        )
        delivered = self.answering.cells(
            request, dataset, plan, f"run {message.run}: count where {asked.where!r}"
        )  # 7
        rows = delivered.table.to_pylist()
        cells = [{"key": [row[key.column] for key in plan.keys], "n": row["n"]} for row in rows]
        return SiteReply(self.site, {"cells": cells, "intent": delivered.intent})

    def _compiled(self, asked: CountPlan, dataset: Dataset) -> AggregatePlan:
        where = self.reader.predicate(asked.where, dataset) if asked.where else None
        keys = []
        for name in asked.by:
            column = dataset.column(name)
            if column is None:
                raise InvalidRequest(f"'{dataset.name}' has no column '{name}' here.")
            keys.append(Key(ColumnName(name), column.values))
        measure = Measure(Function.COUNT, None, "n")
        return AggregatePlan(dataset.name, tuple(keys), (measure,), where, dataset.privacy_unit)

    def _dataset(self, name: str, permit: Permit | None) -> Dataset:
        dataset = self.catalog.get(DatasetName(name))
        if dataset is None or dataset.latest is None:  # 6
            raise Refused("data.unknown", "This site does not offer that dataset.")
        return permitted_version(self.catalog, dataset, permit)

    def _fit(self, message: SiteMessage, principal: Principal, permit: Permit | None) -> SiteReply:
        plan = from_json(TrainingPlan, message.document["plan"])
        self._check_plan(plan, message)
        dataset = self._dataset(plan.dataset, permit)
        read = frozenset({plan.target, *plan.features})
        if unknown := sorted(name for name in read if dataset.column(name) is None):
            raise InvalidRequest(f"'{dataset.name}' has no column '{unknown[0]}' here.")
        request = access_request(principal, AnswerKind.TRAIN, plan.purpose, dataset, read, permit, self.site)
        question = f"run {message.run} round {message.round}: {plan.family.value}"
        granted = self.enforcement.granted(request, question)  # 7
        intent = self.enforcement.record(
            RecordKind.QUERY_INTENDED,
            principal,
            request_facts(request, question) | {"policies": granted.policies.digest},
        )
        recipe = recipe_for(dataset, granted.obligations, permit)
        with self.cuts.lease(recipe) as lease:
            document, arrays = self.engine.step(f"run/{message.run}", message, [lease])
        units = max(self.limits.units, granted.obligations.minimum_units or 0)
        events = max(self.limits.events, granted.obligations.minimum_events or 0)
        let_out = self._checked(plan, document, arrays, units, events)
        return SiteReply(self.site, {**let_out, "intent": intent}, arrays)

    def _check_plan(self, plan: TrainingPlan, message: SiteMessage) -> None:
        if plan.holdout not in HOLDOUTS:
            shares = " or ".join(f"{share:g}" for share in HOLDOUTS)
            raise Refused("data.holdout", f"A run holds out {shares} of the rows.")
        if not 1 <= plan.rounds <= self.limits.rounds or not 1 <= message.round <= plan.rounds + 1:
            raise Refused("data.rounds", f"A run has at most {self.limits.rounds} rounds here.")
        beta = message.arrays.get("beta")
        if beta is None or beta.shape != (len(plan.terms()),) or not np.isfinite(beta).all():
            raise Refused("data.shape", "The coefficients sent do not fit the plan.")

    def _checked(
        self, plan: TrainingPlan, document: Any, arrays: Arrays, units: int, events: int
    ) -> dict[str, int | float | None]:
        """Rule 8; returns the part of the document that may leave."""
        p, n, with_event = len(plan.terms()), int(document["n"]), int(document["events"])
        if n < units or min(with_event, n - with_event) < events:
            raise Refused("data.few", "Too few units or events here for this model.")
        if p > PARAMETERS_PER_UNIT * n or n - p < RESIDUAL_DEGREES:
            raise Refused("data.parameters", "Too many parameters for the rows here.")
        shapes = {"gradient": (p,), "hessian": (p, p)}
        if arrays.keys() != shapes.keys() or any(arrays[name].shape != shapes[name] for name in shapes):
            raise Refused("internal", "No answer from this site.")
        if not all(np.isfinite(array).all() for array in arrays.values()):
            raise Refused("data.not-finite", "The model does not converge on the rows here.")
        held, held_events = int(document["held_out"]), int(document["held_out_events"])
        shown = held >= units and min(held_events, held - held_events) >= events
        return {
            "n": n,
            "events": with_event,
            "log_likelihood": float(document["log_likelihood"]),
            "held_out": held if shown else None,
            "auc": round(float(document["auc"]), 3) if shown else None,
        }

    def _refusal(self, code: str, reason: str) -> SiteReply:
        return SiteReply(self.site, refused=code, reason=reason)


def digest_array(array: Any) -> str:
    """SHA-256 over dtype, shape and values, as the record of what left."""
    head = f"{array.dtype.str} {array.shape} ".encode()
    return hashlib.sha256(head + array.tobytes()).hexdigest()
