"""A store that is written to often makes room in its write-ahead file once, and loses nothing where there is none."""

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from dataspace.adapters.store.database import ROOM_BYTES, Database
from dataspace.adapters.store.shared_sync import SharedWriter


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "store.sqlite")
    database.prepare()
    with database.exclusive() as connection:
        connection.execute(text("CREATE TABLE written (number INTEGER)"))
    yield database
    database.close()


def write(store: Database, number: int) -> None:
    def work(connection: Connection) -> None:
        connection.execute(text("INSERT INTO written VALUES (:number)"), {"number": number})

    store.write(work)


def charge(writer: SharedWriter, number: int) -> None:
    writer.write(lambda run: run("INSERT INTO written VALUES (:number)", {"number": number}))


def size(store: Database) -> int:
    return Path(f"{store.place}-wal").stat().st_size


def test_room_is_made_once_and_written_into(store: Database) -> None:
    write(store, 0)
    assert size(store) < ROOM_BYTES // 16, "who writes once does not pay for it"
    for number in range(1, 30):
        write(store, number)
    made = size(store)
    assert made >= ROOM_BYTES
    for number in range(30, 60):
        write(store, number)
    assert size(store) == made
    with sqlite3.connect(store.place) as other:
        assert other.execute("SELECT count(*), sum(number) FROM written").fetchone() == (60, 59 * 30)
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("written",)]
        assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_disk_without_that_room_is_written_to_as_before(store: Database) -> None:
    with files_no_longer_than(1 << 20):
        for number in range(30):
            write(store, number)
    assert size(store) <= 1 << 20
    with store.read() as connection:
        assert connection.execute(text("SELECT count(*), sum(number) FROM written")).one() == (30, 29 * 15)


def test_what_is_written_after_room_was_made_is_there_after_a_crash(store: Database, tmp_path: Path) -> None:
    for number in range(40):
        write(store, number)
    for end in ("", "-wal"):  # as the disk has it, without anybody closing it in order
        (tmp_path / f"copy{end}").write_bytes(Path(f"{store.place}{end}").read_bytes())
    with sqlite3.connect(tmp_path / "copy") as found:
        assert found.execute("SELECT count(*), sum(number) FROM written").fetchone() == (40, 39 * 20)


def test_a_ledger_that_is_charged_often_makes_room_once_and_loses_no_charge(tmp_path: Path) -> None:
    writer = SharedWriter(tmp_path / "store.sqlite")
    database = Database(tmp_path / "store.sqlite")
    database.prepare()
    with database.exclusive() as connection:
        connection.execute(text("CREATE TABLE written (number INTEGER)"))
    wal = tmp_path / "store.sqlite-wal"

    charge(writer, 0)
    assert wal.stat().st_size < 1 << 20, "who charges once does not pay for it"
    for number in range(1, 40):
        charge(writer, number)
    made = wal.stat().st_size
    assert made >= 16 << 20
    for number in range(40, 80):
        charge(writer, number)
    assert wal.stat().st_size == made
    with sqlite3.connect(tmp_path / "store.sqlite") as other:
        assert other.execute("SELECT count(*), sum(number) FROM written").fetchone() == (80, 79 * 40)
        assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    writer.close()
    database.close()


def test_a_ledger_on_a_disk_without_that_room_charges_as_before(store: Database) -> None:
    writer = SharedWriter(Path(store.place))
    with files_no_longer_than(1 << 20):
        for number in range(40):
            charge(writer, number)
    writer.close()
    with store.read() as connection:
        assert connection.execute(text("SELECT count(*), sum(number) FROM written")).one() == (40, 39 * 20)
