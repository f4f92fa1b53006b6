"""Noised updates, metrics and profiles are charged like answers: set aside first, spent however it ends."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dataspace.adapters.memory import ManualClock, MemoryLedger
from dataspace.adapters.store.ledger import SqlLedger
from dataspace.adapters.store.opening import open_database
from dataspace.errors import BudgetExceeded, Conflict, InvalidRequest, NoAnswer, SourceAway
from dataspace.model.charges import Account, ChargeKind, Limits, PrivacyEvent
from dataspace.model.names import ColumnName, PrincipalId
from dataspace.model.policies import Action, AnswerKind, Obligations
from dataspace.model.principals import Principal, Role
from dataspace.model.requests import AccessRequest
from dataspace.ports import Ledger
from dataspace.privacy.accounting import epsilon, of_person, rdp_epsilon
from dataspace.privacy.noise import gaussian_event, laplace_event
from dataspace.privacy.purses import epsilon_of
from dataspace.service.spending import Held, Release, charged
from dataspace.testing.examples import example_dataset, example_permit

STAYS = replace(example_dataset(), privacy_unit=ColumnName("person"))
ACCOUNT = Account(STAYS.name, STAYS.privacy_unit)
ANA = Principal(PrincipalId("ana"), "Ana", frozenset({Role.RESEARCHER}))
EVENT = gaussian_event(8.0, times=2, sampling=0.1, sensitivity=1.5)


def request() -> AccessRequest:
    assert STAYS.latest is not None
    return AccessRequest(
        ANA, Action.TRAIN, "research", STAYS.latest, (), AnswerKind.TRAIN, permit=example_permit()
    )


def charge(
    ledger: Ledger,
    key: str,
    *events: PrivacyEvent,
    kind: ChargeKind = ChargeKind.UPDATE,
    owed: Obligations = Obligations(),  # noqa: B008 - frozen
    work: Callable[[Held], object] = lambda held: None,
) -> None:
    release = Release(kind, f"run R-1 {key}", events or (EVENT,))
    with charged(ledger, request(), STAYS, owed, release, key) as held:
        work(held)


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger(ManualClock())


def test_a_noised_update_stands_in_the_ledger_with_the_parameters_that_applied(ledger: MemoryLedger) -> None:
    charge(ledger, "round 1")
    ((entry, state),) = ledger.charges(ACCOUNT)
    assert (state, entry.charge.kind, entry.charge.events) == ("committed", ChargeKind.UPDATE, (EVENT,))
    assert entry.charge.part == f"version:{STAYS.latest.sha256 if STAYS.latest else ''}"
    assert entry.charge.permit == "P-1"
    assert ledger.balance(ACCOUNT, Limits()).spent == pytest.approx(epsilon_of((EVENT,), 1e-5))


@pytest.mark.parametrize("kind", [ChargeKind.UPDATE, ChargeKind.METRIC, ChargeKind.PROFILE])
def test_every_kind_comes_back_from_the_store_as_it_was(tmp_path: Path, kind: ChargeKind) -> None:
    database = open_database(tmp_path)
    kept = SqlLedger(database, ManualClock())
    charge(kept, "one", EVENT, laplace_event(0.25), kind=kind)
    ((entry, _),) = SqlLedger(database, ManualClock()).charges(ACCOUNT)
    kept.close()
    database.close()
    assert entry.charge.kind is kind
    assert entry.charge.events == (EVENT, laplace_event(0.25))


def test_what_really_ran_is_what_counts(ledger: MemoryLedger) -> None:
    fewer = replace(EVENT, times=1)
    charge(ledger, "round 1", work=lambda held: held.ran(fewer))
    ((entry, _),) = ledger.charges(ACCOUNT)
    assert entry.charge.events == (fewer,)
    assert entry.charge.epsilon == epsilon_of((fewer,), 1e-6) < epsilon_of((EVENT,), 1e-6)


def test_whatever_breaks_after_the_start_is_spent(ledger: MemoryLedger) -> None:
    def broken(held: Held) -> None:
        raise NoAnswer

    with pytest.raises(NoAnswer):
        charge(ledger, "round 1", work=broken)
    assert [state for _, state in ledger.charges(ACCOUNT)] == ["reserved"]
    assert ledger.balance(ACCOUNT, Limits()).spent > 0


def test_rows_that_could_not_be_read_cost_nothing(ledger: MemoryLedger) -> None:
    def away(held: Held) -> None:
        raise SourceAway("stays")

    with pytest.raises(SourceAway):
        charge(ledger, "round 1", work=away)
    assert ledger.balance(ACCOUNT, Limits()).spent == 0


def test_the_same_release_again_draws_no_new_noise(ledger: MemoryLedger) -> None:
    ran: list[Held] = []
    charge(ledger, "round 1", work=ran.append)
    with pytest.raises(Conflict, match="released before"):
        charge(ledger, "round 1", work=ran.append)
    assert len(ran) == 1
    assert len(ledger.charges(ACCOUNT)) == 1


def test_rounds_stop_where_the_permit_is_spent_and_rounds_compose(ledger: MemoryLedger) -> None:
    rounds = 0
    with pytest.raises(BudgetExceeded) as refusal:
        for rounds in range(1_000):
            charge(ledger, f"round {rounds}", gaussian_event(10.0))
    assert refusal.value.limited_by == "permit"
    plain = int(3.0 // epsilon_of((gaussian_event(10.0),), 1e-6))
    assert rounds > 3 * plain, "Rényi DP composes better than adding up"
    whole = (gaussian_event(10.0, times=rounds),)
    assert epsilon_of(whole, 1e-6) <= 3.0 < epsilon_of((gaussian_event(10.0, times=rounds + 1),), 1e-6)


def test_the_permits_own_limit_goes_before_the_usual_one(ledger: MemoryLedger) -> None:
    with pytest.raises(BudgetExceeded):
        charge(ledger, "one", gaussian_event(5.0), owed=Obligations(epsilon_total=0.5))
    charge(ledger, "two", gaussian_event(5.0), owed=Obligations(epsilon_question=0.1))


def test_a_profile_has_the_limit_of_a_question_permit_and_not_of_a_training(ledger: MemoryLedger) -> None:
    charge(ledger, "one", laplace_event(1.0), kind=ChargeKind.PROFILE)
    with pytest.raises(BudgetExceeded):
        charge(ledger, "two", laplace_event(0.001), kind=ChargeKind.PROFILE)
    charge(ledger, "three", laplace_event(1.0), kind=ChargeKind.METRIC)


def test_the_check_before_is_the_accountants_and_never_below_the_figure_reported() -> None:
    for event in (EVENT, gaussian_event(1.3, 7), gaussian_event(0.8, 100, 0.01)):
        quick = epsilon_of((event,), 1e-6)
        assert quick == pytest.approx(rdp_epsilon((event,), 1e-6), rel=0.05)
        assert quick >= epsilon((event,), 1e-6)
        assert epsilon_of((of_person(event, 3),), 1e-6) > quick


@pytest.mark.parametrize(
    "event",
    [
        PrivacyEvent("gaussian", 0.0),
        PrivacyEvent("gaussian", float("nan")),
        PrivacyEvent("gaussian", 1.0, times=0),
        PrivacyEvent("gaussian", 1.0, sampling=0.0),
        PrivacyEvent("gaussian", 1.0, sampling=1.5),
        PrivacyEvent("gaussian", 1.0, sensitivity=float("inf")),
        PrivacyEvent("staircase", 1.0),
    ],
)
def test_parameters_that_are_none_are_refused_before_anything_runs(
    ledger: MemoryLedger, event: PrivacyEvent
) -> None:
    ran: list[Held] = []
    with pytest.raises(InvalidRequest):
        charge(ledger, "one", event, work=ran.append)
    assert (ran, ledger.charges(ACCOUNT)) == ([], [])


def test_a_question_is_not_charged_this_way(ledger: MemoryLedger) -> None:
    with pytest.raises(InvalidRequest, match="with their answers"):
        charge(ledger, "one", kind=ChargeKind.QUESTION)
