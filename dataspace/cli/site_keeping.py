"""`dataspace site status, stop, doctor, limits, rehearse, report`: what a site's people look at and set."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from dataspace.cli.site_home import OpenedSite
from dataspace.cli.words import Json, example, show_json, worded
from dataspace.errors import InvalidRequest
from dataspace.settings import SiteSettings, environment, home_of

SiteHome = Annotated[
    Path | None, typer.Option("--home", help="Folder of the site; left out: DATASPACE_HOME.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `dataspace site`."""
    app.command(epilog=example("dataspace site status"))(status)
    app.command(epilog=example("dataspace site stop"))(stop)
    app.command(epilog=example("dataspace site doctor", "dataspace site doctor --hub hub.example"))(doctor)
    app.command(epilog=example("dataspace site limits --hours 20:00-06:00 --cores 2 --memory-mb 4096"))(
        limits
    )
    app.command(
        epilog=example(
            'dataspace site rehearse medpar --target died --feature los --purpose "scientific research"'
        )
    )(rehearse)
    app.command(epilog=example("dataspace site report --month 2026-11 --output report.md"))(report)


def status(home: SiteHome = None) -> None:
    """Whether this site is online, what it holds, and what has left it so far."""
    from dataspace.site.report import left
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
        typer.echo(
            f"{site.name}: {state} · hub {settings.pinned.hub} · permits {settings.limits.acceptance.value}"
        )
        for dataset in services.catalog.all():
            typer.echo(f"  {dataset.name} · {dataset.dictionary or 'no dictionary'} · {dataset.latest}")
        found = left(record for _, record in services.log.records())
        typer.echo(f"Left this house so far: {found.line()}")


def stop(home: SiteHome = None) -> None:
    """The kill switch: nothing is answered from now on, also not what is being worked on."""
    from dataspace.site.run import stop_running

    settings = _settings(home)
    ended = stop_running(settings.home)
    typer.echo("Stopped." if ended else "The kill switch is on; nothing was running.")


def doctor(
    home: SiteHome = None,
    hub: Annotated[str, typer.Option(help="Before joining: the hub's name, or name:port.")] = "",
    ca: Annotated[Path | None, typer.Option(help="Before joining: PEM file that vouches for it.")] = None,
    as_json: Json = False,
) -> None:
    """Check machine, data, policies, clock and the lines to the hub. Exit 1 where something fails."""
    from dataspace.cli.files import read_text
    from dataspace.errors import DataspaceError
    from dataspace.site.doctor import Finding, Verdict, examine, examine_before
    from dataspace.site.doctor_house import examine_house
    from dataspace.site.findings import fail

    if hub:
        place = home or home_of(environment(), "site")
        found = list(examine_before(place, hub, read_text(ca) if ca else ""))
    else:
        settings = _settings(home)
        found = list(examine(settings))
        try:
            with OpenedSite(settings) as site:
                services = site.services
                policies = services.guard.enforcement.policies.current()
                found += examine_house(services.catalog, policies, settings.limits, services.in_place.look)
        except DataspaceError as error:
            found.append(fail("store", f"store: {error.fact}", error.hint or "restore the site's folder"))
    if as_json:
        show_json([asdict(finding) for finding in found])
    else:
        for finding in found:
            typer.echo(f"{finding.verdict.value:4}  {worded(finding.text)}")
        requests: list[Finding] = [finding for finding in found if finding.request]
        for text in dict.fromkeys(finding.request for finding in requests):
            typer.echo(f"\nTo the firewall team:\n{text}")
    if any(finding.verdict is Verdict.FAIL for finding in found):
        raise typer.Exit(1)


