"""Aggregate and noisy answers: budget, intent, confined engine, outcome. In this order and no other."""

import uuid
from dataclasses import dataclass, replace

import pyarrow as pa

from dataspace.errors import (
    BudgetExceeded,
    DataspaceError,
    SourceAway,
    SourceChanged,
    UnsupportedQuery,
)
from dataspace.model.answers import AnswerNote
from dataspace.model.charges import Account, Limits, Overspent, Reservation
from dataspace.model.codec import to_json
from dataspace.model.datasets import ColumnType, Dataset
from dataspace.model.plans import AggregatePlan, Asked, CellsPlan, CutRecipe, Disclosure, Noise
from dataspace.model.policies import AnswerKind, Obligations
from dataspace.model.records import JSON, RecordKind
from dataspace.model.requests import AccessRequest
from dataspace.planning import bounds_search
from dataspace.planning.cells import check_size
from dataspace.planning.cut_id import cut_id
from dataspace.planning.forecasting import Forecast
from dataspace.ports import Answers, Cuts, Engine, Ledger
from dataspace.service.enforcing import Enforcement, Granted, request_facts
from dataspace.service.notes import note_of_cut, note_of_duties, read_note, table_digest, with_note
from dataspace.service.pricing import Wish, charge_for, divided, forecast_of, noise_for, unbounded
from dataspace.service.recipes import recipe_for, session_of
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
    ) -> Delivered:
        """An aggregate or noisy answer. Raises AccessDenied, BudgetExceeded or NoAnswer."""
        granted = self.enforcement.granted(request, question)
        recipe = recipe_for(dataset, granted.obligations, request.permit)
        cells = self._planned(request, dataset, granted.obligations, recipe, plan, wish)
        if cells.noise is None:
            return self._run_cells(request, dataset, granted, recipe, cells, question)
        key = _key(request, cells)
        if (known := self.answers.recall(key)) is not None:
            return self._again(request, known, key, question)
        return self._run_charged(request, dataset, granted, recipe, cells, question, key)

    def check(
        self,
        request: AccessRequest,
        dataset: Dataset,
        obligations: Obligations,
        plan: AggregatePlan,
        wish: Wish,
    ) -> None:
        """Raises what `cells` would raise once the question is allowed. Reads the ledger; records nothing."""
        recipe = recipe_for(dataset, obligations, request.permit)
        cells = self._planned(request, dataset, obligations, recipe, plan, wish)
        if cells.noise is None:
            return
        key = _key(request, cells)
        if self.answers.recall(key) is not None:
            return  # the same answer again costs nothing
        account, limits = Account(dataset.name, dataset.privacy_unit), limits_of(obligations)
        short = self.ledger.short(account, charge_for(request, cells, key), limits)
        if short is not None:
            raise BudgetExceeded(short.asked, short.left, short.limited_by)

    def forecast(
        self,
        request: AccessRequest,
        dataset: Dataset,
        obligations: Obligations,
        plan: AggregatePlan,
        wish: Wish,
    ) -> Forecast | None:
        """What a noisy answer would cost, and how exact it would be; None for other kinds. Reads no data."""
        recipe = recipe_for(dataset, obligations, request.permit)
        cells = self._planned(request, dataset, obligations, recipe, plan, wish)
        if cells.noise is None:
            return None
        repeated = self.answers.recall(_key(request, cells)) is not None
        return forecast_of(cells, wish, repeated)

    def _planned(
        self,
        request: AccessRequest,
        dataset: Dataset,
        obligations: Obligations,
        recipe: CutRecipe,
        plan: AggregatePlan,
        wish: Wish,
    ) -> CellsPlan:
        """What would run; raises for a form that is refused before anything is set aside: that costs nothing."""
        check_size(plan)
        noise = noise_for(plan, dataset, obligations, wish) if request.kind is AnswerKind.NOISY else None
        return CellsPlan(
            plan, cut_id(recipe, self.engine.version), request.kind, _disclosure(obligations), noise
        )

    def _run_charged(
        self,
        request: AccessRequest,
        dataset: Dataset,
        granted: Granted,
        recipe: CutRecipe,
        cells: CellsPlan,
        question: str,
        key: str,
    ) -> Delivered:
        account = Account(dataset.name, dataset.privacy_unit)
        charge = charge_for(request, cells, key)
        limits = limits_of(granted.obligations)
        # Each attempt has a key of its own: noise drawn again is paid again, also where the clock stands still.
        match self.ledger.reserve(account, charge, f"{key}/{uuid.uuid4().hex}", limits):
            case Overspent() as short:
                facts = request_facts(request, question) | {"limited_by": short.limited_by}
                self.enforcement.record(RecordKind.QUERY_REFUSED, request.principal, facts)
                raise BudgetExceeded(short.asked, short.left, short.limited_by)
            case Reservation() as reservation:
                # From here on the charge counts, whatever happens: a failure must not be a free look. Rows that
                # could not be read where they stay were never looked at: the engine had not started.
                try:
                    bounded = self._bounded(request, dataset, granted, recipe, cells, question)
                    delivered = self._run_cells(request, dataset, granted, recipe, bounded, question)
                except (SourceAway, SourceChanged):
                    self.ledger.forfeit(reservation)
                    raise
                self.ledger.commit(reservation, charge)
        permit = request.permit.id if request.permit else None
        note = replace(
            delivered.note,
            epsilon=charge.epsilon,
            delta=charge.delta,
            left=self.ledger.balance(account, limits, permit).left,
        )
        if bounded.noise is not None and cells.noise is not None:
            note = replace(note, rules=(*note.rules, *_of_bounds(cells, bounded.noise)))
        table = delivered.table.cast(with_note(delivered.table.schema, note))
        self.answers.remember(key, table)
        return replace(delivered, table=table, note=note)

    def _bounded(
        self,
        request: AccessRequest,
        dataset: Dataset,
        granted: Granted,
        recipe: CutRecipe,
        cells: CellsPlan,
        question: str,
    ) -> CellsPlan:
        """What runs: where bounds are not declared, with those that were found, at a part of ε. Charged by then."""
        if cells.noise is None or not (missing := unbounded(cells.aggregate, cells.noise)):
            return cells
        noise, plan = cells.noise, cells.aggregate
        looking, rest = divided(plan, noise)
        bounds = dict(noise.bounds)
        for column in missing:
            asked = replace(cells, aggregate=bounds_search.search(plan, column), noise=Noise(looking))
            table = self._run_cells(
                request, dataset, granted, recipe, asked, f"{question} -- bounds of {column}"
            ).table
            rows = zip(
                table[bounds_search.BAND].to_pylist(), table[bounds_search.COUNTED].to_pylist(), strict=True
            )
            found = bounds_search.found(rows, looking)
            if found is None:
                # Told on the ground of noisy counts, which are charged.
                raise UnsupportedQuery(
                    f"a noisy answer over '{column}': its bounds are not declared, and none stood out of the noise",
                    "Ask with more ε, or ask its steward for bounds.",
                )
            bounds[column] = found
        return replace(cells, noise=replace(noise, epsilon=rest, bounds=bounds))

    def _run_cells(
        self,
        request: AccessRequest,
        dataset: Dataset,
        granted: Granted,
        recipe: CutRecipe,
        cells: CellsPlan,
        question: str,
    ) -> Delivered:
        facts = request_facts(request, question) | {
            "cut": cells.cut,
            "policies": granted.policies.digest,
            "plan": digest(to_json(cells)),
        }
        intent = self.enforcement.record(RecordKind.QUERY_INTENDED, request.principal, facts)
        outcome, answer_digest, given = "failed", "", 0
        try:
            with self.cuts.lease(recipe) as lease:
                session = session_of(request.principal, request.permit)
                asked = replace(
                    cells, asked=asked_by(request, dataset, granted.obligations, question, intent)
                )
                table, note = self.engine.cells(session, asked, [lease])
            note = replace(note, datasets=(str(request.dataset),), cuts=(cells.cut,), intent=intent)
            note = note_of_duties(note_of_cut(note, recipe, dataset), granted.obligations)
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


