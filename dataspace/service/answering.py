"""From an allowance to an answer: rows as a stream here, cells by `charging`. Cut, intent, confined engine, outcome."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pyarrow as pa

from dataspace.errors import DataspaceError
from dataspace.model.answers import AnswerNote
from dataspace.model.datasets import Dataset
from dataspace.model.names import DatasetName
from dataspace.model.permits import Permit
from dataspace.model.plans import AggregatePlan, CutRecipe, RowsPlan
from dataspace.model.policies import AnswerKind, Obligations
from dataspace.model.principals import Principal
from dataspace.model.records import JSON, RecordKind
from dataspace.model.requests import AccessRequest
from dataspace.planning.cut_id import cut_id
from dataspace.planning.forecasting import Forecast
from dataspace.ports import Answers, Cuts, Engine, Ledger
from dataspace.service.charging import Charging, limits_of
from dataspace.service.charging import Delivered as Delivered
from dataspace.service.enforcing import Enforcement, Granted, request_facts
from dataspace.service.notes import note_of_cut, note_of_duties, with_note
from dataspace.service.pricing import Wish
from dataspace.service.recipes import recipe_for, session_of

__all__ = ["Answering", "Delivered", "RowStream", "limits_of", "recipe_for", "session_of"]


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers that a confined engine gives over cuts. The same at the hub and at every site."""

    enforcement: Enforcement
    cuts: Cuts
    engine: Engine
    ledger: Ledger
    answers: Answers

    @property
    def _charging(self) -> Charging:
        return Charging(self.enforcement, self.cuts, self.engine, self.ledger, self.answers)

    def cells(
        self,
        request: AccessRequest,
        dataset: Dataset,
        plan: AggregatePlan,
        question: str,
        wish: Wish = Wish(),  # noqa: B008 - frozen
    ) -> Delivered:
        """An aggregate or noisy answer. Raises AccessDenied, BudgetExceeded or NoAnswer."""
        return self._charging.cells(request, dataset, plan, question, wish)

    def check(
        self,
        request: AccessRequest,
        dataset: Dataset,
        obligations: Obligations,
        plan: AggregatePlan,
        wish: Wish,
    ) -> None:
        """Raises what `cells` would raise once the question is allowed. Reads the ledger; records nothing."""
        self._charging.check(request, dataset, obligations, plan, wish)

    def forecast(
        self,
        request: AccessRequest,
        dataset: Dataset,
        obligations: Obligations,
        plan: AggregatePlan,
        wish: Wish,
    ) -> Forecast | None:
        """What a noisy answer would cost, and how exact it would be; None for other kinds. Reads no data."""
        return self._charging.forecast(request, dataset, obligations, plan, wish)

    def forget(self, permit: Permit) -> None:
        """End what is held for a permit that was taken back: its warm workers, and the cuts of its datasets."""
        for person in permit.persons:
            self.engine.close(f"{person}/{permit.id}")
        for grant in permit.datasets:
            self.cuts.drop(grant.dataset)

    def rows(
        self,
        principal: Principal,
        requests: Mapping[DatasetName, tuple[AccessRequest, Dataset]],
        plan: RowsPlan,
        question: str,
    ) -> tuple[pa.Schema, "RowStream"]:
        """Rows, streamed. Refusals are raised here, not at the first row."""
        granted = {
            name: self.enforcement.granted(request, question) for name, (request, _) in requests.items()
        }
        recipes = {
            name: recipe_for(dataset, granted[name].obligations, request.permit)
            for name, (request, dataset) in requests.items()
        }
        cut_ids = {
            request.dataset.dataset: cut_id(recipes[name], self.engine.version)
            for name, (request, _) in requests.items()
        }
        bounded = replace(plan, relations=cut_ids, maximum_rows=_most(granted))
        note = AnswerNote(
            kind=AnswerKind.ROWS,
            datasets=tuple(str(r.dataset) for r, _ in requests.values()),
            maximum_rows=bounded.maximum_rows,
        )
        for name, (_, dataset) in requests.items():
            note = note_of_duties(note_of_cut(note, recipes[name], dataset), granted[name].obligations)
        facts: dict[str, JSON] = {
            "question": question,
            "kind": "rows",
            "cuts": sorted(cut_ids.values()),
            "datasets": list(note.datasets),
            "requests": [request_facts(request, "") for request, _ in requests.values()],
        }
        intent = self.enforcement.record(RecordKind.QUERY_INTENDED, principal, facts)
        permit = next((request.permit for request, _ in requests.values()), None)
        stream = RowStream(self, principal, session_of(principal, permit), bounded, tuple(recipes.values()))
        return with_note(stream.begin(intent), replace(note, intent=intent)), stream


class RowStream(Iterator[pa.RecordBatch]):
    """The batches of one answer. However it ends, that is recorded: read to its end, closed, cancelled or broken."""

    def __init__(
        self,
        answering: Answering,
        principal: Principal,
        session: str,
        plan: RowsPlan,
        recipes: tuple[CutRecipe, ...],
    ) -> None:
        self._answering, self._principal, self._session = answering, principal, session
        self._plan, self._recipes = plan, recipes
        self._why = ""
        self._ended = False
        self._first: pa.RecordBatch | None = None

    def begin(self, intent: int) -> pa.Schema:
        """Run it as far as the schema. Raises NoAnswer, which is recorded by then."""
        self._batches = self._recorded(intent)
        self._first = next(self._batches, None)
        return self._first.schema if self._first is not None else pa.schema([])

    def __next__(self) -> pa.RecordBatch:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return next(self._batches)

    def close(self) -> None:
        """The reader has enough; by the thread that reads."""
        self._batches.close()

    def cancel(self, why: str = "cancelled") -> None:
        """End it from another thread, also in the middle of a batch; `why` is the outcome that is recorded."""
        self._why = self._why or why
        if not self._ended:
            self._answering.engine.close(self._session)

    def _recorded(self, intent: int) -> Generator[pa.RecordBatch, None, None]:
        rows, outcome, answering = 0, "abandoned", self._answering
        try:
            with ExitStack() as held:
                leases = [held.enter_context(answering.cuts.lease(recipe)) for recipe in self._recipes]
                for batch in answering.engine.rows(self._session, self._plan, leases):
                    rows += batch.num_rows
                    yield batch
                self._ended = True  # the session is somebody else's from here on
            outcome = "complete"
        except DataspaceError as error:
            outcome = error.code
            raise
        finally:
            self._ended = True
            answering.enforcement.record(
                RecordKind.QUERY_DELIVERED,
                self._principal,
                {
                    "intent": intent,
                    "outcome": self._why if outcome != "complete" and self._why else outcome,
                    "rows": rows,
                },
            )


def _most(granted: Mapping[DatasetName, Granted]) -> int | None:
    limits = (g.obligations.maximum_rows for g in granted.values())
    return min((limit for limit in limits if limit is not None), default=None)
