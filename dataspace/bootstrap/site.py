"""A site over its home: its adapters built, its services plugged together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dataspace.adapters.apps.shelf import FileShelf
from dataspace.adapters.clock import UtcClock
from dataspace.adapters.connectors import open_source
from dataspace.adapters.duckdb.reader import DuckdbReader
from dataspace.adapters.incoming import IncomingFolder
from dataspace.adapters.jose import JosePermitSeal
from dataspace.adapters.keys import FileSigner
from dataspace.adapters.opt_outs import FileOptOuts
from dataspace.adapters.private_files import private_files
from dataspace.adapters.roots import check_path
from dataspace.adapters.store.store import Store
from dataspace.adapters.syslog import mirrored
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
from dataspace.model.names import PrincipalId, SiteName
from dataspace.model.principals import Principal, Role
from dataspace.ports import Catalog, Clock, Log, StatusSource
from dataspace.service.auditing import Auditing
from dataspace.service.conditions import Conditions
from dataspace.service.curating import Curating
from dataspace.service.depositing import Depositing
from dataspace.service.enforcing import Enforcement
from dataspace.service.in_place import InPlace
from dataspace.service.objecting import Objecting
from dataspace.service.publishing import Publishing
from dataspace.service.versions import Versions
from dataspace.settings import SiteSettings
from dataspace.site.account import SiteAccount
from dataspace.site.guard import Guard
from dataspace.site.house import least
from dataspace.site.issuers import IssuerLists, pinned_keys
from dataspace.site.own_apps import OwnApps
from dataspace.site.status import Fetch, FileMemory, HubStatus
from dataspace.site.will import FileWill

REST_SECONDS = 20.0
"""After the last question a site is at rest, and keeps no confined process but those of a training run."""


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
    in_place: InPlace
    curating: Curating
    publishing: Publishing
    versions: Versions
    auditing: Auditing
    account: SiteAccount
    closers: Sequence[Callable[[], None]]

    def close(self) -> None:
        """Like `HubServices.close`."""
        close_all(self.closers)


@private_files()
def build_site(settings: SiteSettings, fetch: Fetch) -> SiteServices:
    """A site over its home. `fetch` asks the hub which permits are revoked."""
    clock = UtcClock()
    store = open_home(settings.home, clock, settings.pinned.site)
    store = replace(store, log=mirrored(store.log, settings.syslog))
    quiet = operator_log(settings.home / "site.log")
    try:
        return _site(settings, store, clock, fetch, quiet)
    except BaseException:
        close_all((store.close, quiet))
        raise


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
    away = in_place_parts(settings.home, store, enforcement, settings.roots, at_the_machine=True)
    answering, cuts, engine = answering_parts(
        settings.home, settings.cut_mb, store, enforcement, away, settings.limits, REST_SECONDS
    )
    reader, will = DuckdbReader(), FileWill(settings.home)
    publishing = publishing_parts(store, away.registering, reader)
    versions = versions_parts(store, publishing, lambda _: None, permit_finder(store))
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
        away=away,
        apps=OwnApps(FileShelf(settings.home), will, settings.limits),
        sign=FileSigner(settings.home, "signing").sign,
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
        in_place=replace(away, conditions=Conditions(publishing)),
        curating=curating_parts(away, cuts, store.answers),
        publishing=publishing,
        versions=versions,
        auditing=Auditing(store.log),
        account=SiteAccount(store.catalog, store.ledger, enforcement),
        closers=(engine.stop, cuts.close, store.close, reader.close, lists.close, quiet),
    )
