"""A hub with machines' rows in it, and its Flight SQL door over TLS."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.flight as fl
import pytest

import dataspace
from dataspace.adapters.tls import Authority
from dataspace.bootstrap import AUTHORITY, HubServices, build_hub
from dataspace.connecting import embedded
from dataspace.flight.serving import flight_door
from dataspace.settings import HubSettings
from dataspace.testing.examples import RECORD

ROWS = 300_000
POLICY = """
policy: machines
title: Machines
owner: the data steward of the hub
on: machines
allow:
  - rule: rows
    for: service optimisation
    who: anyone
    answers: rows
    limits: {mask: {plant: hash}, rows: los <= 50}
    because: No persons.
  - rule: counts
    for: scientific research
    who: permit holders
    answers: [aggregate, noisy]
    limits: {cohort: 10, epsilon per question: 0.5}
    because: In counts.
"""


@dataclass
class Door:
    """Where it is, and what one needs to get in."""

    url: str
    ca: bytes
    hub: HubServices
    permit: str

    def flight(self, person: str = "ana", **headers: str) -> tuple[fl.FlightClient, fl.FlightCallOptions]:
        """A bare client, and the options of its calls."""
        said = [(b"authorization", f"Bearer {self.hub.token(person)}".encode())] if person else []
        said += [(f"dataspace-{name}".encode(), value.encode()) for name, value in headers.items()]
        return fl.FlightClient(self.url, tls_root_certs=self.ca), fl.FlightCallOptions(headers=said)

    def adbc(self, person: str = "ana", **headers: str) -> Any:
        """A DB-API connection of the ADBC driver."""
        import adbc_driver_flightsql.dbapi as dbapi
        from adbc_driver_flightsql import DatabaseOptions as Options

        prefix = Options.RPC_CALL_HEADER_PREFIX.value
        said = {f"{prefix}dataspace-{name}": value for name, value in headers.items()}
        said[Options.TLS_ROOT_CERTS.value] = self.ca.decode()
        if person:
            said[Options.AUTHORIZATION_HEADER.value] = f"Bearer {self.hub.token(person)}"
        return closing(dbapi.connect(self.url, db_kwargs=said, autocommit=True))


@pytest.fixture(scope="session")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One for all tests here."""
    root = tmp_path_factory.mktemp("flight")
    people = {"sam": "steward", "ana": "researcher", "ben": "researcher"}
    dataspace.create(root / "hub", people)
    settings = HubSettings(root / "hub")
    services = build_hub(settings)
    permit = _filled(services, root)
    authority = Authority.load(settings.home / AUTHORITY)
    certificate, key = authority.issue_server(("localhost",), root / "tls")
    try:
        with flight_door(services, "127.0.0.1", "localhost", 0, certificate, key) as url:
            yield Door(url, authority.pem, services, permit)
    finally:
        services.close()


def _filled(services: HubServices, root: Path) -> str:
    def hub(person: str) -> Any:
        return embedded(services, person, lambda: None)

    lines = "".join(f"{i % 60},{i % 2},{i % 7},secret-{i % 4}\n" for i in range(ROWS))
    (root / "machines.csv").write_text("los,died,type,plant\n" + lines)
    with hub("sam") as sam, hub("ana") as ana:
        sam.register(root / "machines.csv", "machines", "M", synthetic=True, publish=True, fields=RECORD)
        sam.register(root / "machines.csv", "machines_draft")
        sam.publish_policy(POLICY)
        purposes = ["scientific research", "service optimisation"]
        asked = ana.apply("machines", purpose=purposes, kinds=["aggregate", "noisy", "rows"], ethics="24-1")
        return str(sam.grant(asked, epsilon_total=2.0).id)


@pytest.fixture
def outcomes(door: Door) -> Callable[[], list[tuple[str, int]]]:
    """How the questions since the start of this test ended: the outcome and the rows."""
    start = door.hub.log.size()

    def ended() -> list[tuple[str, int]]:
        facts = [r.facts for _, r in door.hub.log.records(start) if r.kind.value == "query.delivered"]
        return [(str(fact["outcome"]), int(str(fact.get("rows", 0)))) for fact in facts]

    return ended
