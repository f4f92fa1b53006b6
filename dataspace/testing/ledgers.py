# ruff: noqa: S101 - these are tests
"""What every ledger promises: nothing is spent twice, nothing is forgotten, and no two processes overspend.

Long, because each promise is a test of its own.
"""

import math
import threading
from dataclasses import replace

import pytest

from dataspace.errors import Conflict, InvalidRequest
from dataspace.model.charges import (
    Account,
    Charge,
    Disjoint,
    Level,
    Limits,
    Overspent,
    PrivacyEvent,
    Reservation,
    TopUp,
)
from dataspace.model.names import ColumnName, DatasetName, PermitId, PrincipalId
from dataspace.ports import Ledger
from dataspace.testing.examples import AT, example_charge

STAYS = Account(DatasetName("medpar"), None)
PERSONS = Account(DatasetName("medpar"), ColumnName("person"))
OTHERS = Account(DatasetName("turbine"), None)


def reserved(ledger: Ledger, key: str, charge: Charge, limits: Limits | None = None) -> Reservation:
    """A reservation on the example account that has to succeed."""
    outcome = ledger.reserve(STAYS, charge, key, limits or Limits())
    assert isinstance(outcome, Reservation), outcome
    return outcome


class LedgerContract:
    """Supply `ledgers`: two handles on one empty ledger, as two processes would have them."""

    @pytest.fixture
    def ledgers(self) -> tuple[Ledger, Ledger]:
        raise NotImplementedError("supply a fixture named ledgers")

    @pytest.fixture
    def ledger(self, ledgers: tuple[Ledger, Ledger]) -> Ledger:
        return ledgers[0]

    def test_a_reservation_counts_at_once_and_for_everybody(self, ledgers: tuple[Ledger, Ledger]) -> None:
        first, second = ledgers
        reserved(first, "k", example_charge(0.25))
        assert second.balance(STAYS, Limits()).spent == 0.25
        assert second.balance(STAYS, Limits()).left == 9.75
        assert second.balance(STAYS, Limits(), PermitId("P-1")).left == 0.75
        assert second.balance(STAYS, Limits(), PermitId("P-2")).left == 1.0

    def test_ten_tenths_are_exactly_one(self, ledger: Ledger) -> None:
        for number in range(10):
            reserved(ledger, f"k{number}", example_charge(0.1))
        refused = ledger.reserve(STAYS, example_charge(1e-9), "one more", Limits())
        assert refused == Overspent(STAYS, 1e-9, 0.0, "permit")
        assert ledger.balance(STAYS, Limits(), PermitId("P-1")).spent == 1.0

    @pytest.mark.parametrize(
        ("limits", "binding", "left"),
        [
            (Limits(lineage=10, permit=1, question=0.1), "question", 0.1),
            (Limits(lineage=10, permit=0.5), "permit", 0.3),
            (Limits(lineage=0.25, permit=1), "lineage", 0.05),
            (Limits(lineage=0.1, permit=0.15), "lineage", 0.0),
        ],
    )
    def test_the_tightest_limit_refuses_and_says_so(
        self, ledger: Ledger, limits: Limits, binding: str, left: float
    ) -> None:
        reserved(ledger, "first", example_charge(0.2))
        assert ledger.reserve(STAYS, example_charge(0.4), "second", limits) == Overspent(
            STAYS, 0.4, left, binding
        )
        assert ledger.balance(STAYS, limits).spent == 0.2

    def test_what_fits_exactly_is_allowed(self, ledger: Ledger) -> None:
        reserved(ledger, "k", example_charge(0.3), Limits(lineage=0.3, permit=0.3, question=0.3))

    def test_without_limits_nothing_is_refused_and_everything_counted(self, ledger: Ledger) -> None:
        unlimited = Limits(None, None, None, None, None)
        reserved(ledger, "k", example_charge(1000), unlimited)
        balance = ledger.balance(STAYS, unlimited)
        assert (balance.spent, balance.left) == (1000, None)

    def test_accounts_are_apart_by_lineage_and_by_unit(self, ledger: Ledger) -> None:
        reserved(ledger, "k", example_charge(1.0))
        for account in (PERSONS, OTHERS):
            assert ledger.balance(account, Limits()).spent == 0
            assert isinstance(
                ledger.reserve(account, example_charge(1.0), f"{account}", Limits()), Reservation
            )

    def test_without_a_permit_the_limit_of_a_permit_binds_each_principal(self, ledger: Ledger) -> None:
        reserved(ledger, "a", example_charge(1.0, permit=None, who="ana"))
        refused = ledger.reserve(STAYS, example_charge(0.1, permit=None, who="ana"), "b", Limits())
        assert refused == Overspent(STAYS, 0.1, 0.0, "permit")
        reserved(ledger, "c", example_charge(0.1, permit=None, who="ben"))
        reserved(ledger, "d", example_charge(0.1, permit="P-1", who="ana"))

    def test_a_forfeited_reservation_gives_back(self, ledger: Ledger) -> None:
        reservation = reserved(ledger, "k", example_charge(1.0))
        ledger.forfeit(reservation)
        ledger.forfeit(reservation)
        assert ledger.balance(STAYS, Limits()).spent == 0
        assert [state for _, state in ledger.charges()] == ["forfeited"]

    def test_a_committed_reservation_counts_what_was_really_spent(self, ledger: Ledger) -> None:
        reservation = reserved(ledger, "k", example_charge(0.5))
        ledger.commit(reservation, example_charge(0.2))
        ledger.commit(reservation, example_charge(0.2))
        assert ledger.balance(STAYS, Limits()).spent == 0.2
        [(entry, state)] = ledger.charges(STAYS)
        assert (entry.charge, state) == (example_charge(0.2), "committed")
        assert ledger.charges(OTHERS) == []

    def test_more_than_was_reserved_is_recorded_too(self, ledger: Ledger) -> None:
        ledger.commit(reserved(ledger, "k", example_charge(0.5)), example_charge(0.9))
        assert ledger.balance(STAYS, Limits()).spent == 0.9

    def test_an_entry_ends_only_once(self, ledger: Ledger) -> None:
        done = reserved(ledger, "a", example_charge(0.1))
        ledger.commit(done, done.charge)
        with pytest.raises(Conflict):
            ledger.commit(done, example_charge(0.2))
        with pytest.raises(Conflict):
            ledger.forfeit(done)
        gone = reserved(ledger, "b", example_charge(0.1))
        ledger.forfeit(gone)
        with pytest.raises(Conflict):
            ledger.commit(gone, gone.charge)
        assert ledger.balance(STAYS, Limits()).spent == 0.1

    def test_an_unknown_reservation_is_refused(self, ledger: Ledger) -> None:
        stranger = replace(reserved(ledger, "a", example_charge()), id="stranger")
        with pytest.raises(Conflict):
            ledger.commit(stranger, stranger.charge)
        with pytest.raises(Conflict):
            ledger.forfeit(stranger)

    def test_the_same_key_gives_the_same_reservation_and_costs_once(
        self, ledgers: tuple[Ledger, Ledger]
    ) -> None:
        first = reserved(ledgers[0], "k", example_charge(0.6))
        second = reserved(ledgers[1], "k", example_charge(0.6))
        assert not first.repeated
        assert second == replace(first, repeated=True)
        ledgers[0].commit(first, example_charge(0.5))
        assert reserved(ledgers[1], "k", example_charge(0.6)) == second
        assert ledgers[1].balance(STAYS, Limits()).spent == 0.5

    def test_a_key_of_a_forfeited_reservation_is_charged_anew(self, ledger: Ledger) -> None:
        first = reserved(ledger, "k", example_charge(0.6))
        ledger.forfeit(first)
        second = reserved(ledger, "k", example_charge(0.6))
        assert second.id != first.id
        assert not second.repeated
        assert ledger.balance(STAYS, Limits()).spent == 0.6

    def test_a_refused_question_leaves_its_key_free(self, ledger: Ledger) -> None:
        assert isinstance(ledger.reserve(STAYS, example_charge(2), "k", Limits()), Overspent)
        reserved(ledger, "k", example_charge(0.5))

    def test_a_key_cannot_be_used_for_another_question(self, ledger: Ledger) -> None:
        reserved(ledger, "k", example_charge(0.1))
        for account, charge in ((OTHERS, example_charge(0.1)), (STAYS, example_charge(0.1, permit="P-2"))):
            with pytest.raises(Conflict):
                ledger.reserve(account, charge, "k", Limits())

    @pytest.mark.parametrize("epsilon", [math.nan, math.inf, -0.1, -0.0 - 1e-12, 0.0])
    def test_what_is_no_epsilon_is_refused(self, ledger: Ledger, epsilon: float) -> None:
        charge = replace(example_charge(0.1), epsilon=epsilon)
        with pytest.raises(InvalidRequest):
            ledger.reserve(STAYS, charge, "k", Limits(None, None, None))
        kept = reserved(ledger, "good", example_charge(0.1))
        with pytest.raises(InvalidRequest):
            ledger.commit(kept, charge)
        assert ledger.balance(STAYS, Limits()).spent == 0.1

    @pytest.mark.parametrize("delta", [math.nan, -1e-9, 1.0, math.inf])
    def test_what_is_no_delta_is_refused(self, ledger: Ledger, delta: float) -> None:
        with pytest.raises(InvalidRequest):
            ledger.reserve(STAYS, replace(example_charge(), delta=delta), "k", Limits())

    def test_entries_come_oldest_first(self, ledger: Ledger) -> None:
        for number in range(12):
            reserved(ledger, f"k{number}", example_charge(0.01 * (number + 1)))
        assert [entry.charge.epsilon for entry, _ in ledger.charges()] == [
            0.01 * (number + 1) for number in range(12)
        ]

    def test_what_would_be_refused_is_told_without_setting_anything_aside(self, ledger: Ledger) -> None:
        assert ledger.short(STAYS, example_charge(0.6), Limits()) is None
        reserved(ledger, "k", example_charge(0.6))
        assert ledger.short(STAYS, example_charge(0.6), Limits()) == Overspent(STAYS, 0.6, 0.4, "permit")
        assert ledger.balance(STAYS, Limits()).spent == 0.6

    def test_projects_and_principals_have_limits_of_their_own(self, ledger: Ledger) -> None:
        limits = Limits(lineage=10, permit=1, project=1.5, principal=1.2)

        def ask(permit: str, who: str, epsilon: float, project: str = "p") -> Reservation | Overspent:
            charge = replace(example_charge(epsilon, permit, who), project=project)
            return ledger.reserve(STAYS, charge, f"{permit}{who}{epsilon}{project}", limits)

        assert isinstance(ask("P-1", "ana", 0.9), Reservation)
        assert ask("P-2", "ana", 0.4) == Overspent(STAYS, 0.4, 0.3, "principal")
        assert isinstance(ask("P-2", "ben", 0.5), Reservation)
        assert ask("P-3", "cleo", 0.2) == Overspent(STAYS, 0.2, 0.1, "project")
        assert isinstance(ask("P-3", "cleo", 0.2, "q"), Reservation)

    def test_a_top_up_raises_one_limit_for_everybody_and_is_never_forgotten(
        self, ledgers: tuple[Ledger, Ledger]
    ) -> None:
        reserved(ledgers[0], "a", example_charge(1.0))
        made = TopUp(STAYS, Level.PERMIT, "P-1", 0.5, "second wave", PrincipalId("sam"), AT)
        ledgers[0].decide(made)
        balance = ledgers[1].balance(STAYS, Limits(), PermitId("P-1"))
        assert (balance.limit, balance.left, balance.raised) == (1.5, 0.5, 0.5)
        reserved(ledgers[1], "b", example_charge(0.5))
        refused = ledgers[1].reserve(STAYS, example_charge(1e-9), "c", Limits())
        assert refused == Overspent(STAYS, 1e-9, 0.0, "permit")
        assert ledgers[1].decisions(STAYS) == [made]
        assert ledgers[1].decisions(OTHERS) == []
        assert ledgers[1].balance(STAYS, Limits()).limit == 10

    def test_disjoint_parts_do_not_add_up_once_that_is_declared(self, ledgers: tuple[Ledger, Ledger]) -> None:
        limits = Limits(lineage=1.0, permit=10)

        def ask(part: str, epsilon: float) -> Reservation | Overspent:
            charge = replace(example_charge(epsilon), part=part)
            return ledgers[0].reserve(STAYS, charge, f"{part}{epsilon}", limits)

        north = ask("site:north", 0.6)
        assert isinstance(north, Reservation)
        assert isinstance(ask("site:south", 0.6), Overspent)
        parts = frozenset({"site:north", "site:south"})
        made = Disjoint(STAYS, parts, "other towns", PrincipalId("sam"), AT)
        ledgers[1].decide(made)
        assert ledgers[0].decisions(STAYS) == [made]
        assert isinstance(ask("site:south", 0.7), Reservation)
        assert ledgers[1].balance(STAYS, limits).spent == 0.7
        assert isinstance(ask("site:west", 0.4), Overspent), "nobody declared that one"
        assert isinstance(ask("", 0.3), Reservation), "all of it comes on top"
        assert ask("site:north", 0.2) == Overspent(STAYS, 0.2, 0.1, "lineage")
        ledgers[0].forfeit(north)
        assert ledgers[1].balance(STAYS, limits).spent == 1.0
        assert isinstance(ask("site:north", 0.7), Reservation)
        with pytest.raises(InvalidRequest):
            ledgers[0].decide(replace(made, parts=frozenset({"site:north", "site:west"})))
        assert ledgers[0].decisions(STAYS) == [made]

    def test_mechanisms_without_an_epsilon_are_summed_tighter_and_given_back_whole(
        self, ledger: Ledger
    ) -> None:
        training = replace(example_charge(0.9), events=(PrivacyEvent("gaussian", 20.0, 10, 0.1),), delta=1e-7)
        limits = Limits(permit=10)
        held = [reserved(ledger, f"k{turn}", training, limits) for turn in range(4)]
        spent = ledger.balance(STAYS, limits).spent
        assert 0 < spent < 4 * 0.9
        for one in held[1:]:
            ledger.forfeit(one)
        ledger.commit(held[0], replace(training, events=(PrivacyEvent("gaussian", 20.0, 5, 0.1),)))
        [(entry, _), *_] = ledger.charges(STAYS)
        assert entry.charge.events[0].times == 5
        assert 0 < ledger.balance(STAYS, limits).spent < spent

    def test_no_delta_is_left_where_thresholds_took_it(self, ledger: Ledger) -> None:
        threshold = replace(
            example_charge(0.01), events=(PrivacyEvent("laplace", 100.0, delta=4e-7),), delta=4e-7
        )
        reserved(ledger, "a", threshold)
        reserved(ledger, "b", threshold)
        assert ledger.reserve(STAYS, threshold, "c", Limits()) == Overspent(STAYS, 0.01, 0.0, "delta")
        reserved(ledger, "d", example_charge(0.01))
        assert [purse.delta for purse in ledger.purses(STAYS, Limits())] == [pytest.approx(8e-7)] * 3

    def test_a_reservation_is_committed_for_whom_it_was_made(self, ledger: Ledger) -> None:
        held = reserved(ledger, "k", example_charge(0.5))
        for other in (example_charge(0.5, "P-2"), example_charge(0.5, who="ben")):
            with pytest.raises(Conflict):
                ledger.commit(held, other)
        assert [state for _, state in ledger.charges()] == ["reserved"]

    def test_many_threads_never_spend_more_than_the_limit(self, ledgers: tuple[Ledger, Ledger]) -> None:
        outcomes: list[Reservation | Overspent] = []

        def work(number: int) -> None:
            ledger = ledgers[number % 2]
            outcomes.extend(
                ledger.reserve(STAYS, example_charge(0.07), f"{number}-{turn}", Limits()) for turn in range(5)
            )

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(outcomes) == 40
        assert sum(isinstance(outcome, Reservation) for outcome in outcomes) == 14  # 14 × 0.07 = 0.98
        assert ledgers[0].balance(STAYS, Limits()).spent == 0.98

    def test_what_came_since_is_told_by_numbers_that_only_grow(self, ledgers: tuple[Ledger, Ledger]) -> None:
        first, second = ledgers
        held = [reserved(first, key, example_charge(0.1)) for key in ("one", "two", "three")]
        first.commit(held[1], held[1].charge)
        found = second.since(STAYS.lineage, 0)
        numbers = [number for number, _, _ in found]
        assert numbers == sorted(set(numbers))
        assert [(kept, state) for _, kept, state in found] == list(second.charges(STAYS))
        first.commit(held[0], held[0].charge)
        later = second.since(STAYS.lineage, numbers[1], [numbers[0]])
        assert [(number, state) for number, _, state in later] == [
            (numbers[0], "committed"),
            (numbers[2], "reserved"),
        ]
        assert list(second.since(OTHERS.lineage, 0)) == []
