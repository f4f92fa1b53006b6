"""From an allowance to an answer: cut, budget, intent, confined engine, outcome. In this order and no other."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pyarrow as pa

from dataspace.errors import BudgetExceeded, DataspaceError, InvalidRequest, UnsupportedQuery
from dataspace.model.answers import AnswerNote
from dataspace.model.charges import Account, Charge, Limits, Overspent, PrivacyEvent, Reservation
from dataspace.model.codec import to_json
from dataspace.model.datasets import Column, Dataset
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.permits import Permit
from dataspace.model.plans import AggregatePlan, CellsPlan, CutRecipe, Disclosure, Function, Noise, RowsPlan
from dataspace.model.policies import AnswerKind, MaskKind, Obligations
from dataspace.model.principals import Principal
from dataspace.model.records import JSON, RecordKind
from dataspace.model.requests import AccessRequest
from dataspace.planning.cells import check_noisy, check_size
from dataspace.planning.cut_id import cut_id
from dataspace.ports import Answers, Cuts, Engine, Ledger
from dataspace.privacy.limits import Spent, refusal, spent_units
from dataspace.service.enforcing import Enforcement, Granted, request_facts
from dataspace.service.notes import note_of_cut, read_note, table_digest, with_note
from dataspace.transparency.canonical import digest


@dataclass(frozen=True, slots=True)
class Delivered:
    """An answer and the numbers of its two records. `outcome` is None until a stream of rows is closed."""

    table: pa.Table
    note: AnswerNote
    intent: int
    outcome: int | None


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers that a confined engine gives over cuts. The same at the hub and at every site."""

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
        epsilon: float | None = None,
    ) -> Delivered:
        """An aggregate or noisy answer. Raises AccessDenied, BudgetExceeded or NoAnswer."""
        granted = self.enforcement.granted(request, question)
        recipe = recipe_for(dataset, granted.obligations, request.permit)
        cells = self._planned(request, dataset, granted.obligations, recipe, plan, epsilon)
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
        epsilon: float | None,
    ) -> None:
        """Raises what `cells` would raise once the question is allowed. Reads the ledger; records nothing."""
        recipe = recipe_for(dataset, obligations, request.permit)
        cells = self._planned(request, dataset, obligations, recipe, plan, epsilon)
        if cells.noise is None:
            return
        key = _key(request, cells)
        if self.answers.recall(key) is not None:
            return  # the same answer again costs nothing
        account, limits = Account(dataset.name, dataset.privacy_unit), limits_of(obligations)
        charge = _charge(request, cells, key)
        counted = [entry.charge for entry, state in self.ledger.charges(account) if state != "forfeited"]
        mine = [kept for kept in counted if _purse(kept) == _purse(charge)]
        short = refusal(account, charge, Spent(_units(counted), _units(mine)), limits)
        if short is not None:
            raise BudgetExceeded(short.asked, short.left, short.limited_by)

    def _planned(
        self,
        request: AccessRequest,
        dataset: Dataset,
        obligations: Obligations,
        recipe: CutRecipe,
        plan: AggregatePlan,
        epsilon: float | None,
    ) -> CellsPlan:
        """What would run; raises for a form that is refused before anything is set aside: that costs nothing."""
        noise = self._noise(plan, dataset, obligations, epsilon) if request.kind is AnswerKind.NOISY else None
        check_size(plan)
        if noise is not None:
            check_noisy(plan, noise)
        return CellsPlan(
            plan, cut_id(recipe, self.engine.version), request.kind, _disclosure(obligations), noise
        )

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
    ) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """Rows, streamed. Refusals are raised here, not at the first row."""
        granted = {
            name: self.enforcement.granted(request, question) for name, (request, _) in requests.items()
        }
        recipes = {
            name: recipe_for(dataset, granted[name].obligations, request.permit)
            for name, (request, dataset) in requests.items()
        }
        limits = [
            g.obligations.maximum_rows for g in granted.values() if g.obligations.maximum_rows is not None
        ]
        cut_ids = {
            request.dataset.dataset: cut_id(recipes[name], self.engine.version)
            for name, (request, _) in requests.items()
        }
        bounded = replace(plan, relations=cut_ids, maximum_rows=min(limits, default=None))
        note = AnswerNote(kind=AnswerKind.ROWS, datasets=tuple(str(r.dataset) for r, _ in requests.values()))
        for name, (_, dataset) in requests.items():
            note = note_of_cut(note, recipes[name], dataset)
        facts = {
            "question": question,
            "kind": "rows",
            "cuts": sorted(cut_ids.values()),
            "datasets": list(note.datasets),
        }
        intent = self.enforcement.record(RecordKind.QUERY_INTENDED, principal, facts)
        session = session_of(principal, next(iter(requests.values()))[0].permit)
        stream = self._stream(principal, session, bounded, tuple(recipes.values()), intent)
        first = next(stream, None)
        schema = first.schema if first is not None else pa.schema([])
        return with_note(schema, replace(note, intent=intent)), _rest(first, stream)

    def _stream(
        self, principal: Principal, session: str, plan: RowsPlan, recipes: tuple[CutRecipe, ...], intent: int
    ) -> Iterator[pa.RecordBatch]:
        rows, outcome = 0, "abandoned"
        try:
            with ExitStack() as held:
                leases = [held.enter_context(self.cuts.lease(recipe)) for recipe in recipes]
                for batch in self.engine.rows(session, plan, leases):
                    rows += batch.num_rows
                    yield batch
            outcome = "complete"
        except DataspaceError as error:
            outcome = error.code
            raise
        finally:
            self.enforcement.record(
                RecordKind.QUERY_DELIVERED, principal, {"intent": intent, "outcome": outcome, "rows": rows}
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
        charge = _charge(request, cells, key)
        limits = limits_of(granted.obligations)
        match self.ledger.reserve(
            account, charge, f"{key}/{self.enforcement.clock.now().isoformat()}", limits
        ):
            case Overspent() as short:
                facts = request_facts(request, question) | {"limited_by": short.limited_by}
                self.enforcement.record(RecordKind.QUERY_REFUSED, request.principal, facts)
                raise BudgetExceeded(short.asked, short.left, short.limited_by)
            case Reservation() as reservation:
                # From here on the charge counts, whatever happens: a failure must not be a free look.
                delivered = self._run_cells(request, dataset, granted, recipe, cells, question)
                self.ledger.commit(reservation, charge)
        permit = request.permit.id if request.permit else None
        note = replace(
            delivered.note,
            epsilon=charge.epsilon,
            left=self.ledger.balance(account, limits, permit).left,
        )
        table = delivered.table.cast(with_note(delivered.table.schema, note))
        self.answers.remember(key, table)
        return replace(delivered, table=table, note=note)

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
        outcome, answer_digest = "failed", ""
        try:
            with self.cuts.lease(recipe) as lease:
                session = session_of(request.principal, request.permit)
                table, note = self.engine.cells(session, cells, [lease])
            note = replace(note, datasets=(str(request.dataset),), cuts=(cells.cut,), intent=intent)
            note = note_of_cut(note, recipe, dataset)
            table = table.cast(with_note(table.schema, note))
            outcome, answer_digest = "complete", table_digest(table)
        except DataspaceError as error:
            outcome = error.code
            raise
        finally:
            closing: dict[str, JSON] = {"intent": intent, "outcome": outcome, "answer": answer_digest}
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

    def _noise(
        self, plan: AggregatePlan, dataset: Dataset, obligations: Obligations, epsilon: float | None
    ) -> Noise:
        ceiling = obligations.epsilon_question or DEFAULT_EPSILON
        asked = ceiling if epsilon is None else epsilon
        if not 0 < asked < float("inf"):
            raise InvalidRequest("ε has to be a positive number.", "Leave it out for the permit's own.")
        if asked > ceiling:
            raise BudgetExceeded(asked, ceiling, "the limit for one question")
        return Noise(asked, {c: _bounds(dataset.column(c), c) for c in _summed(plan)})


DEFAULT_EPSILON = 0.1


def _summed(plan: AggregatePlan) -> frozenset[ColumnName]:
    return frozenset(
        m.column for m in plan.measures if m.column is not None and m.function is not Function.COUNT
    )


def _bounds(column: Column | None, name: str) -> tuple[float, float]:
    if column is None or column.lower is None or column.upper is None:
        raise UnsupportedQuery(
            f"a private sum of '{name}', which has no declared bounds",
            "The steward declares them: `dataspace dataset edit … --bounds`. Counts need none.",
        )
    return column.lower, column.upper


def _disclosure(obligations: Obligations) -> Disclosure:
    return Disclosure(cohort=max(MINIMUM_COHORT, obligations.cohort or DEFAULT_COHORT))


MINIMUM_COHORT = 5
DEFAULT_COHORT = 10


def _charge(request: AccessRequest, cells: CellsPlan, key: str) -> Charge:
    if cells.noise is None:
        raise ValueError("only noisy answers are charged")
    share = cells.noise.epsilon / len(cells.aggregate.measures)
    event = PrivacyEvent("laplace", 1.0 / share, times=len(cells.aggregate.measures))
    permit = request.permit.id if request.permit else None
    return Charge(permit, request.principal.id, key, (event,), cells.noise.epsilon)


def _key(request: AccessRequest, cells: CellsPlan) -> str:
    """What makes two noisy questions the same."""
    return digest({"plan": to_json(cells), "principal": request.principal.id})


def _purse(charge: Charge) -> tuple[str | None, str]:
    """Who pays: the permit, or whoever asks without one."""
    return charge.permit, "" if charge.permit else charge.principal


def _units(charges: Sequence[Charge]) -> int:
    return sum(spent_units(charge.epsilon) for charge in charges)


def limits_of(obligations: Obligations) -> Limits:
    """What the ledger checks a charge against."""
    return Limits(permit=obligations.epsilon_total, question=obligations.epsilon_question)


def recipe_for(dataset: Dataset, obligations: Obligations, permit: Permit | None) -> CutRecipe:
    """What of the latest version the obligations leave; raises InvalidRequest where there is no version."""
    if dataset.latest is None:
        raise InvalidRequest(
            f"'{dataset.name}' has no data here yet.", "Ask its steward to register a version."
        )
    given = None
    if permit is not None:
        given = next((grant.columns for grant in permit.datasets if grant.dataset == dataset.name), None)
    columns = tuple(
        column.name
        for column in dataset.columns
        if column.name not in obligations.withheld and (given is None or column.name in given)
    )
    masks = {name: mask for name, mask in obligations.masks.items() if name in columns}
    hashed = any(mask.kind is MaskKind.HASH for mask in masks.values())
    key = (permit.id if permit else f"open-{dataset.name}") if hashed else ""
    return CutRecipe(
        dataset.latest,
        columns,
        obligations.row_filter,
        masks,
        mask_key_id=key,
        privacy_unit=dataset.privacy_unit,
    )


def session_of(principal: Principal, permit: Permit | None) -> str:
    """One confined worker for each principal and permit."""
    return f"{principal.id}/{permit.id if permit else 'open'}"


def _rest(first: pa.RecordBatch | None, stream: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    if first is not None:
        yield first
    yield from stream
