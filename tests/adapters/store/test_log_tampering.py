"""A log whose file somebody changed by hand does not verify, wherever the change is."""

import sqlite3
from pathlib import Path

import pytest

from dataspace.adapters.memory import ManualClock, MemorySigner
from dataspace.adapters.store.opening import FILE
from dataspace.adapters.store.store import Store, open_store
from dataspace.errors import VerificationFailed
from dataspace.testing.examples import example_record

CHANGES = {
    "a record is reworded": "UPDATE leaves SET body = replace(body, 'medpar', 'mudpar') WHERE number = 3",
    "a record is unreadable": "UPDATE leaves SET body = '{' WHERE number = 3",
    "a record is no record": "UPDATE leaves SET body = '[]' WHERE number = 3",
    "a salt is changed": "UPDATE leaves SET salt = zeroblob(32) WHERE number = 3",
    "a record in the middle is removed": "DELETE FROM leaves WHERE number = 3",
    "the last record is removed": "DELETE FROM leaves WHERE number = 12",
    "all records are removed": "DELETE FROM leaves",
    "two records change places": "UPDATE leaves SET number = CASE number WHEN 3 THEN -4 ELSE -3 END"
    " WHERE number IN (3, 4); UPDATE leaves SET number = -number WHERE number < 0",
    "a leaf's hash is changed": "UPDATE nodes SET hash = zeroblob(32) WHERE level = 0 AND position = 3",
    "a hash above is changed": "UPDATE nodes SET hash = zeroblob(32) WHERE level = 2 AND position = 1",
    "a hash is removed": "DELETE FROM nodes WHERE level = 1 AND position = 2",
}


def opened(home: Path) -> Store:
    return open_store(home, ManualClock(), MemorySigner(bytes(range(32))), "hub.example/log")


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_by_hand_is_found(tmp_path: Path, change: str) -> None:
    with opened(tmp_path) as store:
        for number in range(13):
            store.log.append(example_record(number))
        assert store.log.verify() == 13
    connection = sqlite3.connect(tmp_path / FILE)
    connection.executescript(CHANGES[change])
    connection.commit()
    connection.close()
    with opened(tmp_path) as store, pytest.raises(VerificationFailed, match=r"^(Record|The record)"):
        store.log.verify()


def test_nothing_is_appended_over_a_record_that_was_removed(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        for number in range(13):
            store.log.append(example_record(number))
    connection = sqlite3.connect(tmp_path / FILE)
    connection.executescript(CHANGES["the last record is removed"])
    connection.close()
    with opened(tmp_path) as store:
        with pytest.raises(VerificationFailed, match="Record 12 of the log is missing"):
            store.log.append(example_record())
        assert store.log.size() == 12


def test_a_long_log_is_read_and_verified_page_by_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dataspace.adapters.store.log._PAGE", 7)
    with opened(tmp_path) as store:
        for number in range(35):
            store.log.append(example_record(number))
        assert store.log.verify() == 35
        assert [index for index, _ in store.log.records()] == list(range(35))
        assert [index for index, _ in store.log.records(6, 29)] == list(range(6, 29))
