"""Follows one run from outside: a coordinator that was lost is started again, and where that is in vain, the run ends
with the cause, which the coordinator itself can no longer write."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import psutil

from dataspace.adapters.flower.checkpoints import FileCheckpoints
from dataspace.adapters.flower.orders import (
    FINAL,
    JOURNAL,
    ORDER,
    PROCESS,
    FileJournal,
    read_order,
    run_directory,
    write_nodes,
)
from dataspace.errors import SourceError, UnknownName, VerificationFailed
from dataspace.model.names import RunId, SiteName
from dataspace.model.runs import RunEvent

LOOK_SECONDS = 0.03
"""Between two looks at the journal; a look is one `stat`."""
CHECK_SECONDS = 1.0
"""Between two checks whether the coordinator still lives."""
START_SECONDS = 90.0
"""A coordinator that has not started by then will not."""
RESUMES = 3
"""How often a run goes on after its coordinator was lost: one that dies of itself would do so for ever."""
RETURN_SECONDS = 40.0
"""For all sites to come back; after it the run goes on with those that have, where they are enough."""
RESUME_SECONDS = 120.0
"""For the SuperLink and enough sites to come back."""
GRACE_SECONDS = 30.0
"""Beyond the order's own limit, before the run is ended from here."""

FLOWER_RUN = "flower-run"
LOST = "lost"
"""A file that is there, and as old, since the coordinator of the run was lost."""
RESUMED = "resumed"
DIED, DID_NOT_START = "coordinator-died", "coordinator-did-not-start"
DAMAGED = "checkpoint-damaged"
SUPERLINK_DIED, DEADLINE = "superlink-died", "run-deadline"
_RESUMABLE = frozenset({DIED, SUPERLINK_DIED})


def wait_anew(runs: Path) -> None:
    """For a hub that starts: while none ran, neither the SuperLink nor a site could come back."""
    for lost in runs.glob(f"*/{LOST}"):
        lost.touch()


class Hub(Protocol):
    """What a watch asks of the SuperLink."""

    def finished(self, flower_run: int) -> bool | None:
        """Whether a run has ended there; None where that cannot be told."""
        ...

    def stop(self, flower_run: int) -> None:
        """End a run there. Raises SourceError."""
        ...

    def start(self, run: RunId) -> int:
        """Start a coordinator for a run whose order is written; Flower's own number of it. Raises SourceError."""
        ...

    def sites(self) -> Mapping[SiteName, int]:
        """Who is connected, with the number of its node now. Raises SourceError."""
        ...

    def superlink(self) -> int | None:
        """The SuperLink's process; None while there is none."""
        ...


