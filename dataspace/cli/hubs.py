"""`dataspace hub`: make a hub, start it, say who may use it, invite sites."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dataspace.cli import hub_sites
from dataspace.cli.words import As, Home, example, show
from dataspace.model.principals import Role
from dataspace.settings import HubSettings, Secret, environment, home_of

if TYPE_CHECKING:
    from dataspace.bootstrap import HubServices

app = typer.Typer(
    help="Make a hub, start it, say who may use it, invite sites.",
    epilog=example("dataspace hub init --steward sam"),
    no_args_is_help=True,
)


hub_sites.add_to(app)


@app.callback()
def _private(context: typer.Context) -> None:
    from dataspace.adapters.private_files import private_files

    context.with_resource(private_files())


@app.command(
    epilog=example("dataspace hub init --home hub-home --name hub.example --names hub.example --steward sam")
)
def init(
    home: Annotated[
        Path | None,
        typer.Option(help="Folder to make; left out: DATASPACE_HOME, or ~/.local/share/dataspace/hub."),
    ] = None,
    name: Annotated[str, typer.Option(help="Issuer of permits and origin of the log: for ever.")] = "hub",
    names: Annotated[str, typer.Option(help="Names and addresses that it is reached by, by commas.")] = "",
    steward: Annotated[str, typer.Option(help="The first steward's id.")] = "",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of its address; 0 takes a free one.")
    ] = 8443,
) -> None:
    """Make a hub's home: keys, certificate authority, store, log."""
    from dataspace.bootstrap import add_person, init_hub

    place = home or home_of(environment(), "hub")
    reached = tuple(part.strip() for part in names.split(",") if part.strip()) or HubSettings(place).names
    store = Secret(environment().get("DATASPACE_STORE_URL", ""))
    settings = HubSettings(place, name=name, names=reached, port=port, store_url=store)
    init_hub(settings)
    typer.echo(
        f"A hub named {name} in {place}. Its keys are in {place / 'keys'}: back them up, off this machine."
    )
    if steward:
        add_person(settings, steward, steward, {Role.STEWARD}, "")
        typer.echo(f"{steward} is its steward.")
    else:
        typer.echo(
            f"It has no steward yet. Add one: `dataspace hub add-person sam --role steward --home {place}`."
        )


@app.command(epilog=example("dataspace hub start --port 0"))
def start(
    home: Home = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="0 takes a free one.")] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "",
    flight_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Open a door of Flight SQL too; 0 takes a free port."),
    ] = None,
    federated: Annotated[
        bool, typer.Option(help="Start the federation too, so that sites can connect.")
    ] = True,
) -> None:
    """Serve until Ctrl-C."""
    from dataclasses import replace
    from datetime import UTC, datetime

    from dataspace.adapters.incoming import InvitationFiles
    from dataspace.http.serving import Address, serve

    settings = HubSettings.from_environment(environment(), home)
    settings = replace(settings, port=settings.port if port is None else port, host=host or settings.host)

    def told(address: Address) -> None:
        sites = f" · sites connect to {address.superlink}" if address.superlink else ""
        flight = f"\nFlight SQL: {address.flight}" if address.flight else ""
        typer.echo(
            f"{address.url}{sites}{flight}\nHome: {settings.home}\n"
            f"Certificate for clients: {address.ca}\nCtrl-C ends it."
        )
        astray = InvitationFiles(settings.home).elsewhere(address.url, datetime.now(UTC))
        if astray:
            named = ", ".join(f"{site} ({url})" for site, url in astray.items())
            typer.echo(
                f"Warning: open invitations name another address: {named}. Start the hub there, or invite again.",
                err=True,
            )

    chosen = settings.flight_port if flight_port is None else flight_port

    def beside(services: "HubServices", certificate: Path, key: Path) -> AbstractContextManager[str]:
        from dataspace.flight.serving import flight_door

        return flight_door(services, settings.host, settings.names[0], chosen or 0, certificate, key)

    serve(settings, told, federated, None if chosen is None else beside)
    typer.echo(f"{settings.name} in {settings.home} has ended.")


