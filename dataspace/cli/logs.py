"""`dataspace log`: what happened, and the proof of it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dataspace.cli.reaching import reach
from dataspace.cli.words import As, Home, Json, example, show, show_json
from dataspace.errors import VerificationFailed

if TYPE_CHECKING:
    from dataspace.model.records import JSON, Record, VerifiedReceipt

app = typer.Typer(
    help="Verify the log, read records, verify receipts offline.",
    epilog=example("dataspace log verify"),
    no_args_is_help=True,
)


def _number(text: str) -> int:
    """Of a record; an answer calls it r-19."""
    try:
        return int(str(text).removeprefix("r-"))
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no number of a record.") from error


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


@app.command("list", epilog=example("dataspace log list --as auditor"))
def list_records(
    before: Annotated[int | None, typer.Option(help="Only records with a lower number.")] = None,
    count: Annotated[int, typer.Option(min=1, max=500, help="How many.")] = 20,
    as_json: Json = False,
    home: Home = None,
    person: As = "",
) -> None:
    """What happened, newest first: who, what, when. All of it for stewards and auditors, else what concerns you."""
    with reach(home, person) as hub:
        found = hub.log.records(before, count)
        if as_json:
            show_json(list(found.records))
        else:
            show(found)


@app.command(epilog=example("dataspace log checkpoint > checkpoint.txt"))
def checkpoint(home: Home = None, person: As = "") -> None:
    """The signed state of the log: keep one, and the log cannot be rewritten behind it."""
    with reach(home, person) as hub:
        typer.echo(hub.log.checkpoint, nl=False)


@app.command(epilog=example("dataspace log receipt 19 --output r-19.json"))
def receipt(
    number: Annotated[
        int, typer.Argument(help="Number of a record that concerns you: 19, or r-19.", parser=_number)
    ],
    outcome: Annotated[
        bool, typer.Option("--outcome", help="Of how the question ended that this record announced.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(help="Write it there, and beside it the one that it answers; left out: print it."),
    ] = None,
    home: Home = None,
    person: As = "",
) -> None:
    """The receipt of one record: proof, complete in itself, that it stands in the log."""
    with reach(home, person) as hub:
        found = hub.log.receipt_of(number) if outcome else hub.receipt(number)
        if output is None:
            show_json(found.document)
            return
        _write(output, found.document)
        written = [output]
        intent = found.record["facts"].get("intent")
        if isinstance(intent, int):
            written.append(output.with_name(f"{output.stem}.intent-{intent}.json"))
            _write(written[1], hub.receipt(intent).document)
        names = " ".join(map(str, written))
        show(f"Check it: `dataspace log verify-receipt {names} --key {hub.log.key}`")


def _write(path: Path, document: "Mapping[str, object]") -> None:
    from dataspace.errors import InvalidRequest

    try:
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    except OSError as error:
        raise InvalidRequest(f"'{path}' cannot be written ({error.strerror}).", "Name another.") from error


@app.command(epilog=example("dataspace log key"))
def key(home: Home = None, person: As = "") -> None:
    """The log's verifier key, for `verify-receipt`."""
    with reach(home, person) as hub:
        typer.echo(hub.log.key)


@app.command(
    "verify-receipt",
    epilog=example("dataspace log verify-receipt r-19.json r-19.intent-18.json --key hub/log+33d7b496+AeHT…"),
)
def verify_receipt(
    file: Annotated[Path, typer.Argument(help="The receipt.")],
    key: Annotated[str, typer.Option(help="The log's verifier key, as its operator publishes it.")],
    intent: Annotated[
        Path | None, typer.Argument(help="The receipt of the question that the first one is the end of.")
    ] = None,
    answer: Annotated[
        Path | None, typer.Option(help="An answer (Arrow stream) that it is to be about.")
    ] = None,
) -> None:
    """Verify a receipt offline: no hub, no network."""
    expected = {"answer": _digest(answer)} if answer else None
    proved = _verified(file, key, expected)
    asked = proved.record.facts.get("intent")
    question = _verified(intent, key) if intent else None
    if question is not None and (question.index != asked or question.record.site != proved.record.site):
        raise VerificationFailed(
            f"{file.name} is not the end of what {intent and intent.name} announced.",
            f"It names record {asked}: `dataspace log receipt {asked} --output FILE`.",
        )
    _tell(proved)
    if answer:
        typer.echo(f"ok: the answer in {answer} is the one that this record states.")
    if question is not None:
        _tell(question)
    elif asked is not None:
        show(
            f"Which data were asked, and what for, stands in record {asked}: `dataspace log receipt {asked}`."
        )


def _verified(file: Path, key: str, expected: "Mapping[str, JSON] | None" = None) -> "VerifiedReceipt":
    from dataspace.cli.files import read_text
    from dataspace.transparency.notes import parse_verifier_key
    from dataspace.transparency.receipts import parse_receipt, verify_receipt

    return verify_receipt(parse_receipt(read_text(file)), parse_verifier_key(key), expect=expected)


def _tell(proved: "VerifiedReceipt") -> None:
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
