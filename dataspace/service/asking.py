"""A researcher's SQL: resolve, choose the kind of answer, decide, and hand over to `answering`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from dataspace.errors import InvalidRequest, UnknownName, UnsupportedQuery
from dataspace.model.datasets import Column, Dataset, VersionRef
from dataspace.model.decisions import Decision
from dataspace.model.names import HUB, ColumnName, DatasetName, SiteName
from dataspace.model.permits import Permit
from dataspace.model.plans import AggregatePlan
from dataspace.model.policies import Action, AnswerKind
from dataspace.model.predicates import columns_of
from dataspace.model.principals import Principal, Role
from dataspace.model.requests import AccessRequest, Query
from dataspace.policy.decide import decide
from dataspace.ports import Catalog, Clock, PermitStore, PolicyStore, SqlReader
from dataspace.service.answering import Answering, Delivered

ACTIONS = {
    AnswerKind.ROWS: Action.READ,
    AnswerKind.AGGREGATE: Action.AGGREGATE,
    AnswerKind.NOISY: Action.AGGREGATE,
    AnswerKind.TRAIN: Action.TRAIN,
}


@dataclass(frozen=True, slots=True)
class Asking:
    """Questions to the data that lies here."""

    catalog: Catalog
    permits: PermitStore
    policies: PolicyStore
    clock: Clock
    reader: SqlReader
    answering: Answering

    def ask(self, query: Query) -> Delivered | tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """An answer of cells, or a schema and a stream of rows. Raises RequestError or NoAnswer."""
        kind, permit = self.kind_of(query), self.permit_of(query)
        if kind is AnswerKind.ROWS:
            plan, needed = self.reader.gate(query.text, self._known(query))
            datasets = {name: self._dataset(name, query.principal) for name in needed}
            requests = {
                name: (self._request(query, kind, permit, dataset, needed[name]), dataset)
                for name, dataset in datasets.items()
            }
            return self.answering.rows(query.principal, requests, plan, query.text)
        dataset, plan_ = self._compiled(query)
        request = self._request(query, kind, permit, dataset, columns_read(plan_))
        return self.answering.cells(request, dataset, plan_, query.text, query.epsilon)

    def explain(self, query: Query) -> Sequence[tuple[DatasetName, Decision]]:
        """The decision for each dataset that the question touches, without reading data or recording an intent."""
        kind, permit = self.kind_of(query), self.permit_of(query)
        now, policies = self.clock.now(), self.policies.current()
        if kind is AnswerKind.ROWS:
            _, needed = self.reader.gate(query.text, self._known(query))
        else:
            dataset, plan = self._compiled(query)
            needed = {dataset.name: columns_read(plan)}
        return [
            (
                name,
                decide(
                    self._request(query, kind, permit, self._dataset(name, query.principal), columns),
                    policies,
                    now,
                ),
            )
            for name, columns in needed.items()
        ]

    def kind_of(self, query: Query) -> AnswerKind:
        """As asked; else noisy where ε is given; else what the shape of the text says."""
        if query.kind is not None:
            if query.kind is AnswerKind.TRAIN:
                raise InvalidRequest("A query cannot train.", "Use `hub.train(…)` or `hub.glm(…)`.")
            return query.kind
        if query.epsilon is not None:
            return AnswerKind.NOISY
        try:
            self._compiled(query)
        except UnsupportedQuery:
            return AnswerKind.ROWS
        return AnswerKind.AGGREGATE

    def permit_of(self, query: Query) -> Permit | None:
        """The permit named, if it is this principal's; another's does not exist for them."""
        if query.permit is None:
            return None
        mine = {
            signed.permit.id: signed.permit
            for signed in self.permits.permits()
            if query.principal.id in signed.permit.persons
        }
        if query.permit not in mine:
            raise UnknownName("permit", query.permit, tuple(mine), "`dataspace permit list` shows yours.")
        return mine[query.permit]

    def _compiled(self, query: Query) -> tuple[Dataset, AggregatePlan]:
        names = self.reader.relations(query.text)
        if len(names) != 1:
            raise UnsupportedQuery(
                f"an aggregate over {len(names)} datasets",
                "Ask about one dataset at a time, or ask for rows.",
            )
        dataset = self._dataset(next(iter(names)), query.principal)
        return dataset, self.reader.aggregate(query.text, dataset)

    def _known(self, query: Query) -> dict[DatasetName, Dataset]:
        names = self.reader.relations(query.text)
        return {name: self._dataset(name, query.principal) for name in names}

    def _dataset(self, name: DatasetName, principal: Principal) -> Dataset:
        return visible_dataset(self.catalog, name, principal)

    def _request(
        self,
        query: Query,
        kind: AnswerKind,
        permit: Permit | None,
        dataset: Dataset,
        columns: frozenset[ColumnName],
    ) -> AccessRequest:
        purpose = query.purpose or (permit.purpose if permit else "")
        return access_request(query.principal, kind, purpose, dataset, columns, permit, HUB)


def access_request(
    principal: Principal,
    kind: AnswerKind,
    purpose: str,
    dataset: Dataset,
    columns: frozenset[ColumnName],
    permit: Permit | None,
    site: SiteName,
) -> AccessRequest:
    """The resolved question. A dataset without a version here is asked for as `latest`."""
    asked: tuple[Column, ...] = tuple(column for column in dataset.columns if column.name in columns)
    version = dataset.latest or VersionRef(dataset.name, "latest")
    return AccessRequest(principal, ACTIONS[kind], purpose, version, asked, kind, permit, site)


def columns_read(plan: AggregatePlan) -> frozenset[ColumnName]:
    """The columns that a compiled question looks at."""
    keys = {key.column for key in plan.keys}
    measured = {measure.column for measure in plan.measures if measure.column is not None}
    return frozenset(keys | measured) | columns_of(plan.where)


def visible_dataset(catalog: Catalog, name: DatasetName, principal: Principal) -> Dataset:
    """The dataset, if this principal may know of it; for others it does not exist."""
    dataset = catalog.get(name)
    if dataset is None or not may_discover(dataset, principal):
        names = tuple(d.name for d in catalog.all() if may_discover(d, principal))
        raise UnknownName("dataset", name, names, "`dataspace dataset list` shows the ones you can see.")
    return dataset


def may_discover(dataset: Dataset, principal: Principal) -> bool:
    """Drafts are seen by stewards and administrators only."""
    return dataset.published or bool(principal.roles & {Role.STEWARD, Role.ADMINISTRATOR})
