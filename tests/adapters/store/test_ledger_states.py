"""Any sequence of acts on one ledger by two connections, against a model that is a plain list."""

import tempfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from dataspace.adapters.memory import ManualClock, MemoryLedger
from dataspace.adapters.store.ledger import SqlLedger
from dataspace.adapters.store.opening import open_database
from dataspace.errors import Conflict
from dataspace.model.charges import Account, Charge, Limits, Overspent, Reservation
from dataspace.model.names import PermitId
from dataspace.ports import Ledger
from dataspace.testing.examples import example_charge
from dataspace.testing.ledgers import OTHERS, PERSONS, STAYS

LIMITS = Limits(lineage=1.0, permit=0.5, question=0.3)
EPSILONS = st.sampled_from([0.05, 0.1, 0.15, 0.2, 0.3, 0.31])
PERMITS = st.sampled_from(["P-1", "P-2", "P-3"])
KEYS = st.sampled_from([f"key {number}" for number in range(8)])
WHO = st.sampled_from([0, 1])


@dataclass
class Entry:
    """What the model remembers of one reservation."""

    reservation: Reservation
    key: str | None
    state: str
    spent: Fraction


def exact(epsilon: float) -> Fraction:
    return Fraction(repr(epsilon))


class Acts(RuleBasedStateMachine):
    """Subclasses say what the two connections are."""

    reservations = Bundle("reservations")
    ledgers: tuple[Ledger, Ledger]

    @initialize()
    def nothing_spent(self) -> None:
        self.model: list[Entry] = []

    def spent(self, account: Account, permit: PermitId | None = None) -> Fraction:
        return sum(
            (
                entry.spent
                for entry in self.model
                if entry.reservation.account == account and permit in (None, entry.reservation.charge.permit)
            ),
            Fraction(0),
        )

    @rule(
        target=reservations,
        who=WHO,
        account=st.sampled_from([STAYS, PERSONS, OTHERS]),
        epsilon=EPSILONS,
        permit=PERMITS,
        key=KEYS,
    )
    def reserve(self, who: int, account: Account, epsilon: float, permit: str, key: str) -> object:
        charge = example_charge(epsilon, permit)
        known = next((entry for entry in self.model if entry.key == key), None)
        if known is not None and (known.reservation.account, known.reservation.charge) != (account, charge):
            with pytest.raises(Conflict):
                self.ledgers[who].reserve(account, charge, key, LIMITS)
            return multiple()
        outcome = self.ledgers[who].reserve(account, charge, key, LIMITS)
        if known is not None:
            assert isinstance(outcome, Reservation)
            assert (outcome.id, outcome.repeated) == (known.reservation.id, True)
            return outcome
        fits = (
            epsilon <= 0.3
            and self.spent(account) + exact(epsilon) <= 1
            and self.spent(account, PermitId(permit)) + exact(epsilon) <= Fraction(1, 2)
        )
        assert isinstance(outcome, Reservation if fits else Overspent)
        if isinstance(outcome, Overspent):
            assert outcome.left < epsilon
            return multiple()
        assert not outcome.repeated
        self.model.append(Entry(outcome, key, "reserved", exact(epsilon)))
        return outcome

    @rule(who=WHO, reservation=reservations, epsilon=EPSILONS)
    def commit(self, who: int, reservation: Reservation, epsilon: float) -> None:
        entry = self.entry(reservation)
        actual = example_charge(epsilon, reservation.charge.permit)
        same = entry.state == "committed" and entry.spent == exact(epsilon)
        if entry.state == "reserved" or same:
            self.ledgers[who].commit(reservation, actual)
            entry.state, entry.spent = "committed", exact(epsilon)
        else:
            with pytest.raises(Conflict):
                self.ledgers[who].commit(reservation, actual)

    @rule(who=WHO, reservation=reservations)
    def forfeit(self, who: int, reservation: Reservation) -> None:
        entry = self.entry(reservation)
        if entry.state == "committed":
            with pytest.raises(Conflict):
                self.ledgers[who].forfeit(reservation)
        else:
            self.ledgers[who].forfeit(reservation)
            entry.state, entry.key, entry.spent = "forfeited", None, Fraction(0)

    @invariant()
    def both_connections_agree_with_the_model(self) -> None:
        for ledger in self.ledgers:
            for account in (STAYS, PERSONS, OTHERS):
                assert ledger.balance(account, LIMITS).spent == float(self.spent(account))
            for permit in ("P-1", "P-2", "P-3"):
                balance = ledger.balance(STAYS, LIMITS, PermitId(permit))
                assert balance.spent == float(self.spent(STAYS, PermitId(permit)))
            assert [(kept.id, state) for kept, state in ledger.charges()] == [
                (entry.reservation.id, entry.state) for entry in self.model
            ]

    def entry(self, reservation: Reservation) -> Entry:
        return next(entry for entry in self.model if entry.reservation.id == reservation.id)


class SqlActs(Acts):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.databases = [open_database(Path(self.folder.name)) for _ in range(2)]
        first, second = (SqlLedger(database, ManualClock()) for database in self.databases)
        self.ledgers = (first, second)

    def teardown(self) -> None:
        for database in self.databases:
            database.close()
        self.folder.cleanup()


class MemoryActs(Acts):
    def __init__(self) -> None:
        super().__init__()
        ledger = MemoryLedger(ManualClock())
        self.ledgers = (ledger, ledger)


TestSqlActs = pytest.mark.slow(SqlActs.TestCase)
TestSqlActs.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
TestMemoryActs = MemoryActs.TestCase
TestMemoryActs.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)


def test_the_example_charge_is_what_the_model_takes_it_for() -> None:
    charge: Charge = example_charge(0.3, "P-1")
    assert exact(charge.epsilon) == Fraction(3, 10)
