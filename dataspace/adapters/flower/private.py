"""Every import of Flower's private parts, in one place, so that a new Flower breaks one file and one test.

Two groups. What a guard needs on every message is imported at once (and is light: no ray, no torch, no ORM).
What only one of Flower's own programs needs is imported inside the function that calls it.
"""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import httpx
from flwr.app import ConfigRecord, Error, Message, RecordDict
from flwr.common.constant import ErrorCode, SubStatus
from flwr.common.serde import fab_to_proto, user_config_to_proto
from flwr.proto.control_pb2 import (
    ListNodesRequest,
    ListRunsRequest,
    RegisterNodeRequest,
    StartRunRequest,
    StopRunRequest,
    UnregisterNodeRequest,
)
from flwr.proto.runtime_pb2 import AcquireTaskRequest, PullTaskInputRequest, SendTaskHeartbeatRequest
from flwr.serverapp import Grid, ServerApp
from flwr.supercore.control import ControlHttpClient
from flwr.supercore.fab import Fab
from flwr.supercore.inflatable import inflatable_utils
from flwr.supercore.interceptors import (
    RuntimeTokenHttpInterceptor,
    RuntimeVersionHttpInterceptor,
    SuperExecAuthHttpInterceptor,
)
from flwr.supercore.retry import RetryInvoker, exponential
from flwr.supercore.runtime import RuntimeHttpClient
from flwr.supernode.runtime.run_clientapp import pull_task_input, push_message, push_task_output

__all__ = [
    "CLIENT_APP",
    "CONTROL_HEADER",
    "SERVER_APP",
    "UNAVAILABLE",
    "AcquireTaskRequest",
    "ConfigRecord",
    "Error",
    "Fab",
    "Grid",
    "ListNodesRequest",
    "ListRunsRequest",
    "Message",
    "PullTaskInputRequest",
    "RecordDict",
    "RegisterNodeRequest",
    "SendTaskHeartbeatRequest",
    "ServerApp",
    "StartRunRequest",
    "StopRunRequest",
    "SubStatus",
    "UnregisterNodeRequest",
    "control_client",
    "fab_to_proto",
    "inflatable_utils",
    "leave_out_sql",
    "programs",
    "pull_task_input",
    "push_message",
    "push_task_output",
    "runtime_client",
    "user_config_to_proto",
]

RETRY_SECONDS = 5.0
"""How long a call on a task is tried again while the node cannot be reached."""
CLIENT_APP = "flwr-clientapp"
SERVER_APP = "flwr-serverapp"
ACQUIRE = "/flwr.proto.Runtime/AcquireTask"
SQL_OBJECT_STORE = "flwr.supercore.object_store.sql_object_store"
UNAVAILABLE = frozenset({ErrorCode.MESSAGE_UNAVAILABLE, ErrorCode.REPLY_MESSAGE_UNAVAILABLE})
"""Errors that the SuperLink itself gives for a message that nobody answered in its time."""
CONTROL_HEADER = "x-dataspace-control"
"""Header with the secret that our gate in front of the Control API asks for (Flower's own has no authentication)."""


class _ControlSecret:
    """Adds the control secret to each request of a Control client."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def intercept(self, context: Any, call_next: Callable[[Any], httpx.Response]) -> httpx.Response:
        context.request.headers[CONTROL_HEADER] = self._secret
        return call_next(context)


def control_client(address: str, ca_pem: bytes, secret: str) -> Any:
    """A client of the Control API at `address` (host:port), over TLS."""
    return ControlHttpClient.from_server_address(
        server_address=address,
        insecure=False,
        root_certificates=ca_pem,
        interceptors=[RuntimeVersionHttpInterceptor(component_name="flwr CLI"), _ControlSecret(secret)],
    )


def runtime_client(
    address: str,
    *,
    ca_pem: bytes | None = None,
    secret: bytes | None = None,
    token: str | None = None,
    retry: bool = True,
) -> Any:
    """A client of a Runtime API: with a secret it acquires tasks, with a token it works on one.

    Without `ca_pem` the connection is plain HTTP, which is for a SuperNode on this very host. With `retry`, a
    connection that fails is tried again for a while. Flower's own retry would go on for ever, and where the node was
    started anew and does not know the token, it interrupts the whole process: that would end the site.
    """
    interceptors: list[Any] = [
        RuntimeVersionHttpInterceptor(component_name="SuperExec" if token is None else CLIENT_APP)
    ]
    if secret is not None:
        interceptors.append(
            SuperExecAuthHttpInterceptor(master_secret=secret, protected_methods=frozenset({ACQUIRE}))
        )
    if token is not None:
        interceptors.append(RuntimeTokenHttpInterceptor(token))
    return RuntimeHttpClient.from_server_address(
        server_address=address,
        insecure=ca_pem is None,
        root_certificates=ca_pem,
        interceptors=interceptors,
        retry_invoker=_brief() if retry else None,
    )


def _brief() -> Any:
    return RetryInvoker(lambda: exponential(max_delay=1), httpx.TransportError, None, RETRY_SECONDS)


def leave_out_sql() -> None:
    """In a SuperNode, which keeps its objects in memory: do not load the store that it never makes (30 MB).

    For a process that becomes a SuperNode: whoever makes that store afterwards is told that it was left out.
    """

    def left_out(*_: object) -> None:
        raise RuntimeError("this process keeps its objects in memory: the store in SQL was left out of it")

    stand_in = ModuleType(SQL_OBJECT_STORE)
    stand_in.SqlObjectStore = left_out  # type: ignore[attr-defined]
    sys.modules[SQL_OBJECT_STORE] = stand_in


def programs() -> dict[str, Callable[[], Callable[[], None]]]:
    """Flower's stock main functions by role, each behind a function that imports it."""

    def superlink() -> Callable[[], None]:
        from flwr.superlink.cli import flower_superlink

        return flower_superlink  # type: ignore[no-any-return]

    def superexec() -> Callable[[], None]:
        from flwr.supercore.cli import flower_superexec

        return flower_superexec  # type: ignore[no-any-return]

    def supernode() -> Callable[[], None]:
        from flwr.supernode.cli import flower_supernode

        return flower_supernode  # type: ignore[no-any-return]

    def serverapp() -> Callable[[], None]:
        from flwr.superlink.cli import flwr_serverapp

        return flwr_serverapp  # type: ignore[no-any-return]

    return {"superlink": superlink, "superexec": superexec, "supernode": supernode, "serverapp": serverapp}
