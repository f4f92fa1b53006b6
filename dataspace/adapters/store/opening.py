"""Opening a store: made where there is none, migrated where it is old, refused where it is newer than this version."""

import fcntl
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from dataspace.adapters.store.database import Database
from dataspace.adapters.store.failures import named_failures
from dataspace.adapters.store.postgres import PostgresDatabase
from dataspace.adapters.store.tables import SCHEMA
from dataspace.errors import SetupError

FILE = "store.sqlite"
ELSEWHERE = "store.elsewhere"
"""In a home whose store is on a server."""
_LOCK = "store.lock"
_MIGRATIONS = Path(__file__).parent / "migrations"
_NONE = ""
# Alembic's `context` is one proxy for the whole process: two homes migrated at once would mix their connections.
_MIGRATING = threading.Lock()


def open_database(home: Path, url: str = "") -> Database:
    """The database of a home, at this version's schema. Raises SetupError where that cannot be had.

    It is a file in the home, or what `url` names; a home does not change from one to the other, since that would start
    its log and its ledger anew. Several processes may open one home at once: one of them migrates, under a lock, the
    others wait.
    """
    path = home / FILE
    with named_failures(path):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    _same_kind(home, url)
    if url:
        return _open_server(home, url)
    database = Database(path)
    try:
        if not path.exists() or _schema(database) != SCHEMA:
            with _alone(home / _LOCK, path):
                _bring_up(database)
    except BaseException:
        database.close()
        raise
    return database


def schema_of(home: Path) -> str:
    """The revision that the store of a home states; empty where there is none. Migrates nothing."""
    if not (home / FILE).exists():
        return _NONE
    database = Database(home / FILE)
    try:
        return _schema(database)
    finally:
        database.close()


def _same_kind(home: Path, url: str) -> None:
    if url and (home / FILE).exists():
        raise SetupError(
            f"The store of '{home}' is the file {FILE}, and DATASPACE_STORE_URL names another.",
            "Unset DATASPACE_STORE_URL, or make a new home.",
        )
    if not url and (home / ELSEWHERE).exists():
        raise SetupError(
            f"The store of '{home}' is on a server, and DATASPACE_STORE_URL is not set.", "Set it as before."
        )


def _open_server(home: Path, url: str) -> Database:
    database = PostgresDatabase(url)
    try:
        if _schema(database) != SCHEMA:
            with database.exclusive() as connection:  # one process migrates, the others wait for the lock
                found = _revision(connection)
                _not_newer(database, found)
                if found != SCHEMA:
                    _migrate(connection)
        with named_failures(home):
            (home / ELSEWHERE).touch(mode=0o600)
    except BaseException:
        database.close()
        raise
    return database


def _bring_up(database: Database) -> None:
    found = _schema(database) if Path(database.place).exists() else _NONE
    if found == SCHEMA:  # another process was first
        return
    _not_newer(database, found)
    database.prepare()
    with database.exclusive() as connection:
        _migrate(connection)


def _schema(database: Database) -> str:
    """The revision that the file states; empty where it has no tables yet."""
    with database.read() as connection:
        return _revision(connection)


def _revision(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return _NONE
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or _NONE)


def _not_newer(database: Database, found: str) -> None:
    if found > SCHEMA:
        raise SetupError(
            f"The store '{database.place}' has the schema {found}, made by a newer version; this one knows {SCHEMA}.",
            "Install that version, or open another home.",
        )


def _migrate(connection: Connection) -> None:
    from alembic import command  # a tenth of a second to import, and needed once
    from alembic.config import Config

    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    with _MIGRATING:
        command.upgrade(config, "head")


@contextmanager
def _alone(lock: Path, path: Path) -> Iterator[None]:
    with named_failures(path):
        file = lock.open("w")
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)  # given back when the file is closed, also by a killed process
        yield
