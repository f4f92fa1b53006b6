"""A worker and its clerk as child processes: started from a thread that stays, and ended for certain."""

import json
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dataspace.adapters.duckdb.wire import Broken, Channel, Frame
from dataspace.errors import NoAnswer
from dataspace.model.temporaries import Temporary

_log = logging.getLogger(__name__)

_START_SECONDS = 60.0

MAXIMUM_CUTS = 48
"""Of one worker."""

# Address space, not memory: the engine and its libraries reserve far more than they touch.
_RESERVED = 4 * 2**30
_CLERK_MEMORY = 3 * 2**30
_GUEST_RESERVED = 3 * 2**29
# Else numpy, and torch, reserve memory for every processor.
_ALONE, _GUEST = {"OPENBLAS_NUM_THREADS": "1"}, {"OMP_NUM_THREADS": "1"}


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
    """What serves one session. `holds` is the cut of each dataset that the worker was given."""

    def __init__(self, worker: Child, other: socket.socket) -> None:
        self._worker, self._other = worker, other
        self.holds: dict[str, str] = {}
        self.kept: dict[str, Temporary] = {}
        """Temporary results that the worker has, by name."""
        self.stale = False
        """It holds a cut that was dropped, so it ends with what it is doing."""
        self.trains = False
        """It holds what the next round of a run would have to work out again."""
        self._clerk: Child | None = None
        self._guest = ""
        """The hash of the app that a guest stands ready with."""

    def can_hold(self, cuts: Mapping[str, str]) -> bool:
        """Whether these fit beside what it holds: a dataset has one cut, and a worker so many."""
        fit = all(self.holds.get(dataset, cut) == cut for dataset, cut in cuts.items())
        return fit and len({*self.holds, *cuts}) <= MAXIMUM_CUTS

    def add(self, cuts: Mapping[str, str], files: Mapping[str, int], seconds: float) -> None:
        """Give the worker those of these cuts that it does not hold yet. Raises Broken."""
        new = [(dataset, cut) for dataset, cut in sorted(cuts.items()) if dataset not in self.holds]
        if new:
            for dataset, _ in new:
                self.kept.pop(dataset, None)  # the worker forgets it too: the dataset has the name
            self.begin(new, [files[cut] for _, cut in new], seconds)
            self.holds.update(new)

    def begin(self, new: Sequence[tuple[str, str]], files: Sequence[int], seconds: float) -> None:
        """Hand over cuts; with none, the worker loads its engine and is warm. Raises Broken."""
        described = [{"dataset": dataset, "cut": cut} for dataset, cut in new]
        self.worker.send({"do": "attach", "cuts": described}, files=files, seconds=seconds)
        self.reply(max(seconds, _START_SECONDS))

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

    def guest(self, spawner: "Spawner", app: Mapping[str, Any], seconds: float) -> str:
        """Have a guest at the other end of the worker, in the place of a clerk, with this app (`hash`, `uses`,
        `files`); what it lacks to run it, or empty. Raises Broken where another one is there."""
        if self._guest == app["hash"]:
            return ""
        if self._clerk is not None:
            raise Broken("there is a clerk, or another app, in its place")
        self._clerk = spawner.child("guest", self._other)
        spawner.greet(self._clerk, seconds)
        self._clerk.channel.send(app, seconds=seconds)
        lacks = str(self._clerk.channel.receive(max(seconds, _START_SECONDS)).document["lacks"])
        self._guest = "" if lacks else app["hash"]
        return lacks

    def reply(self, seconds: float) -> Frame:
        """The worker's next frame. Raises Broken."""
        return checked(self._worker.channel.receive(max(seconds, 0.001)))

    def verdict(self, seconds: float) -> Frame:
        """The clerk's answer. Raises Broken."""
        if self._clerk is None:
            raise Broken("there is no clerk")
        return checked(self._clerk.channel.receive(max(seconds, 0.001)))

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


def checked(frame: Frame) -> Frame:
    """The frame, where its sender did not fail. Raises Broken."""
    if frame.document.get("failed"):
        raise Broken("it has no answer")
    return frame


def sound(frame: Frame) -> Frame:
    """The same; raises NoAnswer where the statement failed and its worker did not."""
    if frame.document.get("sound"):
        raise NoAnswer()
    return checked(frame)


class Spawner:
    """Starts processes from one thread that stays, because a child dies with the thread that made it."""

    def __init__(self, log_path: Path, memory_bytes: int, threads: int, cpu_seconds: int) -> None:
        self._log_path, self._memory, self._threads, self._cpu = log_path, memory_bytes, threads, cpu_seconds
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="confined")
        self.isolation = ""

    def pair(self, seconds: float) -> Pair:
        """A confined worker that holds nothing yet. Raises Broken, and leaves no process then."""
        ours, other = socket.socketpair()
        try:
            worker = self.child("worker", ours)
        except BaseException:
            other.close()
            raise
        finally:
            ours.close()
        pair = Pair(worker, other)
        try:
            self.greet(worker, seconds)
            pair.begin([], [], seconds)
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
            reserved = _GUEST_RESERVED if module == "guest" else _RESERVED
            orders = {
                "parent": os.getpid(),
                "gateway": theirs.fileno(),
                "other": other.fileno(),
                "memory_bytes": _CLERK_MEMORY if module == "clerk" else self._memory + reserved,
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
                    env=_ALONE | (_GUEST if module == "guest" else {}),
                    pass_fds=[theirs.fileno(), other.fileno()],
                )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return Child(process, Channel(ours))
