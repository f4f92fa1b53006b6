"""`dataspace site policy rehearse, history, diff, list`: what a site's own policies would change, and did."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from dataspace.cli.site_home import OpenedSite
from dataspace.cli.words import Json, example, show, show_json
from dataspace.errors import DataspaceError
from dataspace.model.names import PermitId
from dataspace.model.permits import Permit
from dataspace.settings import SiteSettings, environment

SiteHome = Annotated[
    Path | None, typer.Option("--home", help="Folder of the site; left out: DATASPACE_HOME.")
]
Name = Annotated[str, typer.Argument(help="The policy's name.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `dataspace site policy`."""
    app.command("list", epilog=example("dataspace site policy list"))(list_policies)
    app.command(epilog=example("dataspace site policy rehearse hospital.yaml --since 30d"))(rehearse)
    app.command(epilog=example("dataspace site policy history hospital"))(history)
    app.command(epilog=example("dataspace site policy diff hospital"))(diff)


def list_policies(home: SiteHome = None) -> None:
    """Policies in force at this site."""
    with _site(home) as site:
        for policy in site.services.publishing.in_force():
            typer.echo(f"{policy.id}: {policy.title}. {len(policy.rules)} rules. Owner: {policy.owner}.")


def rehearse(
    file: Annotated[Path, typer.Argument(help="A policy in YAML.")],
    since: Annotated[str, typer.Option(help="How far back: 30d, 12h, 4w.")] = "30d",
    as_json: Json = False,
    home: SiteHome = None,
) -> None:
    """What a policy would have changed among the requests that this site has recorded."""
    from dataspace.cli.files import read_text
    from dataspace.client.replays import ReplayView
    from dataspace.model.codec import to_json
    from dataspace.service.rehearsing import period

    with _site(home) as site:
        services = site.services
        rehearsing = replace(services.versions.rehearsing, permit=_permits(site))
        found = rehearsing.rehearse(services.steward, read_text(file), period(since))
    if as_json:
        show_json(to_json(found))
    else:
        show(ReplayView(found))


def history(name: Name, home: SiteHome = None) -> None:
    """Every version of a policy of this site."""
    with _site(home) as site:
        for version in site.services.versions.history(site.services.steward, name):
            when = f"{version.published:%Y-%m-%d %H:%M}" if version.published else "not recorded"
            state = " · in force" if version.in_force else ""
            typer.echo(f"{version.number}  {version.digest[:12]}  {when}  {version.by or ''}{state}")


def diff(
    name: Name,
    old: Annotated[int, typer.Option(help="A version; left out: the one before --new.")] = 0,
    new: Annotated[int, typer.Option(help="A version; left out: the last one.")] = 0,
    home: SiteHome = None,
) -> None:
    """Two versions of a policy of this site, line by line."""
    from dataspace.client.tables import printable

    with _site(home) as site:
        text = site.services.versions.difference(site.services.steward, name, old, new)
    for line in text.splitlines():
        typer.echo(printable(line))


def _permits(site: OpenedSite) -> Callable[[PermitId], Permit | None]:
    """Permits as the hub hands them out and the pinned issuer has signed them, each asked for once."""
    known: dict[PermitId, Permit | None] = {}

    def find(id: PermitId) -> Permit | None:
        if id not in known:
            try:
                known[id] = site.services.guard.seal.verify(site.permit(id))
            except (
                DataspaceError
            ):  # not reached, gone, or not what was signed: the request is counted as left out
                known[id] = None
        return known[id]

    return find


def _site(home: Path | None) -> OpenedSite:
    return OpenedSite(SiteSettings.from_environment(environment(), home))
