"""Orders and journals as files."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dataspace.adapters.flower.node_key import make_node_key, node_public_key
from dataspace.adapters.flower.node_roster import NodeRoster
from dataspace.adapters.flower.orders import FileJournal, read_order, run_directory, write_order
from dataspace.errors import InvalidRequest, SetupError
from dataspace.model.names import RunId, SiteName
from dataspace.model.runs import RunEvent, RunOrder

ORDER = RunOrder(
    RunId("r-1"), {"by": ["site"]}, "jws", {"id": "ana"}, {SiteName("a"): 2**64 - 1}, 3, 5.0, 60.0
)


def test_an_order_is_read_as_it_was_written_and_by_its_owner_only(tmp_path: Path) -> None:
    write_order(tmp_path / "r-1", ORDER)
    assert read_order(tmp_path / "r-1") == ORDER
    assert stat.S_IMODE((tmp_path / "r-1" / "order.json").stat().st_mode) == 0o600


def test_an_order_is_never_replaced(tmp_path: Path) -> None:
    write_order(tmp_path / "r-1", ORDER)
    with pytest.raises(FileExistsError):
        write_order(tmp_path / "r-1", ORDER)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\0b", "-x", "x" * 101, "a b", "a\n"])
def test_the_name_of_a_run_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidRequest):
        run_directory(tmp_path, name)


def test_a_journal_gives_back_its_events_in_order_and_only_whole_lines(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "journal.jsonl")
    assert list(journal.read()) == []
    now = datetime.now(UTC)
    events = [
        RunEvent(RunId("r-1"), kind, 0, now, {"site": "ä"}) for kind in ("started", "round", "finished")
    ]
    for event in events:
        journal.append(event)
    with (tmp_path / "journal.jsonl").open("a") as file:
        file.write('{"run": "r-1", "kin')
    assert list(journal.read()) == events
    assert list(journal.read(2)) == events[2:]


def test_a_node_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "node.key"
    public = make_node_key(path)
    assert public.startswith(b"-----BEGIN PUBLIC KEY-----")
    assert node_public_key(path) == public
    assert path.read_bytes().startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(SetupError, match="already"):
        make_node_key(path)


def test_a_node_key_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "node.key").write_text("hello")
    for path in (tmp_path / "node.key", tmp_path / "nowhere"):
        with pytest.raises(SetupError):
            node_public_key(path)


def test_the_roster_outlives_its_process_and_forgets_what_is_dropped(tmp_path: Path) -> None:
    NodeRoster(tmp_path / "nodes.json").put(SiteName("a"), b"key-a")
    NodeRoster(tmp_path / "nodes.json").put(SiteName("b"), b"key-b")
    roster = NodeRoster(tmp_path / "nodes.json")
    assert roster.keys_by_site() == {"a": b"key-a", "b": b"key-b"}
    roster.drop(b"key-a")
    assert roster.keys_by_site() == {"b": b"key-b"}
