"""What is looked at again and again beside other work: a thread that lasts as long as its context."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeated(
    name: str, seconds: float, look: Callable[[threading.Event], object], patience: float | None = None
) -> Iterator[None]:
    """Call `look` every so many seconds, the first time after as many, until the context ends.

    `look` gets an event that is set when the context ends, for looks that are long; it tells of its own failures:
    one that is raised ends the thread. The end waits for a look that is under way, at most `patience` seconds.
    """
    ending = threading.Event()

    def work() -> None:
        while not ending.wait(seconds):
            look(ending)

    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join(patience)
