"""While a step runs: a child that ends by itself ends the step at once, whatever the step is waiting for."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from dataspace.cli.demo.processes import Child
from dataspace.errors import DataspaceError, SetupError

LOOK_SECONDS = 0.3
CHILD_SIGNAL = signal.SIGUSR1
"""How the watcher interrupts the main thread."""


class ChildEnded(BaseException):
    """Ends a step from within, whatever it catches; never leaves `watched`."""


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise ChildEnded


@contextmanager
def watched(children: Callable[[], Sequence[Child]]) -> Iterator[None]:
    """Raise the SetupError of a child that ended, instead of what its end led to. From the main thread only.

    A step may wait in a read for as long as a round lasts. So the watcher interrupts the main thread by a signal,
    which ends the read, as Ctrl-C would: a signal of its own, since a shell that puts the demo into the background
    has it ignore Ctrl-C.
    """
    died: list[SetupError] = []
    done = threading.Event()
    main = threading.main_thread().ident

    def look() -> None:
        while not done.wait(LOOK_SECONDS):
            found = first_end(children())
            if found is not None and main is not None:
                died.append(found)
                signal.pthread_kill(main, CHILD_SIGNAL)
                return

    thread = threading.Thread(target=look, name="child-watch", daemon=True)
    signal.signal(CHILD_SIGNAL, _interrupt)
    try:
        try:
            thread.start()
            yield
        finally:
            done.set()
            if thread.is_alive():  # not where Ctrl-C came while it was started
                thread.join()
    except ChildEnded:
        raise died[0] from None
    except DataspaceError as error:
        # The hub's silence is told before its end is seen.
        found = first_end(children(), patience=1.0)
        raise (found or error) from error
    finally:
        # Not as it was before: a signal that is still under way would end the process.
        signal.signal(CHILD_SIGNAL, signal.SIG_IGN)


def first_end(children: Sequence[Child], patience: float = 0.0) -> SetupError | None:
    """What is to be said of the first child that has ended, None while all run."""
    until = time.monotonic() + patience
    while True:
        for child in children:
            try:
                child.check()
            except SetupError as error:
                return error
        if time.monotonic() >= until:
            return None
        time.sleep(LOOK_SECONDS / 3)
