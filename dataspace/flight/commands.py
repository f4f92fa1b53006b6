"""Flight SQL's messages as values, and the few that go back. Field numbers are those of FlightSql.proto.

https://arrow.apache.org/docs/format/FlightSql.html
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from dataspace.flight.wire import Message, decode, encode, flag, numbers, raw, text

_PREFIX = "type.googleapis.com/arrow.flight.protocol.sql."


class Unreadable(Exception):
    """Bytes that are no message of Flight SQL, or one that is not served here."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Run this text."""

    query: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """Run, bind or close what was prepared under this handle."""

    handle: bytes


@dataclass(frozen=True, slots=True)
class Ticket:
    """Fetch the answer of this name."""

    handle: bytes


@dataclass(frozen=True, slots=True)
class Prepare:
    """Keep this text, for parameters to be bound to it."""

    query: str


@dataclass(frozen=True, slots=True)
class CancelQuery:
    """Stop what this FlightInfo (its bytes) stands for."""

    info: bytes


@dataclass(frozen=True, slots=True)
class SqlInfo:
    """What the server can do: of these numbers, or all."""

    wanted: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class XdbcTypes:
    """The types of columns: of one number, or all."""

    data_type: int | None = None


@dataclass(frozen=True, slots=True)
class Catalogs:
    """Which catalogues there are."""


@dataclass(frozen=True, slots=True)
class Schemas:
    """Which schemas there are. `pattern` is one of LIKE."""

    catalog: str | None = None
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Tables:
    """Which tables there are: what we call datasets. Patterns are those of LIKE."""

    catalog: str | None = None
    schema_pattern: str | None = None
    table_pattern: str | None = None
    types: tuple[str, ...] = ()
    include_schema: bool = False


@dataclass(frozen=True, slots=True)
class TableTypes:
    """Which kinds of tables there are."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Primary, imported, exported or shared keys: `kind` is the message's name. There are none here."""

    kind: str


Command: TypeAlias = (
    Statement
    | Prepared
    | Ticket
    | Prepare
    | CancelQuery
    | SqlInfo
    | XdbcTypes
    | Catalogs
    | Schemas
    | Tables
    | TableTypes
    | Keys
)


def parse(data: bytes) -> Command:
    """The command in an `Any`. Raises Unreadable."""
    try:
        outer = decode(data)
        name = text(outer, 1) or ""
        if not name.startswith(_PREFIX) or (reader := _READERS.get(name[len(_PREFIX) :])) is None:
            raise Unreadable("This command is not served here.")
        return reader(decode(raw(outer, 2) or b""))
    except ValueError as error:
        raise Unreadable("This is no message of Flight SQL.") from error


def wrapped(name: str, *fields: tuple[int, int | bytes | str | bool]) -> bytes:
    """A message of that name in an `Any`."""
    return encode((1, _PREFIX + name), (2, encode(*fields)))


def ticket(handle: bytes) -> bytes:
    """What fetches an answer."""
    return wrapped("TicketStatementQuery", (1, handle))


def prepared(handle: bytes, parameters: bytes) -> bytes:
    """What a prepared statement is called from now on; no schema of the answer, which only a run would tell."""
    return wrapped("ActionCreatePreparedStatementResult", (1, handle), (3, parameters))


def tickets_in(info: bytes) -> tuple[bytes, ...]:
    """The tickets of a FlightInfo (its field 3, their field 1, its field 1). Raises Unreadable."""
    try:
        found: list[bytes] = []
        for endpoint in decode(info).get(3, ()):
            if not isinstance(endpoint, bytes):
                raise ValueError("a number where an endpoint belongs")
            inner = raw(decode(endpoint), 1)
            if inner is not None:
                found.append(raw(decode(inner), 1) or b"")
        return tuple(found)
    except ValueError as error:
        raise Unreadable("This is no FlightInfo.") from error


def info_in(request: bytes) -> bytes:
    """The FlightInfo of a CancelFlightInfoRequest. Raises Unreadable."""
    try:
        return raw(decode(request), 1) or b""
    except ValueError as error:
        raise Unreadable("This is no message of Flight.") from error


def _required(message: Message) -> str:
    found = text(message, 1)
    if found is None:
        raise ValueError("the text is missing")
    return found


def _handle(message: Message) -> bytes:
    found = raw(message, 1)
    if not found:
        raise ValueError("the handle is missing")
    return found


def _types(message: Message) -> tuple[str, ...]:
    values = message.get(4, ())
    if not all(isinstance(value, bytes) for value in values):
        raise ValueError("a number where text belongs")
    return tuple(value.decode() for value in values if isinstance(value, bytes))


def _signed(message: Message) -> int | None:
    found = numbers(message, 1)
    if not found:
        return None
    return found[-1] - 2**64 if found[-1] >= 2**63 else found[-1]


def _keys(kind: str) -> Callable[[Message], Command]:
    return lambda _: Keys(kind)


_READERS: dict[str, Callable[[Message], Command]] = {
    "CommandStatementQuery": lambda m: Statement(_required(m)),
    "CommandPreparedStatementQuery": lambda m: Prepared(_handle(m)),
    "TicketStatementQuery": lambda m: Ticket(_handle(m)),
    "ActionCreatePreparedStatementRequest": lambda m: Prepare(_required(m)),
    "ActionClosePreparedStatementRequest": lambda m: Prepared(_handle(m)),
    "ActionCancelQueryRequest": lambda m: CancelQuery(raw(m, 1) or b""),
    "CommandGetSqlInfo": lambda m: SqlInfo(numbers(m, 1)),
    "CommandGetXdbcTypeInfo": lambda m: XdbcTypes(_signed(m)),
    "CommandGetCatalogs": lambda _: Catalogs(),
    "CommandGetDbSchemas": lambda m: Schemas(text(m, 1), text(m, 2)),
    "CommandGetTables": lambda m: Tables(text(m, 1), text(m, 2), text(m, 3), _types(m), flag(m, 5)),
    "CommandGetTableTypes": lambda _: TableTypes(),
    "CommandGetPrimaryKeys": _keys("primary"),
    "CommandGetExportedKeys": _keys("foreign"),
    "CommandGetImportedKeys": _keys("foreign"),
    "CommandGetCrossReference": _keys("foreign"),
}
