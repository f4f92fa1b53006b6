"""What a database says when it fails, in one sentence for the operator; nothing foreign gets into a message."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from dataspace.errors import DataspaceError, SetupError, SourceError

_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SENTENCES = {
    sqlite3.SQLITE_FULL: ("has no space left to grow", "Free some disk space, then start again."),
    sqlite3.SQLITE_READONLY: ("may only be read", "Make the file and its folder writable for this account."),
    sqlite3.SQLITE_CORRUPT: ("is damaged", "Stop, keep a copy of it, and restore the last backup."),
    sqlite3.SQLITE_NOTADB: ("is not a store, or is damaged", "Move it away, or restore the last backup."),
    sqlite3.SQLITE_CANTOPEN: (
        "cannot be opened",
        "Check that its folder exists and belongs to this account.",
    ),
    sqlite3.SQLITE_PERM: ("may not be opened", "Check that it belongs to this account."),
    sqlite3.SQLITE_IOERR: ("could not be read or written to disk", "Check the disk and its free space."),
}


@contextmanager
def named_failures(path: Path | str) -> Iterator[None]:
    """Turn what the database raises into SetupError, or SourceError where waiting helps.

    A broken constraint passes through: it is for the caller to say what it means.
    """
    try:
        yield
    except IntegrityError:
        raise
    except DatabaseError as error:
        raise _named(path, error.orig) from error
    except sqlite3.Error as error:
        raise _named(path, error) from error
    except PoolTimeout as error:
        raise SourceError("The store has too many readers at once.", "Try again in a moment.") from error
    except OSError as error:
        raise SetupError(
            f"The store '{path}' cannot be used ({error.strerror}).",
            "Check the disk and the rights of this account.",
        ) from error


def _named(path: Path | str, cause: BaseException | None) -> DataspaceError:
    if (state := getattr(cause, "sqlstate", _ABSENT)) is not _ABSENT:
        return _of_server(path, state)
    # The low byte of SQLite's extended code is the primary one.
    code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _BUSY:
        return SourceError("The store is busy: another process holds it.", "Try again in a moment.")
    what, advice = _SENTENCES.get(
        code,
        ("does not work as expected", "Run the command again; if it fails again, restore the last backup."),
    )
    return SetupError(f"The store '{path}' {what}.", advice)


_ABSENT = object()
_CLASSES = {
    "53": ("has no room left (disk, memory or connections)", "Free some on the server, then start again."),
    "28": ("does not let this account in", "Check the name in the address, and PGPASSFILE."),
    "3D": ("is not there", "Let its administrator create the database."),
    "42": ("has not the rights or the tables that it needs", "Let this account own the database."),
}
"""By the class of an SQLSTATE, its first two letters (PostgreSQL, appendix A)."""


def _of_server(place: Path | str, state: object) -> DataspaceError:
    """Without a state the server was not reached, or went away."""
    code = str(state or "")
    if code in {"55P03", "40001", "40P01"}:
        return SourceError("The store is busy: another process holds it.", "Try again in a moment.")
    if not code or code[:2] in {"08", "57"}:
        return SourceError(f"The store '{place}' cannot be reached.", "Is the server running? Try again.")
    what, advice = _CLASSES.get(
        code[:2],
        ("does not work as expected", "Run the command again; if it fails again, ask its administrator."),
    )
    return SetupError(f"The store '{place}' {what}.", advice)
