"""The ledger of privacy loss in memory. What it counts dies with the process: never for data of real people."""

import itertools
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dataspace.errors import Conflict
from dataspace.model.charges import Account, Balance, Charge, Limits, Overspent, Reservation
from dataspace.model.names import PermitId
from dataspace.ports import Clock
from dataspace.privacy.limits import UNITS, Spent, check_charge, refusal, same_question


@dataclass(frozen=True, slots=True)
class _Entry:
    asked: Reservation
    reservation: Reservation
    """The same, with what was really spent once that is known."""
    key: str | None
    state: str
    spent: int


class MemoryLedger:
    """`Ledger`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def reserve(self, account: Account, charge: Charge, key: str, limits: Limits) -> Reservation | Overspent:
        asked = check_charge(charge)
        with self._lock:
            for entry in self._entries.values():
                if entry.key == key:
                    same_question(entry.asked, account, charge)
                    return replace(entry.asked, repeated=True)
            refused = refusal(account, charge, self._spent(account, charge), limits)
            if refused is not None:
                return refused
            fresh = Reservation(f"r-{next(self._ids)}", account, charge, self._clock.now())
            self._entries[fresh.id] = _Entry(fresh, fresh, key, "reserved", asked)
            return fresh

    def commit(self, reservation: Reservation, actual: Charge) -> None:
        spent = check_charge(actual)
        with self._lock:
            entry = self._found(reservation)
            if entry.state == "reserved":
                kept = replace(entry.reservation, charge=actual)
                self._entries[kept.id] = _Entry(entry.asked, kept, entry.key, "committed", spent)
            elif entry.state == "forfeited" or entry.reservation.charge != actual:
                raise Conflict(
                    f"This reservation is {entry.state} already.", "Reserve anew for a new question."
                )

    def forfeit(self, reservation: Reservation) -> None:
        with self._lock:
            entry = self._found(reservation)
            if entry.state == "committed":
                raise Conflict("This reservation is committed already.", "What is spent stays spent.")
            self._entries[reservation.id] = _Entry(entry.asked, entry.reservation, None, "forfeited", 0)

    def balance(self, account: Account, limits: Limits, permit: PermitId | None = None) -> Balance:
        with self._lock:
            mine = self._on(account)
        if permit is None:
            return Balance(account, None, sum(entry.spent for entry in mine) / UNITS, limits.lineage)
        spent = sum(entry.spent for entry in mine if entry.asked.charge.permit == permit)
        return Balance(account, permit, spent / UNITS, limits.permit)

    def charges(self, account: Account | None = None) -> Sequence[tuple[Reservation, str]]:
        with self._lock:
            chosen = list(self._entries.values()) if account is None else self._on(account)
        return [(entry.reservation, entry.state) for entry in chosen]

    def _found(self, reservation: Reservation) -> _Entry:
        entry = self._entries.get(reservation.id)
        if entry is None:
            raise Conflict("The ledger has no such reservation.", "Reserve before the engine runs.")
        return entry

    def _on(self, account: Account) -> list[_Entry]:
        return [entry for entry in self._entries.values() if entry.reservation.account == account]

    def _spent(self, account: Account, charge: Charge) -> Spent:
        def mine(other: Charge) -> bool:
            return other.permit == charge.permit and (
                charge.permit is not None or other.principal == charge.principal
            )

        entries = self._on(account)
        return Spent(
            sum(entry.spent for entry in entries),
            sum(entry.spent for entry in entries if mine(entry.asked.charge)),
        )
