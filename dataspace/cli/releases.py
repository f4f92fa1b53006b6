"""`dataspace release`: what waits to leave, and deciding on it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from dataspace.cli.reaching import reach
from dataspace.cli.words import As, Home, Json, example, show_json

app = typer.Typer(
    help="The airlock: answers that leave only after two people have looked at them.",
    epilog=example("dataspace release list"),
    no_args_is_help=True,
)

Id = Annotated[str, typer.Argument(help="Number of the request, such as R-1.")]


@app.command("list", epilog=example("dataspace release list"))
def waiting(as_json: Json = False, home: Home = None, person: As = "") -> None:
    """What waits to leave, since when and why; for who is no steward, what they have asked for."""
    from dataspace.client.releases import grid_of
    from dataspace.model.codec import to_json

    with reach(home, person) as hub:
        found = hub.releases()
        if as_json:
            show_json([to_json(one.release) for one in found])
        else:
            now = datetime.now(UTC)
            typer.echo(grid_of(found, now).text() if found else "Nothing waits to leave.")


@app.command(epilog=example("dataspace release show R-1"))
def show(id: Id, home: Home = None, person: As = "") -> None:
    """One request: what it is, of whom, how many units stand behind each row, and the numbers."""
    from dataspace.errors import UnknownName

    with reach(home, person) as hub:
        found = next((one for one in hub.releases() if one.id == id), None)
        if found is None:
            raise UnknownName(
                "release",
                id,
                [one.id for one in hub.releases()],
                "`dataspace release list` shows what waits.",
            )
        typer.echo(repr(found))


@app.command(epilog=example("dataspace release approve R-1"))
def approve(id: Id, home: Home = None, person: As = "") -> None:
    """Let a file out, as one of two people; never what one asked for oneself."""
    with reach(home, person) as hub:
        typer.echo(repr(hub.approve_release(id)))


@app.command(epilog=example('dataspace release refuse R-1 --because "row 3 names a hospital"'))
def refuse(
    id: Id,
    because: Annotated[str, typer.Option(help="What would have to change; the asker reads it.")],
    home: Home = None,
    person: As = "",
) -> None:
    """Keep a file in, with a reason."""
    with reach(home, person) as hub:
        typer.echo(repr(hub.refuse_release(id, because)))


@app.command(epilog=example("dataspace release fetch R-1 table2.arrow"))
def fetch(
    id: Id,
    file: Annotated[Path, typer.Argument(help="Where to write the Arrow stream.")],
    home: Home = None,
    person: As = "",
) -> None:
    """Write the file of a request; once it is released, with its receipt in it, and beside it to be verified."""
    import json

    from dataspace.client.releases import carrying

    with reach(home, person) as hub:
        content = hub.released(id)
        record = next((one.release.record for one in hub.releases() if one.id == id), None)
        if record is not None:
            content = carrying(content, hub.receipt(record).document)
        file.write_bytes(content)
        typer.echo(f"{len(content):,} bytes in {file}.")
        if record is not None:
            beside = file.with_name(f"{file.name}.receipt.json")
            beside.write_text(json.dumps(hub.receipt(record).document))
            typer.echo(f"Its receipt is in {beside}; `dataspace log key` says what to verify it with.")
