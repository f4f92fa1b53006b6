"""Threads that make answers: started when first needed, and kept, as starting one takes as long as a short answer."""

import queue
import threading
from collections.abc import Callable

Work = Callable[[], None]


class Hands:
    """As many as there is work at once; who gives it bounds that. They end with the program, or with `close`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._given = queue.SimpleQueue[Work | None]()
        self._guard = threading.Lock()
        self._free = 0
        self._threads: list[threading.Thread] = []

    def give(self, work: Work) -> None:
        """Let one of them do it. It has to catch what it raises."""
        with self._guard:
            if self._free:
                self._free -= 1
                self._given.put(work)
                return
            thread = threading.Thread(target=self._serve, args=(work,), name=self._name, daemon=True)
            self._threads.append(thread)
        thread.start()

    def close(self, seconds: float) -> None:
        """Wait for each that is at work, no longer than so many seconds; then they are gone."""
        with self._guard:
            threads, self._threads = self._threads, []
        for _ in threads:
            self._given.put(None)
        for thread in threads:
            thread.join(seconds)

    def _serve(self, work: Work | None) -> None:
        while work is not None:
            work()
            del work  # and with it the answer that it held
            with self._guard:
                self._free += 1
            work = self._given.get()
        with self._guard:
            self._free -= 1  # it was told to go, and whoever gives work took nobody off for that
