"""What a question asks for: its kind, its plan, and the request for each dataset that it touches."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from dataspace.errors import (
    Conflict,
    InvalidRequest,
    UnknownName,
    UnsupportedQuery,
)
from dataspace.model.datasets import Dataset
from dataspace.model.decisions import Allow
from dataspace.model.names import HUB, ColumnName, DatasetName, PermitId
from dataspace.model.permits import Permit
from dataspace.model.plans import AggregatePlan, RowsPlan
from dataspace.model.policies import AnswerKind
from dataspace.model.principals import Principal
from dataspace.model.requests import AccessRequest, Query
from dataspace.model.temporaries import Keep, Keeping, Temporary
from dataspace.planning.joining import read_of
from dataspace.policy.decide import decide
from dataspace.ports import Catalog, Clock, PermitStore, PolicyStore, SqlReader, StayingAway
from dataspace.service.access_requests import access_request, check_purpose
from dataspace.service.answering import Answering
from dataspace.service.discovering import may_discover, visible_dataset
from dataspace.service.pinned_version import permitted_version
from dataspace.service.recipes import session_under
from dataspace.service.temporaries import as_dataset, question_of, there, traced

_A = {AnswerKind.AGGREGATE: "an aggregate", AnswerKind.NOISY: "a noisy"}


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a text asks for: the plan, and for each dataset the request and the dataset."""

    plan: RowsPlan | AggregatePlan
    requests: Mapping[DatasetName, tuple[AccessRequest, Dataset]]


