"""Opening a store: made, migrated, refused; and what a failing disk comes to."""

import resource
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, select

from dataspace.adapters.memory import ManualClock, MemorySigner
from dataspace.adapters.store.failures import named_failures
from dataspace.adapters.store.opening import FILE, open_database
from dataspace.adapters.store.store import Store, open_store
from dataspace.adapters.store.tables import SCHEMA, datasets, metadata
from dataspace.errors import SetupError, SourceError
from dataspace.testing.examples import example_dataset, example_record

MIGRATIONS = Path(__file__).parents[3] / "dataspace" / "adapters" / "store" / "migrations"


def opened(home: Path) -> Store:
    return open_store(home, ManualClock(), MemorySigner(bytes(range(32))), "hub.example/log")


def rewrite(home: Path, sql: str) -> None:
    with sqlite3.connect(home / FILE) as connection:
        connection.execute(sql)
    connection.close()


def test_the_newest_revision_is_the_one_that_this_version_states() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [SCHEMA]


def not_of_the_words(name: str | None, kind: str, _parents: object) -> bool:
    """`words` is a virtual table, and FTS5 makes others beside it."""
    return kind != "table" or not str(name).startswith("words")


def test_the_migrations_lead_to_exactly_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": not_of_the_words})
        assert compare_metadata(context, metadata) == []
    database.close()


def test_a_store_is_durable_private_and_in_write_ahead_mode(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    with opened(home) as store, store.database.read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
        assert {path.stat().st_mode & 0o777 for path in home.glob(f"{FILE}*")} == {0o600}
        assert home.stat().st_mode & 0o777 == 0o700


def test_opening_an_up_to_date_store_takes_milliseconds(tmp_path: Path) -> None:
    opened(tmp_path).close()
    times = []
    for _ in range(10):
        start = time.perf_counter()
        opened(tmp_path).close()
        times.append(time.perf_counter() - start)
    assert min(times) < 0.03


def test_whoever_opens_a_new_home_at_the_same_time_finds_one_store(tmp_path: Path) -> None:
    problems: list[BaseException] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        try:
            opened(tmp_path).close()
        except BaseException as error:  # noqa: BLE001 - shown below
            problems.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_what_was_put_is_there_after_opening_again(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.catalog.put(example_dataset())
    with opened(tmp_path) as store:
        assert list(store.catalog.all()) == [example_dataset()]


def test_a_store_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    opened(tmp_path).close()
    rewrite(tmp_path, "UPDATE alembic_version SET version_num = '0999'")
    with pytest.raises(SetupError, match=r"schema 0999.*newer version.*Install"):
        opened(tmp_path)
    rewrite(tmp_path, f"UPDATE alembic_version SET version_num = '{SCHEMA}'")  # noqa: S608 - a constant
    opened(tmp_path).close()


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database, but long enough to be looked at " * 50)
    with pytest.raises(SetupError, match="not a store, or is damaged"):
        opened(tmp_path)


def test_a_damaged_store_is_refused_in_one_sentence(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        for number in range(50):
            store.catalog.put(example_dataset(f"d{number}"))
    rewrite(tmp_path, "PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray((tmp_path / FILE).read_bytes())
    data[8192:] = b"\xa5" * (len(data) - 8192)
    (tmp_path / FILE).write_bytes(bytes(data))
    with pytest.raises(SetupError, match=r"damaged.*restore the last backup"), opened(tmp_path) as store:
        store.catalog.all()


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(SetupError, match="cannot be used"):
        opened(tmp_path / "home")


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_takes_no_more_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        for number in range(3):
            assert store.log.append(example_record(number)) == number
        size = (tmp_path / f"{FILE}-wal").stat().st_size
        with files_no_longer_than(size + 1000), pytest.raises(SetupError, match="disk"):
            store.log.append(example_record(3))
        assert store.log.verify() == 3
        assert store.log.append(example_record(3)) == 3
        assert store.log.verify() == 4


def fill(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE t (x)")
    connection.execute("PRAGMA max_page_count = 4")
    connection.execute("INSERT INTO t VALUES (zeroblob(1000000))")


def write_to_read_only(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA query_only = 1")
    connection.execute("CREATE TABLE t (x)")


def lock_out(connection: sqlite3.Connection) -> None:
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    connection.execute("BEGIN IMMEDIATE")
    other = sqlite3.connect(path, timeout=0)
    try:
        other.execute("BEGIN IMMEDIATE")
    finally:
        other.close()


def open_nowhere(connection: sqlite3.Connection) -> None:
    sqlite3.connect("/no such folder/store.sqlite")


@pytest.mark.parametrize(
    ("act", "kind", "sentence"),
    [
        (fill, SetupError, "no space left"),
        (write_to_read_only, SetupError, "may only be read"),
        (lock_out, SourceError, "another process holds it"),
        (open_nowhere, SetupError, "cannot be opened"),
    ],
)
def test_each_failure_of_the_database_has_its_sentence(
    tmp_path: Path, act: object, kind: type[Exception], sentence: str
) -> None:
    assert callable(act)
    connection = sqlite3.connect(tmp_path / "any.sqlite", isolation_level=None)
    try:
        with pytest.raises(kind, match=sentence) as caught, named_failures(tmp_path / FILE):
            act(connection)
        assert isinstance(caught.value.__cause__, sqlite3.Error)
    finally:
        connection.close()


def test_work_that_raises_is_undone_alone(tmp_path: Path) -> None:
    with opened(tmp_path) as store:

        def half_done(connection: Connection) -> None:
            connection.execute(datasets.insert().values(name="half", body="{}"))
            raise ValueError("half")

        with pytest.raises(ValueError, match="half"):
            store.database.write(half_done)
        store.catalog.put(example_dataset())
        assert list(store.catalog.all()) == [example_dataset()]


def test_threads_that_write_together_share_a_transaction_and_fail_apart(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    begun: list[int] = []
    gate = threading.Event()
    outcomes: dict[int, str] = {}

    def slow(connection: Connection) -> None:
        gate.wait(5)

    def work(number: int) -> None:
        def put(connection: Connection) -> None:
            begun.append(id(connection))
            connection.execute(datasets.insert().values(name=f"d{number}", body="{}"))
            if number % 5 == 0:
                raise ValueError("this one fails")

        try:
            database.write(put)
            outcomes[number] = "done"
        except ValueError:
            outcomes[number] = "failed"

    first = threading.Thread(target=lambda: database.write(slow))
    first.start()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    time.sleep(0.2)
    gate.set()
    for thread in (first, *threads):
        thread.join()
    assert len(set(begun)) == 1, "all that waited went in one transaction"
    assert sorted(n for n, outcome in outcomes.items() if outcome == "failed") == [0, 5, 10, 15]
    with database.read() as connection:
        kept = set(connection.execute(select(datasets.c.name)).scalars())
    database.close()
    assert kept == {f"d{number}" for number in range(20) if number % 5}
