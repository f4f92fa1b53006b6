"""`dataspace hub invite, sites, requests, admit, expel`: which sites a hub has, and by whose word."""

from pathlib import Path
from typing import Annotated

import typer

from dataspace.cli.words import As, Home, example, show
from dataspace.settings import HubSettings, environment

SiteName = Annotated[str, typer.Argument(help="Name of the site.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to `dataspace hub`."""
    app.command(epilog=example("dataspace hub invite hospital-a --output invite.json"))(invite)
    app.command("sites", epilog=example("dataspace hub sites"))(list_sites)
    app.command(epilog=example("dataspace hub requests"))(requests)
    app.command(epilog=example("dataspace hub admit hospital-a 4821-9077-5530-2214"))(admit)
    app.command(epilog=example('dataspace hub expel hospital-a --because "The contract is over."'))(expel)


def invite(
    site: Annotated[str, typer.Argument(help="Name of the site, for ever.")],
    home: Home = None,
    person: As = "",
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Let in whoever brings it, without comparing a fingerprint.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="Write it there (0600), instead of printing it.")
    ] = None,
) -> None:
    """Make a single-use invitation for a site. Hand it over where nobody else reads it."""
    from dataspace.adapters.incoming import InvitationFiles
    from dataspace.adapters.tls import write_private
    from dataspace.cli.reaching import address, reach
    from dataspace.model.names import SiteName as Named
    from dataspace.site.join import InviteFile

    settings = HubSettings.from_environment(environment(), home)
    running = address(settings.home)
    url = running["url"] if running else f"https://{settings.names[0]}:{settings.port}"
    with reach(settings.home, person) as hub:
        made = hub.invite(site, at_once)
    InvitationFiles(settings.home).addressed(Named(site), url)
    ca = (settings.home / "authority" / "ca.crt").read_text()
    text = InviteFile(site, url, ca, made["secret"], made["expires"]).text()
    if output is None:
        typer.echo(text, nl=False)
        return
    write_private(output, text.encode())
    typer.echo(
        f"{output}: for {site}, once, until {made['expires'][:10]}. One made for {site} before holds no more."
    )


def list_sites(home: Home = None, person: As = "") -> None:
    """Sites that have joined, what they hold, and which are connected."""
    from dataspace.cli.reaching import reach

    with reach(home, person) as hub:
        show(hub.sites())


def requests(home: Home = None, person: As = "") -> None:
    """Sites that wait to be let in, with the fingerprints that their own people read aloud."""
    from dataspace.cli.reaching import reach

    with reach(home, person) as hub:
        show(hub.site_requests())


def admit(
    site: SiteName,
    fingerprint: Annotated[str, typer.Argument(help="As the site's own people read it aloud.")],
    home: Home = None,
    person: As = "",
) -> None:
    """Let a site in whose people read this fingerprint aloud; never type one that you only saw here."""
    from dataspace.cli.reaching import reach

    with reach(home, person) as hub:
        hub.admit(site, fingerprint)
    typer.echo(f"{site} is let in with these keys. No other site is touched.")


def expel(
    site: SiteName,
    because: Annotated[str, typer.Option(help="The reason: it is recorded, and people at the hub see it.")],
    home: Home = None,
    person: As = "",
) -> None:
    """End a site, or turn its request down: its node is refused from now on. No other site is touched."""
    from dataspace.cli.reaching import reach

    with reach(home, person) as hub:
        hub.expel(site, because)
    typer.echo(f"{site} is no site of this hub any more. Its records stay.")
