"""Writing transactions of one SQLite file that hold its lock for microseconds, and whose fsync processes share.

With `synchronous = FULL` a writer waits for the disk while it holds the lock, so that processes wait for each other's
disk. Here a transaction is written without waiting, the lock is given back, and only then the write-ahead file is
synced: once for all who committed before that began. What `write` returns is on the disk all the same, and so is
whatever it was decided on, since that stands earlier in the same file. SQLite itself syncs that file before it takes
pages out of it, and the database before it starts the file anew (sqlite.org/wal.html, `synchronous = NORMAL`).
"""

import fcntl
import logging
import mmap
import os
import sqlite3
import struct
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from dataspace.adapters.store.database import BUSY_SECONDS, fill
from dataspace.adapters.store.failures import named_failures
from dataspace.errors import SourceError

_log = logging.getLogger(__name__)

T = TypeVar("T")
Values = Mapping[str, Any] | list[dict[str, Any]]
Run = Callable[[str, Values], Sequence[Sequence[Any]]]
"""Runs one statement with named parameters and gives its rows; with several sets of them, once for each."""

TURN, SYNC = "store.turn", "store.sync"
_COUNTS = struct.Struct("=QQQ")
_CHECKPOINT_PAGES = 4000
"""16 MB of write-ahead file before its pages are taken out: each time everybody waits for that, and for two syncs."""
_ROOM_BYTES = 17 << 20
"""Of the write-ahead file: a little more than that. Bytes that are there are synced sooner than a file that grows."""
_WRITES = 32
"""By a process, before it makes that room: one that charges now and then is done sooner without."""


class SharedSync:
    """Syncs of one file, numbered upwards across processes: the last that began, that ended well, that failed."""

    def __init__(self, target: Path, counts: Path) -> None:
        self._target = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
        self._file = os.open(counts, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.fstat(self._file).st_size < _COUNTS.size:
            os.truncate(self._file, _COUNTS.size)
        self._counts = mmap.mmap(self._file, _COUNTS.size)
        self._mutex = threading.Lock()

    def begun(self) -> int:
        """To be read after a commit: the next sync after this one covers it."""
        began, ended, _ = _COUNTS.unpack_from(self._counts)
        return int(max(began, ended))

    def wait(self, mark: int) -> None:
        """Return once a sync that began after `mark` has ended, whoever does it; raises SourceError where it failed."""
        if self._covers(mark):
            return
        with self._mutex:
            fcntl.flock(self._file, fcntl.LOCK_EX)  # a killed process gives it back
            try:
                if not self._covers(mark):
                    self._sync()
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    @property
    def broken(self) -> bool:
        """Whether a sync failed and nobody has seen to it that what was written is on the disk."""
        return bool(_COUNTS.unpack_from(self._counts)[2])

    def mended(self) -> None:
        """What was written so far is on the disk in another way."""
        began, ended, _ = _COUNTS.unpack_from(self._counts)
        _COUNTS.pack_into(self._counts, 0, began, ended, 0)

    def close(self) -> None:
        """Give back the files."""
        self._counts.close()
        os.close(self._file)
        os.close(self._target)

    def _covers(self, mark: int) -> bool:
        _, ended, failed = _COUNTS.unpack_from(self._counts)
        if failed > mark:
            # The system may have dropped the pages and report success the next time: nobody here relies on that.
            raise SourceError("The disk did not take what was written to the store.", "Check it; try again.")
        return bool(ended > mark)

    def _sync(self) -> None:
        _, ended, failed = _COUNTS.unpack_from(self._counts)
        number = self.begun() + 1
        _COUNTS.pack_into(self._counts, 0, number, ended, failed)
        try:
            os.fdatasync(self._target)
        except OSError:
            _COUNTS.pack_into(self._counts, 0, number, ended, number)
            raise
        _COUNTS.pack_into(self._counts, 0, number, number, failed)


class SharedWriter:
    """Transactions on a SQLite file in write-ahead mode. Safe between threads and processes, also after a fork."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mutex = threading.Lock()
        self._opened: _Opened | None = None
        self._writes = 0

    def write(self, work: Callable[[Run], T]) -> T:
        """Run `work` where nobody else writes; return once its outcome is on the disk. Where it raises, nothing is."""
        with named_failures(self._path):
            with self._mutex:
                opened = self._open()
                fcntl.flock(
                    opened.turn, fcntl.LOCK_EX
                )  # woken in turn, where SQLite would sleep and try again
                try:
                    result = opened.transaction(work)
                    self._writes += 1
                    if self._writes == _WRITES:
                        opened.make_room()
                finally:
                    fcntl.flock(opened.turn, fcntl.LOCK_UN)
                sync = opened.sync()
                mark = sync.begun()
            sync.wait(mark)
            return result

    def close(self) -> None:
        """Give back the file. Another use opens it again."""
        with self._mutex:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def _open(self) -> "_Opened":
        if self._opened is None or self._opened.process != os.getpid():
            self._opened = _Opened(self._path)
        return self._opened


class _Opened:
    """A connection and two lock files of one process."""

    def __init__(self, path: Path) -> None:
        self.process = os.getpid()
        self._path = path
        self.turn = os.open(path.with_name(TURN), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._connection = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        for pragma in (
            "synchronous = NORMAL",
            f"wal_autocheckpoint = {_CHECKPOINT_PAGES}",
            "trusted_schema = OFF",
        ):
            self._connection.execute(f"PRAGMA {pragma}")
        self._sync: SharedSync | None = None
        weakref.finalize(self, os.close, self.turn)

    def transaction(self, work: Callable[[Run], T]) -> T:
        """Everything that `work` does, or nothing of it."""
        connection = self._connection
        if self._sync is not None and self._sync.broken:
            self._mend(self._sync)
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(self._run)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return result

    def make_room(self) -> None:
        """Let the write-ahead file have its full size at once."""
        try:
            if Path(f"{self._path}-wal").stat().st_size < _ROOM_BYTES:
                fill(self._connection, _ROOM_BYTES)
        except (sqlite3.Error, OSError) as error:
            _log.warning("the ledger is slower than it could be: %s", error)  # all else is as it was

    def sync(self) -> SharedSync:
        """For the write-ahead file, which stays while this connection is open."""
        if self._sync is None:
            folder = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(folder)  # that the file is there has to last too
            finally:
                os.close(folder)
            self._sync = SharedSync(
                self._path.with_name(f"{self._path.name}-wal"), self._path.with_name(SYNC)
            )
        return self._sync

    def close(self) -> None:
        """Give back the file."""
        self._connection.close()
        if self._sync is not None:
            self._sync.close()

    def _mend(self, sync: SharedSync) -> None:
        """After a failed sync: everything into the database file itself, synced, and the other file begun anew."""
        busy, _, _ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise SourceError("The disk did not take what was written to the store.", "Check it; try again.")
        sync.mended()

    def _run(self, statement: str, values: Values) -> Sequence[Sequence[Any]]:
        if isinstance(values, list):
            self._connection.executemany(statement, values)
            return ()
        return self._connection.execute(statement, values).fetchall()
