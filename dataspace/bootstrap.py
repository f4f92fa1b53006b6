"""Where everything is plugged together: settings in, adapters built, services out.

Long, because it is the one such place: it holds a list of parts and no decision.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dataspace.adapters.airlock import FileAirlock
from dataspace.adapters.answered import FilePast
from dataspace.adapters.catalogue_access import CatalogueAccess
from dataspace.adapters.clock import UtcClock
from dataspace.adapters.connectors import open_place, open_source
from dataspace.adapters.dictionary_yaml import parse_dictionary
from dataspace.adapters.duckdb.binding import DuckdbBinder
from dataspace.adapters.duckdb.cuts import DuckdbCuts
from dataspace.adapters.duckdb.engine import ConfinedEngine
from dataspace.adapters.duckdb.expecting import DuckdbExpectations
from dataspace.adapters.duckdb.profiler import DuckdbProfiler
from dataspace.adapters.duckdb.reader import DuckdbReader
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.adapters.duckdb.version_source import VersionSource
from dataspace.adapters.elsewhere import HttpsElsewhere
from dataspace.adapters.incoming import IncomingFolder, InvitationFiles
from dataspace.adapters.jose import JosePermitSeal, JoseTokens
from dataspace.adapters.keys import FileSigner, mask_key
from dataspace.adapters.local_federation import LocalFederation
from dataspace.adapters.opt_outs import FileOptOuts
from dataspace.adapters.places import MemoryBenches, PlacedVault, PlaceFiles
from dataspace.adapters.policy_yaml import parse_policy
from dataspace.adapters.private_files import private_files
from dataspace.adapters.profiles import ProfileFiles
from dataspace.adapters.rdf_records import read_records
from dataspace.adapters.records.exporting import Exporter
from dataspace.adapters.records.reading import read_record
from dataspace.adapters.roots import check_path
from dataspace.adapters.signatures import signed
from dataspace.adapters.smtp import NoMail, SmtpMail, SmtpServer
from dataspace.adapters.store.store import Store, open_store
from dataspace.adapters.syslog import mirrored
from dataspace.adapters.tls import Authority
from dataspace.adapters.witnessed import WitnessedFiles
from dataspace.connector import Source
from dataspace.errors import SetupError, UnknownName
from dataspace.model.datasets import Dataset
from dataspace.model.limits import SiteLimits
from dataspace.model.names import HUB, PermitId, PrincipalId, SiteName
from dataspace.model.permits import Basis, Permit
from dataspace.model.places import Place
from dataspace.model.policies import Policy
from dataspace.model.principals import Principal, Role
from dataspace.model.records import Record, RecordKind
from dataspace.ports import Binder, Catalog, Clock, Federation, Log, Nodes, People, StatusSource, Tokens
from dataspace.service.accounts import Accounts
from dataspace.service.admitting import Admitting
from dataspace.service.answering import Answering
from dataspace.service.asking import Asking
from dataspace.service.auditing import Auditing
from dataspace.service.browsing import Browsing
from dataspace.service.completing import Completing
from dataspace.service.conditions import Conditions
from dataspace.service.curating import Curating
from dataspace.service.delivering import Delivering
from dataspace.service.depositing import Depositing
from dataspace.service.enforcing import Enforcement
from dataspace.service.finding import Finding
from dataspace.service.fitting import Fitting
from dataspace.service.following import Following
from dataspace.service.harvesting import Harvesting
from dataspace.service.in_place import InPlace
from dataspace.service.inbox import Inbox
from dataspace.service.joining import Joining
from dataspace.service.objecting import Objecting
from dataspace.service.outcomes import Outcomes
from dataspace.service.permitting import Permitting
from dataspace.service.publishing import Publishing
from dataspace.service.registering import Registering
from dataspace.service.rehearsing import Rehearsing
from dataspace.service.releasing import Releasing
from dataspace.service.reminding import Reminding
from dataspace.service.reviewing import Reviewing
from dataspace.service.running import Running
from dataspace.service.spool import Limits as SpoolLimits
from dataspace.service.spool import Room
from dataspace.service.turns import Turns
from dataspace.service.versions import Versions
from dataspace.service.witnessing import Witnessing
from dataspace.settings import HubSettings, MailSettings, SiteSettings
from dataspace.site.guard import Guard
from dataspace.site.house import least
from dataspace.site.issuers import IssuerLists, pinned_keys
from dataspace.site.status import Fetch, FileMemory, HubStatus
from dataspace.site.will import FileWill

AUTHORITY = "authority"


@dataclass(frozen=True, slots=True)
class HubServices:
    """All that an edge needs of a hub. Whoever built it closes it."""

    name: str
    issuer: str
    issuer_key: bytes
    clock: Clock
    tokens: Tokens
    people: People
    log: Log
    browsing: Browsing
    finding: Finding
    harvesting: Harvesting
    publishing: Publishing
    versions: Versions
    conditions: Conditions
    depositing: Depositing
    in_place: InPlace
    curating: Curating
    completing: Completing
    asking: Asking
    delivering: Delivering
    binder: Binder
    permitting: Permitting
    inbox: Inbox
    objecting: Objecting
    accounts: Accounts
    running: Running
    fitting: Fitting
    following: Following
    auditing: Auditing
    outcomes: Outcomes
    releasing: Releasing
    joining: Joining
    admitting: Admitting
    witnessing: Witnessing
    federation: Federation
    describe: Callable[[Dataset, str], str]
    """A dataset as DCAT, in `turtle` or `json-ld`, or as `croissant`."""
    token_seconds: float
    closers: Sequence[Callable[[], None]]

    def person(self, id: str) -> Principal | None:
        """Who that is, if the hub knows them."""
        return self.people.get(PrincipalId(id))

    def known(self) -> tuple[str, ...]:
        """The people that a token can be made for."""
        return tuple(person.id for person in self.people.all())

    def token(self, id: str) -> str:
        """A token in a person's name, for whoever owns the home. Raises UnknownName."""
        person = self.person(id)
        if person is None:
            raise UnknownName("person", id, self.known(), "`dataspace hub add-person` adds one.")
        return self.tokens.issue(person, self.token_seconds)

    def close(self) -> None:
        """End the workers, forget the cuts, give the store back. In this order, and all of them."""
        _close(self.closers)