@app.command(epilog=example("dataspace hub token ana --hours 8"))
def token(
    whose: Annotated[
        str, typer.Argument(metavar="[PERSON]", help="Whose; left out: --as, or DATASPACE_AS.")
    ] = "",
    home: Home = None,
    hours: Annotated[float, typer.Option(help="How long it holds, a day at most.")] = 8.0,
    person: As = "",
) -> None:
    """Make a token in a person's name. It is printed once and kept nowhere."""
    from dataspace.bootstrap import issue_token
    from dataspace.cli.reaching import only_person
    from dataspace.errors import InvalidRequest

    if whose and person and whose != person:
        raise InvalidRequest(
            f"A token is in one person's name: {whose}, or {person}?", "Whoever owns the home needs no --as."
        )
    settings = HubSettings.from_environment(environment(), home)
    name = whose or person or environment().get("DATASPACE_AS", "") or only_person(settings)
    typer.echo(issue_token(settings, name, hours * 3600))


@app.command("sign-out", epilog=example("dataspace hub sign-out ana"))
def sign_out(person: Annotated[str, typer.Argument(help="Whom.")], home: Home = None) -> None:
    """Sign a person out everywhere: their tokens are not renewed, and end within the time that a token holds."""
    from dataspace.bootstrap import sign_out as out

    settings = HubSettings.from_environment(environment(), home)
    out(settings, person)
    typer.echo(
        f"{person} is signed out. A token of before holds to its own end, at most a day, and is not renewed."
    )


@app.command(
    "add-person", epilog=example('dataspace hub add-person ana --role researcher --organisation "Uni"')
)
def add_person(
    person: Annotated[str, typer.Argument(help="The id: ana, or ana@example.org.")],
    role: Annotated[list[Role], typer.Option(help="May be given several times.")],
    name: Annotated[str, typer.Option(help="As people call them.")] = "",
    organisation: Annotated[str, typer.Option(help="Where they work.")] = "",
    home: Home = None,
) -> None:
    """Add a person, or change what they may do."""
    from dataspace.bootstrap import add_person as add

    add(HubSettings.from_environment(environment(), home), person, name or person, set(role), organisation)
    typer.echo(f"{person}: {', '.join(sorted(role))}.")


@app.command(
    "reach-catalogue",
    epilog=example("dataspace hub reach-catalogue https://hub-b.example:8443/catalog --token-file token.txt"),
)
def reach_catalogue(
    url: Annotated[
        str, typer.Argument(help="A catalogue that is harvested; what is said holds for its host.")
    ],
    token_file: Annotated[Path | None, typer.Option(help="A file with the token that it asks for.")] = None,
    ca: Annotated[
        Path | None, typer.Option(help="Its certificate authority, where it is no public one.")
    ] = None,
    home: Home = None,
) -> None:
    """Keep the token and the certificate that a catalogue is harvested with, also on a schedule.

    For whoever owns the hub's home: they lie in files there, and are sent to this host alone.
    """
    from dataspace.adapters.catalogue_access import CatalogueAccess
    from dataspace.cli.files import read_text

    token = read_text(token_file).strip() if token_file else ""
    pem = read_text(ca) if ca else ""
    folder = CatalogueAccess(home or home_of(environment(), "hub")).keep(url, token, pem)
    typer.echo(f"Kept in {folder}.")


@app.command(epilog=example("dataspace hub harvest https://data.example/catalog.ttl --every-hours 24"))
def harvest(
    url: Annotated[str, typer.Argument(help="A DCAT catalogue: another hub's /catalog, or any other.")] = "",
    every_hours: Annotated[
        float | None, typer.Option(help="Repeat it for as long as the hub runs; 0 stops that.")
    ] = None,
    accept_removals: Annotated[bool, typer.Option(help="More than half of it is gone, and rightly.")] = False,
    forget: Annotated[
        bool, typer.Option(help="Take all of its records out, and harvest it no more.")
    ] = False,
    token_file: Annotated[Path | None, typer.Option(help="A file (0600) with the token for it.")] = None,
    home: Home = None,
    person: As = "",
) -> None:
    """Take in the records of another catalogue, or list the catalogues that are taken in."""
    from dataspace.cli.files import read_text
    from dataspace.cli.reaching import reach

    with reach(home, person) as hub:
        if not url:
            show(hub.harvests())
        elif forget:
            typer.echo(hub.forget_harvest(url))
        else:
            token = read_text(token_file).strip() if token_file else ""
            show(hub.harvest(url, token, accept_removals, every_hours))
