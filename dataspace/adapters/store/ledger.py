"""The ledger of privacy loss in the control store.

What is summed and what is then written stand in one immediate transaction, so that no two processes can spend the
same remainder. A row that is neither committed nor forfeited counts in full: whoever died after the reservation may
have given the answer away already.
"""

import uuid
from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update

from dataspace.adapters.store.database import Database
from dataspace.adapters.store.documents import packed, unpacked
from dataspace.adapters.store.tables import charges
from dataspace.errors import Conflict
from dataspace.model.charges import Account, Balance, Charge, Limits, Overspent, Reservation
from dataspace.model.names import PermitId
from dataspace.ports import Clock
from dataspace.privacy.limits import UNITS, Spent, check_charge, refusal, same_question

RESERVED, COMMITTED, FORFEITED = "reserved", "committed", "forfeited"


class SqlLedger:
    """`Ledger`."""

    def __init__(
        self, database: Database, clock: Clock, ids: Callable[[], str] = lambda: uuid.uuid4().hex
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    def reserve(self, account: Account, charge: Charge, key: str, limits: Limits) -> Reservation | Overspent:
        """Raises Conflict where the key stood for another question, InvalidRequest for what is no ε or δ.

        The key of a forfeited reservation may be used again, and is charged again.
        """
        check_charge(charge)
        fresh = Reservation(self._ids(), account, charge, self._clock.now())

        def work(connection: Connection) -> Reservation | Overspent:
            known = connection.execute(select(charges.c.body).where(charges.c.key == key)).scalar()
            if known is not None:
                kept = unpacked(Reservation, known)
                same_question(kept, account, charge)
                return Reservation(kept.id, account, charge, kept.reserved, repeated=True)
            refused = refusal(account, charge, _spent(connection, account, charge), limits)
            if refused is None:
                connection.execute(insert(charges).values(_row(fresh, key)))
            return refused or fresh

        return self._database.write(work)

    def commit(self, reservation: Reservation, actual: Charge) -> None:
        """What was really spent counts, also where it is more than was reserved: the account states the truth.

        Raises Conflict for a reservation that is unknown, forfeited, or committed with another charge.
        """
        spent = check_charge(actual)

        def work(connection: Connection) -> None:
            row = _found(connection, reservation)
            if row.state == RESERVED:
                values = {
                    "state": COMMITTED,
                    "spent": spent,
                    "delta": actual.delta,
                    "actual": packed(actual),
                }
                connection.execute(update(charges).where(charges.c.id == reservation.id).values(values))
            elif row.state == FORFEITED or unpacked(Charge, row.actual) != actual:
                raise Conflict(
                    f"This reservation is {row.state} already.", "Reserve anew for a new question."
                )

        self._database.write(work)

    def forfeit(self, reservation: Reservation) -> None:
        """Raises Conflict for a reservation that is unknown or committed."""

        def work(connection: Connection) -> None:
            row = _found(connection, reservation)
            if row.state == COMMITTED:
                raise Conflict("This reservation is committed already.", "What is spent stays spent.")
            values = {"state": FORFEITED, "spent": 0, "delta": 0.0, "key": None}
            connection.execute(update(charges).where(charges.c.id == reservation.id).values(values))

        self._database.write(work)

    def balance(self, account: Account, limits: Limits, permit: PermitId | None = None) -> Balance:
        with self._database.read() as connection:
            if permit is None:
                return Balance(account, None, _sum(connection, _of(account)) / UNITS, limits.lineage)
            spent = _sum(connection, _of(account), charges.c.permit == permit)
            return Balance(account, permit, spent / UNITS, limits.permit)

    def charges(self, account: Account | None = None) -> Sequence[tuple[Reservation, str]]:
        """A committed entry comes with what was really spent."""
        query = select(charges).order_by(charges.c.number)
        if account is not None:
            query = query.where(_of(account))
        with self._database.read() as connection:
            return [(_entry(row), row.state) for row in connection.execute(query)]


def _row(fresh: Reservation, key: str) -> dict[str, object]:
    charge = fresh.charge
    return {
        "id": fresh.id,
        "key": key,
        "lineage": fresh.account.lineage,
        "unit": fresh.account.unit or "",
        "permit": charge.permit or "",
        "principal": charge.principal,
        "state": RESERVED,
        "spent": check_charge(charge),
        "delta": charge.delta,
        "body": packed(fresh),
    }


def _entry(row: Row[tuple[object, ...]]) -> Reservation:
    kept = unpacked(Reservation, row.body)
    if row.actual is None:
        return kept
    return Reservation(kept.id, kept.account, unpacked(Charge, row.actual), kept.reserved)


def _found(connection: Connection, reservation: Reservation) -> Row[tuple[object, ...]]:
    row = connection.execute(select(charges).where(charges.c.id == reservation.id)).first()
    if row is None:
        raise Conflict("The ledger has no such reservation.", "Reserve before the engine runs.")
    return row


def _spent(connection: Connection, account: Account, charge: Charge) -> Spent:
    mine = charges.c.permit == (charge.permit or "")
    if charge.permit is None:
        mine &= charges.c.principal == charge.principal
    return Spent(_sum(connection, _of(account)), _sum(connection, _of(account), mine))


def _sum(connection: Connection, *conditions: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.sum(charges.c.spent)).where(*conditions)).scalar() or 0)


def _of(account: Account) -> ColumnElement[bool]:
    return (charges.c.lineage == account.lineage) & (charges.c.unit == (account.unit or ""))