@dataclass(frozen=True, slots=True)
class SiteServices:
    """All that runs at a site."""

    settings: SiteSettings
    steward: Principal
    guard: Guard
    objecting: Objecting
    will: FileWill
    status: StatusSource
    catalog: Catalog
    log: Log
    depositing: Depositing
    curating: Curating
    publishing: Publishing
    versions: Versions
    auditing: Auditing
    closers: Sequence[Callable[[], None]]

    def close(self) -> None:
        """Like `HubServices.close`."""
        _close(self.closers)


@private_files()
def init_hub(settings: HubSettings) -> None:
    """Make a hub's home (0700): keys, certificate authority, store, and the first record of its log."""
    if (settings.home / "hub.json").exists():
        raise SetupError(f"There is a hub in '{settings.home}' already.", "Start it, or name another --home.")
    try:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings.home.chmod(0o700)
    except OSError as error:
        raise SetupError(
            f"The home '{settings.home}' cannot be made ({error.strerror}).", "Name another with --home."
        ) from error
    if not (settings.home / AUTHORITY / "ca.key").exists():
        Authority.create(settings.home / AUTHORITY)
    clock = UtcClock()
    with _store(settings.home, clock, settings.name, settings.store_url.reveal()) as store:
        if store.log.size() == 0:
            store.log.append(Record(RecordKind.LOG_OPENED, clock.now(), HUB, None, {"hub": settings.name}))
    settings.write()  # last: a home without this file is not a hub yet


@private_files()
def add_person(settings: HubSettings, id: str, name: str, roles: Iterable[Role], organisation: str) -> None:
    """Let a token be made for a person; who is known already gets these roles instead."""
    with _store(settings.home, UtcClock(), settings.name, settings.store_url.reveal()) as store:
        store.people.put(Principal(PrincipalId(id), name, frozenset(roles), organisation, settings.name))


def people_of(settings: HubSettings) -> Sequence[Principal]:
    """Everybody that a hub knows, sites excepted."""
    with _store(settings.home, UtcClock(), settings.name, settings.store_url.reveal()) as store:
        return store.people.all()


def issue_token(settings: HubSettings, person: str, seconds: float | None = None) -> str:
    """A token in a person's name, for whoever owns the home. Raises UnknownName."""
    known = {principal.id: principal for principal in people_of(settings)}
    found = known.get(PrincipalId(person))
    if found is None:
        raise UnknownName("person", person, tuple(known), "`dataspace hub add-person` adds one.")
    signer = FileSigner(settings.home, "issuer")
    tokens = JoseTokens(signer, settings.name, settings.name, UtcClock())
    return tokens.issue(found, settings.token_seconds if seconds is None else seconds)


