"""The ledger of privacy loss in the control store.

What is summed and what is then written stand in one transaction in which nobody else writes, so that no two
processes can spend the same remainder. A row that is neither committed nor forfeited counts in full: whoever died
after the reservation may have given the answer away already.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, text

from dataspace.adapters.store.database import Database
from dataspace.adapters.store.documents import packed, unpacked
from dataspace.adapters.store.purse_rows import all_purses, enact, of, paying, put
from dataspace.adapters.store.shared_sync import Run, SharedWriter, Values
from dataspace.errors import Conflict
from dataspace.model.charges import (
    Account,
    Balance,
    Charge,
    Disjoint,
    Level,
    Limits,
    Overspent,
    Purse,
    Reservation,
    TopUp,
)
from dataspace.model.names import DatasetName, PermitId
from dataspace.ports import Clock
from dataspace.privacy.checking import check_payer, shortfall
from dataspace.privacy.limits import same_question
from dataspace.privacy.purses import DELTA_UNITS, Cost, cost_of

RESERVED, COMMITTED, FORFEITED = "reserved", "committed", "forfeited"
T = TypeVar("T")

_BY_KEY = "SELECT body FROM charges WHERE key = :key"
_BY_ID = "SELECT state, body, actual, spent, delta, cost FROM charges WHERE id = :id"
_INSERT = (
    "INSERT INTO charges (id, key, lineage, unit, permit, principal, state, spent, delta, body, cost)"
    " VALUES (:id, :key, :lineage, :unit, :permit, :principal, 'reserved', :spent, :delta, :body, :cost)"
)
_COMMIT = (
    "UPDATE charges SET state = 'committed', spent = :spent, delta = :delta, actual = :actual, cost = :cost"
    " WHERE id = :id"
)
_AS_RESERVED = (
    "UPDATE charges SET state = 'committed'"
    " WHERE id = :id AND state = 'reserved' AND body = :body RETURNING id"
)
_FORFEIT = (
    "UPDATE charges SET state = 'forfeited', spent = 0, delta = 0, cost = NULL, key = NULL WHERE id = :id"
)
_ENTRIES = "SELECT body, actual, state FROM charges"
_SINCE = (
    "SELECT number, body, actual, state FROM charges"
    " WHERE lineage = :lineage AND (number > :number{}) ORDER BY number"
)
_OF = " WHERE lineage = :lineage AND unit = :unit"
_DECIDE = (
    "INSERT INTO ledger_decisions (lineage, unit, kind, body)"
    " VALUES (:lineage, :unit, :kind, :body) RETURNING number"
)
_KINDS: Mapping[str, type[TopUp | Disjoint]] = {"top-up": TopUp, "disjoint": Disjoint}


def growing_id() -> str:
    """A name that no other has, and that sorts by when it was given: neighbours in the index share its pages."""
    return f"{time.time_ns():016x}{os.urandom(8).hex()}"


class SqlLedger:
    """`Ledger`."""

    def __init__(self, database: Database, clock: Clock, ids: Callable[[], str] = growing_id) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._shared = SharedWriter(Path(database.place)) if database.dialect == "sqlite" else None

    def reserve(self, account: Account, charge: Charge, key: str, limits: Limits) -> Reservation | Overspent:
        """Raises Conflict where the key stood for another question, InvalidRequest for what is no ε or δ.

        The key of a forfeited reservation may be used again, and is charged again.
        """
        cost = cost_of(charge)
        fresh = Reservation(self._ids(), account, charge, self._clock.now())
        row = _row(fresh, key, cost)

        def work(run: Run) -> Reservation | Overspent:
            if known := run(_BY_KEY, {"key": key}):
                kept = unpacked(Reservation, known[0][0])
                same_question(kept, account, charge)
                return Reservation(kept.id, account, charge, kept.reserved, repeated=True)
            purses = paying(run, account, charge)
            refused = shortfall(account, charge, cost, purses.paid(charge, cost), limits)
            if refused is None:
                run(_INSERT, row)
                put(run, account, charge, purses, cost)
            return refused or fresh

        return self._write(work)

    def short(self, account: Account, charge: Charge, limits: Limits) -> Overspent | None:
        cost = cost_of(charge)
        with self._read() as run:
            paid = paying(run, account, charge).paid(charge, cost)
        return shortfall(account, charge, cost, paid, limits)

    def commit(self, reservation: Reservation, actual: Charge) -> None:
        """What was really spent counts, also where it is more than was reserved: the account states the truth.

        Raises Conflict for a reservation that is unknown, forfeited, or committed with another charge, and where
        somebody else than who reserved would pay.
        """
        cost = cost_of(actual)
        said = _said(replace(reservation, repeated=False) if reservation.repeated else reservation)
        values = {"id": reservation.id, **_sums(cost)}
        unchanged = actual == reservation.charge

        def work(run: Run) -> None:
            if unchanged and run(_AS_RESERVED, {"id": reservation.id, "body": said}):
                return  # as it nearly always is: the sums stand already
            state, body, spent, before = _found(run, reservation)
            # Reading a noun back takes longer than the rest of this: others wait meanwhile.
            kept = reservation if body == said else unpacked(Reservation, body)
            check_payer(kept.charge, actual)
            if state == RESERVED:
                if before != cost:
                    put(run, kept.account, actual, paying(run, kept.account, actual), cost, before)
                same = actual == kept.charge
                run(_COMMIT, {**values, "actual": None if same else packed(actual)})
            elif state == FORFEITED or (spent or kept.charge) != actual:
                raise Conflict(f"This reservation is {state} already.", "Reserve anew for a new question.")

        self._write(work)

    def forfeit(self, reservation: Reservation) -> None:
        """Raises Conflict for a reservation that is unknown or committed."""

        def work(run: Run) -> None:
            state, body, _, before = _found(run, reservation)
            if state == COMMITTED:
                raise Conflict("This reservation is committed already.", "What is spent stays spent.")
            if state == RESERVED:
                kept = unpacked(Reservation, body)
                put(run, kept.account, kept.charge, paying(run, kept.account, kept.charge), Cost(), before)
                run(_FORFEIT, {"id": reservation.id})

        self._write(work)

    def balance(self, account: Account, limits: Limits, permit: PermitId | None = None) -> Balance:
        wanted = (Level.LINEAGE, "") if permit is None else (Level.PERMIT, permit)
        found = {(purse.level, purse.name): purse for purse in self.purses(account, limits)}
        purse = found.get(wanted, Purse(*wanted, 0.0, 0.0))
        raised = sum(
            d.epsilon
            for d in self.decisions(account)
            if isinstance(d, TopUp) and permit and (d.level, d.name) == wanted
        )
        limit = limits.lineage if permit is None else limits.permit
        limit = limit if limit is None else limit + raised
        return Balance(account, permit, purse.epsilon, limit, *wanted, purse.delta, raised)

    def purses(self, account: Account, limits: Limits) -> Sequence[Purse]:
        with self._read() as run:
            return all_purses(run, account).listed(limits)

    def decide(self, decision: TopUp | Disjoint) -> None:
        kind = next(name for name, known in _KINDS.items() if isinstance(decision, known))
        row = {**of(decision.account), "kind": kind, "body": packed(decision)}

        def work(run: Run) -> None:
            enact(run, decision, int(run(_DECIDE, row)[0][0]))

        self._write(work)

    def decisions(self, account: Account) -> Sequence[TopUp | Disjoint]:
        query = f"SELECT kind, body FROM ledger_decisions{_OF} ORDER BY number"  # noqa: S608 - constants
        with self._read() as run:
            return [unpacked(_KINDS[kind], body) for kind, body in run(query, of(account))]

    def charges(self, account: Account | None = None) -> Sequence[tuple[Reservation, str]]:
        """A committed entry comes with what was really spent."""
        query, values = (_ENTRIES, {}) if account is None else (_ENTRIES + _OF, of(account))
        with self._read() as run:
            return [
                (_entry(body, actual), state)
                for body, actual, state in run(f"{query} ORDER BY number", values)
            ]

    def since(
        self, lineage: DatasetName, number: int, open: Sequence[int] = ()
    ) -> Sequence[tuple[int, Reservation, str]]:
        also = f" OR number IN ({', '.join(str(int(one)) for one in open)})" if open else ""
        with self._read() as run:
            rows = run(_SINCE.format(also), {"lineage": lineage, "number": number})
        return [(int(at), _entry(body, actual), state) for at, body, actual, state in rows]

    def close(self) -> None:
        """Give back the file."""
        if self._shared is not None:
            self._shared.close()

    def _write(self, work: Callable[[Run], T]) -> T:
        if self._shared is not None:
            return self._shared.write(work)
        return self._database.write(lambda connection: work(_runner(connection)))

    @contextmanager
    def _read(self) -> Iterator[Run]:
        with self._database.read() as connection:
            yield _runner(connection)


def _runner(connection: Connection) -> Run:
    def run(statement: str, values: Values) -> Sequence[Sequence[Any]]:
        result = connection.execute(text(statement), values)
        return result.fetchall() if result.returns_rows else ()

    return run


def _row(fresh: Reservation, key: str, cost: Cost) -> dict[str, object]:
    charge = fresh.charge
    return {
        "id": fresh.id,
        "key": key,
        **of(fresh.account),
        "permit": charge.permit or "",
        "principal": charge.principal,
        "body": _said(fresh),
        **_sums(cost),
    }


@lru_cache(maxsize=256)
def _said(reservation: Reservation) -> str:
    """Its text: written when it is reserved, and compared with when it is committed, mostly soon after."""
    return packed(reservation)


@lru_cache(maxsize=256)
def _sums(cost: Cost) -> dict[str, object]:
    exact = json.dumps([cost.pure, cost.delta, cost.renyi], separators=(",", ":"))
    return {"spent": cost.pure, "delta": cost.delta / DELTA_UNITS, "cost": exact}


def _entry(body: str, actual: str | None) -> Reservation:
    kept = unpacked(Reservation, body)
    if actual is None:
        return kept
    return Reservation(kept.id, kept.account, unpacked(Charge, actual), kept.reserved)


def _found(run: Run, reservation: Reservation) -> tuple[str, str, Charge | None, Cost]:
    """Its state, what was reserved, what was spent instead, and what stands in its purses."""
    rows = run(_BY_ID, {"id": reservation.id})
    if not rows:
        raise Conflict("The ledger has no such reservation.", "Reserve before the engine runs.")
    state, body, actual, spent, delta, cost = rows[0]
    if cost is None:
        found = Cost(spent, round(delta * DELTA_UNITS))
    else:
        pure, outside, renyi = json.loads(cost)
        found = Cost(pure, outside, tuple(renyi))
    return state, body, None if actual is None else unpacked(Charge, actual), found
