"""A worker and its clerk as child processes: started from a thread that stays, and ended for certain."""

import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dataspace.adapters.duckdb.wire import Broken, Channel, Frame

_log = logging.getLogger(__name__)

_START_SECONDS = 60.0

# Address space, not memory: the engine and its libraries reserve far more than they touch.
_RESERVED = 4 * 2**30
_CLERK_MEMORY = 3 * 2**30


class Child:
    """One confined process and the gateway's end of its socket."""

    def __init__(self, process: subprocess.Popen[bytes], channel: Channel) -> None:
        self.process, self.channel = process, channel

    def end(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.kill()
        self.process.wait()
        self.channel.close()


class Pair:
    """What serves one session. `holds` is the datasets and cuts that the worker was given."""

    def __init__(self, worker: Child, other: socket.socket, holds: tuple[tuple[str, str], ...]) -> None:
        self._worker, self._other, self.holds = worker, other, holds
        self._clerk: Child | None = None

    @property
    def worker(self) -> Channel:
        """The gateway's end of the worker's socket."""
        return self._worker.channel

    def clerk(self, spawner: "Spawner", seconds: float) -> Channel:
        """The gateway's end of the clerk's socket; starts the clerk where there is none."""
        if self._clerk is None:
            self._clerk = spawner.child("clerk", self._other)
            spawner.greet(self._clerk, seconds)
        return self._clerk.channel

    def reply(self, seconds: float) -> Frame:
        """The worker's next frame. Raises Broken."""
        return _checked(self._worker.channel.receive(max(seconds, 0.001)))

    def verdict(self, seconds: float) -> Frame:
        """The clerk's answer. Raises Broken."""
        if self._clerk is None:
            raise Broken("there is no clerk")
        return _checked(self._clerk.channel.receive(max(seconds, 0.001)))

    def alive(self) -> bool:
        """Whether its processes run."""
        children = [self._worker, *([self._clerk] if self._clerk else [])]
        return all(child.process.poll() is None for child in children)

    def kill(self) -> None:
        """SIGKILL to both; their sockets stay open for whoever reads them."""
        for child in [self._worker, *([self._clerk] if self._clerk else [])]:
            child.process.kill()

    def end(self) -> None:
        """End both."""
        self._worker.end()
        if self._clerk is not None:
            self._clerk.end()
        self._other.close()


def _checked(frame: Frame) -> Frame:
    if frame.document.get("failed"):
        raise Broken("it has no answer")
    return frame


class Spawner:
    """Starts processes from one thread that stays, because a child dies with the thread that made it."""

    def __init__(self, log_path: Path, memory_bytes: int, threads: int, cpu_seconds: int) -> None:
        self._log_path, self._memory, self._threads, self._cpu = log_path, memory_bytes, threads, cpu_seconds
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="confined")
        self.isolation = ""

    def pair(self, holds: tuple[tuple[str, str], ...], files: Sequence[int], seconds: float) -> Pair:
        """A worker that holds these cuts and no others. Raises Broken, and leaves no process then."""
        ours, other = socket.socketpair()
        try:
            worker = self.child("worker", ours)
        except BaseException:
            other.close()
            raise
        finally:
            ours.close()
        pair = Pair(worker, other, holds)
        try:
            self.greet(worker, seconds)
            cuts = [{"dataset": dataset, "cut": cut} for dataset, cut in holds]
            worker.channel.send({"do": "attach", "cuts": cuts}, files=files, seconds=seconds)
            pair.reply(max(seconds, _START_SECONDS))
        except BaseException:
            pair.end()
            raise
        return pair

    def child(self, module: str, other: socket.socket) -> Child:
        """Start a process that has its gateway socket, `other` and the log, and nothing else."""
        return self._thread.submit(self._start, module, other).result()

    def greet(self, child: Child, seconds: float) -> None:
        """Wait until it is confined, and say loudly where the kernel could not confine it fully."""
        try:
            level = str(child.channel.receive(max(seconds, _START_SECONDS)).document.get("isolation"))
        except Broken:
            child.end()
            raise
        if level != "A" and level != self.isolation:
            _log.warning(
                "ISOLATION LEVEL %s: this kernel has no %s, so a broken engine could read files of this account. "
                "Use a kernel with Landlock (5.13 or newer).",
                level,
                "Landlock" if level == "B" else "Landlock and no seccomp",
            )
        self.isolation = level

    def stop(self) -> None:
        """Let the thread go. Its children must have been ended."""
        self._thread.shutdown()

    def _start(self, module: str, other: socket.socket) -> Child:
        ours, theirs = socket.socketpair()
        try:
            orders = {
                "parent": os.getpid(),
                "gateway": theirs.fileno(),
                "other": other.fileno(),
                "memory_bytes": self._memory + _RESERVED if module == "worker" else _CLERK_MEMORY,
                "cpu_seconds": self._cpu,
                "engine_memory": f"{self._memory // 2**20}MiB",
                "threads": self._threads,
            }
            command = [sys.executable, "-I", "-m", f"dataspace.adapters.duckdb.{module}", json.dumps(orders)]
            self._log_path.parent.mkdir(parents=True, exist_ok=True)
            with self._log_path.open("ab") as log:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    cwd="/",
                    env={"OPENBLAS_NUM_THREADS": "1"},  # else numpy reserves memory for every processor
                    pass_fds=[theirs.fileno(), other.fileno()],
                )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return Child(process, Channel(ours))
