"""What a run was when it was first seen here: it stays that, and it asks no more often than it needs."""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from dataspace.model.names import RunId
from dataspace.model.runs import SiteMessage, SiteReply
from dataspace.service.signed_replies import array_digest
from dataspace.site.refused import Refused

MOST_RUNS = 10_000
"""Kept in memory; of an older one the next message counts as the first."""
MOST_REPLIES = 20
"""Of private runs, the last of each."""
EXTRA = 10
"""Messages beyond twice those of the plan: rounds may be asked again after a coordinator was restarted."""


class RunsSeen:
    """Plan, permit, asker and sites of each run, and how many messages of it came."""

    def __init__(self) -> None:
        self._runs: OrderedDict[RunId, tuple[str, int]] = OrderedDict()
        self._last: OrderedDict[RunId, tuple[str, SiteReply]] = OrderedDict()
        self._turn = threading.Lock()

    def check(self, run: RunId, document: Mapping[str, Any], rounds: int) -> None:
        """Raises Refused where a run is not what it was, or asks more than its `rounds` explain."""
        told = _digest([document.get(name) for name in ("plan", "permit", "principal", "sites")])
        with self._turn:
            first, times = self._runs.get(run, (told, 0))
            self._runs[run] = (first, times + 1)
            self._runs.move_to_end(run)
            while len(self._runs) > MOST_RUNS:
                self._runs.popitem(last=False)
        if told != first:
            raise Refused("run.changed", "The run is not what it was when it began here.")
        if times >= 2 * rounds + EXTRA:
            raise Refused("run.rate", "The run asks more often than its rounds explain.")

    def again(self, message: SiteMessage) -> SiteReply | None:
        """What was answered to the very same message, where that was the last of its run: noise is not drawn twice,
        nor paid twice, because a coordinator was restarted. None otherwise."""
        with self._turn:
            asked, reply = self._last.get(message.run, ("", None))
        return reply if asked == _asked(message) else None

    def keep(self, message: SiteMessage, reply: SiteReply) -> None:
        """Remember the last answer of a run."""
        with self._turn:
            self._last[message.run] = (_asked(message), reply)
            self._last.move_to_end(message.run)
            while len(self._last) > MOST_REPLIES:
                self._last.popitem(last=False)


def _asked(message: SiteMessage) -> str:
    arrays = {name: array_digest(array) for name, array in message.arrays.items()}
    return _digest([message.round, message.step.value, arrays])


def _digest(value: Any) -> str:
    """Compared here alone, so Python's own spelling of JSON is enough, and quick."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
