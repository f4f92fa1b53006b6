"""`dataspace log`: what happened, and the proof of it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dataspace.cli.reaching import reach
from dataspace.cli.words import As, Home, example, show, show_json

if TYPE_CHECKING:
    from dataspace.model.records import Record

app = typer.Typer(
    help="Verify the log, read records, verify receipts offline.",
    epilog=example("dataspace log verify"),
    no_args_is_help=True,
)


@app.command(epilog=example("dataspace log verify --as auditor"))
def verify(home: Home = None, person: As = "") -> None:
    """Recompute the whole tree from the records, and check the signature over it."""
    with reach(home, person) as hub:
        state = hub.log.verify()
        typer.echo(f"ok: {state['size']:,} records, root {state['root']}, signed by the key\n{hub.log.key}")


@app.command("show", epilog=example("dataspace log show"))
def show_log(home: Home = None, person: As = "") -> None:
    """Size and root of the log, on its signature."""
    with reach(home, person) as hub:
        show(hub.log)


@app.command(epilog=example("dataspace log checkpoint > checkpoint.txt"))
def checkpoint(home: Home = None, person: As = "") -> None:
    """The signed state of the log: keep one, and the log cannot be rewritten behind it."""
    with reach(home, person) as hub:
        typer.echo(hub.log.checkpoint, nl=False)


@app.command(epilog=example("dataspace log receipt 19 > r-19.json"))
def receipt(
    number: Annotated[int, typer.Argument(help="Number of a record that concerns you.")],
    home: Home = None,
    person: As = "",
) -> None:
    """The receipt of one record: proof, complete in itself, that it stands in the log."""
    with reach(home, person) as hub:
        show_json(hub.receipt(number).document)


@app.command(epilog=example("dataspace log key"))
def key(home: Home = None, person: As = "") -> None:
    """The log's verifier key, for `verify-receipt`."""
    with reach(home, person) as hub:
        typer.echo(hub.log.key)


@app.command(
    "verify-receipt", epilog=example("dataspace log verify-receipt r-19.json --key hub/log+33d7b496+AeHT…")
)
def verify_receipt(
    file: Annotated[Path, typer.Argument(help="The receipt.")],
    key: Annotated[str, typer.Option(help="The log's verifier key, as its operator publishes it.")],
    answer: Annotated[
        Path | None, typer.Option(help="An answer (Arrow stream) that it is to be about.")
    ] = None,
) -> None:
    """Verify a receipt offline: no hub, no network."""
    from dataspace.cli.files import read_text
    from dataspace.transparency.notes import parse_verifier_key
    from dataspace.transparency.receipts import parse_receipt
    from dataspace.transparency.receipts import verify_receipt as check

    expected = {"answer": _digest(answer)} if answer else None
    proved = check(parse_receipt(read_text(file)), parse_verifier_key(key), expect=expected)
    record, state = proved.record, proved.checkpoint
    typer.echo(f"ok: record {proved.index} of the log {state.origin}, which had {state.size:,} records.")
    typer.echo(
        f"{record.kind.value} · {record.at:%Y-%m-%d %H:%M:%S} UTC · {record.principal or '-'} · {record.site}"
    )
    if ended := _ended(record):
        typer.echo(ended)
    for name, value in sorted(record.facts.items()):
        typer.echo(f"  {name:10} {json.dumps(value, ensure_ascii=False)}")


def _ended(record: "Record") -> str:
    """How a question ended: its record is called `query.delivered` also where nothing was."""
    from dataspace.model.records import RecordKind

    if record.kind is not RecordKind.QUERY_DELIVERED or "outcome" not in record.facts:
        return ""
    outcome, rows = str(record.facts["outcome"]), record.facts.get("rows")
    if outcome == "complete":
        return "ended: complete, the answer was delivered"
    if rows:
        return f"ended: {outcome}, {rows} rows were delivered before"
    return f"ended: {outcome}, nothing was delivered"


def _digest(path: Path) -> str:
    import pyarrow as pa

    from dataspace.errors import InvalidRequest
    from dataspace.service.notes import table_digest

    try:
        with pa.ipc.open_stream(pa.BufferReader(path.read_bytes())) as reader:
            return table_digest(reader.read_all())
    except (OSError, pa.ArrowInvalid) as error:
        raise InvalidRequest(
            f"'{path}' is not an Arrow stream.", "Write one: `query --format arrow`."
        ) from error
