"""The control store on a PostgreSQL server, for a hub that several processes share: the same promises as the file.

Writers are let in one at a time, across processes and hosts, by an advisory lock that ends with the transaction; so a
sum that was read is still true when the row that depends on it is written, as with the file. Readers see one moment.
"""

from typing import Any, cast

from sqlalchemy import Connection, create_engine, event, make_url, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import ArgumentError

from dataspace.adapters.store.database import BUSY_SECONDS, Database
from dataspace.errors import SetupError

WRITER = 0x64617461737061
"""Key of the advisory lock: whoever holds it writes. Locks of other databases on the server are others."""
_CONNECTIONS = 5
_MORE_CONNECTIONS = 20
_CONNECT_SECONDS = 10
_OPTIONS = f"-c synchronous_commit=on -c lock_timeout={int(BUSY_SECONDS)}s -c client_encoding=utf8"


class PostgresDatabase(Database):
    """`Database` behind a URL such as `postgresql://hub@db.example/hub`. Keep the password in PGPASSFILE (0600)."""

    dialect = "postgresql"

    def __init__(self, url: str) -> None:
        super().__init__(_place(url), _engine(url))

    def prepare(self) -> None:
        """The database is there already: making one needs rights that a hub should not have."""

    def _make_room(self) -> None:
        """The server keeps its log at full size by itself."""

    def _lost(self, connection: Connection) -> bool:
        raw = cast(Any, connection.connection.dbapi_connection)
        return raw is None or bool(raw.closed) or bool(raw.broken)


def _place(url: str) -> str:
    """How a message names the store: without its password."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise SetupError("The address of the store cannot be read.", _ADVICE) from error
    if parsed.get_backend_name() != "postgresql":
        raise SetupError(f"A store of the kind '{parsed.get_backend_name()}' is not known.", _ADVICE)
    return parsed.set(drivername="postgresql", password=None, query={}).render_as_string()


_ADVICE = "Write it as postgresql://NAME@HOST/DATABASE, or leave it out for a file in the home."


def _engine(url: str) -> Engine:
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        connect_args={"options": _OPTIONS, "connect_timeout": _CONNECT_SECONDS},
        pool_size=_CONNECTIONS,
        max_overflow=_MORE_CONNECTIONS,
        pool_pre_ping=True,
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("writing", False):
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": WRITER})
    else:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
