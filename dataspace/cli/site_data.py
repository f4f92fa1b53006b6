"""`dataspace site data add, fix, check, versions, deprecate, withdraw, erase`: what a site holds, and its life."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dataspace.cli.data_options import (
    Cast,
    Codes,
    Consent,
    Drop,
    Duo,
    Generalise,
    InPlace,
    Item,
    Labels,
    Name,
    Read,
    Reason,
    Rename,
    SecretEnv,
    SecretFile,
    Sure,
    Which,
    codes_of,
    confirm_erasing,
    steps_typed,
)
from dataspace.cli.site_home import OpenedSite
from dataspace.cli.site_words import difference, findings, unmatched
from dataspace.cli.words import example, show
from dataspace.model.curation import Chapter, Standing
from dataspace.settings import SiteSettings, environment

if TYPE_CHECKING:
    from dataspace.bootstrap import SiteServices
    from dataspace.service.registering import Registered
    from dataspace.service.registration import Registration

SiteHome = Annotated[
    Path | None, typer.Option("--home", help="Folder of the site; left out: DATASPACE_HOME.")
]

Followed = Annotated[str, typer.Option(help="The hub's: name, or name@version; or a YAML file.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `dataspace site data`."""
    app.command(epilog=example("dataspace site data add medpar.csv --name medpar --dictionary medpar"))(add)
    app.command(epilog=example("dataspace site data fix medpar --drop name"))(fix)
    app.command(
        epilog=example("dataspace site data check medpar --dictionary medpar --codes type=Notfall:3")
    )(check)
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
    source: Read,
    name: Annotated[str, typer.Option(help="The dataset as the hub describes it.")],
    dictionary: Followed = "",
    drop: Drop = None,
    rename: Rename = None,
    cast: Cast = None,
    generalise: Generalise = None,
    consent: Consent = None,
    codes: Codes = None,
    label: Labels = None,
    unit: Annotated[
        str, typer.Option(help="Column of the person to protect; row, or left out: each row is its own.")
    ] = "",
    duo: Duo = None,
    in_place: InPlace = False,
    item: Item = "",
    secret_file: SecretFile = None,
    secret_env: SecretEnv = "",
    home: SiteHome = None,
    offer: Annotated[bool, typer.Option(help="Tell the hub that this site holds it.")] = True,
) -> None:
    """Make a version of a file here, or of what an address holds; the rows stay here, or where they are."""
    from dataspace.cli.sourcing import placed
    from dataspace.service.registering import Registration

    place = placed(source, in_place, item or name, secret_file, secret_env)
    steps = steps_typed(drop, rename, cast, generalise, consent, codes, label)
    with _site(home) as site:
        known = site.dictionary(dictionary) if dictionary else ""
        also = tuple(duo or ())
        said = Registration(name, dictionary=known, privacy_unit=unit, publish=True, duo=also, **steps)
        made = _made(site.services, source, place, said)
        _told(made)
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
    codes: Codes = None,
    label: Labels = None,
    home: SiteHome = None,
) -> None:
    """Curate the latest version here further: makes a new version, which questions are about from now on."""
    from dataspace.service.registration import Registration

    said = Registration(name, **steps_typed(drop, rename, cast, generalise, consent, codes, label))
    with _site(home) as site:
        _told(site.services.curating.fix(site.services.steward, name, said))


def check(
    name: Name,
    dictionary: Followed,
    apply: Annotated[bool, typer.Option("--apply", help="Make a version by the mapping at once.")] = False,
    codes: Codes = None,
    home: SiteHome = None,
) -> None:
    """Map columns, codes and units here to a dictionary, say what does not match, and keep the mapping."""
    from dataspace.client.registered import MatchingView

    with _site(home) as site:
        curating, steward = site.services.curating, site.services.steward
        known = site.dictionary(dictionary)
        matching, made = curating.match(steward, name, known, apply, codes_of(codes))
        show(MatchingView(name, matching))
        if made is not None:
            _told(made)
        elif matching.steps:
            show(
                f"a version by this mapping: `dataspace site data check {name} --dictionary {known} --apply`"
            )
    raise typer.Exit(0 if matching.complete else 1)


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
    yes: Sure = False,
    home: SiteHome = None,
) -> None:
    """Destroy the bytes of a version here; the record of it stays."""
    confirm_erasing(name, version, yes)
    settled = _settled(home, name, version, Standing.ERASED, reason)
    typer.echo(f"{name} version {settled.number} is erased here: its bytes are gone, the record stays.")


def _told(made: "Registered") -> None:
    """What came of it: rows, findings, and what does not match the dictionary."""
    version = made.version
    typer.echo(f"{version.rows:,} rows, {len(version.columns)} columns · {version.ref}")
    for said in (findings(made.profile), unmatched(made)):
        if said:
            typer.echo(said)


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
