"""Reading a little ahead in a thread of its own, so that decoding and encoding do not wait for each other."""

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar, cast

T = TypeVar("T")
_AHEAD = 4
_SECONDS = 0.1


def ahead(items: Iterable[T], most: int = _AHEAD) -> Iterator[T]:
    """The same items in the same order; at most `most` are held. What the source raises is raised here.

    The thread ends with the source, or soon after this iterator is closed.
    """
    waiting: queue.Queue[tuple[str, object]] = queue.Queue(maxsize=most)
    closed = threading.Event()

    def put(entry: tuple[str, object]) -> bool:
        while not closed.is_set():
            try:
                waiting.put(entry, timeout=_SECONDS)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in items:
                if not put(("item", item)):
                    return
            put(("end", None))
        except BaseException as error:  # noqa: BLE001 - raised again where the items are taken
            put(("error", error))
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()

    thread = threading.Thread(target=work, name="reading-ahead", daemon=True)
    thread.start()
    try:
        while True:
            kind, value = waiting.get()
            if kind == "end":
                return
            if kind == "error" and isinstance(value, BaseException):
                raise value
            yield cast(T, value)
    finally:
        closed.set()
        thread.join()
