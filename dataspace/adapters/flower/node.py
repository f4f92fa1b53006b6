"""The site's side of the line to the hub: a SuperNode as a child process, kept running."""

import os
import secrets
from pathlib import Path
from typing import Self

from dataspace.adapters.flower import launcher
from dataspace.adapters.flower.addresses import free_port, is_free
from dataspace.adapters.flower.child import Child
from dataspace.adapters.tls import write_private

HOST = "127.0.0.1"
STOP_SECONDS = 2.0
"""For taking leave of the hub, which may be away: a site that is stopped does not wait for it."""


class FlowerNode:
    """A SuperNode that holds the node key and speaks to the hub; outbound TLS only.

    It exits where it is not registered yet, and is refused for a while after it was killed: it is started again, later
    each time. A guard loop takes messages from `runtime_address`, which only this host reaches, with `secret`.
    """

    def __init__(
        self, home: Path, superlink_address: str, ca_pem: bytes, key_path: Path, site: str = ""
    ) -> None:
        self.home = home
        self._superlink = superlink_address
        self._ca_pem = ca_pem
        self._key_path = key_path
        self._site = site
        self._port = free_port(HOST)
        self.secret = secrets.token_hex(32).encode()
        # Two heaps: else the C library keeps one for every thread.
        environment = {"FLWR_HOME": str(home / "flwr"), "MALLOC_ARENA_MAX": "2"}
        self._child = Child("supernode", self._command, home, environment)

    @property
    def runtime_address(self) -> str:
        """Where the guard loop finds the node; it can change when the node is started again."""
        return f"{HOST}:{self._port}"

    @property
    def pid(self) -> int | None:
        """Process id while the node runs."""
        return self._child.pid

    @property
    def exits(self) -> list[int]:
        """Exit codes of the node's processes that ended by themselves."""
        return self._child.exits

    @property
    def log(self) -> Path:
        """Where the node's output goes."""
        return self._child.log

    def start(self) -> None:
        """Start and keep it running; returns at once, registered or not."""
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.home / "hub-ca.crt").write_bytes(self._ca_pem)
        write_private(self.home / "node.secret", self.secret)
        self._child.start()

    def stop(self) -> None:
        """Take leave of the hub and end; returns when the process is gone."""
        self._child.stop(STOP_SECONDS)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _command(self) -> list[str]:
        if not is_free(HOST, self._port):
            self._port = free_port(HOST)
        return [
            *launcher.command("supernode", os.getpid()),
            *("--superlink", self._superlink, "--root-certificates", "hub-ca.crt"),
            *("--auth-supernode-private-key", str(self._key_path.resolve())),
            *("--host", HOST, "--port", str(self._port)),
            *("--isolation", "process", "--superexec-auth-secret-file", "node.secret"),
        ]
