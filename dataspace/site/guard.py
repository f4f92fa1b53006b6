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
8. of a training (`training.py`, `updates.py`): the plan's bounds, the same plan as before; then the numbers: enough
   units and events, few enough parameters, the declared shapes, nothing infinite, cut to a norm; or noise and a charge;
9. what leaves is recorded in the site's own log, and only then signed and sent.

A refusal has a code and one sentence; the text of an exception never leaves.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dataspace.errors import (
    AccessDenied,
    BudgetExceeded,
    DataspaceError,
    InvalidRequest,
    NoAnswer,
    SourceChanged,
    UnsupportedQuery,
    VerificationFailed,
)
from dataspace.model.codec import from_json
from dataspace.model.datasets import Dataset
from dataspace.model.limits import Acceptance, SiteLimits
from dataspace.model.names import ColumnName, DatasetName, SiteName
from dataspace.model.permits import Permit
from dataspace.model.plans import AggregatePlan, CountPlan, Function, Key, Measure
from dataspace.model.policies import AnswerKind
from dataspace.model.principals import Principal
from dataspace.model.records import JSON, RecordKind
from dataspace.model.runs import SiteMessage, SiteReply, Step
from dataspace.planning.cells import columns_read
from dataspace.ports import Catalog, Cuts, Engine, PermitSeal, SiteWill, SqlReader, StatusSource, StayingAway
from dataspace.service.access_requests import access_request
from dataspace.service.answering import Answering
from dataspace.service.asking import CHANGES
from dataspace.service.enforcing import Enforcement
from dataspace.service.pinned_version import permitted_version
from dataspace.service.signed_replies import array_digest, reply_digest
from dataspace.site.house import against
from dataspace.site.issuers import as_known_here
from dataspace.site.own_apps import OwnApps, named_app
from dataspace.site.refused import Refused, dataset_of, over_budget
from dataspace.site.roster import outside_roster
from dataspace.site.runs_seen import RunsSeen
from dataspace.site.status import standing
from dataspace.site.training import SiteTraining
from dataspace.site.trust import believed
from dataspace.site.will import document_digest
from dataspace.transparency.canonical import digest

_log = logging.getLogger("dataspace.site.guard")


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
    sign: Callable[[bytes], bytes] | None = None
    """Signs with the key that this site joined with; None where nobody checks."""
    seen: RunsSeen = field(default_factory=RunsSeen)
    """What each run was when it began here."""
    away: StayingAway | None = None
    """What is known of rows that stay in their source here."""
    apps: OwnApps | None = None
    """Apps of researchers; None where none may run."""

    def handle(self, message: SiteMessage) -> SiteReply:
        """Answer or refuse; raises nothing but what the log raises: no record, no reply."""
        reply = self._guarded(message)
        facts: dict[str, JSON] = {
            "run": message.run,
            "round": message.round,
            "step": message.step.value,
            "app": message.app_hash,
            **({"own_app": named} if (named := named_app(message)) else {}),
            "refused": reply.refused,
            "reason": reply.reason if reply.refused.startswith("permit.") else "",
            "document": digest(reply.document),
            "numbers": sum(array.size for array in reply.arrays.values()),
            "arrays": {name: array_digest(array) for name, array in sorted(reply.arrays.items())},
        }
        self.enforcement.record(RecordKind.SITE_REPLY, None, facts)  # 9
        return replace(reply, signature=self.sign(reply_digest(message, reply)).hex()) if self.sign else reply

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
        except BudgetExceeded as short:
            return self._refusal("policy.budget", over_budget(short, dataset_of(message) or ""))
        except NoAnswer as error:
            return self._refusal(error.code, "The worker here failed, or ran out of time or memory.")
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
        for _ in range(CHANGES):
            try:
                return self._step(message, principal, permit)
            except SourceChanged as changed:
                # In its source, where the rows stay: decided anew, about what is there.
                if self.away is None:
                    raise
                self.away.renew(DatasetName(changed.name))
        return self._step(message, principal, permit)

    def _step(self, message: SiteMessage, principal: Principal, permit: Permit | None) -> SiteReply:
        if message.step is Step.COUNT:
            return self._count(message, principal, permit)
        return self._training.answer(message, principal, permit)  # 6 to 8

    @property
    def _training(self) -> SiteTraining:
        return SiteTraining(
            self.site,
            self.limits,
            self._dataset,
            self.enforcement,
            self.cuts,
            self.engine,
            self.answering.ledger,
            self.seen,
            self.apps,
        )

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
            raise Refused(
                "permit.not-accepted",
                f"This site has not countersigned {permit.id} yet: ask it for `dataspace site accept {permit.id}`.",
            )
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
        if dataset.in_place and self.away is not None and self.away.stale(dataset.name):
            self.cuts.drop(dataset.name)  # the next cut reads the source again
        return permitted_version(self.catalog, dataset, permit)

    def _refusal(self, code: str, reason: str) -> SiteReply:
        return SiteReply(self.site, refused=code, reason=reason)
