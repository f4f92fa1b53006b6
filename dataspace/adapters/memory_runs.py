"""What runs across sites need, in memory: sites that are functions, a diary that is a list."""

from collections.abc import Callable, Iterator, Mapping

from dataspace.errors import SourceError
from dataspace.model.names import SiteName
from dataspace.model.permits import PermitStatus
from dataspace.model.runs import RunEvent, SiteMessage, SiteReply


class MemoryStatusSource:
    """`StatusSource` that says what it was told last; SourceError until then."""

    def __init__(self) -> None:
        self._told: tuple[PermitStatus, float] | None = None

    def tell(self, status: PermitStatus, age: float = 0.0) -> None:
        """What `status` answers from now on."""
        self._told = (status, age)

    def status(self) -> tuple[PermitStatus, float]:
        if self._told is None:
            raise SourceError("No revocation list has arrived yet.", "Try again once the hub can be reached.")
        return self._told


class MemoryJournal:
    """`Journal`; what was appended is in `events`."""

    def __init__(self) -> None:
        self.events: list[RunEvent] = []

    def append(self, event: RunEvent) -> None:
        self.events.append(event)


class MemoryExchange:
    """`Exchange` with sites that are functions in this process. One that raises, or is not there, is silent."""

    def __init__(self, sites: Mapping[SiteName, Callable[[SiteMessage], SiteReply]]) -> None:
        self._sites = dict(sites)

    def send(self, messages: Mapping[SiteName, SiteMessage], seconds: float) -> Iterator[SiteReply]:
        for site, message in messages.items():
            yield self._reply(site, message)

    def _reply(self, site: SiteName, message: SiteMessage) -> SiteReply:
        try:
            return self._sites[site](message)
        except Exception:  # noqa: BLE001 - whatever goes wrong at a site, the others hear nothing of it
            return SiteReply(site, refused="no-answer", reason="The site gave no answer.")
