"""A federation inside one process: the same coordinator and the same guards, without Flower and without a port.

For notebooks, tests and an embedded hub. Each site is a function from message to reply.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from concurrent.futures import TimeoutError as Expired
from queue import SimpleQueue

from dataspace.errors import InvalidRequest
from dataspace.model.names import RunId, SiteName
from dataspace.model.runs import RunEvent, RunOrder, SiteMessage, SiteReply
from dataspace.ports import Clock
from dataspace.service.coordinate import coordinate

Handle = Callable[[SiteMessage], SiteReply]


class LocalExchange:
    """`Exchange`: hands each message to its site on a thread. Who is silent at the deadline, fails or is not there, is
    named, and the others hear nothing of it."""

    def __init__(self, handles: Mapping[SiteName, Handle]) -> None:
        self._handles = handles

    def send(self, messages: Mapping[SiteName, SiteMessage], seconds: float) -> Iterator[SiteReply]:
        """Replies as they come, one for each site."""
        pool = ThreadPoolExecutor(max_workers=max(1, len(messages)))
        futures: dict[Future[SiteReply], SiteName] = {
            pool.submit(self._reply, site, message): site for site, message in messages.items()
        }
        silent = set(messages)
        try:
            for future in as_completed(futures, timeout=seconds):
                silent.discard(futures[future])
                yield future.result()
        except Expired:
            for site in sorted(silent):
                yield SiteReply(site, refused="no-answer", reason=f"No answer within {seconds:g} s.")
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _reply(self, site: SiteName, message: SiteMessage) -> SiteReply:
        try:
            return self._handles[site](message)
        except Exception:  # noqa: BLE001 - whatever goes wrong at a site, the others hear nothing of it
            return SiteReply(site, refused="no-answer", reason="The site gave no answer.")


class LocalFederation:
    """Implements the port `Federation`; runs live as long as this object."""

    def __init__(self, handles: Mapping[SiteName, Handle], clock: Clock) -> None:
        self._handles, self._clock = dict(handles), clock
        self._runs: dict[RunId, SimpleQueue[RunEvent]] = {}
        self._stopped: set[RunId] = set()

    def sites(self) -> Mapping[SiteName, int]:
        """All sites; there are no node ids here."""
        return dict.fromkeys(self._handles, 0)

    def submit(self, order: RunOrder) -> None:
        """Start the run on a thread of its own."""
        queue: SimpleQueue[RunEvent] = SimpleQueue()
        self._runs[order.run] = queue

        def guarded(site: SiteName) -> Handle:
            def handle(message: SiteMessage) -> SiteReply:
                if order.run in self._stopped:
                    return SiteReply(site, refused="site.stopped", reason="The run was stopped.")
                return self._handles[site](message)

            return handle

        exchange = LocalExchange({site: guarded(site) for site in order.sites})

        def run() -> None:
            try:
                coordinate(order, exchange, _Told(queue), self._clock)
            except Exception as error:  # noqa: BLE001 - whatever broke, the watcher must be told
                facts = {"cause": type(error).__name__}
                queue.put(RunEvent(order.run, "failed", 0, self._clock.now(), facts))

        threading.Thread(target=run, name=f"run-{order.run}", daemon=True).start()

    def events(self, run: RunId) -> Iterator[RunEvent]:
        """All events from the first to `finished` or `failed`; they can be read once."""
        if run not in self._runs:
            raise InvalidRequest(
                f"There is no run {run} here.", "Its events were read before, or it never started."
            )
        queue = self._runs.pop(run)
        while True:
            event = queue.get()
            yield event
            if event.kind in ("finished", "failed"):
                return

    def stop(self, run: RunId) -> None:
        """Every further message of the run is refused."""
        self._stopped.add(run)

    def kept(self, run: RunId) -> bool:
        """Never: coordinator and sites are in this process."""
        return False


class _Told:
    """A journal that tells a queue."""

    def __init__(self, queue: SimpleQueue[RunEvent]) -> None:
        self._queue = queue

    def append(self, event: RunEvent) -> None:
        self._queue.put(event)
