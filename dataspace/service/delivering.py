"""Between the walk and the doors: turns before it, and behind it answers that are held for readers of any speed."""

import logging
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from dataspace.errors import DataspaceError, InvalidRequest, NoAnswer, UnknownName
from dataspace.model.permits import Permit
from dataspace.model.principals import Principal
from dataspace.model.requests import Query
from dataspace.service.answering import Delivered, RowStream
from dataspace.service.asking import Asking
from dataspace.service.hands import Hands
from dataspace.service.held import Begun, Form, Held
from dataspace.service.progress import Standing, Watched
from dataspace.service.spool import Limits, Room, Spool, Unread
from dataspace.service.turns import Turn, Turns

_log = logging.getLogger(__name__)

_SWEEP_SECONDS = 5.0
_WATCHED = 1_024
"""Questions whose askers look how they stand; fewer than that wait at all."""


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
        self._asked: dict[tuple[str, str], Watched] = {}
        self._guard = threading.Lock()
        self._hands = Hands("answer")
        self._stopped = threading.Event()
        room.make = self._make_room
        threading.Thread(target=self._sweep, name="held answers", daemon=True).start()

    def turn(self, principal: Principal) -> Turn:
        """A place in the queue. Raises Busy."""
        return self._turns.ask(principal.id)

    @contextmanager
    def watched(self, principal: Principal, name: str) -> Iterator[Watched]:
        """While a question waits, `standing` says how it stands to its asker, by the name that they gave it."""
        watched, key = Watched(), (principal.id, name)
        if not name:
            yield watched
            return
        with self._guard:
            if len(self._asked) >= _WATCHED or key in self._asked:
                raise InvalidRequest("This name of a question is taken.", "Choose a long random one.")
            self._asked[key] = watched
        try:
            yield watched
        finally:
            with self._guard:
                del self._asked[key]

    def standing(self, principal: Principal, name: str) -> Standing:
        """What one's own question waits for. Raises UnknownName where none of this name waits."""
        watched = self._asked.get((principal.id, name))
        if watched is None:
            raise UnknownName("waiting question", name[:16], (), "Its answer may have begun.")
        return watched.standing

    def begin(self, query: Query, form: Form, turn: Turn, watched: Watched | None = None) -> Begun:
        """Ask, in a turn that was granted, which ends with the engine's work. `ready` raises what `Asking.ask` does."""
        begun = Begun(lambda held: self.cancel(query.principal, held.id))
        self._hands.give(lambda: self._made(begun, query, form, turn, watched or Watched()))
        return begun

    def _made(self, begun: Begun, query: Query, form: Form, turn: Turn, watched: Watched) -> None:
        """Ask and make all of it, in one thread: each change of threads costs as much as a step of a short answer."""
        try:
            watched.begins()
            asked = self._asking.ask(query, form.codec if form.forward else "", watched.preparing)
            spool: Spool[Any] = Spool(self._room, _size, self._limits)
            if isinstance(asked, Delivered):
                begun.told(self._whole(query, asked, spool, form, turn))
                return
            schema, rows = asked
            held = self._holding(query, schema, spool, form.name)
            held._cancel = rows.cancel
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            turn.end()
            begun.told(error)
            return
        begun.holds(held)
        try:
            pieces = (
                form.forward(schema, rows.messages) if form.forward is not None else form.encode(schema, rows)
            )
            self._drain(held, pieces, rows, turn, begun)
        finally:
            begun.told(held)

    def find(self, principal: Principal, id: str) -> Held:
        """One's own answer, if what was decided still holds. Raises UnknownName, AccessDenied or Conflict.

        The first reading by a ticket that was given a moment ago is part of the question that was decided.
        """
        self._forget_old()
        held = self._held.get(id)
        if held is None or held.query.principal.id != principal.id:
            raise UnknownName("answer", id[:16], (), "It may have been let go of: ask again.")
        if not held.redeemed():
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
        self._hands.close(5.0)

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

    def _whole(self, query: Query, asked: Delivered, spool: Spool[Any], form: Form, turn: Turn) -> Held:
        table = asked.table
        try:
            for piece in form.encode(table.schema, iter(table.to_batches())):
                spool.put(piece)
        except Unread as error:
            raise self._turns.busy(mine=False) from error
        spool.finish()
        turn.end()
        return self._holding(query, table.schema, spool, form.name, asked.outcome, table.num_rows)

    def _drain(self, held: Held, pieces: Iterator[Any], rows: RowStream, turn: Turn, begun: Begun) -> None:
        try:
            for piece in pieces:
                held.spool.put(piece)
                begun.grown(held)
            held.spool.finish()
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
