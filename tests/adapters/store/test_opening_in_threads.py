"""Several homes can be made at once by the threads of one process."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import text

from dataspace.adapters.store.opening import open_database
from dataspace.adapters.store.tables import SCHEMA


def schema_of(home: Path) -> str:
    database = open_database(home)
    try:
        with database.read() as connection:
            return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())
    finally:
        database.close()


def test_homes_that_are_made_at_the_same_time_do_not_mix(tmp_path: Path) -> None:
    homes = [tmp_path / f"site-{number}" for number in range(8)]
    with ThreadPoolExecutor(max_workers=8) as pool:
        assert list(pool.map(schema_of, homes)) == [SCHEMA] * 8
