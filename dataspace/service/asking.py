"""A researcher's SQL: resolved, decided on, and handed over to `answering`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from dataspace.errors import AccessDenied, SourceChanged, UnknownName
from dataspace.model.datasets import Dataset
from dataspace.model.decisions import Allow, Decision, Deny
from dataspace.model.names import DatasetName
from dataspace.model.plans import AggregatePlan, RowsPlan
from dataspace.model.policies import AnswerKind
from dataspace.model.requests import AccessRequest, Query
from dataspace.model.temporaries import Drop
from dataspace.planning.forecasting import Forecast
from dataspace.policy.compose import effective
from dataspace.policy.decide import decide
from dataspace.service.allowed import Allowed
from dataspace.service.answering import Delivered, RowStream
from dataspace.service.pricing import Wish
from dataspace.service.progress import Preparing, unwatched
from dataspace.service.recipes import check_rows_given, session_of
from dataspace.service.resolving import Resolving

CHANGES = 2
"""How often a source may change under one question before its asker is told so."""


@dataclass(frozen=True, slots=True)
class Asking(Resolving):
    """Questions to the data that lies here."""

    def still_given(self, query: Query) -> None:
        """Raises what would be raised if it were asked now, though nothing is run: before an answer is told again."""
        if isinstance(self.reader.statement(query.text), Drop):
            return
        for request, _ in self.resolved(query).requests.values():
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
        resolved = self.resolved(query)
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
        resolved, found = self.resolved(query), list[tuple[DatasetName, Decision]]()
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
        resolved = self.resolved(query)
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

    def _naming_own_permit(self, query: Query, request: AccessRequest, denied: Deny) -> Deny:
        """The refusal; where a permit of theirs that they did not name would do, that is the nearest way."""
        if query.permit is not None:
            return denied
        now, policies = self.clock.now(), self.policies.current()
        for permit in self.own_permits(query.principal).values():
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
