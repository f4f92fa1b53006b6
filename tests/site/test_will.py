"""What a site's people decided is read at each question; what cannot be read approves nothing."""

from pathlib import Path

from dataspace.model.names import PermitId
from dataspace.site.will import SWITCH, FileWill, document_digest

DOCUMENT = document_digest("a.signed.document")


def test_nothing_is_approved_until_somebody_does(tmp_path: Path) -> None:
    will = FileWill(tmp_path)
    assert not will.stopped()
    assert not will.accepted(PermitId("P-1"), DOCUMENT)
    assert not will.approved("a" * 64)
    assert not will.approved("")


def test_a_decision_takes_effect_at_once_in_another_process_too(tmp_path: Path) -> None:
    will, other = FileWill(tmp_path), FileWill(tmp_path)
    other.accept(PermitId("P-1"), DOCUMENT)
    other.approve("a" * 64)
    assert will.accepted(PermitId("P-1"), DOCUMENT)
    assert not will.accepted(PermitId("P-2"), DOCUMENT)
    assert will.approved("a" * 64)


def test_the_kill_switch_is_a_file_that_anyone_there_can_make(tmp_path: Path) -> None:
    will = FileWill(tmp_path)
    (tmp_path / SWITCH).touch()
    assert will.stopped()
    will.resume()
    assert not will.stopped()
    will.stop()
    assert will.stopped()


def test_a_dangling_switch_still_stops(tmp_path: Path) -> None:
    (tmp_path / SWITCH).symlink_to(tmp_path / "nowhere")
    assert FileWill(tmp_path).stopped()


def test_a_damaged_list_approves_nothing(tmp_path: Path) -> None:
    (tmp_path / "approved.json").write_text('{"a": 1')
    (tmp_path / "accepted.json").write_text('"P-1"')
    will = FileWill(tmp_path)
    assert not will.approved("a" * 64)
    assert not will.accepted(PermitId("P-1"), DOCUMENT)
    assert not will.accepted(PermitId("P"), DOCUMENT)


def test_a_countersignature_is_of_one_document_and_not_of_its_number(tmp_path: Path) -> None:
    will = FileWill(tmp_path)
    will.accept(PermitId("P-1"), DOCUMENT)
    assert not will.accepted(PermitId("P-1"), document_digest("another document"))
    assert not will.accepted(PermitId("P-1"), "")
    assert (tmp_path / "accepted.json").stat().st_mode & 0o777 == 0o600


def test_a_list_of_numbers_alone_approves_nothing(tmp_path: Path) -> None:
    (tmp_path / "accepted.json").write_text('["P-1"]')
    assert not FileWill(tmp_path).accepted(PermitId("P-1"), DOCUMENT)
