"""A site tells its hub of its ledger over its own line, whatever was lost in between; the hub decides nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dataspace.adapters.clock import UtcClock
from dataspace.adapters.keys import FileSigner
from dataspace.adapters.store.store import Store, open_store
from dataspace.errors import InvalidRequest
from dataspace.model.charges import Account, Charge, Limits, Reservation
from dataspace.model.mirrored import SiteEntry, Told
from dataspace.model.names import PermitId
from dataspace.model.runs import SiteMessage, SiteReply
from dataspace.site.issuers import local_number
from dataspace.site.telling import NOBODY, LineMirror, Telling
from dataspace.testing.examples import example_charge, example_dataset
from tests.site.test_witness import MESSAGE, NAME, World
from tests.site.test_witness import world as world

STAYS = example_dataset("stays", "Stays")
ACCOUNT = Account(STAYS.name, STAYS.privacy_unit)
LIMITS = Limits(permit=5)


@dataclass
class AtSite:
    """One process of the site, with its ledger and its line."""

    world: World
    store: Store

    def telling(self) -> Telling:
        """As a process that has just started."""
        signer = FileSigner(self.world.folder / "site", "signing")
        mirror = LineMirror(self.world.line, NAME, signer, UtcClock())
        return Telling(NAME, self.store.catalog, self.store.ledger, UtcClock(), signer.sign, mirror)

    def reserve(self, key: str, charge: Charge | None = None) -> Reservation:
        asked = charge or example_charge(0.1)
        held = self.store.ledger.reserve(ACCOUNT, asked, key, LIMITS)
        assert isinstance(held, Reservation)
        return held

    def spend(self, key: str, charge: Charge | None = None) -> None:
        held = self.reserve(key, charge)
        self.store.ledger.commit(held, held.charge)

    def told(self) -> list[SiteEntry]:
        """What the hub has, but for when it was told last."""
        found = self.world.hub.mirroring.mirror.entries(STAYS.name)
        return [entry for entry in found if entry.told is not Told.SEEN]


@pytest.fixture
def site(world: World) -> Iterator[AtSite]:
    sites = world.hub.joining.sites
    known = sites.get(NAME)
    assert known is not None
    sites.put(replace(known, datasets=(STAYS.name,)))
    home = world.folder / "site"
    with open_store(home, UtcClock(), FileSigner(home, "log"), f"{NAME}/log") as store:
        store.catalog.put(STAYS)
        yield AtSite(world, store)


def test_only_what_the_hub_does_not_have_yet_is_told(site: AtSite) -> None:
    telling = site.telling()
    assert telling.tell() == 0
    site.spend("one")
    site.spend("two")
    assert telling.tell() == 2
    assert site.telling().tell() == 0, "a process that starts asks what the hub has"
    site.spend("three")
    assert site.telling().tell() == 1
    assert [entry.charge for entry in site.told()] == [kept.charge for kept, _ in site.store.ledger.charges()]


def test_what_a_killed_process_left_reserved_is_told_as_spent_and_its_end_later(site: AtSite) -> None:
    held = site.reserve("killed")
    assert site.telling().tell() == 1
    assert [entry.told for entry in site.told()] == [Told.RESERVED]
    assert site.telling().tell() == 0
    site.store.ledger.commit(held, held.charge)
    assert site.telling().tell() == 1
    assert [entry.told for entry in site.told()] == [Told.COMMITTED]


def test_a_hub_that_was_restored_from_a_backup_is_told_again(site: AtSite, tmp_path: Path) -> None:
    import shutil

    site.spend("one")
    site.telling().tell()
    site.world.hub.close()
    shutil.copytree(site.world.folder / "hub", tmp_path / "backup")
    site.world.restart_hub()
    telling = site.telling()
    site.spend("two")
    assert telling.tell() == 1
    site.world.restart_hub(tmp_path / "backup")
    assert len(site.told()) == 1
    assert site.telling().tell() == 1
    assert len(site.told()) == 2


def test_a_site_that_tells_something_else_than_before_is_not_believed(site: AtSite) -> None:
    site.spend("one")
    site.telling().tell()
    before = site.told()
    forged = site.telling()
    entry = replace(before[0], at=before[0].at.replace(year=2020))
    with pytest.raises(InvalidRequest, match="before"):
        forged.hub.keep([forged._signed(entry)])
    unsigned = replace(before[0], number=9)
    with pytest.raises(InvalidRequest, match="signed"):
        forged.hub.keep([unsigned])
    assert site.told() == before


def test_whose_permit_another_hub_issued_is_not_told_but_what_it_cost_is(site: AtSite) -> None:
    elsewhere = local_number(PermitId("P-9"), "hub.elsewhere")
    site.spend("foreign", replace(example_charge(0.3), permit=elsewhere, project="uni: secret"))
    site.telling().tell()
    (entry,) = site.told()
    assert entry.charge is not None
    assert (entry.charge.principal, entry.charge.permit, entry.charge.project) == (NOBODY, None, "")
    assert (entry.charge.epsilon, entry.charge.question) == (0.3, "")


def test_an_answer_leaves_also_where_the_hub_keeps_nothing(site: AtSite) -> None:
    told = site.telling()

    class Deaf:
        def held(self) -> dict[str, object]:
            raise InvalidRequest("The hub keeps nothing today.", "")

        def keep(self, entries: object) -> None:
            raise InvalidRequest("The hub keeps nothing today.", "")

    told.hub = Deaf()  # type: ignore[assignment]
    site.spend("one")

    def handle(message: SiteMessage) -> SiteReply:
        return SiteReply(NAME, {"n": 1})

    assert told.after(handle)(MESSAGE).document == {"n": 1}
    assert site.told() == []
    assert site.telling().tell() == 1
