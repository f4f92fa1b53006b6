"""Between the walk and the doors: turns before it, and behind it answers that are held for readers of any speed."""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import pyarrow as pa

from dataspace.errors import DataspaceError, NoAnswer, UnknownName
from dataspace.model.permits import Permit
from dataspace.model.principals import Principal
from dataspace.model.requests import Query
from dataspace.service.answering import Delivered, RowStream
from dataspace.service.asking import Asking
from dataspace.service.spool import Limits, Room, Spool, Unread
from dataspace.service.turns import Turn, Turns

_log = logging.getLogger(__name__)

Encoder: TypeAlias = Callable[[pa.Schema, Iterator[pa.RecordBatch]], Iterator[Any]]
"""From batches to what a door sends: bytes, or batches as they are."""

_SWEEP_SECONDS = 5.0


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

    def __enter__(self) -> "Held":
        with self._counting:
            self._readers += 1
        return self

    def __exit__(self, *_: object) -> None:
        with self._counting:
            self._readers -= 1
            self._touched = time.monotonic()

    def idle_seconds(self) -> float:
        """Since the last reader left; 0 while there is one."""
        return 0.0 if self._readers else time.monotonic() - self._touched

    def cancel(self, why: str = "cancelled") -> None:
        """Stop making it, and let go of what is there. A whole one is let go of too."""
        if self.spool.state == "open":
            self._cancel(why)
        self.spool.drop()


class Delivering:
    """Every question of every door comes through here. `keep_seconds` is how long an answer can be fetched again,
    `grace_seconds` how long one is still made for a reader who is gone."""

    def __init__(
        self,
        asking: Asking,
        turns: Turns,
        room: Room,
        limits: Limits,
        keep_seconds: float = 600.0,
        grace_seconds: float = 30.0,
    ) -> None:
        self._asking, self._turns, self._room, self._limits = asking, turns, room, limits
        self._keep, self._grace = keep_seconds, grace_seconds
        self._held: dict[str, Held] = {}
        self._guard = threading.Lock()
        self._stopped = threading.Event()
        room.make = self._make_room
        threading.Thread(target=self._sweep, name="held answers", daemon=True).start()

    def turn(self, principal: Principal) -> Turn:
        """A place in the queue. Raises Busy."""
        return self._turns.ask(principal.id)

    def begin(self, query: Query, encode: Encoder, form: str, turn: Turn) -> Held:
        """Ask, in a turn that was granted; it ends with the engine's work. Raises what `Asking.ask` raises."""
        try:
            asked = self._asking.ask(query)
            spool: Spool[Any] = Spool(self._room, _size, self._limits)
            if isinstance(asked, Delivered):
                return self._whole(query, asked, spool, encode, form, turn)
            schema, rows = asked
            held = self._holding(query, schema, spool, form)
            held._cancel = rows.cancel
            work = threading.Thread(
                target=self._drain, args=(held, encode(schema, rows), rows, turn), name="answer", daemon=True
            )
            work.start()
        except BaseException:
            turn.end()
            raise
        return held

    def find(self, principal: Principal, id: str) -> Held:
        """One's own answer, if what was decided still holds. Raises UnknownName, AccessDenied or Conflict."""
        self._forget_old()
        held = self._held.get(id)
        if held is None or held.query.principal.id != principal.id:
            raise UnknownName("answer", id[:16], (), "It may have been let go of: ask again.")
        self._asking.still_given(held.query)
        return held

    def cancel(self, principal: Principal, id: str) -> None:
        """End one's own answer. One that is gone is none to be ended: nothing happens."""
        with self._guard:
            held = self._held.get(id)
            if held is None or held.query.principal.id != principal.id:
                return
            del self._held[id]
        held.cancel()

    def forget(self, permit: Permit) -> None:
        """End and let go of every answer that was given under a permit which was taken back."""
        self._end(lambda held: held.query.permit == permit.id, "revoked")

    def end_all(self, principal: Principal) -> None:
        """Let go of every answer of a principal: their session was closed."""
        self._end(lambda held: held.query.principal.id == principal.id, "cancelled")

    def close(self) -> None:
        """End everything; records are written before the log is closed."""
        self._stopped.set()
        self._end(lambda _: True, "abandoned")
        for thread in [t for t in threading.enumerate() if t.name == "answer"]:
            thread.join(5.0)

    def _holding(
        self,
        query: Query,
        schema: pa.Schema,
        spool: Spool[Any],
        form: str,
        outcome: int | None = None,
        rows: int | None = None,
    ) -> Held:
        held = Held(secrets.token_urlsafe(24), query, schema, spool, form, outcome, rows)
        with self._guard:
            self._held[held.id] = held
        return held

    def _whole(
        self, query: Query, asked: Delivered, spool: Spool[Any], encode: Encoder, form: str, turn: Turn
    ) -> Held:
        table = asked.table
        try:
            self._fill(spool, encode(table.schema, iter(table.to_batches())))
        except Unread as error:
            raise self._turns.busy(mine=False) from error
        turn.end()
        return self._holding(query, table.schema, spool, form, asked.outcome, table.num_rows)

    def _fill(self, spool: Spool[Any], pieces: Iterator[Any]) -> None:
        for piece in pieces:
            spool.put(piece)
        spool.finish()

    def _drain(self, held: Held, pieces: Iterator[Any], rows: RowStream, turn: Turn) -> None:
        try:
            self._fill(held.spool, pieces)
        except Unread:
            rows.close()
            held.spool.drop()
        except DataspaceError as error:
            held.spool.finish(error)
        except Exception:  # noqa: BLE001 - whoever reads is told one constant word, the operator all of it
            _log.exception("an answer broke off")
            held.spool.finish(NoAnswer())
        finally:
            rows.close()
            turn.end()

    def _end(self, which: Callable[[Held], bool], why: str) -> None:
        with self._guard:
            ended = [held for held in self._held.values() if which(held)]
            for held in ended:
                del self._held[held.id]
        for held in ended:
            held.cancel(why)

    def _make_room(self) -> bool:
        """Let go of the whole answer that nobody has read for longest, if there is one."""
        with self._guard:
            idle = [
                held for held in self._held.values() if held.spool.state == "whole" and held.idle_seconds()
            ]
            if not idle:
                return False
            oldest = max(idle, key=Held.idle_seconds)
            del self._held[oldest.id]
        oldest.spool.drop()
        return True

    def _forget_old(self) -> None:
        self._end(lambda held: held.idle_seconds() > self._keep, "abandoned")
        self._end(lambda held: held.spool.state == "open" and held.idle_seconds() > self._grace, "abandoned")

    def _sweep(self) -> None:
        while not self._stopped.wait(_SWEEP_SECONDS):
            self._forget_old()


def _size(piece: Any) -> int:
    return int(piece.nbytes) + 1024 if isinstance(piece, pa.RecordBatch) else len(piece)
