"""The Flight SQL server: messages in, services asked, Arrow out."""

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import pyarrow as pa
import pyarrow.flight as fl

from dataspace.bootstrap import HubServices
from dataspace.errors import InvalidRequest, UnsupportedQuery
from dataspace.flight import commands
from dataspace.flight.commands import CancelQuery, Prepare, Prepared, Statement, Ticket, Unreadable, parse
from dataspace.flight.describing import described
from dataspace.flight.failures import answering, streaming
from dataspace.flight.signing_in import MIDDLEWARE, Caller, Handshake, SigningIn
from dataspace.flight.statements import Statements
from dataspace.flight.waiting import attended
from dataspace.flight.wire import encode
from dataspace.model.requests import Query
from dataspace.service.held import Form, Held

PATIENCE_SECONDS = 30.0
"""How long a question waits for its turn."""
_FORM = Form("batches", lambda _, batches: (batch for batch in batches if batch.num_rows))
"""The schema travels by itself, and so does an empty batch that only tells it."""
_CANCELLED = 1
_CLOSED = 1
_ACTIONS = {
    "CreatePreparedStatement": "Prepare a question.",
    "ClosePreparedStatement": "Forget a prepared question.",
    "CancelFlightInfo": "Stop what a FlightInfo stands for.",
    "CancelQuery": "The same, as older clients say it.",
    "CloseSession": "Let go of all that is held for you.",
}


