"""While a round waits: who is late is told again and again, so that nobody has to guess whom a run waits for."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from dataspace.model.names import SiteName

WAITING_SECONDS = 10.0
"""Between two times that those are named who have not answered yet."""


@contextmanager
def late_named(
    late: Callable[[], Sequence[SiteName]],
    tell: Callable[[Sequence[SiteName], float], None],
) -> Iterator[None]:
    """Call `tell` with who is late and for how many seconds, again and again for as long as the context lasts."""
    done = threading.Event()

    def look() -> None:
        waited = 0.0
        while not done.wait(WAITING_SECONDS):
            waited += WAITING_SECONDS
            if missing := late():
                tell(missing, waited)

    thread = threading.Thread(target=look, name="late", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
