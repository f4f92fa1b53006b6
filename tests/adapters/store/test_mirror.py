"""What sites told of their ledgers is added and never changed, on a file and on a server alike."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from dataspace.adapters.memory import ManualClock, MemorySigner
from dataspace.adapters.store.store import Store, open_store
from dataspace.errors import Conflict
from dataspace.model.charges import Account, Level, TopUp
from dataspace.model.mirrored import Held, SiteEntry, Told
from dataspace.model.names import DatasetName, PrincipalId, SiteName
from dataspace.testing.examples import AT, example_charge

STAYS = DatasetName("stays")
ACCOUNT = Account(STAYS, None)
NORTH, SOUTH = SiteName("north"), SiteName("south")
KEY = "aa" * 32


def charge(
    number: int, told: Told = Told.COMMITTED, epsilon: float = 0.1, site: SiteName = NORTH
) -> SiteEntry:
    return SiteEntry(site, ACCOUNT, number, told, AT, example_charge(epsilon), signature="00")


RAISED = SiteEntry(
    NORTH,
    ACCOUNT,
    1,
    Told.RAISED,
    AT,
    raised=TopUp(ACCOUNT, Level.PERMIT, "P-1", 0.5, "more", PrincipalId("steward@north"), AT),
)
SEEN = SiteEntry(NORTH, ACCOUNT, 0, Told.SEEN, AT)


@pytest.fixture
def pair(place: tuple[Path, str]) -> Iterator[tuple[Store, Store]]:
    home, url = place
    signer = MemorySigner(bytes(range(32)))
    with (
        open_store(home, ManualClock(), signer, "hub.example/log", url) as first,
        open_store(home, ManualClock(), signer, "hub.example/log", url) as second,
    ):
        yield first, second


def test_what_one_process_kept_another_has(pair: tuple[Store, Store]) -> None:
    first, second = pair[0].mirror, pair[1].mirror
    first.keep(KEY, [charge(1), charge(2, Told.RESERVED), RAISED, SEEN])
    assert second.held(NORTH, KEY, STAYS) == Held(2, (2,), 1)
    assert second.held(NORTH, "bb" * 32, STAYS) == second.held(SOUTH, KEY, STAYS) == Held()
    assert list(second.entries(STAYS)) == [SEEN, charge(1), RAISED, charge(2, Told.RESERVED)]
    assert list(second.entries(DatasetName("other"))) == []


def test_the_same_again_changes_nothing_and_something_else_is_a_conflict(pair: tuple[Store, Store]) -> None:
    mirror = pair[0].mirror
    mirror.keep(KEY, [charge(1), RAISED])
    before = list(mirror.entries(STAYS))
    mirror.keep(KEY, [charge(1), RAISED])
    for wrong in (
        charge(1, epsilon=0.01),
        charge(1, Told.FORFEITED),
        replace(RAISED, at=AT + timedelta(1)),
        replace(charge(1), told=Told.RESERVED, at=AT + timedelta(1)),
    ):
        with pytest.raises(Conflict):
            pair[1].mirror.keep(KEY, [charge(3), wrong])
    assert list(mirror.entries(STAYS)) == before, "all of them or none"


def test_a_charge_ends_once_and_older_news_of_it_come_too_late(pair: tuple[Store, Store]) -> None:
    mirror = pair[0].mirror
    mirror.keep(KEY, [charge(1, Told.RESERVED, 0.2)])
    mirror.keep(KEY, [charge(1, Told.COMMITTED, 0.1)])
    mirror.keep(KEY, [charge(1, Told.RESERVED, 0.2)])
    assert list(mirror.entries(STAYS)) == [charge(1)]
    assert mirror.held(NORTH, KEY, STAYS) == Held(1)
    with pytest.raises(Conflict):
        mirror.keep(KEY, [charge(1, Told.FORFEITED, 0.2)])


def test_nobody_else_than_who_was_charged_pays_in_the_end(pair: tuple[Store, Store]) -> None:
    mirror = pair[0].mirror
    mirror.keep(KEY, [charge(1, Told.RESERVED)])
    other = replace(charge(1), charge=replace(example_charge(0.1), principal=PrincipalId("somebody")))
    with pytest.raises(Conflict):
        mirror.keep(KEY, [other])


def test_when_a_site_last_told_never_goes_back(pair: tuple[Store, Store]) -> None:
    mirror, later = pair[0].mirror, replace(SEEN, at=AT + timedelta(hours=1))
    mirror.keep(KEY, [later])
    mirror.keep(KEY, [SEEN])
    assert list(mirror.entries(STAYS)) == [later]


def test_a_site_that_joined_anew_begins_another_account_beside_the_old_one(pair: tuple[Store, Store]) -> None:
    mirror = pair[0].mirror
    mirror.keep(KEY, [charge(1)])
    mirror.keep("bb" * 32, [charge(1, epsilon=0.3)])
    assert sorted(entry.charge.epsilon for entry in mirror.entries(STAYS) if entry.charge) == [0.1, 0.3]
