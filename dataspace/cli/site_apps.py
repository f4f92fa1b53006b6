"""`dataspace site approve, disapprove, apps`: whose code may run at a site."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dataspace.cli.site_home import OpenedSite
from dataspace.cli.words import example
from dataspace.errors import InvalidRequest, VerificationFailed
from dataspace.settings import SiteSettings, environment

if TYPE_CHECKING:
    from dataspace.model.records import JSON, RecordKind
    from dataspace.site.own_apps import OwnApps

SiteHome = Annotated[
    Path | None, typer.Option("--home", help="Folder of the site; left out: DATASPACE_HOME.")
]
Hash = Annotated[str, typer.Argument(help="The app's hash, all 64 digits.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `dataspace site`."""
    app.command(epilog=example("dataspace site approve 4be1… --file ward-net-1.0.app"))(approve)
    app.command(epilog=example("dataspace site disapprove 4be1…"))(disapprove)
    app.command(epilog=example("dataspace site apps"))(apps)


def approve(
    hash: Hash,
    home: SiteHome = None,
    file: Annotated[Path | None, typer.Option(help="Its archive; left out: the hub is asked for it.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, approve.")] = False,
    new_signer: Annotated[
        bool, typer.Option("--new-signer", help="Also where another key signed the version before.")
    ] = False,
) -> None:
    """Let an app run here, once its signature and hash are checked and it is shown: what the scan finds, and the
    difference to the version that was approved last."""
    from dataspace.adapters.apps.packing import unpacked
    from dataspace.model.records import RecordKind

    if not re.fullmatch("[0-9a-f]{64}", hash):
        raise InvalidRequest(
            "A hash has 64 digits, 0 to 9 and a to f.", "Type all of it, as the app's authors told it to you."
        )
    with OpenedSite(_settings(home)) as site:
        own = _own(site)
        archive = _bytes(file) if file else site.app(hash)
        found = unpacked(archive)
        if found.hash != hash:
            raise VerificationFailed(
                "This is another app than the hash names.", "Ask its authors for both again."
            )
        if not found.signer:
            raise VerificationFailed(
                "The app is not signed.", "Its authors sign it: `dataspace app pack FOLDER`."
            )
        review = own.review(found, new_signer)
        typer.echo("\n".join(review.lines()))
        _consent(found.manifest.name, yes)
        own.shelf.put(archive)
        facts: dict[str, JSON] = {"app": hash, "name": found.manifest.name, "version": found.manifest.version}
        _record(site, RecordKind.APP_APPROVED, facts | {"signer": found.signer.hex()})
        own.will.approve(hash)
        typer.echo(f"{found.manifest.name} {found.manifest.version} is approved at {site.name}.")
        if not own.limits.foreign_apps:
            typer.echo("It runs once foreign apps are allowed at all: dataspace site limits --foreign-apps")


def disapprove(hash: Hash, home: SiteHome = None) -> None:
    """Take an approval back: from now on no message of a run that uses the app is answered."""
    from dataspace.model.records import RecordKind

    with OpenedSite(_settings(home)) as site:
        own = _own(site)
        if own.shelf.get(hash) is None or not own.will.approved(hash):
            raise InvalidRequest("No app of this hash is approved here.", "`dataspace site apps` lists them.")
        own.will.disapprove(hash)
        _record(site, RecordKind.APP_WITHDRAWN, {"app": hash})
        typer.echo(f"Not approved any more at {site.name}.")


def apps(home: SiteHome = None) -> None:
    """Apps of researchers that were approved here, by hash."""
    from dataspace.adapters.apps.signing import fingerprint

    with OpenedSite(_settings(home)) as site:
        own = _own(site)
        found = [app for hash in own.will.apps() if (app := own.shelf.get(hash)) is not None]
        for app in found:
            said = app.manifest
            typer.echo(
                f"{said.name} {said.version} · {said.licence} · signed by {fingerprint(app.signer)}\n  {app.hash}"
            )
        if not found:
            typer.echo("No app of a researcher was approved here.")
        elif not own.limits.foreign_apps:
            typer.echo(
                "None of them runs: foreign apps are not allowed here (dataspace site limits --foreign-apps)."
            )


def _own(site: OpenedSite) -> "OwnApps":
    found = site.services.guard.apps
    if found is None:
        raise RuntimeError("a site without a shelf for apps")
    return found


def _record(site: OpenedSite, kind: "RecordKind", facts: "dict[str, JSON]") -> None:
    from dataspace.model.names import SiteName
    from dataspace.model.records import Record

    now = site.services.guard.enforcement.clock.now()
    site.services.log.append(Record(kind, now, SiteName(site.name), site.services.steward.id, facts))


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidRequest(
            f"'{file}' cannot be read ({error.strerror}).", "Name the app's archive."
        ) from error


def _consent(name: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidRequest("Nobody is here to be asked.", "Say --yes.")
    typer.confirm(f"Approve {name}?", abort=True)


def _settings(home: Path | None) -> SiteSettings:
    return SiteSettings.from_environment(environment(), home)
