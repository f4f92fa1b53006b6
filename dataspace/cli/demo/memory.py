"""How much memory the demo and everything it started take, looked at while it runs."""

import threading
from types import TracebackType
from typing import Self

import psutil

INTERVAL_SECONDS = 1.0


class MemoryWatch:
    """The highest sum of proportional set sizes (PSS) over this process and its descendants that was seen.

    PSS shares what several processes map, so that the sum over a tree counts each page once.
    """

    def __init__(self, interval: float = INTERVAL_SECONDS) -> None:
        self._interval = interval
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory-watch", daemon=True)
        self.peak_bytes = 0
        self.processes = 0
        """How many processes there were at the peak."""

    def look(self) -> None:
        """Take one look now."""
        me = psutil.Process()
        sizes = [_pss(process) for process in (me, *me.children(recursive=True))]
        if sum(sizes) > self.peak_bytes:
            self.peak_bytes, self.processes = sum(sizes), len(sizes)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.is_set():
            self.look()
            self._ended.wait(self._interval)


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.AccessDenied:
        return _rss(
            process
        )  # a confined worker shows its maps to root alone: count what it shares as if it did not
    except psutil.Error:  # it has ended meanwhile
        return 0


def _rss(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0
