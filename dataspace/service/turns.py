"""Who may ask now: a bounded queue in front of the engines, in which principals take turns."""

import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future

from dataspace.errors import Busy
from dataspace.model.names import PrincipalId

_USUAL_SECONDS = 0.05
"""Of a question, before any was measured."""


class Turn:
    """A place in the queue, later the right to run. `granted` is resolved when it is one's turn; always `end` it."""

    def __init__(self, turns: "Turns", who: PrincipalId) -> None:
        self.who, self.granted = who, Future[None]()
        self.began = 0.0
        self._turns = turns

    def wait(self, seconds: float) -> None:
        """Block until it is one's turn. Raises Busy after `seconds`; the place is given up then."""
        try:
            self.granted.result(seconds)
        except TimeoutError as error:
            raise self.late() from error

    def late(self) -> Busy:
        """What to tell somebody who waited too long; the place is given up."""
        self.end()
        return self._turns.busy(mine=False)

    def end(self) -> None:
        """Let the next one run. Twice is fine."""
        self._turns.ended(self)


class Turns:
    """At most `running` questions run, `each` of them of one principal; `waiting` wait, `each_waiting` of one.

    Principals are served one after the other, however many questions each of them has in the queue; what does not fit
    in the queue is refused at once, so that a crowd costs no memory.
    """

    def __init__(
        self,
        running: int = 8,
        each: int = 4,
        waiting: int = 512,
        each_waiting: int = 128,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._running, self._each, self._waiting, self._each_waiting = running, each, waiting, each_waiting
        self._clock = clock
        self._guard = threading.Lock()
        self._queues: OrderedDict[PrincipalId, deque[Turn]] = OrderedDict()
        self._at_work: Counter[PrincipalId] = Counter()
        self._active: set[Turn] = set()
        self._usual = _USUAL_SECONDS

    def ask(self, who: PrincipalId) -> Turn:
        """A place in the queue. Raises Busy, with the seconds after which to come again, where it is full."""
        turn = Turn(self, who)
        with self._guard:
            mine = len(self._queues.get(who, ()))
            if mine >= self._each_waiting or self._length() >= self._waiting:
                raise self._busy(mine >= self._each_waiting)
            self._queues.setdefault(who, deque()).append(turn)
            called = self._called()
        _grant(called)
        return turn

    def ended(self, turn: Turn) -> None:
        """A turn was used, or its place given up."""
        with self._guard:
            if turn in self._active:
                self._active.discard(turn)
                self._at_work[turn.who] -= 1
                if not self._at_work[turn.who]:
                    del self._at_work[turn.who]
                self._usual += 0.1 * (self._clock() - turn.began - self._usual)
            elif turn.who in self._queues and turn in self._queues[turn.who]:
                self._queues[turn.who].remove(turn)
                if not self._queues[turn.who]:
                    del self._queues[turn.who]
            called = self._called()
        _grant(called)

    def busy(self, mine: bool) -> Busy:
        """The refusal, with an estimate from what questions take and how many wait."""
        with self._guard:
            return self._busy(mine)

    def _busy(self, mine: bool) -> Busy:
        seconds = self._usual * (self._length() + 1) / self._running
        return Busy(max(1, min(60, round(seconds + 0.5))), mine)

    def _length(self) -> int:
        return sum(map(len, self._queues.values()))

    def _called(self) -> list[Turn]:
        """Those whose turn it is now: one of each principal, over and over, as long as there is room."""
        called: list[Turn] = []
        while len(self._active) < self._running:
            who = next((one for one in self._queues if self._at_work[one] < self._each), None)
            if who is None:
                return called
            queue = self._queues.pop(who)
            turn = queue.popleft()
            if queue:
                self._queues[who] = queue  # behind all others
            turn.began = self._clock()
            self._active.add(turn)
            self._at_work[who] += 1
            called.append(turn)
        return called


def _grant(called: list[Turn]) -> None:
    for turn in called:
        # Outside the lock: it may run whoever waits. One who no longer does gives the turn back by `end`.
        if turn.granted.set_running_or_notify_cancel():
            turn.granted.set_result(None)
