"""A home that was restored from a backup, at the site or at the hub, is noticed by the other side."""

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dataspace.adapters.clock import UtcClock
from dataspace.adapters.keys import FileSigner
from dataspace.adapters.store.store import Store, open_store
from dataspace.bootstrap import HubServices, build_hub, init_hub
from dataspace.errors import InvalidRequest, SourceError
from dataspace.http.app import create_app
from dataspace.http.inprocess import InProcessTransport
from dataspace.model.names import HUB, PrincipalId, RunId, SiteName
from dataspace.model.principals import Principal, Role
from dataspace.model.records import Record, RecordKind
from dataspace.model.runs import SiteMessage, SiteReply, Step
from dataspace.service.witnessing import Sighting
from dataspace.settings import HubSettings, SiteSettings
from dataspace.site.join import InviteFile, join
from dataspace.site.line import HubLine
from dataspace.site.witness import HubRolledBack, HubWitness, RolledBack

NAME = SiteName("hospital-a")
MESSAGE = SiteMessage(RunId("R-1"), 1, Step.COUNT, {})


class OneNode:
    """`Nodes` of a link that is not there."""

    address = "hub.example:9092"
    ca_pem = b"-----BEGIN CERTIFICATE-----\n"
    app_hash = "a" * 64

    def register(self, site: SiteName, public_key: bytes) -> int:
        return 1

    def expel(self, site: SiteName, public_key: bytes) -> None:
        return None


@dataclass
class World:
    """A hub that can be restarted from its home, and a site that has joined it."""

    folder: Path
    hub: HubServices
    site: SiteSettings
    lines: list[HubLine]

    @property
    def line(self) -> HubLine:
        transport = InProcessTransport(create_app(replace(self.hub, closers=())))
        self.lines.append(HubLine("https://hub.invalid", "", transport))
        return self.lines[-1]

    def restart_hub(self, copy_from: Path | None = None) -> None:
        self.hub.close()
        if copy_from is not None:
            shutil.rmtree(self.folder / "hub")
            shutil.copytree(copy_from, self.folder / "hub")
        self.hub = build_hub(HubSettings(self.folder / "hub"), nodes=OneNode())

    def hub_records(self) -> None:
        self.hub.log.append(Record(RecordKind.KEY_CREATED, UtcClock().now(), HUB, None, {}))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    settings = HubSettings(tmp_path / "hub")
    init_hub(settings)
    hub = build_hub(settings, nodes=OneNode())
    hub.people.put(Principal(PrincipalId("sam"), "Sam", frozenset({Role.STEWARD})))
    made = World(tmp_path, hub, SiteSettings(tmp_path, None, None), [])  # type: ignore[arg-type]
    sam = hub.person("sam")
    secret = hub.joining.invite(sam, NAME, at_once=True).secret
    invite = InviteFile(NAME, "https://hub.invalid", "", secret, "")
    made.site = join(tmp_path / "site", invite, line=made.line)
    yield made
    for line in made.lines:
        line.close()
    made.hub.close()


@dataclass
class AtSite:
    """One process of the site: its witness, and a guard that records what it answers."""

    store: Store
    witness: HubWitness
    handled: int = 0

    def handle(self, message: SiteMessage) -> SiteReply:
        self.handled += 1
        self.store.log.append(Record(RecordKind.SITE_REPLY, UtcClock().now(), NAME, None, {}))
        return SiteReply(NAME, {"n": 1})

    def answer(self) -> SiteReply:
        return self.witness.guarded(self.handle)(MESSAGE)


@pytest.fixture
def site(world: World) -> Iterator[AtSite]:
    with at_site(world) as found:
        yield found.value


