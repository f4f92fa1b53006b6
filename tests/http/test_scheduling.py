"""A hub that is served harvests what is due, and a peer that fails stops nothing."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from dataspace.adapters.memory import ManualClock, MemorySigner
from dataspace.adapters.rdf_records import read_records
from dataspace.adapters.store.store import open_store
from dataspace.errors import SourceError
from dataspace.http.scheduling import harvests_on_schedule
from dataspace.model.finding import Peer
from dataspace.model.names import HUB
from dataspace.ports import Fetched
from dataspace.service.enforcing import Enforcement
from dataspace.service.harvesting import Harvesting


class OneGood:
    """`Elsewhere` where one of two catalogues answers."""

    def fetch(self, url: str, etag: str, token: str) -> Fetched:
        if "good" not in url:
            raise SourceError(f"The catalogue at '{url}' does not answer.", "Try again later.")
        return Fetched(b"<http://x> a <http://www.w3.org/ns/dcat#Dataset> .", "text/turtle", "", url)


def until(met: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while not met() and time.monotonic() < end:
        time.sleep(0.02)
    return met()


def test_what_is_due_is_harvested_and_a_failure_stops_nothing(tmp_path: Path) -> None:
    clock = ManualClock()
    with open_store(tmp_path, clock, MemorySigner(bytes(range(32))), "hub/log") as store:
        harvesting = Harvesting(
            store.harvests, OneGood(), read_records, Enforcement(HUB, clock, store.policies, store.log)
        )
        for url in ("https://bad.example/c", "https://good.example/c"):
            store.harvests.put_peer(Peer(url, every_seconds=3600))
        with harvests_on_schedule(harvesting, "hub", 0.05):
            assert until(lambda: store.harvests.alive("https://good.example/c") == 1)
            assert until(lambda: not harvesting.due())
            clock.advance(timedelta(hours=2))
            assert until(lambda: not harvesting.due()), "and again, when its time has come"
        outcomes = {peer.url: peer.outcome for peer in store.harvests.peers()}
        assert outcomes["https://good.example/c"] == "Read to its end."
        assert "does not answer" in outcomes["https://bad.example/c"]
