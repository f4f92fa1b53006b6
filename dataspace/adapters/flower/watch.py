"""Follows one run from outside, so that its end is seen also when its coordinator can no longer write it."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil

from dataspace.adapters.flower.orders import FINAL, JOURNAL, PROCESS, FileJournal, read_order, run_directory
from dataspace.errors import SourceError, UnknownName
from dataspace.model.names import RunId
from dataspace.model.runs import RunEvent

LOOK_SECONDS = 0.03
"""Between two looks at the journal; a look is one `stat`."""
CHECK_SECONDS = 1.0
"""Between two checks whether the coordinator still lives."""
START_SECONDS = 90.0
"""A coordinator that has not started by then will not."""
GRACE_SECONDS = 30.0
"""Beyond the order's own limit, before the run is ended from here."""

FLOWER_RUN = "flower-run"


class RunWatch:
    """The journal of a run and the life of its coordinator.

    `finished(id)` asks Flower whether the run has ended (None: no answer), `stop(id)` ends it there. `lock` is
    shared by all watches of a link, so that two watchers do not both write the end.
    """

    def __init__(
        self,
        runs: Path,
        run: RunId,
        finished: Callable[[int], bool | None],
        stop: Callable[[int], None],
        lock: threading.Lock,
    ) -> None:
        self.directory = run_directory(runs, run)
        self._run = run
        self._journal = FileJournal(self.directory / JOURNAL)
        self._finished = finished
        self._stop = stop
        self._lock = lock

    def note_submission(self, flower_run: int) -> None:
        """Remember Flower's own number of the run."""
        (self.directory / FLOWER_RUN).write_text(str(flower_run))

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
                if cause := self._cause_of_death():
                    self.end(cause)
            time.sleep(LOOK_SECONDS)

    def end(self, cause: str) -> None:
        """End the run in Flower, and its journal with `failed` where it has no end yet."""
        if flower_run := self._flower_run():
            try:
                self._stop(flower_run)
            except SourceError:
                # Ended already, or the SuperLink is gone, and the coordinator with it.
                flower_run = None
        if process := self._process():
            # Flower would tell it with the next heartbeat, some 20 s later.
            process.terminate()
        with self._lock:
            if not any(event.kind in FINAL for event in self._journal.read()):
                now = datetime.now(UTC)
                self._journal.append(RunEvent(self._run, "failed", 0, now, {"cause": cause}))

    def _cause_of_death(self) -> str:
        """Empty while the run may still go on."""
        age = time.time() - (self.directory / "order.json").stat().st_mtime
        if age > read_order(self.directory).run_seconds + GRACE_SECONDS:
            return "run-deadline"
        if (self.directory / PROCESS).exists():
            return "" if self._process() else "coordinator-died"
        flower_run = self._flower_run()
        if flower_run is not None and self._finished(flower_run):
            return "coordinator-died"
        return "coordinator-did-not-start" if age > START_SECONDS else ""

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

    def _flower_run(self) -> int | None:
        try:
            return int((self.directory / FLOWER_RUN).read_text())
        except (FileNotFoundError, ValueError):
            return None

    def _size(self) -> int:
        try:
            return (self.directory / JOURNAL).stat().st_size
        except FileNotFoundError:
            return -1
