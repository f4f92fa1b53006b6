"""The demo's child processes: started, watched, and gone at the end, however the demo ends."""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from dataspace.errors import SetupError

STOP_SECONDS = 4.0
"""For a clean end. What has not ended by then is killed: all that it could still write is thrown away with it."""

_TIED = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, which survives the exec below
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""


class Child:
    """One Python program of ours, with its output in a file.

    `tied`: the kernel kills it when the demo ends, also by `kill -9`: nobody is left who could wait for an orderly
    end, and all that it could still write is thrown away. What it started is tied to it in turn. Linux watches the
    *thread* that started it, so start children from the main thread. Each is in a session of its own: Ctrl-C reaches
    the demo alone, which then ends them in order.
    """

    def __init__(
        self, name: str, arguments: Sequence[str], environ: Mapping[str, str], log: Path, tied: bool
    ) -> None:
        self.name = name
        self.log = log
        self._started: list[psutil.Process] = []
        interpreter = [sys.executable]
        if tied:
            interpreter += ["-I", "-S", "-c", _TIED, str(psutil.Process().pid)]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*interpreter, *arguments],
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Its process id, which also names its session and group."""
        return self._process.pid

    def check(self) -> None:
        """Raise SetupError where it has ended."""
        if self._process.poll() is not None:
            raise SetupError(
                f"{self.name} ended by itself (code {self._process.returncode}). {last_words(self.log)}".strip(),
                "Run the demo again; where it ends so twice, report the line above.",
            )

    def ask_to_end(self) -> None:
        """Send SIGTERM; does not wait."""
        if self._process.poll() is None:
            self._started = _descendants(self._process.pid)  # afterwards nobody knows whose they were
            self._process.terminate()

    def end(self, deadline: float) -> None:
        """Wait until `deadline` (monotonic), then kill it and whatever it started."""
        left = self._started
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            left += _descendants(self._process.pid)
            self._process.kill()
            self._process.wait()
        until = max(deadline, time.monotonic() + 0.2)
        while (alive := [process for process in left if _runs(process)]) and time.monotonic() < until:
            time.sleep(0.05)
        for process in alive:
            with suppress(psutil.NoSuchProcess):
                process.kill()


def end_all(children: Sequence[Child], seconds: float = STOP_SECONDS) -> None:
    """End all of them at once, the last started first; returns when every one and what it started is gone."""
    deadline = time.monotonic() + seconds
    for child in reversed(children):
        child.ask_to_end()
    for child in reversed(children):
        child.end(deadline)


def last_words(log: Path, most: int = 200) -> str:
    """The last line that a child wrote, for people: where it ended by an error of ours, that is the sentence."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return "".join(c for c in lines[-1] if c.isprintable())[:most] if lines else ""


def _runs(process: psutil.Process) -> bool:
    """Whether it is more than an exit code: in a container, nobody may ever fetch that of an orphan."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