class FlightDoor(fl.FlightServerBase):  # type: ignore[misc]
    """One hub over Flight SQL. `certificate` and its key are PEM; without them, only for tests on this machine."""

    def __init__(
        self,
        hub: HubServices,
        location: str,
        certificate: tuple[bytes, bytes] | None,
        codec: str | None = "lz4",
    ) -> None:
        self._hub = hub
        self._statements = Statements()
        self._options = pa.ipc.IpcWriteOptions(compression=codec)
        super().__init__(
            location,
            auth_handler=Handshake(),
            tls_certificates=[certificate] if certificate else None,
            middleware={MIDDLEWARE: SigningIn(hub.tokens)},
        )

    @answering
    def get_flight_info(self, context: Any, descriptor: Any) -> fl.FlightInfo:
        """Run a question as far as its schema, or say how a description looks."""
        caller, command = _caller(context), _command(descriptor)
        match command:
            case Statement(text):
                held = self._run(context, caller, caller.query(text))
            case Prepared(handle):
                held = self._run(context, caller, self._prepared(caller, handle))
            case Ticket() | Prepare() | CancelQuery():
                raise Unreadable("This command has no FlightInfo.")
            case _:
                table = self._described(caller, command)
                return _info(table.schema, descriptor, descriptor.command, table.num_rows)
        held.promise()
        return _info(held.schema, descriptor, commands.ticket(held.id.encode()), held.rows)

    @answering
    def get_schema(self, context: Any, descriptor: Any) -> fl.SchemaResult:
        """The schema of an answer; a question is run for it, and stopped."""
        caller, command = _caller(context), _command(descriptor)
        match command:
            case Statement(text):
                held = self._run(context, caller, caller.query(text))
            case Prepared(handle):
                held = self._run(context, caller, self._prepared(caller, handle))
            case Ticket() | Prepare() | CancelQuery():
                raise Unreadable("This command has no schema.")
            case _:
                return fl.SchemaResult(self._described(caller, command).schema)
        self._hub.delivering.cancel(caller.principal, held.id)
        return fl.SchemaResult(held.schema)

    @answering
    def do_get(self, context: Any, ticket: Any) -> Any:
        """The batches of an answer, again and again as long as it is held; or a description."""
        caller, command = _caller(context), parse(ticket.ticket)
        match command:
            case Ticket(handle):
                held = self._hub.delivering.find(caller.principal, handle.decode("ascii", "replace"))
                if held.form != _FORM.name:
                    raise InvalidRequest("This answer was asked for in another form.", "Ask again.")
            case Prepared(handle):  # clients may fetch it without asking for its FlightInfo first
                held = self._run(context, caller, self._prepared(caller, handle))
            case Statement() | Prepare() | CancelQuery():
                raise Unreadable("This command is no ticket.")
            case _:
                return fl.RecordBatchStream(self._described(caller, command))
        return fl.GeneratorStream(held.schema, streaming(_read(held)), options=self._options)

    @answering
    def do_put(self, context: Any, descriptor: Any, reader: Any, writer: Any) -> None:
        """Bind values to a prepared question."""
        caller, command = _caller(context), _command(descriptor)
        if not isinstance(command, Prepared):
            raise UnsupportedQuery("writing", "This hub answers questions. A steward registers data.")
        values: list[tuple[object, ...]] = []
        for chunk in reader:
            if chunk.data is not None:
                values += [tuple(row.values()) for row in _rows(chunk.data)]
            if len(values) > 1:
                raise UnsupportedQuery("several sets of values at once", "Bind and run them one by one.")
        self._statements.bind(caller.principal.id, command.handle, values[0] if values else ())
        writer.write(pa.py_buffer(encode((1, command.handle))))

    def list_actions(self, context: Any) -> list[tuple[str, str]]:
        """What `do_action` knows."""
        return list(_ACTIONS.items())

    def do_action(self, context: Any, action: Any) -> Iterator[Any]:
        """Prepare, close, cancel."""
        return streaming(self._acted(context, action))

    def _acted(self, context: Any, action: Any) -> Iterator[Any]:
        caller, body = _caller(context), action.body.to_pybytes()
        match action.type:
            case "CreatePreparedStatement":
                yield _result(self._prepare(caller, parse(body)))
            case "ClosePreparedStatement":
                command = parse(body)
                if isinstance(command, Prepared):
                    self._statements.close(caller.principal.id, command.handle)
            case "CancelFlightInfo":
                self._cancel(caller, commands.info_in(body))
                yield _result(encode((1, _CANCELLED)))
            case "CancelQuery":
                command = parse(body)
                self._cancel(caller, command.info if isinstance(command, CancelQuery) else b"")
                yield _result(commands.wrapped("ActionCancelQueryResult", (1, _CANCELLED)))
            case "CloseSession":
                self._statements.close_all(caller.principal.id)
                self._hub.delivering.end_all(caller.principal)
                yield _result(encode((1, _CLOSED)))
            case _:
                raise Unreadable("This action is not served here.")

    def _prepare(self, caller: Caller, command: commands.Command) -> bytes:
        if not isinstance(command, Prepare):
            raise Unreadable("This action needs a text.")
        names = self._hub.binder.parameters(command.query)
        handle = self._statements.keep(caller.principal.id, command.query, len(names))
        parameters = pa.schema([pa.field(name, pa.null()) for name in names]).serialize().to_pybytes()
        return commands.prepared(handle, parameters if names else b"")

    def _prepared(self, caller: Caller, handle: bytes) -> Query:
        kept = self._statements.get(caller.principal.id, handle)
        values = (kept.values or ()) if kept.parameters else None
        return replace(caller.query(kept.text), parameters=values)

    def _cancel(self, caller: Caller, info: bytes) -> None:
        for raw in commands.tickets_in(info):
            command = parse(raw)
            if isinstance(command, Ticket):
                self._hub.delivering.cancel(caller.principal, command.handle.decode("ascii", "replace"))

    def _run(self, context: Any, caller: Caller, query: Query) -> Held:
        """The answer, once there is something of it. A caller who cancels meanwhile ends it."""
        delivering = self._hub.delivering
        turn = delivering.turn(caller.principal)
        try:
            attended(context, turn.granted, PATIENCE_SECONDS)
        except TimeoutError as error:
            raise turn.late() from error
        except BaseException:
            turn.end()
            raise
        begun = delivering.begin(query, _FORM, turn)
        try:
            held = attended(context, begun.ready, hurried=begun.hurry)
            held.spool.at(0)  # what failed before the first row is told now
        except BaseException:
            begun.give_up()
            raise
        return held

    def _described(self, caller: Caller, command: Any) -> pa.Table:
        hub = self._hub
        datasets = hub.browsing.datasets(caller.principal) if isinstance(command, commands.Tables) else ()
        return described(command, datasets, f"dataspace hub {hub.name}", version("dataspace"))


def _read(held: Held) -> Iterator[pa.RecordBatch]:
    with held:
        yield from held.spool.read()


def _rows(batch: pa.RecordBatch) -> list[dict[str, object]]:
    if batch.num_rows > 1:
        raise UnsupportedQuery("several sets of values at once", "Bind and run them one by one.")
    names = [str(place) for place in range(batch.num_columns)]  # names may repeat; only the order counts
    rows: list[dict[str, object]] = batch.rename_columns(names).to_pylist()
    return rows


def _caller(context: Any) -> Caller:
    caller: Caller = context.get_middleware(MIDDLEWARE).caller
    return caller


def _command(descriptor: Any) -> commands.Command:
    if descriptor.descriptor_type is not fl.DescriptorType.CMD:
        raise Unreadable("This hub is asked by commands of Flight SQL.")
    return parse(descriptor.command)


def _info(schema: pa.Schema, descriptor: Any, ticket: bytes, rows: int | None) -> fl.FlightInfo:
    return fl.FlightInfo(
        schema, descriptor, [fl.FlightEndpoint(ticket, [])], -1 if rows is None else rows, -1
    )


def _result(body: bytes) -> fl.Result:
    return fl.Result(pa.py_buffer(body))
