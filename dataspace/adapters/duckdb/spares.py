"""Confined workers that hold nothing yet, so that the first answer of a session does not wait for one to start."""

import logging
import threading

from dataspace.adapters.duckdb.pair import Pair, Spawner
from dataspace.adapters.duckdb.wire import Broken

_log = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.5
"""Before another spare is started: the question that took the last one needs the processor now."""


class Spares:
    """Up to `count` of them, from the first question on: who never asks starts no process.

    A spare was given no cut and has served nobody, so it can become anybody's; what has served is never put back.
    """

    def __init__(self, spawner: Spawner, count: int, seconds: float) -> None:
        self._spawner, self._count, self._seconds = spawner, count, seconds
        self._ready: list[Pair] = []
        self._guard = threading.Lock()
        self._wanted, self._stopped = threading.Event(), threading.Event()
        self._filler = threading.Thread(target=self._fill, name="spare workers", daemon=True)
        if count:
            self._filler.start()

    def __len__(self) -> int:
        return len(self._ready)

    def take(self) -> Pair:
        """A worker that holds nothing: a spare one, else a new one. Raises Broken."""
        try:
            while True:
                with self._guard:
                    if not self._ready:
                        break
                    pair = self._ready.pop()
                if pair.alive():
                    return pair
                pair.end()
            return self._spawner.pair(self._seconds)
        finally:
            self._wanted.set()

    def rest(self) -> None:
        """End all spares; the next question starts what it needs, and a spare after it."""
        with self._guard:
            ended, self._ready = self._ready, []
        for pair in ended:
            pair.end()

    def stop(self) -> None:
        """End all spares; none is started any more."""
        self._stopped.set()
        self._wanted.set()
        if self._count:
            self._filler.join()
        self.rest()

    def _fill(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            while len(self._ready) < self._count and not self._stopped.wait(_PAUSE_SECONDS):
                try:
                    pair = self._spawner.pair(self._seconds)
                except (Broken, OSError, RuntimeError) as error:
                    # Whoever asks next starts one, and is told if that fails. RuntimeError: the interpreter ends.
                    _log.warning("no spare worker could be started: %s", type(error).__name__)
                    break
                with self._guard:
                    self._ready.append(pair)
            if self._stopped.is_set():
                return