class RunWatch:
    """The journal of a run and the life of its coordinator.

    `lock` is shared by all watches of a link, so that two watchers do not both write the end, or both go on.
    """

    def __init__(self, runs: Path, run: RunId, hub: Hub, lock: threading.Lock) -> None:
        self.directory = run_directory(runs, run)
        self._run = run
        self._journal = FileJournal(self.directory / JOURNAL)
        self._hub = hub
        self._lock = lock

    def submit(self) -> None:
        """Have a coordinator started, and remember Flower's number of the run and whose it is. Raises SourceError."""
        superlink = self._hub.superlink() or 0
        flower_run = self._hub.start(self._run)
        (self.directory / FLOWER_RUN).write_text(f"{flower_run} {superlink}")

    def events(self) -> Iterator[RunEvent]:
        """See `FlowerLink.events`."""
        if not self.directory.is_dir():
            raise UnknownName("run", self._run)
        seen, size, checked = 0, -1, time.monotonic()
        while True:
            now_size = self._size()
            if now_size != size:
                size = now_size
                for event in self._journal.read(seen):
                    seen += 1
                    yield event
                    if event.kind in FINAL:
                        return
            elif time.monotonic() - checked > CHECK_SECONDS:
                checked = time.monotonic()
                if (cause := self._cause_of_death()) and (cause := self._lost_for_good(cause)):
                    self.end(cause)
            time.sleep(LOOK_SECONDS)

    def end(self, cause: str) -> None:
        """End the run in Flower, and its journal with `failed` where it has no end yet."""
        with self._lock:
            self._end_coordinator()
            if not any(event.kind in FINAL for event in self._journal.read()):
                now = datetime.now(UTC)
                self._journal.append(RunEvent(self._run, "failed", 0, now, {"cause": cause}))

    def _end_coordinator(self) -> None:
        flower_run, _ = self._submitted()
        if flower_run is not None:
            # Where it has ended already, or the SuperLink is gone, the coordinator is gone with it.
            with suppress(SourceError):
                self._hub.stop(flower_run)
        if process := self._process():
            # Flower would tell it with the next heartbeat, some 20 s later.
            process.terminate()

    def _lost_for_good(self, cause: str) -> str:
        """Why the run cannot go on with another coordinator, after the last round kept; empty where it can, or may."""
        if cause not in _RESUMABLE:
            return cause
        with self._lock:
            if any(event.kind in FINAL for event in self._journal.read()) or not self._cause_of_death():
                return ""  # another watcher was faster
            lost = self.directory / LOST
            if not lost.exists():
                self._end_coordinator()
                lost.touch()
            before = sum(event.kind == RESUMED for event in self._journal.read())
            if before >= RESUMES or time.time() - lost.stat().st_mtime > RESUME_SECONDS:
                return cause
            try:
                kept = FileCheckpoints(self.directory).last()
            except VerificationFailed:
                return DAMAGED
            self._start_again(cause, kept.event.round if kept else 0)
            return ""

    def _start_again(self, cause: str, number: int) -> None:
        """Once the SuperLink answers and enough sites are back; the next look tries again where that is not so."""
        order = read_order(self.directory)
        try:
            nodes = {site: node for site, node in self._hub.sites().items() if site in order.sites}
            waited = time.time() - (self.directory / LOST).stat().st_mtime
            if len(nodes) < len(order.sites) and (len(nodes) < order.minimum or waited < RETURN_SECONDS):
                return
            write_nodes(self.directory, nodes)
            (self.directory / PROCESS).unlink(missing_ok=True)
            self.submit()
        except SourceError:
            return
        (self.directory / LOST).unlink()
        facts = {"cause": cause, "sites": sorted(nodes)}
        self._journal.append(RunEvent(self._run, RESUMED, number, datetime.now(UTC), facts))

    def _cause_of_death(self) -> str:
        """Empty while the run may still go on."""
        age = time.time() - (self.directory / ORDER).stat().st_mtime
        if age > read_order(self.directory).run_seconds + GRACE_SECONDS:
            return DEADLINE
        flower_run, superlink = self._submitted()
        now = self._hub.superlink()
        if flower_run is not None and superlink and now != superlink:
            return SUPERLINK_DIED
        if (self.directory / PROCESS).exists():
            return "" if self._process() else DIED
        if flower_run is None:
            return DID_NOT_START if age > START_SECONDS else ""
        if self._hub.finished(flower_run):
            return DIED
        waited = time.time() - (self.directory / FLOWER_RUN).stat().st_mtime
        return DID_NOT_START if waited > START_SECONDS else ""

    def _process(self) -> psutil.Process | None:
        """The coordinator's process, while it lives."""
        path = self.directory / PROCESS
        try:
            process = psutil.Process(int(path.read_text()))
            # A later process can have got the same number.
            same = process.create_time() <= path.stat().st_mtime + 1
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except (FileNotFoundError, psutil.NoSuchProcess, ValueError):
            return None

    def _submitted(self) -> tuple[int | None, int]:
        """Flower's number of the run, and the process of the SuperLink that has it."""
        try:
            flower_run, _, superlink = (self.directory / FLOWER_RUN).read_text().partition(" ")
            return int(flower_run), int(superlink or 0)
        except (FileNotFoundError, ValueError):
            return None, 0

    def _size(self) -> int:
        try:
            return (self.directory / JOURNAL).stat().st_size
        except FileNotFoundError:
            return -1