@private_files()
def build_hub(
    settings: HubSettings, federation: Federation | None = None, nodes: Nodes | None = None
) -> HubServices:
    """A hub over its home. Without `federation` it answers from its own data, and no site is connected."""
    clock, name = UtcClock(), settings.name
    store, quiet = (
        _store(settings.home, clock, name, settings.store_url.reveal()),
        _operator_log(settings.home / "hub.log"),
    )
    try:
        return _hub(settings, store, clock, federation or LocalFederation({}, clock), nodes, quiet)
    except BaseException:
        _close((store.close, quiet))
        raise


@dataclass(frozen=True, slots=True)
class Link:
    """A running SuperLink: as services see it, as sites reach it, and how it is ended."""

    federation: Federation
    nodes: Nodes
    stop: Callable[[], None]


def start_link(settings: HubSettings, authority: Authority) -> Link:
    """Start the hub's half of the federation; SetupError where it does not start, and then nothing is left running."""
    # Flower takes a second to import, and an embedded hub does without.
    from dataspace.adapters.flower.link import FlowerFederation, FlowerLink

    link = FlowerLink(settings.home / "flower", authority, settings.link_port, settings.host, settings.names)
    link.start()
    return Link(FlowerFederation(link), _PublicNodes(link, settings.names[0]), link.stop)


class _PublicNodes:
    """Where sites connect to, under the name that others know the hub by."""

    def __init__(self, link: Nodes, name: str) -> None:
        self._link, self._name = link, name

    @property
    def address(self) -> str:
        return f"{self._name}:{self._link.address.rpartition(':')[2]}"

    @property
    def ca_pem(self) -> bytes:
        return self._link.ca_pem

    @property
    def app_hash(self) -> str:
        return self._link.app_hash

    def register(self, site: SiteName, public_key: bytes) -> int:
        return self._link.register(site, public_key)

    def expel(self, site: SiteName, public_key: bytes) -> None:
        self._link.expel(site, public_key)


@private_files()
def build_site(settings: SiteSettings, fetch: Fetch) -> SiteServices:
    """A site over its home. `fetch` asks the hub which permits are revoked."""
    clock = UtcClock()
    store = _store(settings.home, clock, settings.pinned.site)
    store = replace(store, log=mirrored(store.log, settings.syslog))
    quiet = _operator_log(settings.home / "site.log")
    try:
        return _site(settings, store, clock, fetch, quiet)
    except BaseException:
        _close((store.close, quiet))
        raise


