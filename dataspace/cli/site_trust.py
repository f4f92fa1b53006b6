"""`dataspace site trust` and `issuers`: whose permits this site takes, besides those of the hub that it joined."""

from pathlib import Path
from typing import Annotated

import typer

from dataspace.cli.site_home import OpenedSite
from dataspace.cli.words import example
from dataspace.errors import InvalidRequest
from dataspace.settings import SiteSettings, environment

SiteHome = Annotated[
    Path | None, typer.Option("--home", help="Folder of the site; left out: DATASPACE_HOME.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `dataspace site`."""
    app.command(
        epilog=example("dataspace site trust findata --key findata.pem --hub https://permits.example")
    )(trust)
    app.command(epilog=example("dataspace site issuers"))(issuers)


def trust(
    issuer: Annotated[str, typer.Argument(help="The issuer, as `iss` in its permits.")],
    home: SiteHome = None,
    key: Annotated[
        Path | None, typer.Option(help="Its Ed25519 public key: PEM, or base64 in a file.")
    ] = None,
    jwks: Annotated[
        Path | None, typer.Option(help="Or its key set, as it shows it at /.well-known/jwks.json.")
    ] = None,
    hub: Annotated[
        str, typer.Option(help="Where it says which permits hold, https; left out: each is refused as stale.")
    ] = "",
    ca: Annotated[Path | None, typer.Option(help="Certificate of that address's authority, PEM.")] = None,
) -> None:
    """Pin the key of an issuer: its permits can be countersigned here. Takes effect when the site next starts."""
    from dataspace.cli.files import read_text
    from dataspace.model.names import SiteName
    from dataspace.model.records import JSON, Record, RecordKind
    from dataspace.service.permit_documents import key_digest
    from dataspace.settings import PinnedIssuer
    from dataspace.site.issuers import key_of, trusting

    given = [file for file in (key, jwks) if file is not None]
    if len(given) != 1:
        raise InvalidRequest("Name the file of one key.", "Either --key FILE or --jwks FILE.")
    settings = SiteSettings.from_environment(environment(), home)
    pinned = PinnedIssuer(issuer, key_of(read_text(given[0])), hub, read_text(ca) if ca else "")
    changed = trusting(settings, pinned)
    with OpenedSite(settings) as site:
        now = site.services.guard.enforcement.clock.now()
        facts: dict[str, JSON] = {"issuer": issuer, "key": key_digest(pinned.key), "hub": hub}
        site.services.log.append(
            Record(RecordKind.ISSUER_PINNED, now, SiteName(site.name), site.services.steward.id, facts)
        )
    changed.write()
    typer.echo(
        f"{issuer} is pinned with the key {key_digest(pinned.key)[:16]}…; compare it with what they say."
    )
    typer.echo(
        f"Which of its permits hold is asked at {hub}."
        if hub
        else "It has no address: whether its permits hold cannot be told, so each is refused. Say --hub."
    )


def issuers(home: SiteHome = None) -> None:
    """Whose permits this site takes."""
    from dataspace.service.permit_documents import key_digest

    settings = SiteSettings.from_environment(environment(), home)
    pinned = settings.pinned
    typer.echo(f"{pinned.issuer} · {key_digest(pinned.issuer_key)[:16]}… · {pinned.hub} (joined)")
    for issuer in settings.issuers:
        typer.echo(f"{issuer.name} · {key_digest(issuer.key)[:16]}… · {issuer.hub or 'no address'}")
