"""One database: how it is opened, read and written. Everything that only SQLite understands stands here; what only
PostgreSQL does, in postgres.py.

Readers see one moment of the store and block nobody. Writers are let in one at a time, across processes, and what
`write` returns is on the disk. Threads that write at the same time share one transaction, and so one fsync.
"""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import URL, Connection, create_engine, event, text
from sqlalchemy.engine import Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from dataspace.adapters.store.failures import named_failures
from dataspace.errors import DataspaceError, SourceError

CACHE_KB = 16_384
"""Of one connection, taken as it is used: a search looks up thousands of rows."""
MAPPED_BYTES = 4 << 30
"""Of the file, read through the system's own cache, which all connections share."""
BUSY_SECONDS = 30.0
"""How long one process waits for another one's transaction."""
ROOM_BYTES = 4 << 20
"""Of the write-ahead file: a little more than what is in it when SQLite begins at its front again (1,000 pages)."""
_WRITES = 8
"""By a process, before it makes that room: one that writes a record or two is done sooner without."""

_log = logging.getLogger(__name__)

T = TypeVar("T")


class _Pending(Generic[T]):
    """One piece of writing that waits for a transaction, and how it ended."""

    __slots__ = ("done", "error", "result", "work")

    def __init__(self, work: Callable[[Connection], T]) -> None:
        self.work = work
        self.done = False
        self.result: T | None = None
        self.error: BaseException | None = None


class Database:
    """Transactions on one SQLite file; `close` it when done. Safe to share between threads, not across a fork.

    `place` is how a message names it.
    """

    dialect = "sqlite"

    def __init__(self, place: Path | str, engine: Engine | None = None) -> None:
        self.place = place
        self._engine = engine or _engine(Path(place))
        self._waiting: list[_Pending[Any]] = []
        self._enqueue = threading.Lock()
        self._lead = threading.Lock()
        self._writes = 0

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent moment, for as long as the block lasts."""
        with named_failures(self.place), self._engine.connect() as connection, connection.begin():
            yield connection

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction in which nobody else writes; return once the outcome is on the disk.

        `work` may run in another thread, together with the work of others; where it raises, what it wrote is
        undone and nothing of the others'. It must not wait for anything.
        """
        pending = _Pending(work)
        with self._enqueue:
            self._waiting.append(pending)
        with self._lead:  # whoever gets here first does the work of all who wait
            if not pending.done:
                with self._enqueue:
                    batch, self._waiting = self._waiting, []
                self._run(batch)
                self._writes += 1
                if self._writes == _WRITES:
                    self._make_room()
        if pending.error is not None:
            with named_failures(self.place):
                raise pending.error
        return cast(T, pending.result)

    @contextmanager
    def exclusive(self) -> Iterator[Connection]:
        """A writing transaction for the block alone (migrations)."""
        with named_failures(self.place), self._engine.connect() as connection:
            connection = connection.execution_options(writing=True)
            with connection.begin():
                yield connection

    def close(self) -> None:
        """Give back all connections. Another use opens new ones."""
        self._engine.dispose()

    def prepare(self) -> None:
        """Make the file, in write-ahead mode. Only one process at a time may do this."""
        with named_failures(self.place):
            Path(self.place).touch(mode=0o600)
        with named_failures(self.place), self._engine.connect() as connection:
            raw = cast(Any, connection.connection.dbapi_connection)
            raw.execute("PRAGMA journal_mode = WAL")

    def _make_room(self) -> None:
        """Let the write-ahead file have its full size at once.

        What is written over bytes that are there is on the disk in a fraction of the time that a file takes to grow.
        SQLite does it itself, by a transaction that is too large for its cache, and is taken back.
        """
        file = Path(f"{self.place}-wal")
        if file.exists() and file.stat().st_size >= ROOM_BYTES:
            return
        try:
            with named_failures(self.place), self._engine.connect() as connection:
                fill(cast(sqlite3.Connection, connection.connection.dbapi_connection), ROOM_BYTES)
        except (sqlite3.Error, DataspaceError) as error:
            _log.warning("the store is slower than it could be: %s", error)  # all else is as it was

    def _run(self, batch: list[_Pending[Any]]) -> None:
        try:
            with self.exclusive() as connection:
                if len(batch) == 1:  # the transaction is its savepoint
                    batch[0].result = batch[0].work(connection)
                else:
                    for pending in batch:
                        self._attempt(connection, pending)
        except BaseException as error:
            for pending in batch:
                # Not committed, so nobody may believe it is, also where the interrupt was meant for this thread only.
                pending.error = pending.error or _for_others(error)
            if not isinstance(error, Exception):
                raise
        finally:
            for pending in batch:
                pending.done = True

    def _attempt(self, connection: Connection, pending: _Pending[Any]) -> None:
        """One piece of work, undone alone where it raises."""
        try:
            with connection.begin_nested():
                pending.result = pending.work(connection)
        except Exception as error:
            if self._lost(connection):
                raise
            pending.error = error

    def _lost(self, connection: Connection) -> bool:
        """Whether SQLite has rolled the whole transaction back by itself (disk full, damaged file)."""
        return not cast(Any, connection.connection.dbapi_connection).in_transaction


def fill(raw: sqlite3.Connection, size: int) -> None:
    """Let the write-ahead file have `size` bytes: write what does not fit in the cache, and take it back."""
    try:
        raw.execute("PRAGMA cache_size = 8")
        raw.execute("BEGIN IMMEDIATE")
        raw.execute("CREATE TABLE room (bytes)")
        raw.execute("INSERT INTO room VALUES (zeroblob(?))", (size,))
    finally:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        raw.execute(f"PRAGMA cache_size = -{CACHE_KB}")


def _for_others(error: BaseException) -> BaseException:
    if isinstance(error, Exception):
        return error
    return SourceError("Writing to the store was interrupted.", "Try again.")


def _engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_SECONDS, "isolation_level": None, "check_same_thread": False},
        max_overflow=64,
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    for pragma in (
        f"mmap_size = {MAPPED_BYTES}",
        "synchronous = FULL",
        "foreign_keys = ON",
        "trusted_schema = OFF",
        f"cache_size = -{CACHE_KB}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # IMMEDIATE: a sum that is read here is still true when the row that depends on it is written.
    writing = connection.get_execution_options().get("writing", False)
    connection.execute(text("BEGIN IMMEDIATE" if writing else "BEGIN"))
