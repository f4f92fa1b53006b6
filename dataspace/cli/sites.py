"""`dataspace site`: join a hub, hold data, say what may run, and stop it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dataspace.cli import (
    site_apps,
    site_data,
    site_joining,
    site_keeping,
    site_ledger,
    site_policies,
    site_service,
    site_trust,
)
from dataspace.cli.site_home import OpenedSite
from dataspace.cli.site_words import permit_lines
from dataspace.cli.words import example
from dataspace.errors import InvalidRequest, VerificationFailed
from dataspace.settings import SiteSettings, environment

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
site_data.add_to(data)
app.add_typer(data, name="data")
app.add_typer(policy, name="policy")
site_policies.add_to(policy)
site_trust.add_to(app)
site_apps.add_to(app)
site_joining.add_to(app)
site_keeping.add_to(app)
site_ledger.add_to(app)
site_service.add_to(app)


@app.callback()
def _private(context: typer.Context) -> None:
    from dataspace.adapters.private_files import private_files

    context.with_resource(private_files())


SiteHome = Annotated[
    Path | None, typer.Option("--home", help="Folder of the site; left out: DATASPACE_HOME.")
]


@policy.command("add", epilog=example("dataspace site policy add policies/hospital.yaml"))
def add_policy(
    file: Annotated[Path, typer.Argument(help="A policy in YAML.")], home: SiteHome = None
) -> None:
    """Put a policy in force at this site. The hub cannot loosen it."""
    from dataspace.cli.files import read_text

    with OpenedSite(_settings(home)) as site:
        published = site.services.publishing.publish(site.services.steward, read_text(file))
        typer.echo(f"{published.id} is in force at {site.name}.")
        for warning in published.warnings:
            typer.echo(f"Warning: {warning}", err=True)


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
    from dataspace.model.records import JSON, Record, RecordKind
    from dataspace.site.countersign import permit_to_accept
    from dataspace.site.issuers import as_known_here
    from dataspace.site.status import standing
    from dataspace.site.will import document_digest

    with OpenedSite(_settings(home)) as site:
        services, id = site.services, PermitId(permit)
        now = services.guard.enforcement.clock.now()
        jws = read_text(file).strip() if file else site.permit(id)
        try:
            found = permit_to_accept(
                jws, id, SiteName(site.name), services.guard.seal, services.catalog, now, services.guard.key
            )
        except VerificationFailed as error:
            refused: dict[str, JSON] = {"reason": error.fact, "document": document_digest(jws)}
            kind = RecordKind.PERMIT_DOCUMENT_REFUSED
            services.log.append(Record(kind, now, SiteName(site.name), services.steward.id, refused))
            raise
        lists = services.guard.issuers.get(found.issued_by, services.status)
        if not file and (why := standing(found, document_digest(jws), *lists.status())):
            raise InvalidRequest(why[1], "Nothing is to be countersigned.")
        typer.echo("\n".join(permit_lines(found)))
        _consent(id, yes)
        facts: dict[str, JSON] = {
            "permit": permit,
            "issuer": found.issued_by,
            "document": document_digest(jws),
        }
        services.log.append(
            Record(RecordKind.PERMIT_ACCEPTED, now, SiteName(site.name), services.steward.id, facts)
        )
        services.will.accept(as_known_here(found, site.settings.pinned.issuer).id, document_digest(jws))
        typer.echo(f"{permit} is accepted at {site.name}.")


@app.command("opt-out", epilog=example("dataspace site opt-out medpar --list persons.txt --at-once"))
def opt_out(
    name: Annotated[str, typer.Argument(help="Name of the dataset.")],
    file: Annotated[Path, typer.Option("--list", help="One person a line, as in the privacy unit.")],
    at_once: Annotated[
        bool, typer.Option("--at-once", help="An objection or a withdrawn consent: out of everything, now.")
    ] = False,
    home: SiteHome = None,
) -> None:
    """Leave persons out of the rows here: of what is approved from now on, or at once of everything."""
    from dataspace.cli.files import read_text
    from dataspace.model.names import DatasetName

    with OpenedSite(_settings(home)) as site:
        persons = read_text(file).splitlines()
        site.services.objecting.leave_out(site.services.steward, DatasetName(name), persons, at_once)
        typer.echo(f"They are left out of {name} at {site.name}; the list stays here.")


@app.command(epilog=example("dataspace site withdraw P-7"))
def withdraw(
    permit: Annotated[str, typer.Argument(help="Id of the permit.")],
    home: SiteHome = None,
    issuer: Annotated[str, typer.Option(help="Who issued it; left out: the hub joined.")] = "",
) -> None:
    """Take a countersignature back: the permit may not be used here any more."""
    from dataspace.model.names import PermitId, SiteName
    from dataspace.model.records import Record, RecordKind
    from dataspace.site.issuers import local_number

    with OpenedSite(_settings(home)) as site:
        services = site.services
        now = services.guard.enforcement.clock.now()
        own = site.settings.pinned.issuer
        facts = {"permit": permit, "issuer": issuer or own, "at": "this site"}
        services.log.append(
            Record(RecordKind.PERMIT_REVOKED, now, SiteName(site.name), services.steward.id, facts)
        )
        id = PermitId(permit)
        there = services.will.withdraw(id if issuer in ("", own) else local_number(id, issuer))
        typer.echo(f"{permit} is not accepted at {site.name}" + (" any more." if there else ", nor was it."))


def _consent(permit: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidRequest("Nobody is here to be asked.", f"Say `dataspace site accept {permit} --yes`.")
    typer.confirm(f"Countersign {permit}?", abort=True)


def _settings(home: Path | None) -> SiteSettings:
    return SiteSettings.from_environment(environment(), home)
