"""Runs plans in confined processes: one worker and, where cells are asked for, one clerk for each session.

Long, because whatever is asked of it moves one state under one lock: the sessions, and the processes that serve them.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from dataspace.adapters.duckdb.arrow import table_of
from dataspace.adapters.duckdb.pair import Pair, Spawner, checked, sound
from dataspace.adapters.duckdb.spares import Spares
from dataspace.adapters.duckdb.temporaries import Gone, answer, made, unfit
from dataspace.adapters.duckdb.wire import Broken, Channel, Frame, pack_arrays, unpack_arrays
from dataspace.errors import AnswerTooClose, NoAnswer, RequestError, TemporaryTooLarge
from dataspace.model.answers import AnswerNote
from dataspace.model.codec import from_json, to_json
from dataspace.model.plans import Asked, CellsPlan, RowsMessage, RowsPlan
from dataspace.model.policies import AnswerKind
from dataspace.model.runs import Arrays, SiteMessage
from dataspace.model.temporaries import Temporary
from dataspace.planning.cells import check_noisy, check_size
from dataspace.ports import CutLease, Past

T = TypeVar("T")

_log = logging.getLogger(__name__)

_LAST_SECONDS = 2.0
APP_SECONDS, APP_SHARE = 300.0, 0.8
"""That a round of an own app may take; and the share of it that its blocks have together, in equal parts."""


class ConfinedEngine:
    """Sessions are made when first used, stay warm, and end when idle; a deadline ends one with SIGKILL.

    `log_path` takes what goes wrong inside, for the operator alone. `memory_bytes` is what the engine may use in one
    worker, `seconds` the longest that one statement may take (for rows: until the next batch). `spares` workers
    are kept started for sessions that are yet to begin. Where nothing was asked for `rest_seconds`, nothing waits but
    what trains, which stays for the next round of its run, and what keeps temporary results: at most `temporaries` of
    them with `temporary_bytes` in one session.
    """

    def __init__(
        self,
        log_path: Path,
        *,
        memory_bytes: int = 512 * 2**20,
        threads: int = 2,
        seconds: float = 30.0,
        idle_seconds: float = 900.0,
        rest_seconds: float | None = None,
        cpu_seconds: int = 3_600,
        spares: int = 1,
        clock: Callable[[], float] = time.monotonic,
        past: Past | None = None,
        app_seconds: float = APP_SECONDS,
        temporary_bytes: int = 128 * 2**20,
        temporaries: int = 32,
    ) -> None:
        self._temporary_bytes, self._temporaries = temporary_bytes, temporaries
        self._gone = Gone()
        self._spawner = Spawner(log_path, memory_bytes, threads, cpu_seconds)
        self._spares = Spares(self._spawner, spares, seconds)
        self._seconds, self._idle, self._clock, self._past = seconds, idle_seconds, clock, past
        self._rest = idle_seconds if rest_seconds is None else min(rest_seconds, idle_seconds)
        self._asked = clock()
        self._pairs: dict[str, tuple[Pair, float]] = {}
        self._turns: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()
        self._app_seconds = app_seconds
        self._stopped = threading.Event()
        threading.Thread(target=self._watch, name="idle sessions", daemon=True).start()

    @property
    def version(self) -> str:
        """The version of the engine, which is part of every cut's name."""
        return str(duckdb.__version__)

    @property
    def isolation(self) -> str:
        """The level that the last process reported (`A`, `B` or `C`), empty before the first."""
        return self._spawner.isolation

    def rows(self, session: str, plan: RowsPlan, leases: Sequence[CutLease]) -> Iterator[RowsMessage]:
        """What the worker wrote, untouched: the schema, then batches as they come. Raises NoAnswer."""
        cuts = {str(name): str(cut) for name, cut in plan.relations.items()}
        refused: RequestError | NoAnswer | None
        with self._session(session, cuts, leases) as pair:
            if (refused := unfit(pair, plan, self._temporaries)) is None:
                try:
                    yield from self._streamed(pair, session, plan, sorted(cuts.values()))
                except (TemporaryTooLarge, NoAnswer) as failed:  # the worker is sound: it keeps what it has
                    refused = failed
        if refused is not None:
            raise refused

    def _streamed(
        self, pair: Pair, session: str, plan: RowsPlan, cuts: Sequence[str]
    ) -> Iterator[RowsMessage]:
        order: dict[str, Any] = {"do": "rows", "cuts": cuts, "tree": plan.tree}
        if (keeping := plan.keeping) is not None:
            most = self._temporary_bytes
            order |= {"do": "keep", "name": keeping.name, "most": most}
            pair.worker.send(order, seconds=self._seconds)
            kept = made(keeping, sound(pair.worker.receive(self._seconds)).document["kept"], most)
            pair.kept[keeping.name] = kept
            self._gone.forget(session, keeping.name)
            yield from answer(kept)
            return
        order |= {"codec": plan.codec, "maximum_rows": plan.maximum_rows}
        pair.worker.send(order, seconds=self._seconds)
        done = False
        while not done:
            frame = sound(pair.worker.receive(self._seconds))
            done = bool(frame.document.get("done"))
            for stream in frame.blobs:
                yield RowsMessage(int(frame.document["rows"]), stream)

    def kept(self, session: str) -> Mapping[str, Temporary | None]:
        """The temporary results of a session by name; None for one that was there and is gone."""
        with self._guard:
            pair, _ = self._pairs.get(session, (None, 0.0))
            gone = dict.fromkeys(self._gone.of(session))
            if pair is None:
                return gone
            return {**gone, **(dict.fromkeys(pair.kept) if pair.stale else pair.kept)}

    def drop(self, session: str, name: str) -> None:
        """Forget a temporary result; nothing where there is none."""
        with self._guard:
            self._gone.forget(session, name)
            pair, _ = self._pairs.get(session, (None, 0.0))
        if pair is None or name not in pair.kept or pair.stale or not pair.alive():
            return
        with self._session(session, pair.holds, ()) as held:
            if held.kept.pop(name, None) is not None:
                held.worker.send({"do": "drop", "name": name}, seconds=self._seconds)
                held.reply(self._seconds)

    def cells(self, session: str, plan: CellsPlan, leases: Sequence[CutLease]) -> tuple[pa.Table, AnswerNote]:
        """Worker to clerk to answer. Raises UnsupportedQuery from the plan alone, NoAnswer for all else."""
        check_size(plan.aggregate)
        if plan.kind is AnswerKind.NOISY and plan.noise is not None:
            check_noisy(plan.aggregate, plan.noise)
        document = to_json(plan)
        cuts = {str(plan.aggregate.dataset): str(plan.cut)} | {str(n): str(c) for n, c in plan.beside.items()}
        with self._session(session, cuts, leases) as pair:
            _check_cut(plan, leases)
            deadline = time.monotonic() + self._seconds
            clerk = pair.clerk(self._spawner, self._seconds)
            clerk.send({"plan": document}, seconds=self._seconds)
            order = {"do": "cells", "cuts": sorted(cuts.values()), "plan": document}
            pair.worker.send(order, seconds=self._seconds)
            pair.reply(deadline - time.monotonic())
            if plan.asked is not None and plan.kind is AnswerKind.AGGREGATE:
                answer = self._compared(plan, plan.asked, clerk, deadline)
            else:
                answer = pair.verdict(deadline - time.monotonic())
        if (
            refused := answer.document.get("refused")
        ) is not None:  # out here: the session is as warm as before
            earlier = from_json(Asked, refused["earlier"]) if refused["earlier"] else None
            number, text = (earlier.number, earlier.question) if earlier else (None, "")
            raise AnswerTooClose(plan.disclosure.cohort, number, text)
        return table_of(answer.document["columns"]), from_json(AnswerNote, answer.document["note"])

    def _compared(self, plan: CellsPlan, asked: Asked, clerk: Channel, deadline: float) -> Frame:
        """The clerk's answer, once what is to be kept of it is kept."""
        if self._past is None:
            raise ValueError("there is nothing to compare with here")
        with self._past.turn(str(plan.aggregate.dataset), max(0.0, deadline - time.monotonic())) as turn:
            names = list(turn.names())
            clerk.send({"names": names}, seconds=self._seconds)
            lacking = checked(clerk.receive(max(deadline - time.monotonic(), 0.001))).document["lacking"]
            clerk.send({}, [turn.read(name) for name in lacking if name in names], seconds=self._seconds)
            answer = checked(clerk.receive(max(deadline - time.monotonic(), 0.001)))
            for name, content in zip(answer.document["keep"], answer.blobs, strict=True):
                turn.keep(str(name), content)
        return answer

    def step(
        self, session: str, message: SiteMessage, leases: Sequence[CutLease]
    ) -> tuple[Mapping[str, Any], Arrays]:
        """One step of training, of the plan at `document["plan"]`, over the one leased cut. Raises NoAnswer.

        `document["cohort"]` is the fewest units that a leaf of a tree may stand for; `document["seconds"]` how long
        whoever asked will wait, where that is less than the engine's own limit. `document["app"]` is the app that the
        plan names (`hash`, `uses`, `entry`, `files`, `trial`); the reply says what is missing to run it (`lacks`)."""
        plan = message.document.get("plan")
        cuts = {str(lease.recipe.version.dataset): str(lease.cut) for lease in leases}
        with self._session(session, cuts, leases) as pair:
            pair.trains = True
            if len(leases) != 1 or not isinstance(plan, Mapping):
                raise ValueError("a step is one plan over one cut")
            described, blobs = pack_arrays(message.arrays)
            order: dict[str, Any] = {"do": "step", "cuts": sorted(cuts.values())}
            order |= {"step": message.step.value, "plan": plan, "round": message.round}
            order |= {"cohort": message.document.get("cohort", 1)}
            seconds = min(self._seconds, float(message.document.get("seconds", self._seconds)))
            if (app := message.document.get("app")) is not None:
                if lacks := pair.guest(self._spawner, app, seconds):
                    self._end(session)
                    return {"lacks": lacks}, {}
                whole = min(self._app_seconds, float(message.document.get("seconds", self._app_seconds)))
                share = {"seconds": whole * APP_SHARE}
                order |= {"app": share | {name: app[name] for name in ("uses", "entry", "trial")}}
                seconds = whole
            pair.worker.send(order | {"arrays": described}, blobs, seconds=seconds)
            frame = pair.reply(seconds)
            return frame.document["reply"], unpack_arrays(frame.document["arrays"], frame.blobs)

    def close(self, session: str) -> None:
        """End a session at once, also one that is at work, and with it all that it holds of cuts."""
        with self._guard:
            pair, _ = self._pairs.get(session, (None, 0.0))
            turn = self._turns.setdefault(session, threading.Lock())
        if pair is None:
            return
        pair.kill()
        # Whoever reads its sockets sees the end of them at once; only then may their numbers be used again.
        mine = turn.acquire(timeout=_LAST_SECONDS)
        try:
            self._end(session)
        finally:
            if mine:
                turn.release()

    def let_go(self, cut: str) -> None:
        """End the sessions that hold a cut which was dropped: its memory would stay. Who is at work ends afterwards."""
        with self._guard:
            holders = [
                (session, pair, self._turns.setdefault(session, threading.Lock()))
                for session, (pair, _) in self._pairs.items()
                if cut in pair.holds.values()
            ]
        for session, pair, turn in holders:
            pair.stale = True
            if turn.acquire(blocking=False):
                try:
                    if self._pairs.get(session, (None, 0.0))[0] is pair:
                        self._end(session)
                finally:
                    turn.release()

    def _end(self, session: str) -> None:
        with self._guard:
            pair, _ = self._pairs.pop(session, (None, 0.0))
            if pair is not None:
                self._gone.add(session, pair.kept)
        if pair is not None:
            pair.end()

    def stop(self) -> None:
        """End everything; no child is left. The engine cannot be used afterwards."""
        self._stopped.set()
        for session in list(self._pairs):
            self.close(session)
        self._spares.stop()
        self._spawner.stop()

    @contextmanager
    def _session(self, session: str, cuts: Mapping[str, str], leases: Sequence[CutLease]) -> Iterator[Pair]:
        """The pair of a session that holds exactly these cuts, ours alone meanwhile; what breaks ends it."""
        with self._guard:
            turn = self._turns.setdefault(session, threading.Lock())
        if not turn.acquire(timeout=self._seconds):
            raise NoAnswer()
        try:
            with self._ready(session, cuts, leases) as pair:
                yield pair
        finally:
            turn.release()

    @contextmanager
    def _ready(self, session: str, cuts: Mapping[str, str], leases: Sequence[CutLease]) -> Iterator[Pair]:
        try:
            pair = self._pair(session, cuts, leases)
            yield pair
            with self._guard:
                self._asked = self._clock()
                if session in self._pairs:
                    self._pairs[session] = (pair, self._asked)
            if pair.stale:
                self._end(session)
        except (Broken, OSError, ValueError, KeyError, TypeError, IndexError, pa.ArrowException) as error:
            _log.warning("a session was ended: %s", type(error).__name__)
            self._end(session)
            raise NoAnswer() from error
        except (
            BaseException
        ):  # the reader walked away: what is still on its way would be read as the next answer
            self._end(session)
            raise

    def _pair(self, session: str, cuts: Mapping[str, str], leases: Sequence[CutLease]) -> Pair:
        if self._stopped.is_set():
            raise ValueError("the engine has been stopped")
        held, _ = self._pairs.get(session, (None, 0.0))
        files = {str(lease.cut): lease.fd for lease in leases}
        if held is not None and held.alive() and not held.stale and held.can_hold(cuts):
            held.add(cuts, files, self._seconds)
            return held
        self._end(session)
        pair = self._spares.take()
        try:
            pair.add(cuts, files, self._seconds)
        except BaseException:
            pair.end()
            raise
        with self._guard:
            self._pairs[session] = (pair, self._clock())
        return pair

    def _watch(self) -> None:
        while not self._stopped.wait(max(self._rest / 4, 0.05)):
            self._end_idle()

    def _end_idle(self) -> None:
        now = self._clock()
        with self._guard:
            idle = [
                name
                for name, (pair, used) in self._pairs.items()
                if now - used > (self._idle if pair.trains or pair.kept else self._rest)
                and not (name in self._turns and self._turns[name].locked())
            ]
            resting = now - self._asked > self._rest and not any(t.locked() for t in self._turns.values())
        for name in idle:
            self.close(name)
        if resting:
            self._spares.rest()


def _check_cut(plan: CellsPlan, leases: Sequence[CutLease]) -> None:
    """The units of the plan must be those that the cut counts. Raises ValueError."""
    recipe = next(lease.recipe for lease in leases if lease.cut == plan.cut)
    if recipe.privacy_unit != plan.aggregate.privacy_unit:
        raise ValueError("the cut counts other units than the plan")
