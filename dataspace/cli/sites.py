"""`dataspace site`: join a hub, hold data, say what may run, and stop it."""

import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from dataspace.cli.site_home import OpenedSite
from dataspace.cli.site_words import difference, findings, permit_lines
from dataspace.cli.words import example
from dataspace.errors import InvalidRequest
from dataspace.model.limits import Acceptance, SiteLimits
from dataspace.settings import SiteSettings, environment, home_of

app = typer.Typer(
    help="Join a hub, hold data, say what may run, and stop it.",
    epilog=example("dataspace site join invite.json"),
    no_args_is_help=True,
)
data = typer.Typer(
    help="Data that this site holds.",
    epilog=example("dataspace site data add medpar.csv --name medpar"),
    no_args_is_help=True,
)
policy = typer.Typer(
    help="What this site allows.",
    epilog=example("dataspace site policy add hospital.yaml"),
    no_args_is_help=True,
)
app.add_typer(data, name="data")
app.add_typer(policy, name="policy")


@app.callback()
def _private(context: typer.Context) -> None:
    from dataspace.adapters.private_files import private_files

    context.with_resource(private_files())


SiteHome = Annotated[
    Path | None, typer.Option("--home", help="Folder of the site; left out: DATASPACE_HOME.")
]


@app.command(epilog=example("dataspace site join invite.json --home site-home"))
def join(
    invite: Annotated[Path, typer.Argument(help="The invitation that the hub's steward handed over.")],
    home: SiteHome = None,
    title: Annotated[str, typer.Option(help="Name of the house, for people.")] = "",
    by_policy: Annotated[
        bool, typer.Option(help="Let this site's policies decide on each permit, without a countersignature.")
    ] = False,
) -> None:
    """Make the site's keys here, use the invitation up, and pin the hub's keys. Nothing can run yet."""
    from dataspace.cli.files import read_text
    from dataspace.site.join import join as do_join
    from dataspace.site.join import read_invite

    limits = SiteLimits(acceptance=Acceptance.BY_POLICY if by_policy else Acceptance.BY_HAND)
    place = home or home_of(environment(), "site")
    settings = do_join(place, read_invite(read_text(invite)), limits, title)
    pinned = settings.pinned
    typer.echo(f"{pinned.site} has joined {pinned.hub}. Keys made here; 3 keys pinned. Nothing can run yet.")


@app.command(epilog=example("dataspace site run --home site-home"))
def run(
    home: SiteHome = None,
    resume: Annotated[bool, typer.Option("--resume", help="Turn the kill switch off first.")] = False,
) -> None:
    """Be online until SIGTERM or Ctrl-C: outbound connections only."""
    from dataspace.site.run import run as serve
    from dataspace.site.run import stopped_by_signals
    from dataspace.site.will import FileWill

    settings = _settings(home)
    if resume:
        FileWill(settings.home).resume()
    stop = threading.Event()
    with OpenedSite(settings) as site, stopped_by_signals(stop):
        pinned = settings.pinned
        serve(
            settings,
            site.services.guard.handle,
            stop,
            lambda: typer.echo(
                f"{pinned.site} is online at {pinned.superlink}, outbound only. Ctrl-C ends it."
            ),
        )


@data.command("add", epilog=example("dataspace site data add medpar.csv --name medpar --dictionary medpar"))
def add_data(
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet file.")],
    name: Annotated[str, typer.Option(help="The dataset as the hub describes it.")],
    dictionary: Annotated[str, typer.Option(help="The hub's: name, or name@version; or a YAML file.")] = "",
    drop: Annotated[list[str] | None, typer.Option(help="A column to leave out; several times.")] = None,
    unit: Annotated[
        str, typer.Option(help="Column of the person to protect; row: each row is its own.")
    ] = "row",
    home: SiteHome = None,
    offer: Annotated[bool, typer.Option(help="Tell the hub that this site holds it.")] = True,
) -> None:
    """Make a version of a file here; the rows stay here."""
    from dataspace.service.registering import Registration

    with OpenedSite(_settings(home)) as site:
        known = site.dictionary(dictionary) if dictionary else ""
        said = Registration(
            name=name, dictionary=known, drop=tuple(drop or ()), privacy_unit=unit, publish=True
        )
        made = site.services.depositing.register(site.services.steward, file, said)
        version = made.version
        typer.echo(f"{version.rows:,} rows, {len(version.columns)} columns · {version.ref}")
        if found := findings(made.profile):
            typer.echo(found)
        if offer:
            described = site.offer(name, known)
            typer.echo(f"The hub knows that {site.name} holds {name}; it knows no row of it.")
            if unlike := difference(made.dataset, described):
                typer.echo(unlike)


