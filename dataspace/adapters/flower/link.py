"""The hub's side: a SuperLink with its executor as child processes, and runs on it."""

import os
import secrets
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import httpx
from cryptography.hazmat.primitives import serialization

from dataspace.adapters.flower import fab as fabs
from dataspace.adapters.flower import launcher
from dataspace.adapters.flower.addresses import free_port, is_free
from dataspace.adapters.flower.child import Child
from dataspace.adapters.flower.control import Control
from dataspace.adapters.flower.node_roster import NodeRoster
from dataspace.adapters.flower.orders import ORDER, run_directory, write_order
from dataspace.adapters.flower.watch import RunWatch, wait_anew
from dataspace.adapters.renewing import renewing
from dataspace.adapters.tls import Authority, write_private
from dataspace.errors import SetupError
from dataspace.model.names import RunId, SiteName
from dataspace.model.runs import RunEvent, RunOrder

START_SECONDS = 60.0
ATTEMPTS = 3
LOOPBACK = "127.0.0.1"
PORT = "port"
"""The port of the last start, in the home: a site pins the address when it joins."""


class FlowerLink:
    """A running SuperLink. Its state, keys, logs and runs are under `home`; every child is gone after `stop`.

    Sites reach `host:port`, where only the part of Flower is open that nodes need; `names` are the names and addresses
    that they know it by; `port` 0 takes a free one. Everything else is on a port of the loopback interface. `fab` is
    the app that runs execute: ours, unless a test gives another.
    """

    def __init__(
        self,
        home: Path,
        authority: Authority,
        port: int = 0,
        host: str = "127.0.0.1",
        names: Sequence[str] = ("localhost", "127.0.0.1"),
        fab: bytes | None = None,
    ) -> None:
        self.home = home
        self.host = host
        self.port = port
        self._inner = 0
        self._wanted_port = port
        self._authority = authority
        self._names = tuple(names)
        app = fab if fab is not None else fabs.pack(fabs.app_files())
        self.app_hash = fabs.app_hash(app)
        self._children: list[Child] = []
        self._renewal = ExitStack()
        self._lock = threading.Lock()
        roster = NodeRoster(home / "nodes.json")
        self._control = Control(roster, app, self.app_hash, lambda: self.pids.get("superlink"))

    @property
    def address(self) -> str:
        """`host:port`, for a SuperNode on this host."""
        return f"{self.host}:{self.port}"

    @property
    def inner_address(self) -> str:
        """`host:port` on the loopback interface, for the hub itself and its executor."""
        return f"{LOOPBACK}:{self._inner}"

    @property
    def ca_pem(self) -> bytes:
        """The certificate that sites verify this SuperLink with."""
        return self._authority.pem

    def start(self) -> None:
        """Start and wait until it answers; SetupError where it does not, and then nothing is left running."""
        names = tuple(dict.fromkeys((*self._names, LOOPBACK)))
        self._prepare(names)
        for attempt in range(ATTEMPTS):
            self.port = self._wanted_port or self._port_of_before() or free_port(self.host)
            self._inner = free_port(LOOPBACK)
            own = ("--control-secret", "control.secret", "--front", self.address)
            superlink = self._child("superlink", self._superlink_arguments(), *own)
            superlink.start()
            self._children = [superlink]
            if self._answers(superlink):
                break
            self.stop()
            # A free port can be taken before the SuperLink listens: only then is another attempt of use.
            if (self._wanted_port and not is_free(self.host, self.port)) or attempt == ATTEMPTS - 1:
                raise SetupError(
                    f"The SuperLink did not start on {self.address}.",
                    f"See '{superlink.log}'; is the port in use?",
                )
        (self.home / PORT).write_text(str(self.port))
        secret = (self.home / "control.secret").read_text()
        self._control.connect(self.inner_address, self.ca_pem, secret)
        superexec = self._child("superexec", self._superexec_arguments())
        superexec.start()
        self._children.append(superexec)
        # The SuperLink looks at the files itself: no node is disturbed.
        renewal = renewing(self._authority, names, self.home / "tls", lambda: None)
        self._renewal.enter_context(renewal)
        self.sites()

    def stop(self) -> None:
        """End the executor, then the SuperLink, and everything that they started."""
        self._renewal.close()
        self._control.close()
        for child in reversed(self._children):
            child.stop()
        self._children = []

    def halt(self) -> None:
        """End the coordinators, and start no other: their runs go on, after the last round kept, at the next start.

        Before anything else of a hub ends: a coordinator that outlived what sites need of the hub would name them all.
        """
        self._control.halt()
        for child in self._children[1:]:
            child.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def register(self, site: SiteName, public_key: bytes) -> int:
        """Admit the node with this public key (PEM) under the site's name; its node id. Twice gives the same id."""
        return self._control.register(site, _canonical(public_key))

    def unregister(self, node: int) -> None:
        """From now on the node is refused."""
        self._control.unregister(node)

    def expel(self, site: SiteName, public_key: bytes) -> None:
        """From now on the node with this public key (PEM) is refused, whatever its number is by now."""
        self.unregister(self.register(site, public_key))

    def online(self) -> frozenset[int]:
        """Ids of the nodes that gave a sign of life within the last 20 s."""
        return frozenset(self.sites().values())

    def sites(self) -> Mapping[SiteName, int]:
        """Sites whose node is online, with the node's id, which is another one after a restart of the SuperLink."""
        return self._control.sites()

    def submit(self, order: RunOrder) -> None:
        """Write the order and have a ServerApp started for it."""
        watch = self._watch(order.run)
        write_order(watch.directory, order)
        watch.submit()

    def events(self, run: RunId) -> Iterator[RunEvent]:
        """Events from the first on, as they come, until `finished` or `failed`; never hangs."""
        return self._watch(run).events()

    def stop_run(self, run: RunId) -> None:
        """End the coordinator of a run. Sites that work on a message are not interrupted: theirs is the kill switch."""
        self._watch(run).end("stopped")

    def kept(self, run: RunId) -> bool:
        """Whether the order of a run is on the disk, and with it all that it needs to go on."""
        return (run_directory(self.home / "runs", run) / ORDER).is_file()

    @property
    def pids(self) -> Mapping[str, int]:
        """Process ids of the children that run, by name."""
        return {child.name: child.pid for child in self._children if child.pid is not None}

    def _watch(self, run: RunId) -> RunWatch:
        return RunWatch(self.home / "runs", run, self._control, self._lock)

    def _prepare(self, names: Sequence[str]) -> None:
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.home / "runs").mkdir(exist_ok=True, mode=0o700)
        wait_anew(self.home / "runs")
        (self.home / "ca.crt").write_bytes(self.ca_pem)
        self._authority.issue_server(names, self.home / "tls")
        for name in ("superexec.secret", "control.secret"):
            write_private(self.home / name, secrets.token_hex(32).encode())

    def _port_of_before(self) -> int:
        """Where sites have learnt to find this hub; 0 where it never started, or somebody else is there now."""
        try:
            port = int((self.home / PORT).read_text())
        except (FileNotFoundError, ValueError):
            return 0
        deadline = time.monotonic() + launcher.ORPHAN_SECONDS
        while not is_free(self.host, port):  # perhaps the SuperLink of a hub that was killed, which ends soon
            if time.monotonic() > deadline:
                return 0
            time.sleep(0.2)
        return port

    def _child(self, role: str, flower: Sequence[str], *own: str) -> Child:
        return Child(
            role,
            lambda: [*launcher.command(role, os.getpid(), *own), *flower],
            self.home,
            {"FLWR_HOME": str(self.home / "flwr" / role)},
        )

    def _superlink_arguments(self) -> list[str]:
        return [
            *("--host", LOOPBACK, "--port", str(self._inner)),
            *(
                "--ssl-ca-certfile",
                "ca.crt",
                "--ssl-certfile",
                "tls/server.crt",
                "--ssl-keyfile",
                "tls/server.key",
            ),
            "--enable-supernode-auth",
            *("--isolation", "process", "--superexec-auth-secret-file", "superexec.secret"),
            "--disable-runtime-dependency-installation",
        ]

    def _superexec_arguments(self) -> list[str]:
        return [
            *("--runtime-api-address", self.inner_address, "--root-certificates", "ca.crt"),
            *("--superexec-auth-secret-file", "superexec.secret"),
        ]

    def _answers(self, superlink: Child) -> bool:
        context = ssl.create_default_context(cadata=self.ca_pem.decode())
        deadline = time.monotonic() + START_SECONDS
        with httpx.Client(verify=context, timeout=2) as client:
            while time.monotonic() < deadline and not superlink.exits:
                try:
                    if client.get(f"https://{self.inner_address}/health").is_success:
                        return True
                except httpx.TransportError:
                    time.sleep(0.1)
        return False


def _canonical(public_key: bytes) -> bytes:
    try:
        key = serialization.load_pem_public_key(public_key)
    except ValueError as error:
        raise SetupError(
            "This is not a public key in PEM form.", "Send the one that joining printed."
        ) from error
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
