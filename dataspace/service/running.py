"""Questions and training across sites, from the hub: decide, order, record, follow, record."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dataspace.errors import InvalidRequest, SiteUnavailable
from dataspace.model.codec import to_json
from dataspace.model.datasets import Dataset
from dataspace.model.names import HUB, ColumnName, DatasetName, PermitId, PrincipalId, RunId, SiteName
from dataspace.model.permits import Permit, PermitState
from dataspace.model.plans import CountPlan, TrainingPlan
from dataspace.model.policies import AnswerKind
from dataspace.model.predicates import columns_of
from dataspace.model.principals import Principal
from dataspace.model.records import JSON
from dataspace.model.requests import Query
from dataspace.model.runs import RunEvent, RunOrder
from dataspace.planning.permit_workflow import permit_state
from dataspace.ports import Catalog, Federation, PermitStore, SqlReader
from dataspace.service.access_requests import access_request, granted_purpose
from dataspace.service.answering import Delivered
from dataspace.service.asking import Asking
from dataspace.service.count_tables import SITE_COLUMN, count_table
from dataspace.service.counting import by_site, count_here
from dataspace.service.discovering import visible_dataset
from dataspace.service.enforcing import Enforcement, request_facts
from dataspace.service.notes import note_of_duties, table_digest, with_note
from dataspace.service.ordering import Ordering
from dataspace.service.run_ends import RunEnds
from dataspace.transparency.canonical import digest

PERMIT_ENDED = "the permit does not hold any more"
NOT_STARTED = "never started"


@dataclass(frozen=True, slots=True)
class Running:
    """The hub's half of a run. What each site lets out, each site decides."""

    catalog: Catalog
    permits: PermitStore
    reader: SqlReader
    asking: Asking
    enforcement: Enforcement
    federation: Federation
    ends: RunEnds
    ordering: Ordering
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
        request = access_request(principal, AnswerKind.AGGREGATE, purpose, described, read, signed, HUB)
        request = replace(request, relayed=True)
        now, policies = self.enforcement.clock.now(), self.enforcement.policies.current()
        request = replace(request, purpose=granted_purpose(request, policies, now))
        plan = CountPlan(dataset, where, tuple(columns), request.purpose)
        question = f"count({where!r}, by={list(by)!r})"
        owed = self.enforcement.granted(request, question).obligations
        order = self.ordering.order(principal, permit, dataset, to_json(plan), minimum=1, only=owed.sites)
        facts = request_facts(request, question) | {"run": order.run, "sites": sorted(order.sites)}
        self._under(order.run, permit)
        intent = self.ends.announced(order.run, principal, permit, facts, training=False)
        closing: dict[str, JSON] = {"outcome": "failed", "cause": "internal"}
        try:
            last, closing = self._follow_to_end(order)
            if last is None or last.kind != "finished":
                cause = closing["cause"]
                raise SiteUnavailable(f"The run {order.run} failed: {cause}.", refusals(last))
            table, note = count_table(described, columns, SITE_COLUMN in by, last.facts)
            note = note_of_duties(note, owed)
            table = table.cast(with_note(table.schema, note))
            closing = {"outcome": "complete", "answer": table_digest(table)}
        finally:
            number = self.ends.ended(order.run, closing | self._over(order.run))
        return Delivered(table, note, intent, number)

    def train(
        self,
        principal: Principal,
        plan: TrainingPlan,
        permit: PermitId | None,
        round_seconds: float | None = None,
    ) -> tuple[RunId, Iterator[RunEvent]]:
        """Start a training run; refusals are raised here, the events follow it to its end.

        `round_seconds` is how long a site is waited for in each round; None: as long as this hub ever waits.
        """
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
        order = self.ordering.order(
            principal, permit, plan.dataset, to_json(plan), minimum, only, round_seconds
        )
        facts = request_facts(request, question) | {
            "run": order.run,
            "sites": sorted(order.sites),
            "plan": digest(order.plan),
            "round_seconds": order.round_seconds,
        }
        self._under(order.run, permit)
        self.ends.announced(order.run, principal, permit, facts, training=True)
        try:
            self.federation.submit(order)
        except BaseException:
            self.ends.ended(order.run, {"outcome": "failed", "cause": NOT_STARTED, **self._over(order.run)})
            raise
        return order.run, self._recorded(order.run)

    def take_up(self) -> Iterator[tuple[RunId, PrincipalId, Iterator[RunEvent]]]:
        """Trainings that a hub before this one began and that can go on: whose each is, and its events from the first.

        The end of what cannot go on is recorded, with its cause, before the first one is given.
        """
        for left in self.ends.take_up():
            self._under(left.run, left.permit)
            if left.permit is not None:
                signed = self.permits.permit(left.permit)
                now = self.enforcement.clock.now()
                if signed is None or permit_state(signed.permit, now) is not PermitState.ACTIVE:
                    self._ended.add(left.run)
                    self.federation.stop(left.run)
            yield left.run, left.principal, self._recorded(left.run)

    def _follow_to_end(self, order: RunOrder) -> tuple[RunEvent | None, dict[str, JSON]]:
        """The last event, and how the run ended if it did not finish."""
        last = None
        self._counting.add(order.run)
        try:
            self.federation.submit(order)
            for event in self._events(order.run):
                last = event
        finally:
            self._counting.discard(order.run)
        cause = str(last.facts.get("cause", "unknown")) if last else NOT_STARTED
        return last, {"outcome": "failed", "cause": cause}

    def _events(self, run: RunId) -> Iterator[RunEvent]:
        """What happens in a run; a run that was ended because of its permit says so, and not only that it stopped."""
        for event in self.federation.events(run):
            if event.kind == "failed" and run in self._ended:
                yield replace(event, facts={**event.facts, "cause": PERMIT_ENDED})
            else:
                yield event

    def _recorded(self, run: RunId) -> Iterator[RunEvent]:
        outcome, last = "abandoned", None
        try:
            for event in self._events(run):
                last = event
                yield event
            outcome = "complete" if last is not None and last.kind == "finished" else "failed"
        finally:
            closing: dict[str, JSON] = {
                "outcome": outcome,
                **({"cause": str(last.facts.get("cause", ""))} if outcome == "failed" and last else {}),
                "result": digest(last.facts) if last else "",
                **self._over(run),
            }
            self.ends.ended(run, closing)

    def _under(self, run: RunId, permit: PermitId | None) -> None:
        """Remember under which permit a run goes on, so that it can be ended with it."""
        if permit is not None:
            self._going[run] = permit

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


def refusals(event: RunEvent | None) -> str:
    """Who refused a run and why, in one sentence each."""
    refused: Mapping[str, Mapping[str, str]] = event.facts.get("refused", {}) if event else {}
    return " ".join(f"{site}: {why['reason']}" for site, why in sorted(refused.items()))
