"""A message at work can be broken off: by the site's own people at once, and by whoever stops the run at the hub."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dataspace.errors import DataspaceError
from dataspace.model.names import RunId
from dataspace.model.runs import SiteMessage, SiteReply

LOOK_SECONDS = 0.1
"""Between two looks whether this site was stopped."""
ASK_SECONDS = 2.0
"""Between two questions to the hub whether the run still goes on; what is answered sooner causes none."""
_log = logging.getLogger("dataspace.site.interrupting")


@dataclass(frozen=True, slots=True)
class Interruptible:
    """Around the guard's `handle`. What is broken off ends like any worker that dies: refused, recorded, still charged.

    `goes_on` asks the hub, `end` ends the workers of a run, `end_all` those of all runs.
    """

    handle: Callable[[SiteMessage], SiteReply]
    stop: threading.Event
    goes_on: Callable[[RunId], bool]
    end: Callable[[RunId], None]
    end_all: Callable[[], None]
    ask_seconds: float = ASK_SECONDS

    def __call__(self, message: SiteMessage) -> SiteReply:
        """Answer, as the guard does."""
        with self._watched(message.run):
            return self.handle(message)

    @contextmanager
    def _watched(self, run: RunId) -> Iterator[None]:
        done = threading.Event()
        thread = threading.Thread(target=self._watch, args=(run, done), name="interrupting", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()

    def _watch(self, run: RunId, done: threading.Event) -> None:
        asked = time.monotonic()
        while not done.wait(LOOK_SECONDS):
            if self.stop.is_set():
                return self.end_all()
            if time.monotonic() - asked < self.ask_seconds:
                continue
            asked = time.monotonic()
            try:
                if not self.goes_on(run) and not done.is_set():
                    self.end(run)
            except DataspaceError as error:
                # A hub that is away ends nothing: the run may well go on.
                _log.debug("whether the run goes on cannot be told: %s", error.code)
        return None
