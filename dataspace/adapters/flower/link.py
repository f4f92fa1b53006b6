"""The hub's side: a SuperLink with its executor as child processes, and runs on it."""

import os
import secrets
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import httpx
from cryptography.hazmat.primitives import serialization

from dataspace.adapters.flower import fab as fabs
from dataspace.adapters.flower import launcher, private
from dataspace.adapters.flower.addresses import free_port
from dataspace.adapters.flower.child import Child
from dataspace.adapters.flower.node_roster import NodeRoster
from dataspace.adapters.flower.orders import write_order
from dataspace.adapters.flower.watch import RunWatch
from dataspace.adapters.tls import Authority, write_private
from dataspace.errors import SetupError, SourceError
from dataspace.model.names import RunId, SiteName, site_name
from dataspace.model.runs import RunEvent, RunOrder

START_SECONDS = 60.0
ATTEMPTS = 3
UNREGISTERED = "unregistered"
ONLINE = "online"


class FlowerLink:
    """A running SuperLink. Its state, keys, logs and runs are under `home`; every child is gone after `stop`.

    `names` are the names and addresses that sites reach it by; `port` 0 takes a free one. `fab` is the app that runs
    execute: ours, unless a test gives another.
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
        self._wanted_port = port
        self._authority = authority
        self._names = tuple(names)
        self._fab = fab if fab is not None else fabs.pack(fabs.app_files())
        self.app_hash = fabs.app_hash(self._fab)
        self._children: list[Child] = []
        self._client: Any = None
        self._lock = threading.Lock()
        self._roster = NodeRoster(home / "nodes.json")

    @property
    def address(self) -> str:
        """`host:port`, for a SuperNode on this host."""
        return f"{self.host}:{self.port}"

    @property
    def ca_pem(self) -> bytes:
        """The certificate that sites verify this SuperLink with."""
        return self._authority.pem

    def start(self) -> None:
        """Start and wait until it answers; SetupError where it does not, and then nothing is left running."""
        self._prepare()
        for attempt in range(ATTEMPTS):
            self.port = self._wanted_port or free_port(self.host)
            superlink = self._child(
                "superlink", self._superlink_arguments(), "--control-secret", "control.secret"
            )
            superlink.start()
            self._children = [superlink]
            if self._answers(superlink):
                break
            self.stop()
            # A free port can be taken before the SuperLink listens: only then is another attempt of use.
            if self._wanted_port or attempt == ATTEMPTS - 1:
                raise SetupError(
                    f"The SuperLink did not start on {self.address}.",
                    f"See '{superlink.log}'; is the port in use?",
                )
        secret = (self.home / "control.secret").read_text()
        self._client = private.control_client(self.address, self.ca_pem, secret)
        superexec = self._child("superexec", self._superexec_arguments())
        superexec.start()
        self._children.append(superexec)
        self.sites()

    def stop(self) -> None:
        """End the executor, then the SuperLink, and everything that they started."""
        if self._client is not None:
            self._client.close()
            self._client = None
        for child in reversed(self._children):
            child.stop()
        self._children = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def register(self, site: SiteName, public_key: bytes) -> int:
        """Admit the node with this public key (PEM) under the site's name; its node id. Twice gives the same id."""
        key = _canonical(public_key)
        for node in self._nodes():
            if node.public_key == key:
                if node.name != site:
                    raise SetupError(
                        "This node key is registered under another site.", "Make a new one there."
                    )
                return int(node.node_id)
        self._roster.put(site, key)
        return self._register(site, key)

    def unregister(self, node: int) -> None:
        """From now on the node is refused."""
        for known in self._nodes():
            if known.node_id == node:
                self._roster.drop(known.public_key)
        self._call("UnregisterNode", private.UnregisterNodeRequest(node_id=node))

    def expel(self, site: SiteName, public_key: bytes) -> None:
        """From now on the node with this public key (PEM) is refused, whatever its number is by now."""
        self.unregister(self.register(site, public_key))

    def online(self) -> frozenset[int]:
        """Ids of the nodes that gave a sign of life within the last 20 s."""
        return frozenset(self.sites().values())

    def sites(self) -> Mapping[SiteName, int]:
        """Sites whose node is online, with the node's id, which is another one after a restart of the SuperLink."""
        nodes = self._nodes()
        forgotten = self._roster.keys_by_site()
        for node in nodes:
            forgotten.pop(SiteName(node.name), None)
        # The SuperLink keeps its state in memory: on disk each request would cost some 20 ms of its one process.
        for site, key in forgotten.items():
            self._register(site, key)
        return {site_name(node.name): int(node.node_id) for node in nodes if node.status == ONLINE}

    def submit(self, order: RunOrder) -> None:
        """Write the order and have a ServerApp started for it."""
        watch = self._watch(order.run)
        write_order(watch.directory, order)
        request = private.StartRunRequest(
            fab=private.fab_to_proto(private.Fab(self.app_hash, self._fab, {})),
            override_config=private.user_config_to_proto({"run": str(order.run)}),
        )
        watch.note_submission(int(self._call("StartRun", request).run_id))

    def events(self, run: RunId) -> Iterator[RunEvent]:
        """Events from the first on, as they come, until `finished` or `failed`; never hangs."""
        return self._watch(run).events()

    def stop_run(self, run: RunId) -> None:
        """End the coordinator of a run. Sites that work on a message are not interrupted: theirs is the kill switch."""
        self._watch(run).end("stopped")

    @property
    def pids(self) -> Mapping[str, int]:
        """Process ids of the children that run, by name."""
        return {child.name: child.pid for child in self._children if child.pid is not None}

    def _register(self, site: SiteName, key: bytes) -> int:
        request = private.RegisterNodeRequest(public_key=key, name=site)
        return int(self._call("RegisterNode", request).node_id)

    def _watch(self, run: RunId) -> RunWatch:
        return RunWatch(self.home / "runs", run, self._finished, self._stop_flower_run, self._lock)

    def _finished(self, flower_run: int) -> bool | None:
        """Whether the SuperLink counts a run as finished; None where the SuperLink does not know or not answer."""
        if self._client is None:
            return True
        try:
            runs = self._call("ListRuns", private.ListRunsRequest(run_id=flower_run)).run_dict
        except SourceError:
            return None
        return runs[flower_run].status.status == "finished" if flower_run in runs else None

    def _stop_flower_run(self, flower_run: int) -> None:
        self._call("StopRun", private.StopRunRequest(run_id=flower_run))

    def _nodes(self) -> list[Any]:
        nodes = self._call("ListNodes", private.ListNodesRequest()).nodes_info
        return [node for node in nodes if node.status != UNREGISTERED]

    def _call(self, method: str, request: Any) -> Any:
        if self._client is None:
            raise SetupError("The SuperLink is not running.", "Start it first.")
        try:
            return getattr(self._client, method)(request)
        except httpx.HTTPError as error:
            raise SourceError(
                f"The SuperLink did not do {method} ({type(error).__name__}).", "Retry."
            ) from error

    def _prepare(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.home / "runs").mkdir(exist_ok=True, mode=0o700)
        (self.home / "ca.crt").write_bytes(self.ca_pem)
        self._authority.issue_server(self._names, self.home / "tls")
        for name in ("superexec.secret", "control.secret"):
            write_private(self.home / name, secrets.token_hex(32).encode())

    def _child(self, role: str, flower: Sequence[str], *own: str) -> Child:
        return Child(
            role,
            lambda: [*launcher.command(role, os.getpid(), *own), *flower],
            self.home,
            {"FLWR_HOME": str(self.home / "flwr" / role)},
        )

    def _superlink_arguments(self) -> list[str]:
        return [
            *("--host", self.host, "--port", str(self.port)),
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
            *("--runtime-api-address", self.address, "--root-certificates", "ca.crt"),
            *("--superexec-auth-secret-file", "superexec.secret"),
        ]

    def _answers(self, superlink: Child) -> bool:
        context = ssl.create_default_context(cadata=self.ca_pem.decode())
        deadline = time.monotonic() + START_SECONDS
        with httpx.Client(verify=context, timeout=2) as client:
            while time.monotonic() < deadline and not superlink.exits:
                try:
                    if client.get(f"https://{self.address}/health").is_success:
                        return True
                except httpx.TransportError:
                    time.sleep(0.1)
        return False


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


def _canonical(public_key: bytes) -> bytes:
    try:
        key = serialization.load_pem_public_key(public_key)
    except ValueError as error:
        raise SetupError(
            "This is not a public key in PEM form.", "Send the one that joining printed."
        ) from error
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
