"""What sites spend on their own persons, seen at the hub: as each site asserts it, as of when, and all together."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dataspace.client.hub import Hub
from dataspace.client.spending import as_svg, as_text
from dataspace.client.views import PermitView
from dataspace.connecting import EmbeddedFederation
from dataspace.errors import Conflict, InvalidRequest, NotAllowed, NotAuthenticated, SiteUnavailable
from dataspace.model.charges import Level, Limits, Reservation
from dataspace.model.mirrored import Told
from dataspace.model.names import DatasetName, PermitId, SiteName
from dataspace.model.principals import Principal, Role
from dataspace.model.records import RecordKind
from dataspace.ports import Ledger
from dataspace.service.joining import site_principal
from dataspace.service.registering import Registration
from dataspace.site.will import document_digest
from dataspace.testing.examples import RECORD
from tests.end_to_end.test_embedded_training import DICTIONARY, POLICY, written

pytestmark = pytest.mark.slow

SITES = ("hospital-a", "hospital-b", "hospital-c")
VISITS = DatasetName("visits")


class World:
    """A hub, three sites with rows, and a permit that all have countersigned."""

    def __init__(self, folder: Path) -> None:
        people = {"sam": "steward", "ana": "researcher", "ben": "researcher"}
        self.federation = EmbeddedFederation(folder, people, SITES)
        steward = self.hub("sam")
        steward.load_dictionary(DICTIONARY)
        steward.describe_federated("visits", "visits", fields=RECORD)
        steward.publish_policy(POLICY)
        for number, name in enumerate(SITES):
            site = self.federation.sites[name]
            site.publishing.dictionary(site.steward, DICTIONARY)
            said = Registration("visits", dictionary="visits", publish=True, privacy_unit="person")
            site.depositing.register(site.steward, written(folder / f"{name}.csv", number), said)
            site.publishing.publish(site.steward, POLICY)
            self.federation.offer(name, ["visits"])
        asked = self.hub("ana").apply("visits", purpose="scientific research", kinds=["aggregate", "train"])
        self.permit: PermitView = steward.grant(asked)
        for site in self.federation.sites.values():
            site.will.accept(PermitId(self.permit.id), document_digest(self.permit.jws))

    def hub(self, person: str) -> Hub:
        return self.federation.hub(person)

    def ledger(self, site: str) -> Ledger:
        return self.federation.sites[site].account.ledger

    def train(self, epsilon: float = 0.6) -> None:
        self.hub("ana").glm(
            "died ~ dose + age", permit=self.permit, rounds=2, epsilon=epsilon, scaling="declared"
        )


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("mirrored"))
    made.train()
    yield made
    made.federation.close()


def test_the_hub_shows_what_each_site_says_it_spent_and_all_of_it_together(world: World) -> None:
    found = world.hub("ana").ledger("visits")
    mine = {one.site: one.balance for one in found.sites if one.balance.name == world.permit.id}
    for site in SITES:
        (own,) = [
            purse
            for purse in world.federation.sites[site].account.balances("visits")
            if purse.name == world.permit.id
        ]
        assert mine[SiteName(site)].spent == pytest.approx(own.spent)
        assert 0.5 < own.spent <= 0.65
    alone = [mine[SiteName(site)].spent for site in SITES]
    assert max(alone) < mine[None].spent < sum(alone), (
        "one person may be at all of them; noise adds up as noise does"
    )
    assert mine[None].limit is None
    assert all((one.as_of is None) == (one.site is None) for one in found.sites)
    assert "hub and sites" in repr(found)
    assert "hospital-a" in repr(found)


def test_what_is_kept_is_what_the_site_signed_charge_by_charge(world: World) -> None:
    entries = world.hub("ana").ledger("visits").site_entries()
    for site in SITES:
        told = [entry for entry in entries if entry.site == site]
        kept = [kept for kept, _ in world.ledger(site).charges()]
        assert [entry.charge for entry in told] == [one.charge for one in kept]
        assert {entry.told for entry in told} == {Told.COMMITTED}


def test_others_see_none_of_it_and_a_steward_the_whole_lineage(world: World) -> None:
    assert world.hub("ben").ledger("visits").sites == ()
    assert world.hub("ben").ledger("visits").site_entries() == []
    levels = {one.balance.level for one in world.hub("sam").ledger("visits").sites}
    assert {Level.LINEAGE, Level.PERMIT, Level.PRINCIPAL} <= levels
    mine = {one.balance.level for one in world.hub("ana").ledger("visits").sites}
    assert Level.LINEAGE not in mine


def test_the_plot_over_time_shows_every_place(world: World) -> None:
    spending = world.hub("ana").ledger("visits").spending()
    assert set(spending.places) == set(SITES)
    assert sum(amount for _, amount in spending.amounts) == pytest.approx(
        sum(amount for amounts in spending.places.values() for _, amount in amounts)
    )
    assert "hospital-b: " in as_text(spending)
    assert as_svg(spending).count("<polyline") == 1 + len(SITES)


def test_a_run_that_no_site_can_pay_is_told_what_is_left_and_who_adds_to_it(world: World) -> None:
    with pytest.raises(SiteUnavailable) as refused:
        world.train(0.9)
    said = str(refused.value)
    assert "of the permit's budget is left here" in said
    assert "dataspace site top-up visits --permit" in said


def test_a_site_tells_its_own_top_up_which_its_own_log_holds_and_the_hub_never_makes_one(
    world: World,
) -> None:
    site = world.federation.sites["hospital-a"]
    permit = site.guard.seal.verify(world.permit.jws)
    made = site.account.top_up(
        site.steward, "visits", Level.PERMIT, permit.id, 0.5, "Second wave", permit=permit
    )
    assert RecordKind.LEDGER_RAISED in {record.kind for _, record in site.log.records()}
    world.federation._tellings["hospital-a"].tell()
    entries = world.hub("ana").ledger("visits").site_entries()
    assert [entry.raised for entry in entries if entry.raised] == [made]
    balances = {(b.site, b.balance.level): b.balance for b in world.hub("ana").ledger("visits").sites}
    at_a, at_b = (balances[SiteName(site), Level.PERMIT] for site in SITES[:2])
    assert (at_a.raised, at_b.raised) == (0.5, 0.0)
    assert at_a.limit == pytest.approx((at_b.limit or 0) + 0.5)
    with pytest.raises(NotAllowed, match="data protection officer"):
        site.account.top_up(site.steward, "visits", Level.PERMIT, permit.id, 8, "More", permit=permit)
    with pytest.raises(InvalidRequest, match="never raised"):
        site.account.top_up(site.steward, "visits", Level.LINEAGE, "", 1, "More")


def test_what_was_told_once_stays_and_is_told_again_after_the_hub_forgot_it(world: World) -> None:
    services, telling = world.federation._services, world.federation._tellings["hospital-b"]
    before = world.hub("ana").ledger("visits").site_entries()
    assert telling.tell() == 0, "nothing is told twice"
    store: Any = services.mirroring.mirror
    store._database.write(lambda connection: connection.exec_driver_sql("DELETE FROM mirrored"))
    for each in world.federation._tellings.values():
        each._held = {}  # as after a start
        assert each.tell() > 0
    assert world.hub("ana").ledger("visits").site_entries() == before


def test_an_entry_that_another_key_signed_or_that_says_otherwise_is_not_kept(world: World) -> None:
    services, telling = world.federation._services, world.federation._tellings["hospital-a"]
    name = SiteName("hospital-a")
    itself = Principal(site_principal(name), name, frozenset({Role.SITE}))
    (entry, *_) = world.hub("ana").ledger("visits").site_entries()
    assert (entry.site, entry.charge is not None) == (name, True)
    services.mirroring.keep(itself, name, [entry])  # again: nothing happens
    assert entry.charge is not None
    less = replace(entry, charge=replace(entry.charge, epsilon=entry.charge.epsilon / 2))
    with pytest.raises(NotAuthenticated):
        services.mirroring.keep(itself, name, [less])
    with pytest.raises(Conflict, match="before"):
        services.mirroring.keep(itself, name, [telling._signed(less)])
    with pytest.raises(InvalidRequest):
        services.mirroring.keep(itself, name, [telling._signed(replace(entry, site=SiteName("hospital-b")))])
    other = Principal(site_principal(SiteName("hospital-b")), "b", frozenset({Role.SITE}))
    with pytest.raises(NotAllowed):
        services.mirroring.keep(other, name, [entry])


def test_a_charge_that_is_not_over_counts_in_full_until_the_site_says_how_it_ended(world: World) -> None:
    ledger, telling = world.ledger("hospital-b"), world.federation._tellings["hospital-b"]
    (kept, _), *_ = ledger.charges()
    held = ledger.reserve(kept.account, replace(kept.charge, question="by hand"), "by hand", Limits(permit=9))
    assert isinstance(held, Reservation)
    telling.tell()

    def told() -> list[Told]:
        entries = world.hub("sam").ledger("visits").site_entries()
        return [e.told for e in entries if e.charge is not None and e.charge.question == "by hand"]

    assert told() == [Told.RESERVED]
    ledger.forfeit(held)
    telling.tell()
    assert told() == []
