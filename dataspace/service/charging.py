"""Aggregate and noisy answers: budget, intent, confined engine, outcome. In this order and no other."""

import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from functools import partial

import pyarrow as pa

from dataspace.errors import (
    BudgetExceeded,
    DataspaceError,
    SourceAway,
    SourceChanged,
)
from dataspace.model.answers import AnswerNote
from dataspace.model.charges import Overspent, Reservation
from dataspace.model.codec import to_json
from dataspace.model.datasets import Dataset
from dataspace.model.plans import AggregatePlan, CellsPlan, CutRecipe
from dataspace.model.policies import AnswerKind
from dataspace.model.records import JSON, RecordKind
from dataspace.model.requests import AccessRequest
from dataspace.planning.cells import check_size
from dataspace.planning.cut_id import cut_id
from dataspace.planning.forecasting import Forecast
from dataspace.planning.joining import seen_together
from dataspace.ports import Answers, CutLease, Cuts, Engine, Ledger
from dataspace.service.allowed import (
    Allowed,
    Case,
    asked_by,
    disclosure_of,
    limits_of,
    protected,
    same_question,
)
from dataspace.service.bounding import of_bounds, with_bounds
from dataspace.service.enforcing import Enforcement, request_facts
from dataspace.service.notes import note_of_cut, note_of_duties, read_note, table_digest, with_note
from dataspace.service.populations import population_of
from dataspace.service.pricing import Wish, charge_for, forecast_of, noise_for
from dataspace.service.progress import Preparing, unwatched
from dataspace.service.recipes import check_given, session_of
from dataspace.transparency.canonical import digest


@dataclass(frozen=True, slots=True)
class Delivered:
    """An answer and the numbers of its two records. `outcome` is None until a stream of rows is closed."""

    table: pa.Table
    note: AnswerNote
    intent: int
    outcome: int | None


