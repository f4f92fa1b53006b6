"""One exchange with several sites over Flower's grid, with a deadline that names who was silent."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dataspace.adapters.flower import private
from dataspace.adapters.flower.codec import message_to_record, reply_from_record
from dataspace.errors import InvalidRequest
from dataspace.model.names import SiteName
from dataspace.model.runs import SiteMessage, SiteReply

MESSAGE_TYPE = "query"
QUICK_SECONDS, SLOW_SECONDS = 0.05, 0.5
"""Between two looks for replies: at first, and at most (each look is a request)."""


class FlowerExchange:
    """Sends by pushing, and looks for replies itself: Flower's own `send_and_receive` sleeps 3 s between two looks."""

    def __init__(
        self,
        grid: Any,
        nodes: Mapping[SiteName, int],
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._grid = grid
        self._nodes = dict(nodes)
        self._sleep = sleep
        self._clock = clock

    def send(self, messages: Mapping[SiteName, SiteMessage], seconds: float) -> Iterator[SiteReply]:
        """Yield one reply for each site, as it comes; the silent ones at the deadline, as `no-answer`."""
        deadline = self._clock() + seconds
        waiting = dict(self._push(messages, seconds))
        for site in messages:
            if site not in waiting.values():
                yield SiteReply(site, refused="no-answer", reason="The site is not registered with this hub.")
        pause = QUICK_SECONDS
        while waiting:
            replies = list(self._grid.pull_messages(list(waiting)))
            for reply in replies:
                message = reply.metadata.reply_to_message_id
                if message in waiting and not _has_expired(reply):
                    yield _read(reply, waiting.pop(message))
            left = deadline - self._clock()
            if left <= 0:
                break
            pause = QUICK_SECONDS if replies else min(pause * 1.2, SLOW_SECONDS)
            self._sleep(min(pause, left))
        for site in waiting.values():
            yield SiteReply(
                site,
                refused="no-answer",
                reason=f"No answer within {seconds:g} s. Ask the site whether its guard runs.",
            )

    def _push(
        self, messages: Mapping[SiteName, SiteMessage], seconds: float
    ) -> Iterator[tuple[str, SiteName]]:
        known = [site for site in messages if self._nodes.get(site)]
        outgoing = [
            private.Message(
                message_to_record(messages[site]),
                self._nodes[site],
                MESSAGE_TYPE,
                # After the deadline nobody waits for the answer: a node that comes back later need not start.
                ttl=seconds,
                group_id=str(messages[site].round),
            )
            for site in known
        ]
        if outgoing:
            ids = self._grid.push_messages(outgoing)
            yield from ((id_, site) for id_, site in zip(ids, known, strict=True) if id_)


def _has_expired(reply: Any) -> bool:
    """Whether this is the SuperLink's own word that a message is too old: the deadline below says it better."""
    return bool(reply.has_error() and reply.error.code in private.UNAVAILABLE)


def _read(reply: Any, site: SiteName) -> SiteReply:
    if reply.has_error():
        return SiteReply(
            site,
            refused="no-answer",
            reason=f"The site was stopped or lost while it was asked (Flower {reply.error.code}). Ask its people.",
        )
    try:
        return reply_from_record(reply.content, site)
    except InvalidRequest as error:
        return SiteReply(site, refused="reply.malformed", reason=error.fact)