class at_site:  # noqa: N801 - reads as a sentence
    """A process of the site, for as long as the context lasts."""

    def __init__(self, world: World, home: str = "site") -> None:
        self._home, self._world = world.folder / home, world

    def __enter__(self) -> "at_site":
        home = self._home
        store = open_store(home, UtcClock(), FileSigner(home, "log"), f"{NAME}/log")
        key = self._world.site.pinned.hub_log_key
        signer = FileSigner(home, "signing")
        self.value = AtSite(
            store, HubWitness(home, NAME, self._world.line, signer, store.log, UtcClock(), key)
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.value.store.close()


def test_what_leaves_is_countersigned_first(world: World, site: AtSite) -> None:
    assert site.answer().refused == ""
    assert site.answer().refused == ""
    note = world.hub.witnessing.witnessed.latest(NAME)
    assert note.count("\n— ") == 2
    assert int(note.split("\n")[1]) == site.store.log.size()


def test_a_hub_that_is_away_lets_nothing_out(world: World, site: AtSite) -> None:
    site.answer()

    def away(*_: object) -> str:
        raise SourceError("The hub cannot be reached.")

    site.witness.line.witness = away  # type: ignore[method-assign, assignment]
    assert site.answer().refused == "site.not-witnessed"


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process grows beyond a few bytes: what a full disk is to a database."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_site_whose_disk_is_full_lets_nothing_out_and_answers_again_once_there_is_room(
    world: World, site: AtSite
) -> None:
    assert site.answer().refused == ""
    size = site.store.log.size()
    with full_disk():
        refused = [site.answer() for _ in range(3)]
    assert {(reply.refused, dict(reply.document)) == ("site.not-recorded", {}) for reply in refused} == {True}
    assert "record" in refused[0].reason
    assert site.store.log.size() == size
    assert site.answer().refused == ""
    assert site.store.log.verify() == size + 1


def test_a_site_that_was_restored_from_a_backup_answers_nothing(world: World) -> None:
    with at_site(world) as before:
        before.value.answer()
    shutil.copytree(world.folder / "site", world.folder / "backup")
    with at_site(world) as before:
        before.value.answer()
    with at_site(world, "backup") as restored:
        with pytest.raises(RolledBack, match="were countersigned"):
            restored.value.witness.compare()
        reply = restored.value.answer()
        assert (reply.refused, reply.document) == ("site.rolled-back", {})
        assert restored.value.handled == 0
    with at_site(world) as newest:
        assert newest.value.answer().refused == ""


def test_a_restored_site_that_grew_beyond_the_witnessed_size_is_noticed_too(world: World) -> None:
    with at_site(world) as before:
        before.value.answer()
    shutil.copytree(world.folder / "site", world.folder / "backup")
    with at_site(world) as before:
        before.value.answer()
    with at_site(world, "backup") as restored:
        for _ in range(5):
            restored.value.handle(MESSAGE)
        with pytest.raises(RolledBack):
            restored.value.witness.compare()


def test_the_hub_countersigns_no_second_history_from_a_site_that_hides_the_first(world: World) -> None:
    with at_site(world) as before:
        before.value.answer()
    shutil.copytree(world.folder / "site", world.folder / "backup")
    with at_site(world) as before:
        before.value.answer()
    with at_site(world, "backup") as restored:
        log, witness = restored.value.store.log, restored.value.witness
        for old in (0, log.size() - 1, log.size() + 1):
            shown = Sighting(log.checkpoint(), old, ())
            with pytest.raises(InvalidRequest, match="records"):
                witness.line.witness(NAME, witness.signer, UtcClock().now(), shown)
        for _ in range(3):
            restored.value.handle(MESSAGE)
        size = int(world.hub.witnessing.witnessed.latest(NAME).split("\n")[1])
        forked = Sighting(log.checkpoint(), size, tuple(log.consistency(size, log.size())))
        with pytest.raises(InvalidRequest, match="Consistency"):
            witness.line.witness(NAME, witness.signer, UtcClock().now(), forked)


def test_a_hub_that_was_restored_from_a_backup_is_noticed_and_can_be_trusted_again_by_a_recorded_act(
    world: World,
) -> None:
    with at_site(world) as online:
        assert online.value.answer().refused == ""
    shutil.copytree(world.folder / "hub", world.folder / "old-hub")
    world.hub_records()
    with at_site(world) as online:
        assert online.value.answer().refused == ""
    world.restart_hub(world.folder / "old-hub")
    with at_site(world) as online:
        with pytest.raises(HubRolledBack, match="seen here"):
            online.value.witness.compare()
        assert online.value.answer().refused == "hub.rolled-back"
        online.value.witness.trust_hub("Its operator restored Tuesday's backup.")
        assert online.value.answer().refused == ""
        kinds = [record.kind for _, record in online.value.store.log.records()]
        assert RecordKind.HUB_RESTORED in kinds


def test_a_hub_that_is_restarted_and_grew_is_the_same_hub(world: World) -> None:
    with at_site(world) as online:
        online.value.answer()
        world.hub_records()
    world.restart_hub()
    with at_site(world) as online:
        assert online.value.answer().refused == ""


def test_two_processes_of_one_home_do_not_block_each_other(world: World) -> None:
    with at_site(world) as one, at_site(world) as other:
        for _ in range(3):
            assert one.value.answer().refused == ""
            assert other.value.answer().refused == ""
