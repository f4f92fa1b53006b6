"""The hub's TLS front: one application of a SuperLink on two sockets, the one that sites reach and an inner one."""

import asyncio
import logging
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvicorn

from dataspace.adapters.flower.gate import Gate

LOOK_SECONDS = 10.0
"""Between two looks whether the certificate was renewed."""
_log = logging.getLogger(__name__)


class Front:
    """Serves what Flower hands to uvicorn, behind the gate.

    `address` is the `host:port` that sites reach. Flower itself is told an inner port of the loopback interface.
    """

    def __init__(self, address: str, secret: str, header: str) -> None:
        host, _, port = address.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        self._secret, self._header = secret, header

    def serve(self, app: Any, host: str, port: int, **options: Any) -> None:
        """In place of `uvicorn.run`; returns when the server has ended. Raises OSError where a port is in use."""
        if port == self._port:
            raise OSError("the front and the inner port must differ")
        options.update(access_log=False, timeout_graceful_shutdown=1, server_header=False)
        gate = Gate(app, self._secret, self._header, self._port)
        sockets = [listening(host, port), listening(self._host, self._port)]
        config = uvicorn.Config(gate, host=host, port=port, **options)
        _Renewing(config).run(sockets=sockets)


class _Renewing(uvicorn.Server):
    """A server that takes a new certificate without being restarted: sites that are connected notice nothing."""

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        looking = asyncio.create_task(self._look())
        try:
            await super().serve(sockets)
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking

    async def _look(self) -> None:
        files = [Path(str(name)) for name in (self.config.ssl_certfile, self.config.ssl_keyfile) if name]
        known = _written(files)
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if (now := _written(files)) != known and self.config.ssl is not None and len(files) == 2:
                try:
                    self.config.ssl.load_cert_chain(str(files[0]), str(files[1]))
                    known = now
                except (OSError, ssl.SSLError):
                    # One of the two files is being written: the next look finds both.
                    _log.warning("the renewed certificate could not be read yet")


def listening(host: str, port: int) -> socket.socket:
    """A socket that is bound; raises OSError where another one is."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def _written(files: list[Path]) -> list[int]:
    return [file.stat().st_mtime_ns for file in files if file.exists()]