@dataclass(frozen=True, slots=True)
class Resolving:
    """From a text to requests that can be decided on, over what lies here and what of it the asker may see."""

    catalog: Catalog
    permits: PermitStore
    policies: PolicyStore
    clock: Clock
    reader: SqlReader
    answering: Answering
    away: StayingAway | None = None

    def resolved(self, query: Query) -> Resolved:
        """The plan and the requests; nothing is decided yet. Raises RequestError for what has no answer in any case."""
        check_purpose(query.purpose)
        permit = self.permit_of(query)
        kind = self.kind_of(query)
        if kind is AnswerKind.ROWS:
            return self._for_rows(query, permit)
        if self.reader.statement(query.text) is not None or self._own(query):
            raise UnsupportedQuery(
                f"a temporary result in {_A[kind]} answer", "Ask for rows, or ask about the dataset itself."
            )
        known, plan = self._compiled(query, kind is AnswerKind.NOISY)
        asked = {plan.dataset: kind} | {
            # Who looks up a row may read it: nothing in it is protected by the noise.
            join.dataset: AnswerKind.ROWS if join.lookup else kind
            for join in plan.joins
        }
        return Resolved(
            plan,
            {
                name: (
                    self._request(query, each, permit, known[name], read_of(plan, known[name])),
                    known[name],
                )
                for name, each in asked.items()
            },
        )

    def kind_of(self, query: Query) -> AnswerKind:
        """As asked; else noisy where ε is given; else what the shape of the text says.

        A text that is no aggregate is a question for rows only where rows would be given, or where it asks for
        nothing else: otherwise what is wrong with its shape is raised, as that is what the asker can change.
        """
        if query.kind is not None:
            if query.kind is AnswerKind.TRAIN:
                raise InvalidRequest("A query cannot train.", "Use `hub.train(…)` or `hub.glm(…)`.")
            return query.kind
        if query.epsilon is not None or query.error is not None:
            return AnswerKind.NOISY
        if self.reader.statement(query.text) is not None or self._own(query):
            return AnswerKind.ROWS
        try:
            self._compiled(query)
        except UnsupportedQuery as shape:
            # Without a permit, a plain listing is refused (and recorded) with what to apply for.
            if (shape.lists_rows and query.permit is None) or self._gives_rows(query):
                return AnswerKind.ROWS
            raise
        return AnswerKind.AGGREGATE

    def permit_of(self, query: Query) -> Permit | None:
        """The permit named, if it is this principal's; another's does not exist for them."""
        if query.permit is None:
            return None
        signed = self.permits.permit(query.permit)
        if signed is None or query.principal.id not in signed.permit.persons:
            mine = tuple(self.own_permits(query.principal))
            raise UnknownName("permit", query.permit, mine, "`dataspace permit list` shows yours.")
        return signed.permit

    def own_permits(self, principal: Principal) -> dict[PermitId, Permit]:
        """The permits that name this principal."""
        return {
            signed.permit.id: signed.permit
            for signed in self.permits.permits()
            if principal.id in signed.permit.persons
        }

    def _gives_rows(self, query: Query) -> bool:
        requests = self._for_rows(query, self.permit_of(query)).requests
        now, policies = self.clock.now(), self.policies.current()
        return all(isinstance(decide(asked, policies, now), Allow) for asked, _ in requests.values())

    def _for_rows(self, query: Query, permit: Permit | None) -> Resolved:
        statement, own = self.reader.statement(self._text(query)), self._own(query)
        if isinstance(statement, Keep) and self._is_dataset(DatasetName(statement.name), query.principal):
            raise Conflict(f"There is a dataset '{statement.name}'.", "Choose another name.")
        text = question_of(self.reader, self._text(query))

        def known_as(names: AbstractSet[DatasetName]) -> dict[DatasetName, Dataset]:
            return {name: self._dataset(name, query.principal, permit) for name in sorted(names)}

        known = known_as(self.reader.relations(text) - own.keys())
        plan, needed = self.reader.gate(text, known | {name: as_dataset(one) for name, one in own.items()})
        if isinstance(statement, Keep):
            if self.reader.relations(text) and not needed:
                raise UnsupportedQuery(
                    "a description that is kept", "Keep rows: CREATE TEMP TABLE … AS SELECT …."
                )
            plan = replace(plan, keeping=Keeping(statement.name, statement.replaces))
        plan, needed = traced(plan, needed, own)
        known |= known_as(needed.keys() - known.keys())
        return Resolved(
            plan,
            {
                name: (self._request(query, AnswerKind.ROWS, permit, known[name], columns), known[name])
                for name, columns in needed.items()
            },
        )

    def _own(self, query: Query) -> dict[DatasetName, Temporary]:
        """The temporary results that the text reads. Raises TemporaryGone for one that was there.

        A dataset that the asker may see goes before one of its name.
        """
        kept = self.answering.engine.kept(session_under(query.principal, query.permit))
        if not kept:
            return {}
        names = self.reader.relations(question_of(self.reader, self._text(query)))
        return there(
            {name for name in names & kept.keys() if not self._is_dataset(name, query.principal)}, kept
        )

    def _is_dataset(self, name: DatasetName, principal: Principal) -> bool:
        dataset = self.catalog.get(name)
        return dataset is not None and may_discover(dataset, principal, self.answering.enforcement)

    def _compiled(
        self, query: Query, noisy: bool = False
    ) -> tuple[Mapping[DatasetName, Dataset], AggregatePlan]:
        names = self.reader.relations(self._text(query))
        if not names or (len(names) > 1 and not noisy):
            raise UnsupportedQuery(
                f"an aggregate over {len(names)} datasets",
                "Ask about one dataset at a time, or ask for rows; with ε, datasets can be joined.",
            )
        known = self._known(query, self.permit_of(query))
        (first, *others) = (known[name] for name in sorted(names))
        plan = self.reader.aggregate(self._text(query), first, noisy, {d.name: d for d in others})
        unjoined = names - {plan.dataset, *(join.dataset for join in plan.joins)}
        if unjoined:
            raise UnsupportedQuery(
                "a dataset that is named and not joined",
                "Write: FROM one JOIN other ON one.column = other.column.",
            )
        return known, plan

    def _text(self, query: Query) -> str:
        """What is decided on and runs. What is recorded is the question as it was written."""
        if query.parameters is None:
            return query.text
        return self.reader.bound(query.text, query.parameters)

    def _known(self, query: Query, permit: Permit | None) -> dict[DatasetName, Dataset]:
        names = self.reader.relations(self._text(query))
        return {name: self._dataset(name, query.principal, permit) for name in names}

    def _dataset(self, name: DatasetName, principal: Principal, permit: Permit | None) -> Dataset:
        dataset = visible_dataset(self.catalog, name, principal, self.answering.enforcement)
        if dataset.in_place and self.away is not None and self.away.stale(name):
            self.answering.cuts.drop(name)  # the next cut reads the source again
        return permitted_version(self.catalog, dataset, permit)

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
