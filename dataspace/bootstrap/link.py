"""The hub's half of the federation: a running SuperLink."""

from collections.abc import Callable
from dataclasses import dataclass

from dataspace.adapters.tls import Authority
from dataspace.model.names import SiteName
from dataspace.ports import Federation, Nodes
from dataspace.settings import HubSettings


@dataclass(frozen=True, slots=True)
class Link:
    """A running SuperLink: as services see it, as sites reach it, and how it is ended."""

    federation: Federation
    nodes: Nodes
    halt: Callable[[], None]
    """Ends what runs, so that it goes on at the next start."""
    stop: Callable[[], None]


def start_link(settings: HubSettings, authority: Authority) -> Link:
    """Start the hub's half of the federation; SetupError where it does not start, and then nothing is left running."""
    # Flower takes a second to import, and an embedded hub does without.
    from dataspace.adapters.flower.federation import FlowerFederation
    from dataspace.adapters.flower.link import FlowerLink

    link = FlowerLink(settings.home / "flower", authority, settings.link_port, settings.host, settings.names)
    link.start()
    return Link(FlowerFederation(link), _PublicNodes(link, settings.names[0]), link.halt, link.stop)


class _PublicNodes:
    """Where sites connect to, under the name that others know the hub by."""

    def __init__(self, link: Nodes, name: str) -> None:
        self._link, self._name = link, name

    @property
    def address(self) -> str:
        return f"{self._name}:{self._link.address.rpartition(':')[2]}"

    @property
    def ca_pem(self) -> bytes:
        return self._link.ca_pem

    @property
    def app_hash(self) -> str:
        return self._link.app_hash

    def register(self, site: SiteName, public_key: bytes) -> int:
        return self._link.register(site, public_key)

    def expel(self, site: SiteName, public_key: bytes) -> None:
        self._link.expel(site, public_key)
