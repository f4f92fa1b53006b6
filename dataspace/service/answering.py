"""From an allowance to an answer: rows as a stream here, cells by `charging`. Cut, intent, confined engine, outcome."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pyarrow as pa

from dataspace.errors import DataspaceError, NoAnswer
from dataspace.model.answers import AnswerNote
from dataspace.model.datasets import Dataset
from dataspace.model.names import DatasetName
from dataspace.model.permits import Permit
from dataspace.model.plans import CutRecipe, RowsMessage, RowsPlan
from dataspace.model.policies import AnswerKind
from dataspace.model.principals import Principal
from dataspace.model.records import JSON, RecordKind
from dataspace.model.requests import AccessRequest
from dataspace.planning.cut_id import cut_id
from dataspace.service.charging import Charging
from dataspace.service.charging import Delivered as Delivered
from dataspace.service.enforcing import Granted, request_facts
from dataspace.service.messages import batches_of, schema_of
from dataspace.service.notes import note_of_cut, note_of_duties, with_note
from dataspace.service.recipes import check_rows_given, recipe_for, session_of


@dataclass(frozen=True, slots=True)
class Answering(Charging):
    """Answers that a confined engine gives over cuts: cells, and rows. The same at the hub and at every site."""

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
        codec: str = "",
    ) -> tuple[pa.Schema, "RowStream"]:
        """Rows, streamed, compressed by the worker where a codec is given. Refusals are raised here, not at the first
        row."""
        granted = {
            name: self.enforcement.granted(request, question) for name, (request, _) in requests.items()
        }
        recipes = {
            name: recipe_for(dataset, granted[name].obligations, request.permit)
            for name, (request, dataset) in requests.items()
        }
        check_rows_given(recipes, (dataset for _, dataset in requests.values()), plan)
        cut_ids = {
            request.dataset.dataset: cut_id(recipes[name], self.engine.version)
            for name, (request, _) in requests.items()
        }
        bounded = replace(plan, relations=cut_ids, maximum_rows=_most(granted), codec=codec)
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
    """The batches of one answer, or their messages as the worker wrote them. However it ends, that is recorded: read to
    its end, closed, cancelled or broken."""

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

    def begin(self, intent: int) -> pa.Schema:
        """Run it as far as the schema. Raises NoAnswer, which is recorded by then."""
        self.messages = self._recorded(intent)
        """What comes after the schema: read either these or the batches."""
        first = next(self.messages)
        self._batches = batches_of(self.messages)
        try:
            return schema_of(first)
        except pa.ArrowException as error:
            self.close()
            raise NoAnswer() from error

    def __next__(self) -> pa.RecordBatch:
        return next(self._batches)

    def close(self) -> None:
        """The reader has enough; by the thread that reads."""
        self.messages.close()

    def cancel(self, why: str = "cancelled") -> None:
        """End it from another thread, also in the middle of a batch; `why` is the outcome that is recorded."""
        self._why = self._why or why
        if not self._ended:
            self._answering.engine.close(self._session)

    def _recorded(self, intent: int) -> Generator[RowsMessage, None, None]:
        rows, outcome, answering = 0, "abandoned", self._answering
        try:
            with ExitStack() as held:
                leases = [held.enter_context(answering.cuts.lease(recipe)) for recipe in self._recipes]
                for message in answering.engine.rows(self._session, self._plan, leases):
                    rows += message.rows
                    yield message
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
