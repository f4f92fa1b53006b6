"""One child process that is kept running until it is stopped, and that never outlives its owner."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 15.0
STOP_SECONDS = 4.0


class Child:
    """Starts a command and starts it again, later each time, when it exits.

    The thread that starts the process lives as long as this object runs: Linux sends the parent-death signal when the
    *thread* that forked ends, so a process started by a passing request would die with the request.
    """

    def __init__(
        self, name: str, command: Callable[[], Sequence[str]], directory: Path, environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self._command = command
        self._directory = directory
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self._patience = STOP_SECONDS
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.exits: list[int] = []
        """Exit codes of the processes that ended by themselves, oldest first."""

    @property
    def log(self) -> Path:
        """Where the child's output goes."""
        return self._directory / f"{self.name}.log"

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start supervising; returns at once."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._supervise, name=f"child-{self.name}", daemon=True)
        self._thread.start()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End the process and all that it started, by force after `seconds`; returns when they are gone."""
        self._patience = seconds
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _supervise(self) -> None:
        backoff = FIRST_BACKOFF_SECONDS
        while not self._stopping.is_set():
            started = time.monotonic()
            with self.log.open("ab") as output:
                self._process = process = subprocess.Popen(
                    list(self._command()),
                    cwd=self._directory,
                    env={**os.environ, **self._environment},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    # Ctrl-C in a terminal goes to its whole group; the owner ends its children in order instead.
                    start_new_session=True,
                )
            while process.poll() is None and not self._stopping.wait(0.1):
                pass
            if process.poll() is None:
                end_tree(process, self._patience)
                return
            self.exits.append(process.returncode)
            if time.monotonic() - started > 60:
                backoff = FIRST_BACKOFF_SECONDS
            self._stopping.wait(backoff)
            backoff = min(backoff * 2, LONGEST_BACKOFF_SECONDS)


def end_tree(process: subprocess.Popen[bytes], seconds: float = STOP_SECONDS) -> None:
    """Ask a process and its descendants to end, and kill those that have not after `seconds`."""
    try:
        descendants = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        descendants = []
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _, alive = psutil.wait_procs(descendants, timeout=0.5)
    for left in alive:
        left.kill()
    psutil.wait_procs(alive, timeout=2)
