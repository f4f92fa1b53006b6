"""A hub with people and no data, and its HTTP contract without a port."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from dataspace.bootstrap import HubServices, build_hub, init_hub
from dataspace.http.app import create_app
from dataspace.http.inprocess import InProcessTransport
from dataspace.model.names import PrincipalId, SiteName
from dataspace.model.principals import Principal, Role
from dataspace.settings import HubSettings

PEOPLE = {
    "sam": Role.STEWARD,
    "ana": Role.RESEARCHER,
    "ben": Role.RESEARCHER,
    "aud": Role.AUDITOR,
}


class FewNodes:
    """`Nodes` of a link that is not there."""

    address = "hub.example:9092"
    ca_pem = b"-----BEGIN CERTIFICATE-----\n"
    app_hash = "a" * 64

    def __init__(self) -> None:
        self.registered: dict[SiteName, bytes] = {}

    def register(self, site: SiteName, public_key: bytes) -> int:
        """Numbers from 1 on."""
        self.registered[site] = public_key
        return len(self.registered)

    def expel(self, site: SiteName, public_key: bytes) -> None:
        """Forget it."""
        del self.registered[site]


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubServices]:
    """The services, over real adapters."""
    home = tmp_path_factory.mktemp("http") / "hub"
    settings = HubSettings(home)
    init_hub(settings)
    services = build_hub(settings, nodes=FewNodes())
    for id, role in PEOPLE.items():
        services.people.put(Principal(PrincipalId(id), id.title(), frozenset({role}), "University"))
    yield services
    services.close()


@pytest.fixture(scope="session")
def asked_by(hub: HubServices) -> Iterator[Callable[[str], httpx.Client]]:
    """An HTTP client in a person's name; "" is nobody's."""
    transport = InProcessTransport(create_app(replace(hub, closers=())))

    def client(person: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {hub.token(person)}"} if person else {}
        return httpx.Client(base_url="http://hub.invalid", transport=transport, headers=headers)

    yield client
    transport.close()


@pytest.fixture
def repository() -> Path:
    """The root of the project."""
    return Path(__file__).resolve().parents[2]
