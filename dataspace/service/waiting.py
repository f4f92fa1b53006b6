"""While a round waits: who is late is told again and again, so that nobody has to guess whom a run waits for."""

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from dataspace.model.names import SiteName
from dataspace.service.repeating import repeated

WAITING_SECONDS = 10.0
"""Between two times that those are named who have not answered yet."""


@contextmanager
def late_named(
    late: Callable[[], Sequence[SiteName]],
    tell: Callable[[Sequence[SiteName], float], None],
) -> Iterator[None]:
    """Call `tell` with who is late and for how many seconds, again and again for as long as the context lasts."""
    looks = itertools.count(1)

    def look(_ending: threading.Event) -> None:
        waited = next(looks) * WAITING_SECONDS
        if missing := late():
            tell(missing, waited)

    with repeated("late", WAITING_SECONDS, look):
        yield