def limits(
    home: SiteHome = None,
    template: Annotated[str, typer.Option(help="hospital or plant: a set to begin with.")] = "",
    hours: Annotated[str | None, typer.Option(help='When it answers: 20:00-06:00, or "" for always.')] = None,
    cores: Annotated[int | None, typer.Option(help="Most cores; 0 leaves the usual.")] = None,
    memory_mb: Annotated[int | None, typer.Option(help="Most memory in MB; 0 leaves the usual.")] = None,
    round_seconds: Annotated[
        float | None,
        typer.Option(help="Longest that a worker is at work on one message; 0 leaves the usual."),
    ] = None,
    cohort: Annotated[int | None, typer.Option(help="Fewest units behind a cell; 0 leaves it.")] = None,
    minimum_sites: Annotated[int | None, typer.Option(help="Fewest sites asked together.")] = None,
    foreign_apps: Annotated[
        bool | None, typer.Option("--foreign-apps/--no-foreign-apps", help="Code other than its own.")
    ] = None,
) -> None:
    """Set the house rules, or show them. They hold from the next start of `dataspace site run` on."""
    from dataspace.model.codec import to_json
    from dataspace.model.names import SiteName
    from dataspace.model.records import Record, RecordKind
    from dataspace.site.setting import changed, described

    settings = _settings(home)
    said: dict[str, Any] = {
        "hours": hours,
        "cores": cores,
        "memory_mb": memory_mb,
        "round_seconds": round_seconds,
        "cohort": cohort,
        "minimum_sites": minimum_sites,
        "foreign_apps": foreign_apps,
    }
    after = changed(settings.limits, template, {k: v for k, v in said.items() if v is not None})
    if after != settings.limits:
        with OpenedSite(settings) as site:
            now = site.services.guard.enforcement.clock.now()
            facts = {"limits": to_json(after)}
            site.services.log.append(
                Record(RecordKind.LIMITS_SET, now, SiteName(site.name), site.services.steward.id, facts)
            )
        replace(settings, limits=after).write()
    typer.echo(described(after))


def rehearse(
    dataset: Annotated[str, typer.Argument(help="Name of a dataset that this site holds.")],
    target: Annotated[str, typer.Option(help="The outcome.")],
    feature: Annotated[list[str], typer.Option(help="A feature; several times.")],
    purpose: Annotated[str, typer.Option(help="What for; left out: the permit's.")] = "",
    permit: Annotated[
        Path | None, typer.Option(help="A permit's signed document (JWS), as if it asked.")
    ] = None,
    home: SiteHome = None,
) -> None:
    """Say what a run would send before any runs: columns, shapes, rows, noise. Nothing is computed or sent."""
    from dataspace.cli.files import read_text
    from dataspace.model.names import DatasetName, SiteName
    from dataspace.site.rehearsal import rehearse as do_rehearse

    settings = _settings(home)
    with OpenedSite(settings) as site:
        services, guard = site.services, site.services.guard
        found = services.catalog.get(DatasetName(dataset))
        version = services.catalog.version(found.latest) if found and found.latest else None
        if found is None or version is None:
            raise InvalidRequest(
                f"This site holds no '{dataset}'.", "`dataspace site status` lists what it holds."
            )
        rehearsed = do_rehearse(
            SiteName(site.name),
            found,
            version.rows,
            guard.enforcement.policies.current(),
            settings.limits,
            target,
            feature,
            purpose,
            guard.seal.verify(read_text(permit).strip()) if permit else None,
            guard.enforcement.clock.now(),
        )
        typer.echo("\n".join(rehearsed.lines()))


def report(
    month: Annotated[str, typer.Option(help="2026-11")],
    output: Annotated[Path | None, typer.Option(help="Write it there, instead of printing it.")] = None,
    home: SiteHome = None,
) -> None:
    """A page on what left the house in a month, from the site's own log."""
    from dataspace.site.report import page

    with OpenedSite(_settings(home)) as site:
        log = site.services.log
        text = page(site.name, month, (record for _, record in log.records()), log.checkpoint())
    if output is None:
        typer.echo(text, nl=False)
        return
    output.write_text(text)
    typer.echo(f"{output}: {month} at {site.name}.")


def _settings(home: Path | None) -> SiteSettings:
    return SiteSettings.from_environment(environment(), home)
