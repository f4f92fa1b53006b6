"""A hub as a server: its federation, its services and the HTTP contract over TLS, until somebody stops it."""

import asyncio
import gc
import json
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import uvicorn

from dataspace.adapters.renewing import renewing
from dataspace.adapters.tls import Authority
from dataspace.bootstrap import AUTHORITY, HubServices, build_hub, start_link
from dataspace.errors import SetupError
from dataspace.http.app import create_app
from dataspace.http.scheduling import harvests_on_schedule, permits_on_schedule
from dataspace.settings import HubSettings
from dataspace.site.run import only_one, stopped_by_signals

ADDRESS = "address.json"
"""In the hub's home, while it runs: where it is, and the certificate that vouches for it."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a hub that runs can be reached."""

    url: str
    ca: str
    superlink: str
    flight: str = ""
    """Where the second door is, empty where there is none."""


Door = Callable[[HubServices, Path, Path], AbstractContextManager[str]]
"""A second door to the same services, from the hub's certificate and its key; gives its address."""


def serve(
    settings: HubSettings,
    started: Callable[[Address], None],
    federated: bool = True,
    beside: Door | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. Raises SetupError where the port is in use; leaves no child process behind."""
    stop = threading.Event()
    # The server gives a signal that it took back to whoever had it before: without a handler here, that would end the
    # process before its children are ended in order.
    with only_one(settings.home), stopped_by_signals(stop):
        listener = _listen(settings)
        try:
            _serve(settings, listener, started, federated, stop, beside)
        finally:
            listener.close()
            (settings.home / ADDRESS).unlink(missing_ok=True)


def _serve(
    settings: HubSettings,
    listener: socket.socket,
    started: Callable[[Address], None],
    federated: bool,
    stop: threading.Event,
    beside: Door | None,
) -> None:
    authority = Authority.load(settings.home / AUTHORITY)
    certificate, key = authority.issue_server(settings.names, settings.home / "tls")
    federation = start_link(settings, authority) if federated else None
    try:
        services = (
            build_hub(settings, federation.federation, federation.nodes)
            if federation
            else build_hub(settings)
        )
        try:
            _settle(services)
            if federation is not None:
                services.following.take_up()
            superlink = federation.nodes.address if federation else ""
            url = f"https://{settings.names[0]}:{listener.getsockname()[1]}"
            address = Address(url, str(settings.home / AUTHORITY / "ca.crt"), superlink)
            config = uvicorn.Config(
                create_app(services),
                ssl_certfile=str(certificate),
                ssl_keyfile=str(key),
                log_level="warning",
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=5,
                server_header=False,
            )
            if not stop.is_set():
                with ExitStack() as doors:
                    if beside is not None:
                        opened = doors.enter_context(beside(services, certificate, key))
                        address = replace(address, flight=opened)
                    tls = settings.home / "tls"
                    # The server makes its context when it starts, so it is asked for later.
                    doors.enter_context(renewing(authority, settings.names, tls, lambda: config.ssl))
                    doors.enter_context(harvests_on_schedule(services.harvesting, services.name))
                    doors.enter_context(permits_on_schedule(services.permitting))
                    halt = federation.halt if federation else _nothing_runs
                    told = _Told(config, lambda: _announce(settings, address, started), halt)
                    told.run(sockets=[listener])
        finally:
            services.close()
            # What was spared is collected in the end: the engine complains of every object that outlives it.
            gc.unfreeze()
            gc.collect()
    finally:
        if federation is not None:
            federation.stop()


def _settle(services: HubServices) -> None:
    """Read the policies before anybody asks, and spare what is loaded by now the rounds of the garbage collector: a
    round over a hundred thousand policies would halt every answer for seconds."""
    services.publishing.policies.current()
    gc.collect()
    gc.freeze()


def _nothing_runs() -> None:
    """For a hub that no site connects to."""


class _Told(uvicorn.Server):
    """A server that says when it listens, and that ends what runs before it answers no site any more."""

    def __init__(self, config: uvicorn.Config, told: Callable[[], None], halt: Callable[[], None]) -> None:
        super().__init__(config)
        self._told, self._halt = told, halt

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await asyncio.to_thread(self._halt)
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._told()


def _announce(settings: HubSettings, address: Address, started: Callable[[Address], None]) -> None:
    fields = {"url": address.url, "ca": address.ca, "superlink": address.superlink}
    draft = settings.home / f".{ADDRESS}"
    draft.write_text(json.dumps(fields) + "\n")
    draft.replace(settings.home / ADDRESS)
    started(address)


def _listen(settings: HubSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise SetupError(
            f"{settings.host}:{settings.port} cannot be listened on ({error.strerror}).",
            "Choose another: `dataspace hub start --port 0` takes a free one.",
        ) from error
    return listener
