"""Questions and training across sites, from the hub: decide, order, record, follow, record."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import pyarrow as pa

from dataspace.errors import InvalidRequest, SiteUnavailable
from dataspace.model.answers import AnswerNote, Suppressed
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
from dataspace.service.answering import Delivered
from dataspace.service.asking import Asking, access_request, visible_dataset
from dataspace.service.enforcing import Enforcement, request_facts
from dataspace.service.notes import table_digest, with_note
from dataspace.transparency.canonical import digest

SITE_COLUMN = "site"


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

    def count(
        self,
        principal: Principal,
        dataset: DatasetName,
        where: str = "",
        by: tuple[str, ...] = (SITE_COLUMN,),
        permit: PermitId | None = None,
        purpose: str = "",
    ) -> Delivered:
        """Units that match, by columns and by site. Cells that a site withholds stay withheld."""
        described = visible_dataset(self.catalog, dataset, principal)
        columns = [column for column in by if column != SITE_COLUMN]
        self._check_columns(described, columns)
        read = frozenset(ColumnName(column) for column in columns)
        if where:
            read |= columns_of(self.reader.predicate(where, described))
        signed = self._permit(principal, permit)
        purpose = purpose or (signed.purpose if signed else "")
        plan = CountPlan(dataset, where, tuple(columns), purpose)
        question = f"count({where!r}, by={list(by)!r})"
        request = access_request(principal, AnswerKind.AGGREGATE, purpose, described, read, signed, HUB)
        self.enforcement.granted(request, question)
        order = self._order(principal, permit, dataset, to_json(plan), minimum=1)
        facts = request_facts(request, question) | {"run": order.run, "sites": sorted(order.sites)}
        intent = self.enforcement.record(RecordKind.RUN_INTENDED, principal, facts)
        last = self._follow_to_end(order, principal, intent)
        table, note = count_table(described, columns, SITE_COLUMN in by, last.facts)
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
        described = visible_dataset(self.catalog, plan.dataset, principal)
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
        question = f"train({plan.family.value}: {plan.target} ~ {' + '.join(plan.features)})"
        granted = self.enforcement.granted(request, question)
        minimum = max(plan.minimum_sites, granted.obligations.minimum_sites or 1)
        order = self._order(principal, permit, plan.dataset, to_json(plan), minimum)
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
    ) -> RunOrder:
        offering = {site.name for site in self.sites.all() if dataset in site.datasets}
        connected = {name: node for name, node in self.federation.sites().items() if name in offering}
        if not offering:
            self._not_held(dataset)
        if len(connected) < minimum:
            raise SiteUnavailable(
                f"{len(connected)} of {len(offering)} sites that hold '{dataset}' are connected, {minimum} are needed.",
                "Try again later; `dataspace hub sites` shows who is connected.",
            )
        jws = signed.jws if permit and (signed := self.permits.permit(permit)) else ""
        run = RunId(f"R-{secrets.token_hex(6)}")
        asker = {"id": principal.id, "name": principal.name, "organisation": principal.organisation}
        return RunOrder(run, plan, jws, asker | {"roles": sorted(principal.roles)}, connected, minimum)

    def _not_held(self, name: DatasetName) -> NoReturn:
        described = self.catalog.get(name)
        if described is not None and described.latest is not None:
            raise InvalidRequest(
                f"'{name}' is not federated: the hub holds its rows itself.",
                "Ask the hub: `dataspace query`.",
            )
        raise InvalidRequest(
            f"No site holds '{name}'.",
            "A site that has rows of it says so by `dataspace site data add`; `dataspace hub sites` shows who did.",
        )

    def _follow_to_end(self, order: RunOrder, principal: Principal, intent: int) -> RunEvent:
        self.federation.submit(order)
        last = None
        for event in self.federation.events(order.run):
            last = event
        if last is None or last.kind != "finished":
            self._record_failure(order, principal, intent, last)
            cause = last.facts.get("cause", "unknown") if last else "the run never started"
            raise SiteUnavailable(f"The run {order.run} failed: {cause}.", refusals(last))
        return last

    def _recorded(self, order: RunOrder, principal: Principal, intent: int) -> Iterator[RunEvent]:
        outcome, last = "abandoned", None
        try:
            for event in self.federation.events(order.run):
                last = event
                yield event
            outcome = "complete" if last is not None and last.kind == "finished" else "failed"
        finally:
            closing: dict[str, JSON] = {
                "run": order.run,
                "intent": intent,
                "outcome": outcome,
                "result": digest(last.facts) if last else "",
            }
            self.enforcement.record(RecordKind.RUN_FINISHED, principal, closing)

    def _record_failure(
        self, order: RunOrder, principal: Principal, intent: int, last: RunEvent | None
    ) -> None:
        cause = str(last.facts.get("cause", "")) if last else "never started"
        closing: dict[str, JSON] = {"run": order.run, "intent": intent, "outcome": "failed", "cause": cause}
        self.enforcement.record(RecordKind.RUN_FINISHED, principal, closing)

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


def count_table(
    dataset: Dataset, columns: list[str], by_site: bool, facts: Mapping[str, Any]
) -> tuple[pa.Table, AnswerNote]:
    """One row for each site and cell, or each cell summed over the sites.

    A sum stands only where every site that answered shows its cell; otherwise it would tell what a site withheld.
    """
    cells: Mapping[SiteName, Mapping[str, Any]] = facts["cells"]
    rows: dict[tuple[Any, ...], list[int | None]] = {}
    for site, answer in sorted(cells.items()):
        for cell in answer["cells"]:
            rows[(site, *cell["key"])] = [cell["n"]]
    if not by_site:
        summed: dict[tuple[Any, ...], list[int | None]] = {}
        for key, counts in rows.items():
            summed.setdefault(key[1:], []).extend(counts)
        rows = summed
    names = ([SITE_COLUMN] if by_site else []) + columns
    parts = 1 if by_site else len(cells)
    totals = {key: _sum(counts, parts) for key, counts in rows.items()}
    table = pa.table(
        {
            **{name: pa.array([key[i] for key in totals]) for i, name in enumerate(names)},
            "n": pa.array(list(totals.values()), pa.int64()),
        }
    )
    hidden = tuple(Suppressed(i, "n") for i, n in enumerate(totals.values()) if n is None)
    rules = ["* is under the cohort of its site, or would reveal a cell that is"] if hidden else []
    rules += [f"{site} refused: {why['reason']}" for site, why in sorted(facts["refused"].items())]
    datasets = tuple(f"{dataset.name}@{site}" for site in cells)
    return table, AnswerNote(AnswerKind.AGGREGATE, datasets, suppressed=hidden, rules=tuple(rules))


def _sum(counts: list[int | None], parts: int) -> int | None:
    """None where a part is withheld, or was left out because its very key is not shown."""
    shown = [n for n in counts if n is not None]
    return sum(shown) if len(shown) == parts else None
