"""A researcher's SQL: resolve, choose the kind of answer, decide, and hand over to `answering`."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import pyarrow as pa

from dataspace.errors import (
    AccessDenied,
    Conflict,
    InvalidRequest,
    SourceChanged,
    UnknownName,
    UnsupportedQuery,
)
from dataspace.model.datasets import Dataset
from dataspace.model.decisions import Allow, Decision, Deny
from dataspace.model.names import HUB, ColumnName, DatasetName, PermitId
from dataspace.model.permits import Permit
from dataspace.model.plans import AggregatePlan, RowsPlan
from dataspace.model.policies import AnswerKind
from dataspace.model.principals import Principal
from dataspace.model.requests import AccessRequest, Query
from dataspace.model.temporaries import Drop, Keep, Keeping, Temporary
from dataspace.planning.forecasting import Forecast
from dataspace.planning.joining import read_of
from dataspace.policy.compose import effective
from dataspace.policy.decide import decide
from dataspace.ports import Catalog, Clock, PermitStore, PolicyStore, SqlReader, StayingAway
from dataspace.service.access_requests import access_request, check_purpose
from dataspace.service.allowed import Allowed
from dataspace.service.answering import Answering, Delivered, RowStream
from dataspace.service.discovering import may_discover, visible_dataset
from dataspace.service.pinned_version import permitted_version
from dataspace.service.pricing import Wish
from dataspace.service.progress import Preparing, unwatched
from dataspace.service.recipes import check_rows_given, session_of, session_under
from dataspace.service.temporaries import as_dataset, question_of, there, traced

CHANGES = 2
"""How often a source may change under one question before its asker is told so."""
_A = {AnswerKind.AGGREGATE: "an aggregate", AnswerKind.NOISY: "a noisy"}


@dataclass(frozen=True, slots=True)
class _Resolved:
    """What a text asks for: the plan, and for each dataset the request and the dataset."""

    plan: RowsPlan | AggregatePlan
    requests: Mapping[DatasetName, tuple[AccessRequest, Dataset]]


@dataclass(frozen=True, slots=True)
class Asking:
    """Questions to the data that lies here."""

    catalog: Catalog
    permits: PermitStore
    policies: PolicyStore
    clock: Clock
    reader: SqlReader
    answering: Answering
    away: StayingAway | None = None

    def still_given(self, query: Query) -> None:
        """Raises what would be raised if it were asked now, though nothing is run: before an answer is told again."""
        if isinstance(self.reader.statement(query.text), Drop):
            return
        for request, _ in self._resolved(query).requests.values():
            self.answering.enforcement.granted(request, query.text)

    def ask(
        self, query: Query, codec: str = "", preparing: Preparing = unwatched
    ) -> Delivered | tuple[pa.Schema, RowStream]:
        """An answer of cells, or a schema and a stream of rows (compressed so). Raises RequestError or NoAnswer.

        Where rows stay in their source and are another version by now, all of it is done again for that one.
        """
        for _ in range(CHANGES):
            try:
                return self._asked(query, codec, preparing)
            except SourceChanged as changed:
                if self.away is None:
                    raise
                self.away.renew(DatasetName(changed.name))
        return self._asked(query, codec, preparing)

    def _asked(
        self, query: Query, codec: str, preparing: Preparing
    ) -> Delivered | tuple[pa.Schema, RowStream]:
        if isinstance(statement := self.reader.statement(query.text), Drop):
            return self._dropped(query, statement)
        resolved = self._resolved(query)
        requests, permit = resolved.requests, self.permit_of(query)
        try:
            if isinstance(resolved.plan, RowsPlan):
                return self.answering.rows(
                    query.principal, requests, resolved.plan, query.text, codec, permit, preparing
                )
            (request, dataset), *beside = requests.values()
            return self.answering.cells(
                request,
                dataset,
                resolved.plan,
                query.text,
                self._wish(query, dataset),
                beside,
                preparing,
            )
        except AccessDenied as refused:
            request, _ = requests[DatasetName(refused.name)]
            raise AccessDenied(
                refused.name, self._naming_own_permit(query, request, refused.decision)
            ) from refused

    def explain(self, query: Query) -> Sequence[tuple[DatasetName, Decision]]:
        """The decision for each dataset that the question touches, without reading data or recording an intent.

        Raises what `ask` would raise for the question's form, for its ε, and for what is left of the budget.
        """
        if isinstance(self.reader.statement(query.text), Drop):
            return []
        resolved, found = self._resolved(query), list[tuple[DatasetName, Decision]]()
        now, policies, allowed = self.clock.now(), self.policies.current(), list[Allowed]()
        for name, (request, dataset) in resolved.requests.items():
            decision = decide(request, policies, now)
            match decision:
                case Deny():
                    decision = self._naming_own_permit(query, request, decision)
                case Allow(obligations):
                    allowed.append(Allowed(request, dataset, effective(obligations)))
            found.append((name, decision))
        if isinstance(resolved.plan, RowsPlan) and len(allowed) == len(found):
            recipes = {one.dataset.name: one.recipe for one in allowed}
            check_rows_given(recipes, (one.dataset for one in allowed), resolved.plan)
        if isinstance(resolved.plan, AggregatePlan) and len(allowed) == len(found):
            own, *beside = allowed
            wish = self._wish(query, own.dataset)
            self.answering.check(own, resolved.plan, wish, beside)
        return found

    def forecast(self, query: Query) -> Forecast | None:
        """What a noisy answer would cost and how exact it would be, or None where none is given. Reads no data."""
        if self.kind_of(query) is not AnswerKind.NOISY:
            return None
        resolved = self._resolved(query)
        allowed = list[Allowed]()
        for request, dataset in resolved.requests.values():
            decision = decide(request, self.policies.current(), self.clock.now())
            if not isinstance(decision, Allow) or not isinstance(resolved.plan, AggregatePlan):
                return None
            allowed.append(Allowed(request, dataset, effective(decision.obligations)))
        if not isinstance(resolved.plan, AggregatePlan):
            return None
        own, *beside = allowed
        wish = self._wish(query, own.dataset)
        return self.answering.forecast(own, resolved.plan, wish, beside)

    def _wish(self, query: Query, dataset: Dataset) -> Wish:
        version = self.catalog.version(dataset.latest) if dataset.latest else None
        return Wish(query.epsilon, query.error, version.rows if version else 0, query.population)

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

    def _gives_rows(self, query: Query) -> bool:
        requests = self._for_rows(query, self.permit_of(query)).requests
        now, policies = self.clock.now(), self.policies.current()
        return all(isinstance(decide(asked, policies, now), Allow) for asked, _ in requests.values())

    def _resolved(self, query: Query) -> _Resolved:
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
        return _Resolved(
            plan,
            {
                name: (
                    self._request(query, each, permit, known[name], read_of(plan, known[name])),
                    known[name],
                )
                for name, each in asked.items()
            },
        )

    def _for_rows(self, query: Query, permit: Permit | None) -> _Resolved:
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
        return _Resolved(
            plan,
            {
                name: (self._request(query, AnswerKind.ROWS, permit, known[name], columns), known[name])
                for name, columns in needed.items()
            },
        )

    def _naming_own_permit(self, query: Query, request: AccessRequest, denied: Deny) -> Deny:
        """The refusal; where a permit of theirs that they did not name would do, that is the nearest way."""
        if query.permit is not None:
            return denied
        now, policies = self.clock.now(), self.policies.current()
        for permit in self._own_permits(query.principal).values():
            asked = replace(request, permit=permit, purpose=query.purpose or permit.purpose)
            if isinstance(decide(asked, policies, now), Allow):
                return replace(denied, nearest=f"You hold {permit.id}: ask with permit='{permit.id}'.")
        return denied

    def _dropped(self, query: Query, said: Drop) -> Delivered:
        permit = self.permit_of(query)
        kept = self.answering.engine.kept(session_of(query.principal, permit))
        if said.name not in kept and not said.lenient:
            raise UnknownName("temporary result", said.name, sorted(kept), "DROP TABLE IF EXISTS is lenient.")
        return self.answering.drop(query.principal, permit, said.name, query.text)

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

    def _own_permits(self, principal: Principal) -> dict[PermitId, Permit]:
        return {
            signed.permit.id: signed.permit
            for signed in self.permits.permits()
            if principal.id in signed.permit.persons
        }

    def permit_of(self, query: Query) -> Permit | None:
        """The permit named, if it is this principal's; another's does not exist for them."""
        if query.permit is None:
            return None
        signed = self.permits.permit(query.permit)
        if signed is None or query.principal.id not in signed.permit.persons:
            mine = tuple(self._own_permits(query.principal))
            raise UnknownName("permit", query.permit, mine, "`dataspace permit list` shows yours.")
        return signed.permit

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
