"""Children are gone when the demo is, however it ends, and one that ends by itself ends the step that it serves."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from dataspace.cli.demo.folders import KEPT, child_environment, make_folder, remove
from dataspace.cli.demo.processes import Child, end_all, last_words
from dataspace.cli.demo.story import ended_like_ctrl_c
from dataspace.cli.demo.watching import CHILD_SIGNAL, watched
from dataspace.errors import SetupError, SourceError

FOREVER = "import time; print('ready', flush=True); time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
)
PARENT = f"""
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", {FOREVER!r}], start_new_session=True)
print('ready', flush=True); time.sleep(60)
"""
OWNER = """
import sys, time
from pathlib import Path
from dataspace.cli.demo.processes import Child
log = Path(sys.argv[1])
child = Child("child", ["-c", "import time; time.sleep(60)"], {"PATH": ""}, log, tied=True)
print(child.pid, flush=True); time.sleep(60)
"""


def child(tmp_path: Path, program: str, tied: bool = True) -> Child:
    log = tmp_path / f"{time.monotonic_ns()}.log"
    made = Child("the hub", ["-c", program], os.environ, log, tied)
    until = time.monotonic() + 10
    while "ready" not in log.read_text() and time.monotonic() < until:
        time.sleep(0.02)
    return made


def gone(pid: int, seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("tied", [True, False])
def test_a_child_ends_when_it_is_asked_to(tmp_path: Path, tied: bool) -> None:
    started = child(tmp_path, FOREVER, tied)
    began = time.monotonic()
    end_all([started])
    assert gone(started.pid, 0.1)
    assert time.monotonic() - began < 3


def test_a_child_that_does_not_listen_is_killed_at_the_deadline(tmp_path: Path) -> None:
    started = child(tmp_path, STUBBORN)
    end_all([started], seconds=0.5)
    assert gone(started.pid, 0.1)


def test_what_a_child_started_ends_with_it(tmp_path: Path) -> None:
    started = child(tmp_path, PARENT)
    grandchildren = psutil.Process(started.pid).children()
    assert len(grandchildren) == 1
    end_all([started], seconds=1.0)
    assert gone(grandchildren[0].pid, 0.1)


def test_a_child_ends_with_a_demo_that_was_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        time.sleep(0.5)
        assert psutil.pid_exists(pid)
        owner.kill()
        assert gone(pid)


def test_a_child_that_ended_by_itself_is_named_with_its_last_words(tmp_path: Path) -> None:
    started = child(tmp_path, "print('ready'); print('The port 1 is in use.'); raise SystemExit(3)")
    assert gone(started.pid)
    with pytest.raises(SetupError, match=r"the hub ended by itself \(code 3\). The port 1 is in use\."):
        started.check()
    end_all([started])


def test_a_wait_is_over_as_soon_as_a_child_has_ended(tmp_path: Path) -> None:
    started = child(tmp_path, FOREVER)
    began = time.monotonic()
    with pytest.raises(SetupError, match="the hub ended by itself"), watched(lambda: [started]):
        os.kill(started.pid, signal.SIGKILL)
        time.sleep(30)
    assert time.monotonic() - began < 5
    end_all([started])


def test_a_wait_in_the_background_where_ctrl_c_is_ignored_is_over_as_soon(tmp_path: Path) -> None:
    started = child(tmp_path, FOREVER)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with pytest.raises(SetupError, match="the hub ended by itself"), watched(lambda: [started]):
            os.kill(started.pid, signal.SIGKILL)
            time.sleep(30)
    finally:
        signal.signal(signal.SIGINT, before)
    end_all([started])


def test_an_error_that_came_of_a_childs_end_is_told_as_that_end(tmp_path: Path) -> None:
    started = child(tmp_path, FOREVER)
    with pytest.raises(SetupError, match="the hub ended by itself"), watched(lambda: [started]):
        os.kill(started.pid, signal.SIGKILL)
        raise SourceError("The hub cannot be reached.")
    with pytest.raises(SourceError), watched(list):
        raise SourceError("The hub cannot be reached.")
    end_all([started])


def test_ctrl_c_is_still_ctrl_c(tmp_path: Path) -> None:
    started = child(tmp_path, FOREVER)
    with pytest.raises(KeyboardInterrupt), watched(lambda: [started]):
        signal.raise_signal(signal.SIGINT)
        time.sleep(5)
    end_all([started])


def test_ctrl_c_while_the_watch_is_begun_ends_the_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, start = child(tmp_path, FOREVER), threading.Thread.start

    def interrupted(thread: threading.Thread) -> None:
        start(thread)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), watched(lambda: [started]):
        pytest.fail("the step began")
    assert not [one for one in threading.enumerate() if one.name == "child-watch"]
    end_all([started])


def test_once_ended_no_child_breaks_off_the_putting_away() -> None:
    with pytest.raises(KeyboardInterrupt), ended_like_ctrl_c(), watched(list):
        try:
            signal.raise_signal(signal.SIGTERM)
        finally:
            signal.raise_signal(CHILD_SIGNAL)
            signal.raise_signal(signal.SIGINT)


def test_last_words_are_one_printable_line(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"first\n\x1b[31mlast\x07 line\n\n")
    assert last_words(tmp_path / "log") == "[31mlast line"
    assert last_words(tmp_path / "none") == ""


def test_the_folder_of_a_killed_demo_is_swept_by_the_next_and_a_kept_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left, kept = (tmp_path / f"dataspace-demo-{dead.pid}-{name}" for name in ("left", "kept"))
    left.mkdir()
    kept.mkdir()
    (kept / KEPT).touch()
    other = make_folder()
    mine = make_folder()
    assert set(tmp_path.iterdir()) == {kept, other, mine}
    remove(mine)
    assert not mine.exists()


def test_the_callers_settings_do_not_reach_the_hub_and_the_sites(tmp_path: Path) -> None:
    given = {
        "DATASPACE_PORT": "1",
        "DATASPACE_MEDPAR": "x",
        "XDG_DATA_HOME": "/x",
        "HOME": "/root",
        "PATH": "/bin",
    }
    seen = child_environment(given, tmp_path)
    assert not {"DATASPACE_PORT", "XDG_DATA_HOME"} & seen.keys()
    assert seen["HOME"].startswith(str(tmp_path)) and Path(seen["HOME"]).is_dir()
    assert seen["PATH"] == "/bin"
