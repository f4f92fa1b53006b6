"""Questions and training across sites, from the hub: decide, order, record, follow, record."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

from dataspace.errors import InvalidRequest, SiteUnavailable
from dataspace.model.codec import to_json
from dataspace.model.datasets import Dataset
from dataspace.model.names import HUB, ColumnName, DatasetName, PermitId, RunId, SiteName
from dataspace.model.permits import Permit
from dataspace.model.plans import CountPlan, TrainingPlan
from dataspace.model.policies import AnswerKind
from dataspace.model.predicates import columns_of
from dataspace.model.principals import Principal
from dataspace.model.records import JSON, RecordKind
from dataspace.model.requests import Query
from dataspace.model.runs import RunEvent, RunOrder
from dataspace.ports import Catalog, Federation, PermitStore, Sites, SqlReader
from dataspace.service.access_requests import access_request
from dataspace.service.answering import Delivered
from dataspace.service.asking import Asking
from dataspace.service.count_tables import SITE_COLUMN, count_table
from dataspace.service.counting import by_site, count_here
from dataspace.service.discovering import visible_dataset
from dataspace.service.enforcing import Enforcement, request_facts
from dataspace.service.notes import note_of_duties, table_digest, with_note
from dataspace.service.permit_documents import holding, roster_of
from dataspace.transparency.canonical import digest

PERMIT_ENDED = "the permit does not hold any more"


@dataclass(frozen=True, slots=True)
class Running:
    """The hub's half of a run. What each site lets out, each site decides."""

    catalog: Catalog
    permits: PermitStore
    sites: Sites
    reader: SqlReader
    asking: Asking
    enforcement: Enforcement
    federation: Federation
    name: SiteName = HUB
    """The hub's own, where its rows are counted beside those of sites."""
    _going: dict[RunId, PermitId] = field(default_factory=dict)
    """Runs under a permit that have not ended."""
    _counting: set[RunId] = field(default_factory=set)
    """Counts that have not ended."""
    _ended: set[RunId] = field(default_factory=set)
    """Those of them that were ended because their permit does not hold any more."""

    def counts(self, run: RunId) -> bool:
        """Whether it is a count that somebody waits for."""
        return run in self._counting

    def end_for(self, permit: Permit) -> None:
        """End what runs under a permit that was revoked, suspended, amended or closed, or that has expired.

        Sites refuse it as well, each at its next look; here it ends at once, so that no further round is asked for.
        """
        for run in [run for run, id in list(self._going.items()) if id == permit.id]:
            self._ended.add(run)
            self.federation.stop(run)

    def count(
        self,
        principal: Principal,
        dataset: DatasetName,
        where: str = "",
        by: tuple[str, ...] = (SITE_COLUMN,),
        permit: PermitId | None = None,
        purpose: str = "",
    ) -> Delivered:
        """Units that match, by columns and by site. Cells that a site withholds stay withheld.

        Of a dataset whose rows the hub holds itself, or reads where they stay, the hub is the one site.
        """
        described = visible_dataset(self.catalog, dataset, principal, self.enforcement)
        columns = [column for column in by if column != SITE_COLUMN]
        self._check_columns(described, columns)
        read = frozenset(ColumnName(column) for column in columns)
        if where:
            read |= columns_of(self.reader.predicate(where, described))
        if described.latest is not None and not described.federated:
            found = count_here(self.asking, principal, described, where, columns, permit, purpose)
            return (
                by_site(self.asking, principal, found, SITE_COLUMN, self.name) if SITE_COLUMN in by else found
            )
        signed = self._permit(principal, permit)
        purpose = purpose or (signed.purpose if signed else "")
        plan = CountPlan(dataset, where, tuple(columns), purpose)
        question = f"count({where!r}, by={list(by)!r})"
        request = access_request(principal, AnswerKind.AGGREGATE, purpose, described, read, signed, HUB)
        request = replace(request, relayed=True)
        owed = self.enforcement.granted(request, question).obligations
        order = self._order(principal, permit, dataset, to_json(plan), minimum=1, only=owed.sites)
        facts = request_facts(request, question) | {"run": order.run, "sites": sorted(order.sites)}
        intent = self.enforcement.record(RecordKind.RUN_INTENDED, principal, facts)
        last = self._follow_to_end(order, principal, intent)
        self._over(order.run)
        table, note = count_table(described, columns, SITE_COLUMN in by, last.facts)
        note = note_of_duties(note, owed)
        table = table.cast(with_note(table.schema, note))
        closing: dict[str, JSON] = {
            "run": order.run,
            "intent": intent,
            "outcome": "complete",
            "answer": table_digest(table),
        }
        number = self.enforcement.record(RecordKind.RUN_FINISHED, principal, closing)
        return Delivered(table, note, intent, number)

    def train(
        self, principal: Principal, plan: TrainingPlan, permit: PermitId | None
    ) -> tuple[RunId, Iterator[RunEvent]]:
        """Start a training run; refusals are raised here, the events follow it to its end."""
        described = visible_dataset(self.catalog, plan.dataset, principal, self.enforcement)
        self._check_columns(described, [plan.target, *plan.features])
        signed = self._permit(principal, permit)
        request = access_request(
            principal,
            AnswerKind.TRAIN,
            plan.purpose,
            described,
            frozenset({plan.target, *plan.features}),
            signed,
            HUB,
        )
        request = replace(request, relayed=True)
        question = f"train({plan.family.value}: {plan.target} ~ {' + '.join(plan.features)})"
        granted = self.enforcement.granted(request, question)
        minimum = max(plan.minimum_sites, granted.obligations.minimum_sites or 1)
        only = granted.obligations.sites
        order = self._order(principal, permit, plan.dataset, to_json(plan), minimum, only)
        facts = request_facts(request, question) | {
            "run": order.run,
            "sites": sorted(order.sites),
            "plan": digest(order.plan),
        }
        intent = self.enforcement.record(RecordKind.RUN_INTENDED, principal, facts)
        self.federation.submit(order)
        return order.run, self._recorded(order, principal, intent)

    def _order(
        self,
        principal: Principal,
        permit: PermitId | None,
        dataset: DatasetName,
        plan: Mapping[str, Any],
        minimum: int,
        only: frozenset[SiteName] | None = None,
    ) -> RunOrder:
        """`only`: where what was granted may be computed, None where anywhere."""
        signed = self.permits.permit(permit) if permit else None
        every = self.sites.all()
        named = signed.permit.roster_sites or signed.permit.sites if signed else frozenset[SiteName]()
        offering = holding(every, (dataset,), named)
        if only is not None and offering:
            offering = self._granted_at(offering, only, dataset)
        connected = {name: node for name, node in self.federation.sites().items() if name in offering}
        if not offering:
            self._not_held(dataset, bool(named))
        if len(connected) < minimum:
            raise SiteUnavailable(
                f"{len(connected)} of {len(offering)} sites that hold '{dataset}' are connected, {minimum} are needed.",
                "Try again later; `dataspace hub sites` shows who is connected. A site that its people stopped answers "
                "again once they run `dataspace site run --resume`. A hub that was opened by its folder reaches none: "
                "ask the one that is served, by connect(url, token=…).",
            )
        run = RunId(f"R-{secrets.token_hex(6)}")
        asker = {
            "id": principal.id,
            "name": principal.name,
            "organisation": principal.organisation,
            "roles": sorted(principal.roles),
            "claims": _claims(principal),
        }
        jws, roster = "", dict[SiteName, str]()
        if signed is not None:
            jws = signed.jws
            roster = dict(roster_of(every, signed.permit.roster_sites))
            self._going[run] = signed.permit.id
        absent = tuple(sorted(offering - connected.keys()))
        keys = {site.name: site.signing_key.hex() for site in every if site.name in connected}
        return RunOrder(run, plan, jws, asker, connected, minimum, roster=roster, keys=keys, absent=absent)

    @staticmethod
    def _granted_at(
        offering: frozenset[SiteName], only: frozenset[SiteName], dataset: DatasetName
    ) -> frozenset[SiteName]:
        """Of the sites that hold the dataset, those where it may be computed."""
        if not offering & only:
            raise InvalidRequest(
                f"'{dataset}' may be computed only at {', '.join(sorted(only)) or 'no site'}: none of them holds it.",
                "`dataspace explain` shows the policy that says so, and who can change it.",
            )
        return offering & only

    def _not_held(self, name: DatasetName, named: bool) -> NoReturn:
        if named:
            raise InvalidRequest(
                f"No site that the permit was granted for holds '{name}'.",
                "Its steward can amend it, so that it is granted for the sites of today.",
            )
        raise InvalidRequest(
            f"No site holds '{name}'.",
            "A site that has rows of it says so by `dataspace site data add`; `dataspace hub sites` shows who did.",
        )

    def _follow_to_end(self, order: RunOrder, principal: Principal, intent: int) -> RunEvent:
        last = None
        self._counting.add(order.run)
        try:
            self.federation.submit(order)
            for event in self._events(order.run):
                last = event
        finally:
            self._counting.discard(order.run)
        if last is None or last.kind != "finished":
            self._record_failure(order, principal, intent, last)
            cause = last.facts.get("cause", "unknown") if last else "the run never started"
            raise SiteUnavailable(f"The run {order.run} failed: {cause}.", refusals(last))
        return last

    def _events(self, run: RunId) -> Iterator[RunEvent]:
        """What happens in a run; a run that was ended because of its permit says so, and not only that it stopped."""
        for event in self.federation.events(run):
            if event.kind == "failed" and run in self._ended:
                yield replace(event, facts={**event.facts, "cause": PERMIT_ENDED})
            else:
                yield event

    def _recorded(self, order: RunOrder, principal: Principal, intent: int) -> Iterator[RunEvent]:
        outcome, last = "abandoned", None
        try:
            for event in self._events(order.run):
                last = event
                yield event
            outcome = "complete" if last is not None and last.kind == "finished" else "failed"
        finally:
            closing: dict[str, JSON] = {
                "run": order.run,
                "intent": intent,
                "outcome": outcome,
                "result": digest(last.facts) if last else "",
                **self._over(order.run),
            }
            self.enforcement.record(RecordKind.RUN_FINISHED, principal, closing)

    def _record_failure(
        self, order: RunOrder, principal: Principal, intent: int, last: RunEvent | None
    ) -> None:
        cause = str(last.facts.get("cause", "")) if last else "never started"
        closing: dict[str, JSON] = {"run": order.run, "intent": intent, "outcome": "failed", "cause": cause}
        closing |= self._over(order.run)
        self.enforcement.record(RecordKind.RUN_FINISHED, principal, closing)

    def _over(self, run: RunId) -> dict[str, JSON]:
        """Forget a run that has ended; the cause, where its permit was it."""
        self._going.pop(run, None)
        if run not in self._ended:
            return {}
        self._ended.discard(run)
        return {"cause": PERMIT_ENDED}

    def _permit(self, principal: Principal, permit: PermitId | None) -> Permit | None:
        return self.asking.permit_of(Query(principal, "", permit=permit))

    def _check_columns(self, dataset: Dataset, columns: list[Any]) -> None:
        known = [column.name for column in dataset.columns]
        if unknown := [column for column in columns if column not in known]:
            raise InvalidRequest(
                f"'{dataset.name}' has no column '{unknown[0]}'.", f"It has: {', '.join(known)}; and `site`."
            )


def _claims(principal: Principal) -> Mapping[str, Any]:
    """What is known of the asker, each with who asserts it; where mail for them goes is no site's business."""
    return {name: to_json(fact) for name, fact in principal.claims.items() if name != "email"}


def refusals(event: RunEvent | None) -> str:
    """Who refused a run and why, in one sentence each."""
    refused: Mapping[str, Mapping[str, str]] = event.facts.get("refused", {}) if event else {}
    return " ".join(f"{site}: {why['reason']}" for site, why in sorted(refused.items()))