def _of_bounds(cells: CellsPlan, noise: Noise) -> list[str]:
    """Which bounds were found, and at what cost."""
    if cells.noise is None or noise is cells.noise:
        return []
    looking, _ = divided(cells.aggregate, cells.noise)
    return [
        f"The bounds of '{column}' are not declared: {noise.bounds[column][0]:g} to {noise.bounds[column][1]:g} were "
        f"found privately, for ε {looking:g}."
        for column in unbounded(cells.aggregate, cells.noise)
    ]


def _disclosure(obligations: Obligations) -> Disclosure:
    cohort = max(MINIMUM_COHORT, obligations.cohort or DEFAULT_COHORT)
    return Disclosure(cohort, round_to=obligations.round_to or 1)


MINIMUM_COHORT = 5
DEFAULT_COHORT = 10


def asked_by(
    request: AccessRequest, dataset: Dataset, owed: Obligations, question: str, intent: int
) -> Asked | None:
    """In whose name an aggregate is compared with earlier ones; noisy answers need no comparison."""
    if request.kind is not AnswerKind.AGGREGATE:
        return None
    permit = request.permit
    project = f"{permit.organisation}/{permit.title or permit.application}" if permit else ""
    flags = {c.name: (False, True) for c in dataset.columns if c.type is ColumnType.BOOLEAN}
    declared = {column.name: column.values for column in dataset.columns if column.values}
    return Asked(
        request.principal.id,
        permit.id if permit else "",
        project,
        question,
        intent,
        tuple(sorted(owed.compare_across)),
        flags | declared,
    )


def _key(request: AccessRequest, cells: CellsPlan) -> str:
    """What makes two noisy questions the same."""
    return digest({"plan": to_json(cells), "principal": request.principal.id})


def limits_of(obligations: Obligations) -> Limits:
    """What the ledger checks a charge against."""
    return Limits(permit=obligations.epsilon_total, question=obligations.epsilon_question)
