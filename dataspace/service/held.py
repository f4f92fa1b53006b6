"""One answer that is being made or is held, and what it is made into."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pyarrow as pa

from dataspace.model.plans import RowsMessage
from dataspace.model.requests import Query
from dataspace.service.spool import Spool

Encoder: TypeAlias = Callable[[pa.Schema, Iterator[pa.RecordBatch]], Iterator[Any]]
"""From batches to what a door sends: bytes, or batches as they are."""
Forwarder: TypeAlias = Callable[[pa.Schema, Iterator[RowsMessage]], Iterator[Any]]
"""The same from what the worker wrote."""

_PROMISED_SECONDS = 5.0
_AT_ONCE = 65_536
"""Bytes of an answer that its reader is called for before it is whole."""


@dataclass(frozen=True, slots=True)
class Form:
    """What an answer is made into. With `forward`, rows come out of their worker in it already, in this `codec`."""

    name: str
    """In the door's words."""
    encode: Encoder
    forward: Forwarder | None = None
    codec: str = ""


@dataclass(slots=True, eq=False)
class Held:
    """One answer that is being made or is held. `id` is a secret of whoever asked."""

    id: str
    query: Query
    schema: pa.Schema
    spool: Spool[Any]
    form: str
    """What the pieces are, in the door's words."""
    outcome: int | None = None
    """Number of the record of its outcome, where there was one when it was handed over."""
    rows: int | None = None
    """Known where the answer was whole when it was handed over."""
    _cancel: Callable[[str], None] = lambda _: None
    _readers: int = 0
    _counting: threading.Lock = field(default_factory=threading.Lock)
    _touched: float = field(default_factory=time.monotonic)
    _promised: float | None = None

    def __enter__(self) -> "Held":
        with self._counting:
            self._readers += 1
        return self

    def __exit__(self, *_: object) -> None:
        with self._counting:
            self._readers -= 1
            self._touched = time.monotonic()

    def promise(self) -> None:
        """A ticket for it leaves; whoever brings it soon reads on in the same question."""
        self._promised = time.monotonic()

    def redeemed(self) -> bool:
        """Whether this is the first reading after a promise, and soon enough to need no decision of its own."""
        with self._counting:
            promised, self._promised = self._promised, None
        return promised is not None and time.monotonic() - promised < _PROMISED_SECONDS

    def idle_seconds(self) -> float:
        """Since the last reader left; 0 while there is one."""
        return 0.0 if self._readers else time.monotonic() - self._touched

    def cancel(self, why: str = "cancelled") -> None:
        """Stop making it, and let go of what is there. A whole one is let go of too."""
        if self.spool.state == "open":
            self._cancel(why)
        self.spool.drop()


class Begun:
    """An answer that is being started. `ready` is resolved with it once it is whole, or there is a good deal of it."""

    def __init__(self, stop: Callable[[Held], None]) -> None:
        self._stop = stop
        self.ready = Future[Held]()
        self.ready.set_running_or_notify_cancel()  # nobody who waits can take it back
        self._held: Held | None = None
        self._hurried = self._left = False
        self._guard = threading.Lock()

    def hurry(self) -> None:
        """Whoever waits has waited a while: the first piece is enough from now on."""
        self._hurried = True
        if self._held is not None:
            self.grown(self._held)

    def give_up(self) -> None:
        """Nobody waits any more: it is stopped, or will be as soon as it can be."""
        with self._guard:
            self._left = True
            held = self._held
        if held is not None:
            self._stop(held)

    def holds(self, held: Held) -> None:
        """For its maker: there is something to be stopped."""
        with self._guard:
            self._held = held
        if self._left:
            self._stop(held)

    def grown(self, held: Held) -> None:
        """For its maker: there is more of it."""
        spool = held.spool
        if spool.size and (self._hurried or spool.size >= _AT_ONCE or spool.state != "open"):
            self.told(held)

    def told(self, held: Held | Exception) -> None:
        """For its maker: what became of it. Only the first time counts."""
        with self._guard:
            if self.ready.done():
                return
            if isinstance(held, Held):
                self.ready.set_result(held)
            else:
                self.ready.set_exception(held)