@dataclass(frozen=True, slots=True)
class Charging:
    """Answers of cells from a confined engine over cuts. The same at the hub and at every site."""

    enforcement: Enforcement
    cuts: Cuts
    engine: Engine
    ledger: Ledger
    answers: Answers

    def cells(
        self,
        request: AccessRequest,
        dataset: Dataset,
        plan: AggregatePlan,
        question: str,
        wish: Wish = Wish(),  # noqa: B008 - frozen
        beside: Sequence[tuple[AccessRequest, Dataset]] = (),
        preparing: Preparing = unwatched,
    ) -> Delivered:
        """An aggregate or noisy answer. Raises AccessDenied, BudgetExceeded or NoAnswer.

        `beside` are the datasets that are joined: each is decided on by itself, and each whose persons are in the
        answer is charged in full.
        """
        granted = self.enforcement.granted(request, question)
        own = Allowed(request, dataset, granted.obligations)
        joined = tuple(
            Allowed(asked, other, self.enforcement.granted(asked, question).obligations)
            for asked, other in beside
        )
        cells = self._planned(own, plan, wish, joined)
        case = Case(own, joined, question, granted.policies.digest, preparing)
        if cells.noise is None:
            return self._run_cells(case, cells)
        key = same_question(request, cells)
        if (known := self.answers.recall(key)) is not None:
            return self._again(request, known, key, question)
        return self._run_charged(case, cells, key)

    def leased(self, recipe: CutRecipe, preparing: Preparing) -> AbstractContextManager[CutLease]:
        """The cut, while whoever waits for it is told how far it is."""
        return self.cuts.lease(recipe, partial(preparing, recipe.version.dataset))

    def check(self, own: Allowed, plan: AggregatePlan, wish: Wish, beside: Sequence[Allowed] = ()) -> None:
        """Raises what `cells` would raise once the question is allowed. Reads the ledger; records nothing."""
        cells = self._planned(own, plan, wish, beside)
        if cells.noise is None:
            return
        key = same_question(own.request, cells)
        if self.answers.recall(key) is not None:
            return  # the same answer again costs nothing
        for one in (own, *protected(plan, beside)):
            charge = charge_for(one.request, cells, key)
            short = self.ledger.short(one.account, charge, limits_of(one.obligations))
            if short is not None:
                raise BudgetExceeded(short.asked, short.left, short.limited_by)

    def forecast(
        self, own: Allowed, plan: AggregatePlan, wish: Wish, beside: Sequence[Allowed] = ()
    ) -> Forecast | None:
        """What a noisy answer would cost, and how exact it would be; None for other kinds. Reads no data."""
        cells = self._planned(own, plan, wish, beside)
        if cells.noise is None:
            return None
        repeated = self.answers.recall(same_question(own.request, cells)) is not None
        return forecast_of(cells, wish, repeated)

    def _planned(self, own: Allowed, plan: AggregatePlan, wish: Wish, beside: Sequence[Allowed]) -> CellsPlan:
        """What would run; raises for a form that is refused before anything is set aside: that costs nothing."""
        check_size(plan)
        for one in (own, *beside):
            read = {column.name.lower() for column in one.request.columns}
            check_given(one.dataset, one.recipe, read - {(one.dataset.privacy_unit or "").lower()})
        noise, known = None, {one.dataset.name: one for one in beside}
        if own.request.kind is AnswerKind.NOISY:
            seen = seen_together(own.dataset, plan.joins, {name: one.dataset for name, one in known.items()})
            stated = [own.obligations, *(one.obligations for one in protected(plan, beside))]
            limits = [owed.epsilon_question for owed in stated if owed.epsilon_question is not None]
            owed = replace(own.obligations, epsilon_question=min(limits, default=None))
            noise = noise_for(plan, seen, owed, wish)
        version = self.engine.version
        cuts = {name: cut_id(one.recipe, version) for name, one in known.items()}
        return CellsPlan(
            plan,
            cut_id(own.recipe, version),
            own.request.kind,
            disclosure_of(own.obligations),
            noise,
            beside=cuts,
            population=population_of(plan, own.request.kind, wish),
        )

    def _run_charged(self, case: Case, cells: CellsPlan, key: str) -> Delivered:
        own = case.own
        held = self._reserved(case, cells, key)
        # From here on the charge counts, whatever happens: a failure must not be a free look. Rows that could not be
        # read where they stay were never looked at: the engine had not started.
        try:
            bounded = with_bounds(case, cells, lambda looked, asked: self._run_cells(looked, asked).table)
            delivered = self._run_cells(case, bounded)
        except (SourceAway, SourceChanged):
            for reservation in held:
                self.ledger.forfeit(reservation)
            raise
        except DataspaceError:
            self._commit(held)
            raise
        self._commit(held)
        charge = held[0].charge
        permit = own.request.permit.id if own.request.permit else None
        note = replace(
            delivered.note,
            epsilon=charge.epsilon,
            delta=charge.delta,
            left=self.ledger.balance(own.account, limits_of(own.obligations), permit).left,
        )
        if bounded.noise is not None and cells.noise is not None:
            note = replace(note, rules=(*note.rules, *of_bounds(cells, bounded.noise)))
        table = delivered.table.cast(with_note(delivered.table.schema, note))
        self.answers.remember(key, table)
        return replace(delivered, table=table, note=note)

    def _reserved(self, case: Case, cells: CellsPlan, key: str) -> list[Reservation]:
        """Set aside in every account whose persons the answer is about, or in none. Raises BudgetExceeded."""
        held, attempt = list[Reservation](), uuid.uuid4().hex
        for one in case.paying(cells.aggregate):
            charge = charge_for(one.request, cells, key)
            # Each attempt has a key of its own: noise drawn again is paid again, also where the clock stands still.
            own = f"{key}/{attempt}" + (f"/{one.dataset.name}" if held else "")
            match self.ledger.reserve(one.account, charge, own, limits_of(one.obligations)):
                case Reservation() as reservation:
                    held.append(reservation)
                case Overspent() as short:
                    for reservation in held:
                        self.ledger.forfeit(reservation)  # nothing has run
                    facts = request_facts(one.request, case.question) | {"limited_by": short.limited_by}
                    self.enforcement.record(RecordKind.QUERY_REFUSED, one.request.principal, facts)
                    raise BudgetExceeded(short.asked, short.left, short.limited_by)
        return held

    def _commit(self, held: Sequence[Reservation]) -> None:
        for reservation in held:
            self.ledger.commit(reservation, reservation.charge)

    def _run_cells(self, case: Case, cells: CellsPlan) -> Delivered:
        own, request = case.own, case.own.request
        facts = request_facts(request, case.question) | {
            "cut": cells.cut,
            "policies": case.policies,
            "plan": digest(to_json(cells)),
        }
        if cells.population:
            facts["population"] = cells.population
        if case.beside:
            facts["beside"] = [request_facts(one.request, "") for one in case.beside]
        intent = self.enforcement.record(RecordKind.QUERY_INTENDED, request.principal, facts)
        outcome, answer_digest, given = "failed", "", 0
        try:
            with ExitStack() as holding:
                recipes = [one.recipe for one in (own, *case.beside)]
                leases = [holding.enter_context(self.leased(recipe, case.preparing)) for recipe in recipes]
                session = session_of(request.principal, request.permit)
                asked = replace(cells, asked=asked_by(own, case.question, intent))
                table, note = self.engine.cells(session, asked, leases)
            datasets = (str(request.dataset), *(str(one.request.dataset) for one in case.beside))
            note = replace(note, datasets=datasets, cuts=(cells.cut, *cells.beside.values()), intent=intent)
            for one in (own, *case.beside):
                note = note_of_duties(note_of_cut(note, one.recipe, one.dataset), one.obligations)
            table = table.cast(with_note(table.schema, note))
            outcome, answer_digest = "complete", table_digest(table)
            given = table.num_rows * table.num_columns
        except DataspaceError as error:
            outcome = error.code
            raise
        finally:
            closing: dict[str, JSON] = {"intent": intent, "outcome": outcome, "answer": answer_digest}
            closing["cells"] = given
            number = self.enforcement.record(RecordKind.QUERY_DELIVERED, request.principal, closing)
        return Delivered(table, note, intent, number)

    def _again(self, request: AccessRequest, known: pa.Table, key: str, question: str) -> Delivered:
        facts = request_facts(request, question) | {"repeated": key}
        intent = self.enforcement.record(RecordKind.QUERY_INTENDED, request.principal, facts)
        note = replace(read_note(known), repeated=True, epsilon=0.0, delta=0.0, intent=intent)
        table = known.cast(with_note(known.schema, note))
        closing: dict[str, JSON] = {"intent": intent, "outcome": "complete", "answer": table_digest(table)}
        number = self.enforcement.record(RecordKind.QUERY_DELIVERED, request.principal, closing)
        return Delivered(table, note, intent, number)