def _hub(
    settings: HubSettings,
    store: Store,
    clock: Clock,
    federation: Federation,
    nodes: Nodes | None,
    quiet: Callable[[], None],
) -> HubServices:
    name = settings.name
    signer = FileSigner(settings.home, "issuer")
    seal = JosePermitSeal(signer, name, {}, clock)
    tokens = JoseTokens(signer, name, name, clock)
    enforcement = Enforcement(HUB, clock, store.policies, store.log)
    away = _in_place(settings.home, store, enforcement, settings.roots)
    answering, cuts, engine = _answering(settings.home, settings.cut_mb, store, enforcement, away)
    reader = DuckdbReader()
    asking = Asking(store.catalog, store.permits, store.policies, clock, reader, answering, away)
    room = Room(settings.answers_mb << 20)
    limits = SpoolLimits(min(256 << 20, room.size // 2), settings.answer_mb << 20)
    delivering, binder = Delivering(asking, Turns(), room, limits), DuckdbBinder()

    def forget(permit: Permit) -> None:
        delivering.forget(permit)
        answering.forget(permit)
        running.end_for(permit)

    inbox = Inbox(store.permits, store.people, clock, enforcement)
    mail = _mail(settings.mail)
    reminding = Reminding(name, inbox, store.people, mail)
    permitting = Permitting(
        store.catalog,
        store.permits,
        seal,
        clock,
        enforcement,
        name,
        forget,
        store.sites,
        Reviewing(
            store.permits,
            clock,
            enforcement,
            settings.reviewers,
            reminding.changed,
        ),
        _bases(settings.bases),
        reminding.ending,
    )
    running = Running(store.catalog, store.permits, store.sites, reader, asking, enforcement, federation)
    publishing = _publishing(store, away.registering, reader, settings.policy_stewards)
    versions = _versions(store, publishing, store.people.get, _permit_of(store))
    auditing = Auditing(store.log)
    incoming = IncomingFolder(settings.home, settings.upload_mb << 20)
    joining = Joining(
        store.sites,
        store.catalog,
        InvitationFiles(settings.home),
        tokens,
        clock,
        store.log,
        enforcement,
        name,
        signer,
        nodes,
        signed,
    )
    return HubServices(
        name=name,
        issuer=name,
        issuer_key=signer.public_key(),
        clock=clock,
        tokens=tokens,
        people=store.people,
        log=store.log,
        browsing=Browsing(store.catalog, enforcement),
        finding=Finding(store.catalog, store.finder, store.sites, enforcement),
        harvesting=Harvesting(
            store.harvests, HttpsElsewhere(CatalogueAccess(settings.home)), read_records, enforcement
        ),
        publishing=publishing,
        versions=versions,
        conditions=Conditions(publishing),
        depositing=Depositing(away.registering, incoming, open_source, Conditions(publishing)),
        in_place=replace(away, conditions=Conditions(publishing)),
        curating=_curating(away.registering, cuts),
        completing=Completing(store.catalog, enforcement, read_record),
        asking=asking,
        delivering=delivering,
        binder=binder,
        permitting=permitting,
        inbox=inbox,
        objecting=Objecting(
            store.catalog, enforcement, FileOptOuts(settings.home), cuts, permitting.over, permitting.ended
        ),
        accounts=Accounts(store.catalog, store.ledger, permitting),
        running=running,
        fitting=Fitting(store.catalog, asking),
        following=Following(running, federation),
        auditing=auditing,
        outcomes=Outcomes(store.log, auditing),
        releasing=Releasing(FileAirlock(settings.home), store.log, clock, enforcement),
        joining=joining,
        admitting=Admitting(joining),
        witnessing=Witnessing(
            joining, WitnessedFiles(settings.home), store.log, FileSigner(settings.home, "log")
        ),
        federation=federation,
        describe=Exporter(_address(settings), store.catalog.version),
        token_seconds=settings.token_seconds,
        closers=(
            mail.close,
            delivering.close,
            engine.stop,
            cuts.close,
            store.close,
            reader.close,
            binder.close,
            quiet,
        ),
    )


def _site(
    settings: SiteSettings, store: Store, clock: Clock, fetch: Fetch, quiet: Callable[[], None]
) -> SiteServices:
    pinned = settings.pinned
    site = SiteName(pinned.site)
    seal = JosePermitSeal(None, "", pinned_keys(settings), clock)
    lists = IssuerLists.of(settings, seal)
    status = HubStatus(
        fetch, seal, pinned.issuer, settings.limits.status_seconds, memory=FileMemory(settings.home)
    )
    enforcement = Enforcement(site, clock, store.policies, store.log, least(settings.limits))
    away = _in_place(settings.home, store, enforcement, settings.roots)
    answering, cuts, engine = _answering(
        settings.home, settings.cut_mb, store, enforcement, away, settings.limits
    )
    reader, will = DuckdbReader(), FileWill(settings.home)
    publishing = _publishing(store, away.registering, reader)
    versions = _versions(store, publishing, lambda _: None, _permit_of(store))
    guard = Guard(
        site,
        settings.limits,
        will,
        seal,
        status,
        store.catalog,
        reader,
        enforcement,
        answering,
        cuts,
        engine,
        FileSigner(settings.home, "signing").public_key(),
        pinned.issuer,
        lists.sources,
    )
    return SiteServices(
        settings=settings,
        steward=Principal(
            PrincipalId(f"steward@{site}"), f"steward of {site}", frozenset({Role.STEWARD}), site
        ),
        guard=guard,
        objecting=Objecting(store.catalog, enforcement, FileOptOuts(settings.home), cuts),
        will=will,
        status=status,
        catalog=store.catalog,
        log=store.log,
        depositing=Depositing(
            away.registering,
            IncomingFolder(settings.home),
            lambda path: open_source(check_path(path, settings.roots)),
            Conditions(publishing),
        ),
        curating=_curating(away.registering, cuts),
        publishing=publishing,
        versions=versions,
        auditing=Auditing(store.log),
        closers=(engine.stop, cuts.close, store.close, reader.close, lists.close, quiet),
    )


def _mail(settings: MailSettings) -> SmtpMail | NoMail:
    if not settings.smtp_host:
        return NoMail()
    return SmtpMail(
        SmtpServer(
            settings.smtp_host,
            settings.smtp_port,
            settings.smtp_from,
            settings.smtp_person,
            settings.smtp_password.reveal(),
            settings.smtp_ca,
        )
    )


def _bases(words: Sequence[str]) -> frozenset[Basis]:
    try:
        return frozenset(Basis(word) for word in words)
    except ValueError as error:
        known = ", ".join(Basis)
        raise SetupError("DATASPACE_BASES has a word that is no basis.", f"Known: {known}.") from error


def _address(settings: HubSettings) -> str:
    """Where the hub is reached, for the names of its records; empty where that is known only once it runs."""
    return f"https://{settings.names[0]}:{settings.port}" if settings.port else ""


def _store(home: Path, clock: Clock, name: str, url: str = "") -> Store:
    return open_store(home, clock, FileSigner(home, "log"), f"{name}/log", url)


def _answering(
    home: Path,
    cut_mb: int,
    store: Store,
    enforcement: Enforcement,
    away: InPlace,
    limits: SiteLimits = SiteLimits(),  # noqa: B008 - frozen
) -> tuple[Answering, DuckdbCuts, ConfinedEngine]:
    cuts = DuckdbCuts(away, cut_mb << 20, lambda id: mask_key(home, id), left_out=FileOptOuts(home).persons)
    engine = ConfinedEngine(
        home / "engine.log",
        memory_bytes=(limits.memory_mb or 512) << 20,
        threads=limits.cores or 2,
        past=FilePast(home, lambda: mask_key(home, "answered")),
    )
    cuts.told = engine.let_go
    return Answering(enforcement, cuts, engine, store.ledger, store.answers), cuts, engine


def _in_place(home: Path, store: Store, enforcement: Enforcement, roots: Sequence[str]) -> InPlace:
    """Registering and reading, over the one vault of this home."""
    kept, places = ParquetVault(home, enforcement.clock.now), PlaceFiles(home)
    vault = PlacedVault(kept, places)
    registering = Registering(
        store.catalog,
        vault,
        DuckdbProfiler(vault),
        enforcement,
        ProfileFiles(home),
        DuckdbExpectations(vault),
    )

    def source(place: Place) -> tuple[Source, str]:
        return open_place(place.address, place.secret, place.item, roots)

    return InPlace(registering, vault, places, MemoryBenches(vault), source)


def _publishing(
    store: Store, registering: Registering, reader: DuckdbReader, stewards: int = 1
) -> Publishing:
    def policy(text: str) -> Policy:
        return parse_policy(text, "policy.yaml", reader.predicate)

    return Publishing(
        store.policies,
        store.catalog,
        registering,
        registering.enforcement,
        policy,
        parse_dictionary,
        store.proposals,
        stewards,
    )


def _versions(
    store: Store,
    publishing: Publishing,
    person: Callable[[PrincipalId], Principal | None],
    permit: Callable[[PermitId], Permit | None],
) -> Versions:
    rehearsing = Rehearsing(
        store.catalog,
        store.policies,
        store.log,
        publishing.enforcement.clock,
        publishing.parse_policy,
        person,
        permit,
    )
    return Versions(store.policies, store.log, publishing, rehearsing)


def _permit_of(store: Store) -> Callable[[PermitId], Permit | None]:
    def find(id: PermitId) -> Permit | None:
        signed = store.permits.permit(id)
        return signed.permit if signed else None

    return find


def _curating(registering: Registering, cuts: DuckdbCuts) -> Curating:
    vault = registering.vault
    return Curating(
        registering.catalog,
        vault,
        registering.profiles,
        registering,
        cuts,
        lambda ref: VersionSource(vault, ref),
    )


def _operator_log(path: Path) -> Callable[[], None]:
    """Warnings and errors of this project into a file that its operator alone reads; what ends that."""
    path.touch(mode=0o600)  # now, not with the first warning: by then the rights of new files may be others
    handler = logging.FileHandler(path, delay=True)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger("dataspace")
    logger.addHandler(handler)

    def end() -> None:
        logger.removeHandler(handler)
        handler.close()

    return end


def _close(closers: Sequence[Callable[[], None]]) -> None:
    for close in closers:
        try:
            close()
        except Exception:
            logging.getLogger("dataspace.bootstrap").exception("closing failed")
