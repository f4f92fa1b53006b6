"""A store that an earlier version wrote comes up to this one's schema and loses nothing."""

import sqlite3
from pathlib import Path

import pytest

from dataspace.adapters.memory import ManualClock, MemorySigner
from dataspace.adapters.store.opening import FILE
from dataspace.adapters.store.store import Store, open_store
from dataspace.model.finding import EVERYONE, STEWARDS, Wanted
from dataspace.service.entries import entry_of

STORES = Path(__file__).parent / "stores"
"""Dumps of stores as earlier versions left them, by the revision of their schema."""


@pytest.fixture(params=sorted(path.stem for path in STORES.glob("*.sql")))
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.executescript((STORES / f"{request.param}.sql").read_text())
    connection.close()
    return tmp_path


def opened(home: Path) -> Store:
    return open_store(home, ManualClock(), MemorySigner(bytes(range(32))), "hub.example/log")


def test_an_older_store_opens_with_all_that_it_held(home: Path) -> None:
    with opened(home) as store:
        assert [dataset.name for dataset in store.catalog.all()] == ["medpar", "turbine"]
        assert [policy.id for policy in store.policies.current().policies] == ["medpar"]
        assert store.log.verify() == 5


def test_what_was_registered_before_there_was_a_search_is_found(home: Path) -> None:
    with opened(home) as store:
        policies = store.policies.current()
        assert store.finder.index_stale(lambda dataset: entry_of(dataset, policies, ())) == 2
        everybody = frozenset({EVERYONE, STEWARDS})
        found = store.finder.find(Wanted(("mortality",), (), everybody))
        assert [entry.dataset for entry in found.entries] == ["medpar"]
        assert store.finder.find(Wanted((), (), frozenset({EVERYONE}))).total == 1
        assert store.finder.index_stale(lambda dataset: entry_of(dataset, policies, ())) == 0
