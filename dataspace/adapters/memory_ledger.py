"""The ledger of privacy loss in memory. What it counts dies with the process: never for data of real people."""

import itertools
import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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
from dataspace.privacy.checking import (
    Paid,
    Part,
    check_family,
    check_payer,
    families_of,
    joined,
    lineage_before,
    payers,
    purse_of,
    shortfall,
)
from dataspace.privacy.limits import UNITS, same_question, spent_units
from dataspace.privacy.purses import NOTHING, Cost, cost_of, total


@dataclass(frozen=True, slots=True)
class _Entry:
    asked: Reservation
    reservation: Reservation
    """The same, with what was really spent once that is known."""
    key: str | None
    state: str
    cost: Cost


class MemoryLedger:
    """`Ledger`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._decisions: list[TopUp | Disjoint] = []
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def reserve(self, account: Account, charge: Charge, key: str, limits: Limits) -> Reservation | Overspent:
        cost = cost_of(charge)
        with self._lock:
            for entry in self._entries.values():
                if entry.key == key:
                    same_question(entry.asked, account, charge)
                    return replace(entry.asked, repeated=True)
            refused = shortfall(account, charge, cost, self._paid(account, charge, cost), limits)
            if refused is not None:
                return refused
            fresh = Reservation(f"r-{next(self._ids)}", account, charge, self._clock.now())
            self._entries[fresh.id] = _Entry(fresh, fresh, key, "reserved", cost)
            return fresh

    def short(self, account: Account, charge: Charge, limits: Limits) -> Overspent | None:
        cost = cost_of(charge)
        with self._lock:
            return shortfall(account, charge, cost, self._paid(account, charge, cost), limits)

    def commit(self, reservation: Reservation, actual: Charge) -> None:
        cost = cost_of(actual)
        with self._lock:
            entry = self._found(reservation)
            check_payer(entry.asked.charge, actual)
            if entry.state == "reserved":
                kept = replace(entry.reservation, charge=actual)
                self._entries[kept.id] = _Entry(entry.asked, kept, entry.key, "committed", cost)
            elif entry.state == "forfeited" or entry.reservation.charge != actual:
                raise Conflict(
                    f"This reservation is {entry.state} already.", "Reserve anew for a new question."
                )

    def forfeit(self, reservation: Reservation) -> None:
        with self._lock:
            entry = self._found(reservation)
            if entry.state == "committed":
                raise Conflict("This reservation is committed already.", "What is spent stays spent.")
            self._entries[reservation.id] = _Entry(entry.asked, entry.reservation, None, "forfeited", NOTHING)

    def balance(self, account: Account, limits: Limits, permit: PermitId | None = None) -> Balance:
        wanted = (Level.LINEAGE, "") if permit is None else (Level.PERMIT, permit)
        found = {(purse.level, purse.name): purse for purse in self.purses(account, limits)}
        purse = found.get(wanted, Purse(*wanted, 0.0, 0.0))
        raised = self._raised(account).get(wanted, 0) / UNITS
        limit = limits.lineage if permit is None else limits.permit
        limit = limit if limit is None else limit + raised
        return Balance(account, permit, purse.epsilon, limit, *wanted, purse.delta, raised)

    def purses(self, account: Account, limits: Limits) -> Sequence[Purse]:
        with self._lock:
            costs = self._costs(account)
            for key in self._raised(account):
                costs.setdefault(key, NOTHING)
            lineage = joined(self._parts(account), self._families(account))
        return [
            purse_of(Level.LINEAGE, "", lineage, limits),
            *(purse_of(level, name, cost, limits) for (level, name), cost in sorted(costs.items())),
        ]

    def decide(self, decision: TopUp | Disjoint) -> None:
        with self._lock:
            if isinstance(decision, Disjoint):
                check_family(decision, self._families(decision.account))
            else:
                spent_units(decision.epsilon)
            self._decisions.append(decision)

    def decisions(self, account: Account) -> Sequence[TopUp | Disjoint]:
        with self._lock:
            return [decision for decision in self._decisions if decision.account == account]

    def charges(self, account: Account | None = None) -> Sequence[tuple[Reservation, str]]:
        with self._lock:
            chosen = list(self._entries.values()) if account is None else self._on(account)
        return [(entry.reservation, entry.state) for entry in chosen]

    def since(
        self, lineage: DatasetName, number: int, open: Sequence[int] = ()
    ) -> Sequence[tuple[int, Reservation, str]]:
        with self._lock:
            numbered = list(enumerate(self._entries.values(), 1))
        return [
            (at, entry.reservation, entry.state)
            for at, entry in numbered
            if entry.reservation.account.lineage == lineage and (at > number or at in open)
        ]

    def _found(self, reservation: Reservation) -> _Entry:
        entry = self._entries.get(reservation.id)
        if entry is None:
            raise Conflict("The ledger has no such reservation.", "Reserve before the engine runs.")
        return entry

    def _on(self, account: Account) -> list[_Entry]:
        return [entry for entry in self._entries.values() if entry.reservation.account == account]

    def _costs(self, account: Account) -> dict[tuple[Level, str], Cost]:
        costs: dict[tuple[Level, str], list[Cost]] = defaultdict(list)
        for entry in self._on(account):
            for payer in payers(entry.asked.charge).items():
                costs[payer].append(entry.cost)
        return {payer: total(several) for payer, several in costs.items()}

    def _parts(self, account: Account) -> Mapping[str, Cost]:
        parts: dict[str, list[Cost]] = defaultdict(list)
        for entry in self._on(account):
            parts[entry.asked.charge.part].append(entry.cost)
        return {part: total(several) for part, several in parts.items()}

    def _families(self, account: Account) -> list[frozenset[str]]:
        return families_of(decision for decision in self._decisions if decision.account == account)

    def _raised(self, account: Account) -> dict[tuple[Level, str], int]:
        raised: dict[tuple[Level, str], int] = defaultdict(int)
        for decision in self._decisions:
            if isinstance(decision, TopUp) and decision.account == account:
                raised[decision.level, decision.name] += spent_units(decision.epsilon)
        return raised

    def _paid(self, account: Account, charge: Charge, cost: Cost) -> Paid:
        costs, raised = self._costs(account), self._raised(account)
        before = lineage_before(self._parts(account), self._families(account), charge, cost)
        paid = {
            payer[0]: Part(costs.get(payer, NOTHING), raised.get(payer, 0))
            for payer in payers(charge).items()
        }
        return {**paid, Level.LINEAGE: Part(before)}
