"""`dataspace site join, run, leave, trust-hub`: from an invitation to being online, and out again."""

import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dataspace.cli.site_home import OpenedSite
from dataspace.cli.words import example
from dataspace.model.limits import Acceptance, SiteLimits
from dataspace.settings import SiteSettings, environment, home_of

if TYPE_CHECKING:
    from dataspace.site.witness import HubWitness

SiteHome = Annotated[
    Path | None, typer.Option("--home", help="Folder of the site; left out: DATASPACE_HOME.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `dataspace site`."""
    app.command(epilog=example("dataspace site join invite.json --home site-home"))(join)
    app.command(epilog=example("dataspace site run --home site-home"))(run)
    app.command(epilog=example('dataspace site leave --because "The project is over." --yes'))(leave)
    app.command("trust-hub", epilog=example('dataspace site trust-hub --because "They restored a backup."'))(
        trust_hub
    )


def join(
    invite: Annotated[Path, typer.Argument(help="The invitation that the hub's steward handed over.")],
    home: SiteHome = None,
    title: Annotated[str, typer.Option(help="Name of the house, for people.")] = "",
    root: Annotated[
        list[str] | None,
        typer.Option(help="A folder that data may be added from, and no other; several times."),
    ] = None,
    by_policy: Annotated[
        bool, typer.Option(help="Let this site's policies decide on each permit, without a countersignature.")
    ] = False,
    ca: Annotated[
        Path | None,
        typer.Option(help="PEM file of the authority to pin for the hub, instead of the invitation's."),
    ] = None,
    wait: Annotated[float, typer.Option(help="Minutes to wait for the hub's administrator.")] = 15.0,
) -> None:
    """Make the site's keys here, use the invitation up, and pin the hub's keys. Nothing can run yet.

    The hub's administrator lets the site in by the fingerprint that is shown: read it aloud, over the telephone.
    """
    from dataspace.cli.files import read_text
    from dataspace.site.join import join as do_join
    from dataspace.site.join import read_invite

    found = read_invite(read_text(invite))
    if ca is not None:
        found = replace(found, hub_ca=read_text(ca))
    limits = SiteLimits(acceptance=Acceptance.BY_POLICY if by_policy else Acceptance.BY_HAND)
    place = home or home_of(environment(), "site")
    settings = do_join(
        place,
        found,
        limits,
        title,
        waiting=lambda aloud: typer.echo(
            f"Key made here. Read aloud to the hub's administrator: {aloud}\nWaiting to be let in …"
        ),
        wait_seconds=wait * 60,
    )
    if root:
        settings = replace(settings, roots=tuple(str(Path(folder).resolve()) for folder in root))
        settings.write()
    pinned = settings.pinned
    typer.echo(f"{pinned.site} has joined {pinned.hub}. Keys made here; 3 keys pinned. Nothing can run yet.")


def run(
    home: SiteHome = None,
    resume: Annotated[bool, typer.Option("--resume", help="Turn the kill switch off first.")] = False,
) -> None:
    """Be online until SIGTERM or Ctrl-C: outbound connections only."""
    from dataspace.adapters.flower import fab
    from dataspace.errors import SourceError
    from dataspace.site.interrupting import Interruptible
    from dataspace.site.run import ended_in_time, stopped_by_signals
    from dataspace.site.run import run as serve
    from dataspace.site.will import FileWill

    settings = SiteSettings.from_environment(environment(), home)
    if resume:
        FileWill(settings.home).resume()
    stop = threading.Event()
    with ended_in_time(stop), OpenedSite(settings) as site, stopped_by_signals(stop):
        pinned = settings.pinned
        witness = witness_of(site)
        try:
            witness.compare()
        except SourceError as error:
            typer.echo(f"{error} Nothing is answered until the hub can be reached.", err=True)
        telling = site.telling()
        telling.catch_up()
        own = frozenset({fab.app_hash(fab.pack(fab.app_files()))})
        serve(
            settings,
            Interruptible(
                telling.after(witness.guarded(replace(site.services.guard, own_apps=own).handle)),
                stop,
                site.run_goes_on,
                lambda run: site.services.guard.engine.close(f"run/{run}"),
                site.services.guard.engine.stop,
            ),
            stop,
            lambda: typer.echo(
                f"{pinned.site} is online at {pinned.superlink}, outbound only. Ctrl-C ends it."
            ),
        )


def leave(
    because: Annotated[str, typer.Option(help="The reason, told to the hub and recorded.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    home: SiteHome = None,
) -> None:
    """Go for good: the hub refuses this site's node from now on. Keys, records and data stay here."""
    from dataspace.adapters.keys import FileSigner
    from dataspace.model.names import SiteName
    from dataspace.model.records import Record, RecordKind
    from dataspace.site.run import stop_running

    settings = SiteSettings.from_environment(environment(), home)
    if not yes:
        typer.confirm(f"Leave {settings.pinned.hub}? To come back, a new invitation is needed.", abort=True)
    with OpenedSite(settings) as site:
        name, now = SiteName(site.name), site.services.guard.enforcement.clock.now()
        site.line.leave(name, FileSigner(settings.home, "signing"), now, because)
        facts = {"hub": settings.pinned.hub, "because": because}
        site.services.log.append(Record(RecordKind.SITE_LEFT, now, name, site.services.steward.id, facts))
    stop_running(settings.home)
    typer.echo(f"{settings.pinned.site} has left {settings.pinned.hub}. No other site is touched.")


def trust_hub(
    because: Annotated[str, typer.Option(help="What the hub's operator said: it is recorded.")],
    home: SiteHome = None,
) -> None:
    """Go on with a hub whose log became another one, as after a restored backup. Ask its operator first."""
    from dataspace.errors import InvalidRequest

    if not because.strip():
        raise InvalidRequest("A reason is needed.", "Ask the hub's operator what happened, and say it.")
    with OpenedSite(SiteSettings.from_environment(environment(), home)) as site:
        witness_of(site).trust_hub(because)
    typer.echo(
        "What this site saw of the hub's log is forgotten, and that is recorded. Restart `dataspace site run`."
    )


def witness_of(site: OpenedSite) -> "HubWitness":
    """What compares this site's log with the hub's memory of it."""
    from dataspace.adapters.keys import FileSigner
    from dataspace.model.names import SiteName
    from dataspace.site.witness import HubWitness

    home = site.settings.home
    return HubWitness(
        home,
        SiteName(site.name),
        site.line,
        FileSigner(home, "signing"),
        site.services.log,
        site.services.guard.enforcement.clock,
        site.settings.pinned.hub_log_key,
    )
