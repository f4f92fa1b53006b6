"""A running SuperLink as services see it."""

from collections.abc import Iterator, Mapping

from dataspace.adapters.flower.link import FlowerLink
from dataspace.model.names import RunId, SiteName
from dataspace.model.runs import RunEvent, RunOrder


class FlowerFederation:
    """A link as the port `Federation`: what services see of it."""

    def __init__(self, link: FlowerLink) -> None:
        self._link = link

    def sites(self) -> Mapping[SiteName, int]:
        return self._link.sites()

    def submit(self, order: RunOrder) -> None:
        self._link.submit(order)

    def events(self, run: RunId) -> Iterator[RunEvent]:
        return self._link.events(run)

    def stop(self, run: RunId) -> None:
        self._link.stop_run(run)

    def kept(self, run: RunId) -> bool:
        return self._link.kept(run)
