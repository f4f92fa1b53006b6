"""An answer between the engine, which makes it once and quickly, and readers, who are slow and may come again."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from dataspace.errors import AnswerTooLarge, RangeNotHeld, SourceError

T = TypeVar("T")

State = Literal["open", "whole", "broken"]


class Unread(Exception):
    """Nobody takes the answer any more."""


class Room:
    """Bytes that all answers together may hold. `make` is asked to free some where there are none left."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._used = 0
        self._guard = threading.Lock()
        self.make: Callable[[], bool] = lambda: False

    @property
    def used(self) -> int:
        """Bytes held now."""
        return self._used

    def take(self, size: int) -> bool:
        """Whether there was room for so many more; then they are taken. An empty room takes anything."""
        with self._guard:
            if self._used and self._used + size > self.size:
                return False
            self._used += size
            return True

    def give(self, size: int) -> None:
        """Give bytes back."""
        with self._guard:
            self._used -= size


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one answer: bytes that it holds at once, bytes in all, and seconds that its maker waits for a reader."""

    held: int = 256 << 20
    whole: int = 4 << 30
    stall_seconds: float = 30.0


class Spool(Generic[T]):
    """Pieces in order, each with its size; positions count sizes from 0.

    An answer that fits in what may be held stays whole, and can be read again from any position. Of a larger one what
    was read is given up for what comes; its maker then waits for the reader, though not for ever.
    """

    def __init__(self, room: Room, size_of: Callable[[T], int], limits: Limits) -> None:
        self._room, self._size_of, self._limits = room, size_of, limits
        self._pieces: deque[tuple[int, T]] = deque()
        self._base = self._end = self._read = 0
        self._changed = threading.Condition()
        self._watchers: list[Future[None]] = []
        self._error: Exception | None = None
        self.state: State = "open"

    @property
    def size(self) -> int:
        """All that was put so far."""
        return self._end

    @property
    def held(self) -> int:
        """What is still here."""
        return self._end - self._base

    def put(self, piece: T) -> None:
        """Add a piece; waits for room. Raises Unread where no reader makes any, AnswerTooLarge beyond the limit."""
        size = self._size_of(piece)
        if self._end + size > self._limits.whole:
            raise AnswerTooLarge(self._limits.whole)
        deadline = time.monotonic() + self._limits.stall_seconds
        while not self._roomy(size):
            with self._changed:
                read = self._read
                if self.state != "open" or time.monotonic() > deadline:
                    raise Unread
                self._changed.wait(0.1)
                if self._read > read:
                    deadline = time.monotonic() + self._limits.stall_seconds
        with self._changed:
            if self.state != "open":
                self._room.give(size)
                raise Unread
            self._pieces.append((self._end, piece))
            self._end += size
            self._tell()

    def _roomy(self, size: int) -> bool:
        with self._changed:
            while self._pieces and self.held + size > self._limits.held and self._given_up():
                pass
            if self._pieces and self.held + size > self._limits.held:
                return False
        if self._room.take(size):
            return True
        if self._room.make():
            return self._room.take(size)
        with self._changed:  # the house is full: of one's own, at least what was read can go
            return self._given_up() and self._room.take(size)

    def _given_up(self) -> bool:
        """Let go of the oldest piece, if it was read; under the lock."""
        if not self._pieces:
            return False
        start, piece = self._pieces[0]
        size = self._size_of(piece)
        if start + size > self._read:
            return False
        self._pieces.popleft()
        self._base += size
        self._room.give(size)
        return True

    def finish(self, error: Exception | None = None) -> None:
        """Nothing more will come: it is whole, or broken by `error`. Only the first time counts."""
        with self._changed:
            if self.state == "open":
                self.state, self._error = ("whole", None) if error is None else ("broken", error)
                self._tell()

    def drop(self, error: Exception | None = None) -> None:
        """Let go of everything; who reads is told."""
        self.finish(error or SourceError("The answer is no longer held.", "Ask again."))
        with self._changed:
            if self.state == "whole":
                self.state, self._error = "broken", SourceError("The answer is no longer held.", "Ask again.")
            self._room.give(self.held)
            self._pieces.clear()
            self._base = self._end
            self._tell()

    def at(self, position: int) -> tuple[int, T] | None:
        """The piece that holds this position, and where it begins; None where it is not there yet, or at the end.

        Raises RangeNotHeld for what was given up or never will be, and what broke the answer where that was read.
        """
        with self._changed:
            if position < self._base:
                raise RangeNotHeld("These bytes of the answer are no longer held.", "Ask again.")
            self._read = max(self._read, min(position, self._end))  # who asks here has all before it
            if position >= self._end:
                self._changed.notify_all()
                if self.state == "broken" and self._error is not None:
                    raise self._error
                if position > self._end and self.state == "whole":
                    raise RangeNotHeld(f"The answer has {self._end:,} bytes.", "Ask for a range within.")
                return None
            self._changed.notify_all()
            return self._found(position)

    def _found(self, position: int) -> tuple[int, T]:
        low, high = 0, len(self._pieces) - 1
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self._pieces[middle][0] <= position else (low, middle - 1)
        return self._pieces[low]

    def ended(self, position: int) -> bool:
        """Whether a reader who has got so far has all of it."""
        return self.state == "whole" and position >= self._end

    def change(self, position: int) -> Future[None]:
        """Resolved when there may be something new at this position."""
        future: Future[None] = Future()
        with self._changed:
            if self.state != "open" or position < self._end:
                future.set_result(None)
            else:
                self._watchers.append(future)
        return future

    def read(self, position: int = 0) -> Iterator[T]:
        """Every piece from a position on, waiting for those to come. Raises what broke the answer."""
        while True:
            found = self.at(position)
            if found is not None:
                start, piece = found
                position = start + self._size_of(piece)
                yield piece
            elif self.ended(position):
                return
            else:
                self.change(position).result()

    def _tell(self) -> None:
        watchers, self._watchers = self._watchers, []
        self._changed.notify_all()
        for watcher in watchers:
            if watcher.set_running_or_notify_cancel():
                watcher.set_result(None)
