"""One hub harvests another over TLS, with a token from a file, on a schedule; what breaks there empties nothing."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn

from dataspace.adapters.catalogue_access import CatalogueAccess
from dataspace.adapters.tls import Authority
from dataspace.bootstrap import AUTHORITY, HubServices, build_hub, init_hub, issue_token
from dataspace.errors import SourceError
from dataspace.http.app import create_app
from dataspace.http.scheduling import harvests_on_schedule
from dataspace.model.names import DatasetName, PrincipalId
from dataspace.model.principals import Principal, Role
from dataspace.settings import HubSettings
from dataspace.testing.examples import example_dataset

pytestmark = pytest.mark.slow

SAM = Principal(PrincipalId("sam"), "Sam", frozenset({Role.STEWARD}))
ANA = Principal(PrincipalId("ana"), "Ana", frozenset({Role.RESEARCHER}))


@contextmanager
def opened(home: Path, name: str) -> Iterator[tuple[HubSettings, HubServices]]:
    settings = HubSettings(home, name=name, names=("localhost",), port=0)
    init_hub(settings)
    services = build_hub(settings)
    try:
        for person in (SAM, ANA):
            services.people.put(person)
        yield settings, services
    finally:
        services.close()


@contextmanager
def served(settings: HubSettings, services: HubServices, port: int = 0) -> Iterator[int]:
    """The hub behind a real port with its own certificate, for as long as the block lasts."""
    certificate, key = Authority.load(settings.home / AUTHORITY).issue_server(
        settings.names, settings.home / "tls"
    )
    config = uvicorn.Config(
        create_app(replace(services, closers=())),
        host="127.0.0.1",
        port=port,
        ssl_certfile=str(certificate),
        ssl_keyfile=str(key),
        log_level="error",
        lifespan="off",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(20)


def until(met: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not met():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def titles(hub: HubServices) -> set[str]:
    return {hit.entry.title for hit in hub.finding.search(ANA, "harvested").hits}


def put(hub: HubServices, name: str, title: str, published: bool = True) -> None:
    hub.browsing.catalog.put(replace(example_dataset(name, title), published=published))


def test_a_hub_harvests_another_over_tls_and_a_peer_that_breaks_takes_nothing_away(tmp_path: Path) -> None:
    with (
        opened(tmp_path / "far", "far") as (far_settings, far),
        opened(tmp_path / "near", "near") as (_, near),
    ):
        for number in range(12):
            put(far, f"stays_{number}", f"Harvested stays {number}")
        put(far, "draft", "Harvested draft", published=False)
        with served(far_settings, far) as port:
            url = f"https://localhost:{port}/catalog"
            access = CatalogueAccess(tmp_path / "near")
            with pytest.raises(SourceError, match="does not answer"):
                near.harvesting.harvest(SAM, url)  # nobody vouches for its certificate here
            access.keep(url, ca_pem=(far_settings.home / AUTHORITY / "ca.crt").read_text())
            with pytest.raises(SourceError, match="401"):
                near.harvesting.harvest(SAM, url)
            token = issue_token(far_settings, "ana", 3600)
            access.keep(url, token)
            report = near.harvesting.harvest(SAM, f"{url}?size=5", every=timedelta(seconds=1))
            assert (report.records, report.added, report.gone) == (12, 12, 0), "page by page, and no draft"
            assert titles(near) == {f"Harvested stays {number}" for number in range(12)}
            assert near.harvesting.harvest(SAM, f"{url}?size=5").outcome == "Unchanged."

            put(far, "late", "Harvested later")
            far.browsing.catalog.put(
                replace(example_dataset("stays_3", "Harvested stays 3"), published=False)
            )
            with harvests_on_schedule(near.harvesting, "near", 0.1):
                until(lambda: "Harvested later" in titles(near) and "Harvested stays 3" not in titles(near))
            kept = titles(near)
        with pytest.raises(SourceError, match="does not answer"):
            near.harvesting.harvest(SAM, f"{url}?size=5")
        assert titles(near) == kept and len(kept) == 12, "its records stay while it is silent"

        with served(far_settings, far, port):
            for number in range(12):
                put(far, f"stays_{number}", "-", published=False)
            report = near.harvesting.harvest(SAM, f"{url}?size=5")
            assert report.gone == 0 and "--accept-removals" in report.outcome
            assert titles(near) == kept
            assert near.harvesting.harvest(SAM, f"{url}?size=5", accept_removals=True).gone == 11
            assert titles(near) == {"Harvested later"}
        assert_nothing_holds(tmp_path / "near", token, besides=access.keep(url) / "token")


def assert_nothing_holds(home: Path, token: str, besides: Path) -> None:
    """No file of a home, whatever it is for, has the token in the clear."""
    for path in home.rglob("*"):
        if path.is_file() and path != besides:
            assert token.encode() not in path.read_bytes(), path


def test_the_name_of_a_harvested_record_is_none_of_this_hubs(tmp_path: Path) -> None:
    """What came from elsewhere can be found, and stands in for nothing that is registered here."""
    with (
        opened(tmp_path / "far", "far") as (far_settings, far),
        opened(tmp_path / "near", "near") as (_, near),
    ):
        put(far, "stays", "Harvested stays")
        with served(far_settings, far) as port:
            url = f"https://localhost:{port}/catalog"
            ca = (far_settings.home / AUTHORITY / "ca.crt").read_text()
            CatalogueAccess(tmp_path / "near").keep(url, issue_token(far_settings, "ana"), ca)
            near.harvesting.harvest(SAM, url)
        (hit,) = near.finding.search(ANA, "harvested").hits
        assert (hit.entry.dataset, hit.entry.origin) == (None, url)
        assert near.browsing.catalog.get(DatasetName("stays")) is None
