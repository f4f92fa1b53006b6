"""What a hub does by itself while it is served: harvest the catalogues whose time has come, see permits end."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dataspace.errors import DataspaceError
from dataspace.model.names import PrincipalId
from dataspace.model.principals import Principal, Role
from dataspace.service.harvesting import Harvesting
from dataspace.service.permitting import Permitting
from dataspace.service.repeating import repeated

PAUSE_SECONDS = 60.0
"""Between two looks at what is due."""
_PATIENCE_SECONDS = 10.0
"""For a harvest that is under way when the hub ends; what it kept by then stays."""
_log = logging.getLogger("dataspace.http.scheduling")


@contextmanager
def harvests_on_schedule(
    harvesting: Harvesting, hub: str, pause_seconds: float = PAUSE_SECONDS
) -> Iterator[None]:
    """Harvest in a thread of its own for as long as the block lasts. A failure is logged and tried again when due."""
    clerk = Principal(PrincipalId(f"schedule@{hub}"), f"schedule of {hub}", frozenset({Role.STEWARD}), hub)

    def look(ending: threading.Event) -> None:
        try:
            for peer in harvesting.due():
                if ending.is_set():
                    return
                _one(harvesting, clerk, peer.url)
        except DataspaceError as error:
            _log.warning("What is due cannot be told: %s", error)

    with repeated("harvests", pause_seconds, look, _PATIENCE_SECONDS):
        yield


@contextmanager
def permits_on_schedule(permitting: Permitting, pause_seconds: float = PAUSE_SECONDS) -> Iterator[None]:
    """Record what has expired, and remind of what ends soon, in a thread of its own for as long as the block lasts."""

    def look(_ending: threading.Event) -> None:
        try:
            permitting.expire_due()
            permitting.remind_due()
        except DataspaceError as error:
            _log.warning("Which permits end cannot be told: %s", error)

    with repeated("permits", pause_seconds, look, _PATIENCE_SECONDS):
        yield


def _one(harvesting: Harvesting, clerk: Principal, url: str) -> None:
    try:
        report = harvesting.harvest(clerk, url)
    except DataspaceError as error:
        _log.warning("Harvest of %s: %s", url, error, exc_info=error.__cause__)
    else:
        _log.info("Harvest of %s: %s", url, report.outcome)
