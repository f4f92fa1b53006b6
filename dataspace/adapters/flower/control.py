"""What the hub asks of its SuperLink: who is connected, who is admitted, and coordinators for runs."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from dataspace.adapters.flower import private
from dataspace.adapters.flower.node_roster import NodeRoster
from dataspace.errors import SetupError, SourceError
from dataspace.model.names import RunId, SiteName, site_name

UNREGISTERED = "unregistered"
ONLINE = "online"


class Control:
    """One SuperLink's Control API, with the memory of who was admitted, which a SuperLink loses when it ends.

    `superlink` tells its process, `fab` is the app that runs execute and `app_hash` names it.
    """

    def __init__(
        self, roster: NodeRoster, fab: bytes, app_hash: str, superlink: Callable[[], int | None]
    ) -> None:
        self._roster = roster
        self._fab, self._app_hash = fab, app_hash
        self._client: Any = None
        self._halted = False
        self.superlink = superlink

    def connect(self, address: str, ca_pem: bytes, secret: str) -> None:
        """From now on the SuperLink at `address` is asked."""
        self._client = private.control_client(address, ca_pem, secret)
        self._halted = False

    def halt(self) -> None:
        """No coordinator is started from now on."""
        self._halted = True

    def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def register(self, site: SiteName, key: bytes) -> int:
        """Admit the node with this public key (PEM); its node id. Twice gives the same id. Raises SetupError."""
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

    def start(self, run: RunId) -> int:
        """Have a coordinator started for a run whose order is written; Flower's own number of it."""
        if self._halted:
            raise SourceError("The hub is about to end.", "Ask again when it is back.")
        request = private.StartRunRequest(
            fab=private.fab_to_proto(private.Fab(self._app_hash, self._fab, {})),
            override_config=private.user_config_to_proto({"run": str(run)}),
        )
        return int(self._call("StartRun", request).run_id)

    def finished(self, flower_run: int) -> bool | None:
        """Whether the SuperLink counts a run as finished; None where it does not know or not answer."""
        if self._client is None:
            return True
        try:
            runs = self._call("ListRuns", private.ListRunsRequest(run_id=flower_run)).run_dict
        except SourceError:
            return None
        return runs[flower_run].status.status == "finished" if flower_run in runs else None

    def stop(self, flower_run: int) -> None:
        """End a run there. Raises SourceError."""
        self._call("StopRun", private.StopRunRequest(run_id=flower_run))

    def _register(self, site: SiteName, key: bytes) -> int:
        request = private.RegisterNodeRequest(public_key=key, name=site)
        return int(self._call("RegisterNode", request).node_id)

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