@policy.command("add", epilog=example("dataspace site policy add policies/hospital.yaml"))
def add_policy(
    file: Annotated[Path, typer.Argument(help="A policy in YAML.")], home: SiteHome = None
) -> None:
    """Put a policy in force at this site. The hub cannot loosen it."""
    from dataspace.cli.files import read_text

    with OpenedSite(_settings(home)) as site:
        published = site.services.publishing.publish(site.services.steward, read_text(file))
        typer.echo(f"{published.id} is in force at {site.name}.")


@app.command(epilog=example("dataspace site accept P-7 --file P-7.jws --yes"))
def accept(
    permit: Annotated[str, typer.Argument(help="Id of the permit.")],
    home: SiteHome = None,
    file: Annotated[
        Path | None, typer.Option(help="Its signed document (JWS); left out: the hub is asked for it.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, countersign.")] = False,
) -> None:
    """Countersign a permit, once it is verified and shown: it may be used here, within this site's policies."""
    from dataspace.cli.files import read_text
    from dataspace.model.names import PermitId, SiteName
    from dataspace.model.records import Record, RecordKind
    from dataspace.site.countersign import permit_to_accept
    from dataspace.site.will import document_digest

    with OpenedSite(_settings(home)) as site:
        services, id = site.services, PermitId(permit)
        now = services.guard.enforcement.clock.now()
        jws = read_text(file).strip() if file else site.permit(id)
        found = permit_to_accept(jws, id, SiteName(site.name), services.guard.seal, services.catalog, now)
        if not file and id in services.status.status()[0].revoked:
            raise InvalidRequest(f"{id} was revoked.", "Nothing is to be countersigned.")
        typer.echo("\n".join(permit_lines(found)))
        _consent(id, yes)
        facts = {"permit": permit, "document": document_digest(jws)}
        services.log.append(
            Record(RecordKind.PERMIT_ACCEPTED, now, SiteName(site.name), services.steward.id, facts)
        )
        services.will.accept(id, document_digest(jws))
        typer.echo(f"{permit} is accepted at {site.name}.")


def _consent(permit: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidRequest("Nobody is here to be asked.", f"Say `dataspace site accept {permit} --yes`.")
    typer.confirm(f"Countersign {permit}?", abort=True)


@app.command(epilog=example("dataspace site status"))
def status(home: SiteHome = None) -> None:
    """Whether this site is online, what it holds, and what has left it so far."""
    from dataspace.model.records import RecordKind
    from dataspace.site.run import running

    settings = _settings(home)
    with OpenedSite(settings) as site:
        services = site.services
        pid = running(settings.home)
        state = (
            "stopped by its kill switch"
            if services.will.stopped()
            else f"online (process {pid})"
            if pid
            else "offline"
        )
        replies = [record for _, record in services.log.records() if record.kind is RecordKind.SITE_REPLY]
        answered = [record for record in replies if not record.facts.get("refused")]
        numbers = sum(int(str(record.facts.get("numbers", 0))) for record in answered)
        typer.echo(
            f"{site.name}: {state} · hub {settings.pinned.hub} · permits {settings.limits.acceptance.value}"
        )
        for dataset in services.catalog.all():
            typer.echo(f"  {dataset.name} · {dataset.dictionary or 'no dictionary'} · {dataset.latest}")
        typer.echo(
            f"Left this house so far: {len(answered)} answers with {numbers} numbers of models; "
            f"{len(replies) - len(answered)} refusals; 0 rows"
        )


@app.command(epilog=example("dataspace site stop"))
def stop(home: SiteHome = None) -> None:
    """The kill switch: nothing is answered from now on, also not what is being worked on."""
    from dataspace.site.run import stop_running

    settings = _settings(home)
    ended = stop_running(settings.home)
    typer.echo("Stopped." if ended else "The kill switch is on; nothing was running.")


@app.command(epilog=example("dataspace site doctor"))
def doctor(home: SiteHome = None) -> None:
    """Check disk, isolation, clock and the line to the hub. Exit 1 where something fails."""
    from dataspace.site.doctor import Verdict, examine

    failed = False
    for finding in examine(_settings(home)):
        failed |= finding.verdict is Verdict.FAIL
        typer.echo(f"{finding.verdict.value:4}  {finding.text}")
    if failed:
        raise typer.Exit(1)


def _settings(home: Path | None) -> SiteSettings:
    return SiteSettings.from_environment(environment(), home)
