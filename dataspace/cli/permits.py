"""`dataspace permit`: grant, refuse, revoke, and verify a permit offline."""

import base64
import binascii
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from dataspace.cli.applications import Id as Id
from dataspace.cli.applications import app as app
from dataspace.cli.reaching import reach
from dataspace.cli.words import As, Home, Json, example, show, show_json


@app.command("list", epilog=example("dataspace permit list"))
def list_permits(as_json: Json = False, home: Home = None, person: As = "") -> None:
    """Permits that name you; all for a steward."""
    from dataspace.model.codec import to_json

    with reach(home, person) as hub:
        found = hub.permits()
        if as_json:
            show_json([to_json(view.noun) for view in found])
        else:
            show(found)


@app.command("inbox", epilog=example("dataspace permit inbox"))
def inbox(home: Home = None, person: As = "") -> None:
    """Applications that wait for a decision."""
    with reach(home, person) as hub:
        show(hub.applications())


@app.command(epilog=example("dataspace permit grant A-7 --cohort 20 --without provnum --until 2027-11-22"))
def grant(
    id: Id,
    cohort: Annotated[int | None, typer.Option(help="Fewest units of a cell.")] = None,
    epsilon: Annotated[float | None, typer.Option(help="ε over the whole permit.")] = None,
    without: Annotated[list[str] | None, typer.Option(help="A column to withhold; several times.")] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day; 12 months if left out.")
    ] = None,
    revision: Annotated[
        int | None, typer.Option(help="The revision that you have read; a later one is refused.")
    ] = None,
    home: Home = None,
    person: As = "",
) -> None:
    """Grant an application; conditions tighten the defaults."""
    from datetime import UTC

    conditions: dict[str, object] = {}
    if cohort is not None:
        conditions["cohort"] = cohort
    if epsilon is not None:
        conditions["epsilon_total"] = epsilon
    if without:
        conditions["withheld"] = frozenset(without)
    expires = until.replace(hour=23, minute=59, second=59, tzinfo=UTC) if until else None
    with reach(home, person) as hub:
        show(hub.grant(id, expires=expires, revision=revision, **conditions))


@app.command(epilog=example('dataspace permit refuse A-7 --reason "The ethics vote has expired."'))
def refuse(
    id: Id,
    reason: Annotated[str, typer.Option(help="What the applicant is told.")],
    home: Home = None,
    person: As = "",
) -> None:
    """Refuse an application."""
    with reach(home, person) as hub:
        show(hub.refuse(id, reason))


@app.command(epilog=example('dataspace permit revoke P-7 --reason "The project has ended."'))
def revoke(
    id: Id,
    reason: Annotated[str, typer.Option(help="For the record.")] = "",
    home: Home = None,
    person: As = "",
) -> None:
    """Take a permit back."""
    with reach(home, person) as hub:
        show(hub.revoke(id, reason))


@app.command("show", epilog=example("dataspace permit show P-7 --jws > P-7.jws"))
def show_permit(
    id: Id,
    jws: Annotated[bool, typer.Option("--jws", help="Print the signed document that travels.")] = False,
    home: Home = None,
    person: As = "",
) -> None:
    """One permit."""
    with reach(home, person) as hub:
        permit = hub.permit(id)
        show(permit.jws if jws else permit)


@app.command(epilog=example("dataspace permit key"))
def key(home: Home = None, person: As = "") -> None:
    """The key that this hub signs permits with, for `permit verify`."""
    with reach(home, person) as hub:
        typer.echo(hub.permit_key())


@app.command(epilog=example("dataspace permit verify P-7.jws --issuer hub --key KEY"))
def verify(
    file: Annotated[Path, typer.Argument(help="The signed document (JWS).")],
    issuer: Annotated[str, typer.Option(help="Who is to have issued it.")],
    key: Annotated[
        str, typer.Option(help="The issuer's Ed25519 key, base64, as `dataspace permit key` prints it there.")
    ],
) -> None:
    """Check a permit offline: who signed it, and what it says."""
    from dataspace.adapters.clock import UtcClock
    from dataspace.adapters.jose import JosePermitSeal
    from dataspace.cli.files import read_text
    from dataspace.client.views import PermitView
    from dataspace.errors import InvalidRequest

    try:
        public = base64.b64decode(
            key.translate(str.maketrans("-_", "+/")) + "=" * (-len(key) % 4), validate=True
        )
    except binascii.Error as error:
        raise InvalidRequest(
            "The key is not base64.", "Copy it whole, as `dataspace permit key` prints it."
        ) from error
    if len(public) != 32:
        raise InvalidRequest(
            "The key has not 32 bytes.", "Copy it whole, as `dataspace permit key` prints it."
        )
    jws = read_text(file).strip()
    permit = JosePermitSeal(None, "", {issuer: public}, UtcClock()).verify(jws)
    typer.echo(f"Signed by {issuer}. Whether it was revoked since, the hub or a site knows.")
    show(PermitView(permit, jws))
