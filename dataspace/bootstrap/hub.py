"""A hub over its home: its adapters built, its services plugged together.

Long, because it is a list of parts; it holds no decision.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dataspace.adapters.airlock import FileAirlock
from dataspace.adapters.apps.packing import archive_of
from dataspace.adapters.apps.shelf import FileShelf
from dataspace.adapters.catalogue_access import CatalogueAccess
from dataspace.adapters.clock import UtcClock
from dataspace.adapters.connectors import open_source
from dataspace.adapters.duckdb.binding import DuckdbBinder
from dataspace.adapters.duckdb.reader import DuckdbReader
from dataspace.adapters.elsewhere import HttpsElsewhere
from dataspace.adapters.incoming import IncomingFolder, InvitationFiles
from dataspace.adapters.jose import JosePermitSeal, JoseTokens
from dataspace.adapters.keys import FileSigner
from dataspace.adapters.local_federation import LocalFederation
from dataspace.adapters.open_runs import FileOpenRuns
from dataspace.adapters.opt_outs import FileOptOuts
from dataspace.adapters.private_files import private_files
from dataspace.adapters.rdf_records import read_records
from dataspace.adapters.records.exporting import Exporter
from dataspace.adapters.records.reading import read_record
from dataspace.adapters.signatures import signed
from dataspace.adapters.smtp import NoMail, SmtpMail, SmtpServer
from dataspace.adapters.store.store import Store
from dataspace.adapters.witnessed import WitnessedFiles
from dataspace.bootstrap.founding import known_person
from dataspace.bootstrap.parts import (
    answering_parts,
    close_all,
    curating_parts,
    in_place_parts,
    open_home,
    operator_log,
    permit_finder,
    publishing_parts,
    versions_parts,
)
from dataspace.errors import SetupError
from dataspace.model.datasets import Dataset
from dataspace.model.names import HUB, SiteName
from dataspace.model.own_apps import PackedApp
from dataspace.model.permits import Basis, Permit
from dataspace.model.principals import Principal
from dataspace.ports import Binder, Clock, Federation, Log, Nodes, People, Tokens
from dataspace.service.accounts import Accounts
from dataspace.service.admitting import Admitting
from dataspace.service.asking import Asking
from dataspace.service.auditing import Auditing
from dataspace.service.browsing import Browsing
from dataspace.service.completing import Completing
from dataspace.service.conditions import Conditions
from dataspace.service.curating import Curating
from dataspace.service.delivering import Delivering
from dataspace.service.depositing import Depositing
from dataspace.service.elsewhere import Elsewhere
from dataspace.service.enforcing import Enforcement
from dataspace.service.finding import Finding
from dataspace.service.fitting import Fitting
from dataspace.service.following import Following
from dataspace.service.harvesting import Harvesting
from dataspace.service.in_place import InPlace
from dataspace.service.inbox import Inbox
from dataspace.service.joining import Joining
from dataspace.service.mirroring import Mirroring
from dataspace.service.objecting import Objecting
from dataspace.service.offering_apps import OfferingApps
from dataspace.service.ordering import Ordering
from dataspace.service.outcomes import Outcomes
from dataspace.service.permitting import Permitting
from dataspace.service.publishing import Publishing
from dataspace.service.releasing import Releasing
from dataspace.service.reminding import Reminding
from dataspace.service.reviewing import Reviewing
from dataspace.service.run_ends import RunEnds
from dataspace.service.running import Running
from dataspace.service.signing_in import SigningIn
from dataspace.service.spool import Limits as SpoolLimits
from dataspace.service.spool import Room
from dataspace.service.turns import Turns
from dataspace.service.versions import Versions
from dataspace.service.witnessing import Witnessing
from dataspace.settings import HubSettings, MailSettings


@dataclass(frozen=True, slots=True)
class HubServices:
    """All that an edge needs of a hub. Whoever built it closes it."""

    name: str
    issuer: str
    issuer_key: bytes
    clock: Clock
    tokens: Tokens
    signing_in: SigningIn
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
    elsewhere: Elsewhere
    mirroring: Mirroring
    running: Running
    fitting: Fitting
    apps: OfferingApps
    archive_of: Callable[[PackedApp], bytes]
    """An app as the bytes that a site checks."""
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

    def person(self, id: str) -> Principal:
        """Who that is. Raises UnknownName."""
        return known_person(self.people, id)

    def token(self, id: str) -> str:
        """A token in a person's name, for whoever owns the home. Raises UnknownName."""
        return self.tokens.issue(self.person(id), self.token_seconds)

    def close(self) -> None:
        """End the workers, forget the cuts, give the store back. In this order, and all of them."""
        close_all(self.closers)


@private_files()
def build_hub(
    settings: HubSettings, federation: Federation | None = None, nodes: Nodes | None = None
) -> HubServices:
    """A hub over its home. Without `federation` it answers from its own data, and no site is connected."""
    clock, name = UtcClock(), settings.name
    store, quiet = (
        open_home(settings.home, clock, name, settings.store_url.reveal()),
        operator_log(settings.home / "hub.log"),
    )
    try:
        return _hub(settings, store, clock, federation or LocalFederation({}, clock), nodes, quiet)
    except BaseException:
        close_all((store.close, quiet))
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
    away = in_place_parts(settings.home, store, enforcement, settings.roots)
    answering, cuts, engine = answering_parts(
        settings.home,
        settings.cut_mb,
        store,
        enforcement,
        away,
        temporaries=(settings.temporaries, settings.temporary_mb),
    )
    reader = DuckdbReader()
    asking = Asking(store.catalog, store.permits, store.policies, clock, reader, answering, away)
    room = Room(settings.answers_mb << 20)
    limits = SpoolLimits(min(256 << 20, room.size // 2), settings.answer_mb << 20)
    delivering, binder = Delivering(asking, Turns(), room, limits), DuckdbBinder()

    def forget(permit: Permit) -> None:
        delivering.forget(permit)
        answering.forget(permit)
        running.end_for(permit)

    inbox = Inbox(store.permits, store.people, clock, enforcement, store.sites)
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
    ends = RunEnds(FileOpenRuns(settings.home), federation, enforcement)
    running = Running(
        store.catalog,
        store.permits,
        reader,
        asking,
        enforcement,
        federation,
        ends,
        Ordering(store.permits, store.sites, federation, settings.round_seconds),
        SiteName(name),
    )
    apps = OfferingApps(FileShelf(settings.home), enforcement)
    publishing = publishing_parts(store, away.registering, reader, settings.policy_stewards)
    versions = versions_parts(store, publishing, store.people.get, permit_finder(store))
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
    accounts = Accounts(store.catalog, store.ledger, permitting)
    return HubServices(
        name=name,
        issuer=name,
        issuer_key=signer.public_key(),
        clock=clock,
        tokens=tokens,
        signing_in=SigningIn(tokens, store.people, clock, settings.token_seconds, settings.sign_in_seconds),
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
        curating=curating_parts(away, cuts, store.answers),
        completing=Completing(store.catalog, enforcement, read_record),
        asking=asking,
        delivering=delivering,
        binder=binder,
        permitting=permitting,
        inbox=inbox,
        objecting=Objecting(
            store.catalog, enforcement, FileOptOuts(settings.home), cuts, permitting.over, permitting.ended
        ),
        accounts=accounts,
        elsewhere=Elsewhere(accounts, store.mirror),
        mirroring=Mirroring(joining, store.mirror),
        running=running,
        fitting=Fitting(store.catalog, asking, apps),
        apps=apps,
        archive_of=archive_of,
        following=Following(running, federation, joining),
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
            ends.close,
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
