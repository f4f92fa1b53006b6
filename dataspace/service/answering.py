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
from dataspace.service.progress import Preparing, unwatched
from dataspace.service.recipes import check_rows_given, recipe_for, session_of
from dataspace.service.temporaries import check_still_given, kept_facts

KEPT = "kept for this permit until its worker ends, after 15 minutes without a question; read it by its name in FROM"


@dataclass(frozen=True, slots=True)
class Answering(Charging):
    """Answers that a confined engine gives over cuts: cells, and rows. The same at the hub and at every site."""

    def forget(self, permit: Permit) -> None:
        """End what is held for a permit that was taken back: its warm workers, and the cuts of its datasets."""
        for person in permit.persons:
            self.engine.close(f"{person}/{permit.id}")
        for grant in permit.datasets:
            self.cuts.drop(grant.dataset)

    def kept_rows(self, session: str, name: str) -> int:
        """How many rows a temporary result has."""
        found = self.engine.kept(session).get(name)
        return found.rows if found else 0

    def drop(self, principal: Principal, permit: Permit | None, name: str, question: str) -> Delivered:
        """Forget a temporary result; the answer names it. Nothing is read for that, and it is on record."""
        session = session_of(principal, permit)
        rows = self.kept_rows(session, name)
        facts: dict[str, JSON] = {"question": question, "kind": "rows", "drops": name, "requests": []}
        intent = self.enforcement.record(RecordKind.QUERY_INTENDED, principal, facts)
        self.engine.drop(session, name)
        done: dict[str, JSON] = {"intent": intent, "outcome": "complete", "rows": 0, "dropped": rows}
        outcome = self.enforcement.record(RecordKind.QUERY_DELIVERED, principal, done)
        table = pa.table({"dropped": [name], "rows": pa.array([rows], pa.int64())})
        note = AnswerNote(kind=AnswerKind.ROWS, intent=intent)
        return Delivered(table.cast(with_note(table.schema, note)), note, intent, outcome)

    def rows(
        self,
        principal: Principal,
        requests: Mapping[DatasetName, tuple[AccessRequest, Dataset]],
        plan: RowsPlan,
        question: str,
        codec: str = "",
        permit: Permit | None = None,
        preparing: Preparing = unwatched,
    ) -> tuple[pa.Schema, "RowStream"]:
        """Rows, streamed, compressed by the worker where a codec is given; or how many were kept there. Refusals are
        raised here, not at the first row."""
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
        check_still_given(plan.temporaries, cut_ids)
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
            **kept_facts(plan),
        }
        intent = self.enforcement.record(RecordKind.QUERY_INTENDED, principal, facts)
        if plan.keeping:
            bounded = replace(bounded, keeping=replace(plan.keeping, intent=intent, cuts=cut_ids))
            note = replace(note, rules=(*note.rules, KEPT))
        session = session_of(principal, permit)
        stream = RowStream(self, principal, session, bounded, tuple(recipes.values()), preparing)
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
        preparing: Preparing = unwatched,
    ) -> None:
        self._preparing = preparing
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
        rows, kept, outcome, answering = 0, 0, "abandoned", self._answering
        try:
            with ExitStack() as held:
                leases = [held.enter_context(answering.leased(r, self._preparing)) for r in self._recipes]
                for message in answering.engine.rows(self._session, self._plan, leases):
                    rows += message.rows
                    if message.rows and self._plan.keeping:
                        kept = answering.kept_rows(self._session, self._plan.keeping.name)
                    yield message
                self._ended = True  # the session is somebody else's from here on
            outcome = "complete"
        except DataspaceError as error:
            outcome = error.code
            raise
        finally:
            self._ended = True
            # Rows that are kept have not left; they are counted beside.
            counted: dict[str, JSON] = {"rows": 0, "kept": kept} if self._plan.keeping else {"rows": rows}
            answering.enforcement.record(
                RecordKind.QUERY_DELIVERED,
                self._principal,
                {
                    "intent": intent,
                    "outcome": self._why if outcome != "complete" and self._why else outcome,
                    **counted,
                },
            )


def _most(granted: Mapping[DatasetName, Granted]) -> int | None:
    limits = (g.obligations.maximum_rows for g in granted.values())
    return min((limit for limit in limits if limit is not None), default=None)
