"""However the demo ends, it ends in order: one sentence, an exit code, the caller's signals as they were."""

import os
import signal
import time
from pathlib import Path

import pytest

from dataspace.cli.demo import story
from dataspace.cli.demo.report import check_folder
from dataspace.errors import SetupError


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_way_of_being_ended_is_told_and_has_the_code_of_ctrl_c(
    number: signal.Signals,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ended: list[str] = []

    def walk(*_: object) -> int:
        try:
            os.kill(os.getpid(), number)
            time.sleep(5)
        except KeyboardInterrupt:
            os.kill(os.getpid(), number)  # a second one does not break off the putting away
            time.sleep(0.1)
            ended.append("put away")
            raise
        return 0

    monkeypatch.setattr(story, "_run", walk)
    before = signal.getsignal(number)
    assert story.run(as_json=False, keep=False, output=tmp_path) == 130
    assert ended == ["put away"]
    assert signal.getsignal(number) is before
    assert capsys.readouterr().err == "Stopped; nothing is left running.\n"


@pytest.mark.parametrize(
    "error", [SetupError("No room.", "Make some."), OSError(28, "No space left on device")]
)
def test_an_error_is_one_sentence_and_code_1(
    error: Exception, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def walk(*_: object) -> int:
        raise error

    monkeypatch.setattr(story, "_run", walk)
    assert story.run(as_json=True, keep=False, output=tmp_path) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("The demo stopped: No ") and said.err.count("\n") == 1


def test_the_stays_are_where_the_setting_says_or_where_set_up_put_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert story.medpar_path({"DATASPACE_MEDPAR": "/x/medpar.csv"}) == Path("/x/medpar.csv")
    assert story.medpar_path({}).parts[-2:] == (".cache", "medpar.csv")


def test_a_folder_that_takes_no_report_is_found_before_the_walk_and_a_good_one_left_as_it_was(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="--output"):
        check_folder(tmp_path / "file")
    check_folder(tmp_path / "new" / "folder")
    assert not (tmp_path / "new" / "folder").exists()
    (tmp_path / "old").mkdir()
    check_folder(tmp_path / "old")
    assert list((tmp_path / "old").iterdir()) == []
