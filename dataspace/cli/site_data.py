"""`dataspace site data add, fix, versions, deprecate, withdraw, erase`: what a site holds, and its life."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dataspace.cli.curation import Cast, Consent, Drop, Generalise, Labels, Reason, Rename, Which
from dataspace.cli.site_home import OpenedSite
from dataspace.cli.site_words import difference, findings
from dataspace.cli.words import example
from dataspace.model.curation import Chapter, Standing
from dataspace.settings import SiteSettings, environment

if TYPE_CHECKING:
    from dataspace.bootstrap import SiteServices
    from dataspace.service.registering import Registered
    from dataspace.service.registration import Registration

Name = Annotated[str, typer.Argument(help="Name of the dataset.")]
SiteHome = Annotated[
    Path | None, typer.Option("--home", help="Folder of the site; left out: DATASPACE_HOME.")
]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `dataspace site data`."""
    app.command(epilog=example("dataspace site data add medpar.csv --name medpar --dictionary medpar"))(add)
    app.command(epilog=example("dataspace site data fix medpar --drop name"))(fix)
    app.command(epilog=example("dataspace site data versions medpar"))(versions)
    app.command(epilog=example('dataspace site data deprecate medpar 1 --reason "Version 2 is corrected."'))(
        deprecate
    )
    app.command(epilog=example('dataspace site data withdraw medpar 1 --reason "Names were left in."'))(
        withdraw
    )
    app.command(epilog=example('dataspace site data erase medpar 1 --reason "Retention is over." --yes'))(
        erase
    )


def add(
    source: Annotated[
        str, typer.Argument(help="A CSV or Parquet file, or an address: postgresql://…, s3://…, file:///…")
    ],
    name: Annotated[str, typer.Option(help="The dataset as the hub describes it.")],
    dictionary: Annotated[str, typer.Option(help="The hub's: name, or name@version; or a YAML file.")] = "",
    drop: Drop = None,
    rename: Rename = None,
    cast: Cast = None,
    generalise: Generalise = None,
    consent: Consent = None,
    label: Labels = None,
    unit: Annotated[
        str, typer.Option(help="Column of the person to protect; row, or left out: each row is its own.")
    ] = "",
    duo: Annotated[
        list[str] | None, typer.Option(help="DUO:0000015, or GS=DE,FR; several times. They become a policy.")
    ] = None,
    in_place: Annotated[
        bool,
        typer.Option("--in-place", help="Of an address: the rows stay there, and are read for each cut."),
    ] = False,
    item: Annotated[str, typer.Option(help="Of an address: the table or object; left out: the name.")] = "",
    secret_file: Annotated[
        Path | None, typer.Option(help="Of an address: a file (0600) with the password or KEY:SECRET.")
    ] = None,
    secret_env: Annotated[str, typer.Option(help="Of an address: the variable that holds it.")] = "",
    home: SiteHome = None,
    offer: Annotated[bool, typer.Option(help="Tell the hub that this site holds it.")] = True,
) -> None:
    """Make a version of a file here, or of what an address holds; the rows stay here, or where they are."""
    from dataspace.cli.sourcing import placed
    from dataspace.service.registering import Registration

    place = placed(source, in_place, item or name, secret_file, secret_env)
    with _site(home) as site:
        known = site.dictionary(dictionary) if dictionary else ""
        said = Registration(
            name=name,
            dictionary=known,
            drop=tuple(drop or ()),
            rename=tuple(rename or ()),
            cast=tuple(cast or ()),
            generalise=tuple(generalise or ()),
            consent=tuple(consent or ()),
            label=tuple(label or ()),
            privacy_unit=unit,
            publish=True,
            duo=tuple(duo or ()),
        )
        made = _made(site.services, source, place, said)
        version = made.version
        typer.echo(f"{version.rows:,} rows, {len(version.columns)} columns · {version.ref}")
        if found := findings(made.profile):
            typer.echo(found)
        if offer:
            described = site.offer(name, known)
            typer.echo(f"The hub knows that {site.name} holds {name}; it knows no row of it.")
            if unlike := difference(made.dataset, described):
                typer.echo(unlike)


def fix(
    name: Name,
    drop: Drop = None,
    rename: Rename = None,
    cast: Cast = None,
    generalise: Generalise = None,
    consent: Consent = None,
    label: Labels = None,
    home: SiteHome = None,
) -> None:
    """Curate the latest version here further: makes a new version, which questions are about from now on."""
    from dataspace.service.registration import Registration

    said = Registration(
        name,
        drop=tuple(drop or ()),
        rename=tuple(rename or ()),
        cast=tuple(cast or ()),
        generalise=tuple(generalise or ()),
        consent=tuple(consent or ()),
        label=tuple(label or ()),
    )
    with _site(home) as site:
        made = site.services.curating.fix(site.services.steward, name, said)
        version = made.version
        typer.echo(f"{version.rows:,} rows, {len(version.columns)} columns · {version.ref}")
        if found := findings(made.profile):
            typer.echo(found)


def versions(name: Name, home: SiteHome = None) -> None:
    """Every version here, oldest first, and whether it may still be asked."""
    from dataspace.client.registered import HistoryView

    with _site(home) as site:
        found = site.services.curating.history(site.services.steward, name)
        typer.echo(repr(HistoryView(name, tuple(found))))


def deprecate(name: Name, version: Which, reason: Reason = "", home: SiteHome = None) -> None:
    """Say that there is something better. The version may still be asked."""
    settled = _settled(home, name, version, Standing.DEPRECATED, reason)
    typer.echo(f"{name} version {settled.number} is deprecated here.")


def withdraw(name: Name, version: Which, reason: Reason = "", home: SiteHome = None) -> None:
    """No answer from a version any more, at once. Its bytes stay."""
    settled = _settled(home, name, version, Standing.WITHDRAWN, reason)
    typer.echo(f"{name} version {settled.number} is withdrawn here: nobody can ask it any more.")


def erase(
    name: Name,
    version: Which,
    reason: Reason = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask: the bytes cannot be brought back.")] = False,
    home: SiteHome = None,
) -> None:
    """Destroy the bytes of a version here; the record of it stays."""
    if not yes:
        typer.confirm(
            f"Destroy the bytes of {name} version {version}? They cannot be brought back.", abort=True
        )
    settled = _settled(home, name, version, Standing.ERASED, reason)
    typer.echo(f"{name} version {settled.number} is erased here: its bytes are gone, the record stays.")


def _made(services: "SiteServices", source: str, place: dict[str, Any], said: "Registration") -> "Registered":
    from dataspace.model.places import Place

    if not place:
        return services.depositing.register(services.steward, Path(source), said)
    act = services.in_place.register if place["in_place"] else services.in_place.deposit
    return act(services.steward, Place(source, place["item"], place["secret"]), said)


def _settled(home: Path | None, name: str, version: str, standing: Standing, reason: str) -> Chapter:
    with _site(home) as site:
        return site.services.curating.settle(site.services.steward, name, version, standing, reason)


def _site(home: Path | None) -> OpenedSite:
    return OpenedSite(SiteSettings.from_environment(environment(), home))
