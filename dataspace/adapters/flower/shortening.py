"""Flower's fixed sleeps, and what they become in a process that our launcher starts.

Released Flower sleeps 3 s in the node's loop, 0.5 s while the node waits for a reply, and 1 s, then 2 s, when a
message's objects are pulled a moment too early. Nothing of the released code is changed on disk: the modules below get
another `time` (or `subprocess`, or `uvicorn`), and a test fails with a clear message when a new Flower has moved them.
"""

import importlib
import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from dataspace.adapters.flower import private

IDLE_SECONDS = 1.0
"""Between two polls of a node that nobody has asked anything for a while."""
ACTIVE_SECONDS = 0.1
"""Between two polls while a run is active."""
LINGER_SECONDS = 20.0
"""How long after the last message a node counts a run as active."""
REPLY_SECONDS = 0.03
"""Between two looks of the node for the guard's reply; a look in memory, not a request."""
PULL_BACKOFF_SECONDS = 0.03
"""First wait when an object has not arrived yet; doubles up to Flower's own cap."""
PULL_SECONDS = 10.0
"""How long a guard waits for the rest of a message, which its own node hands over: a run that was stopped meanwhile
leaves a part that never comes, and Flower would wait two hours for it."""
TASK_POLL_SECONDS = 0.3
"""Between two looks of the executor for a ServerApp to start."""
HEARTBEAT_SECONDS = 10
"""The least that a SuperLink accepts. A node that was killed can come back after twice this, instead of 60 s."""


class _Borrowed:
    """A module, except for the names that are given: those come first."""

    def __init__(self, module: Any, **names: Any) -> None:
        self.__dict__.update(names)
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def shorten_pulls() -> None:
    """In every role, and in the guard: do not wait a second for an object that comes a moment later."""
    for function in (
        private.inflatable_utils.pull_objects,
        private.inflatable_utils.pull_and_inflate_object_from_tree,
    ):
        function.__kwdefaults__["initial_backoff"] = PULL_BACKOFF_SECONDS


def bound_pulls() -> None:
    """In a guard: give a message up whose rest does not come."""
    private.inflatable_utils.pull_and_inflate_object_from_tree.__kwdefaults__["max_time"] = PULL_SECONDS


def node_sleep(sleep: Callable[[float], None], clock: Callable[[], float]) -> Callable[[float], None]:
    """The node's two sleeps: 3 s when there was no message, 0.5 s while it waits for the guard's reply."""
    last_message = float("-inf")

    def shortened(seconds: float) -> None:
        nonlocal last_message
        if seconds < 1:
            last_message = clock()
            sleep(REPLY_SECONDS)
        else:
            sleep(ACTIVE_SECONDS if clock() - last_message < LINGER_SECONDS else IDLE_SECONDS)

    return shortened


def shorten_node() -> None:
    """In a SuperNode: its loop, and its heartbeat."""
    from flwr.supercore import heartbeat
    from flwr.supernode import fleet_http_connection, start_client_internal

    _lend(start_client_internal, "time", sleep=node_sleep(time.sleep, time.monotonic))
    for module in (heartbeat, fleet_http_connection):
        _replace(module, "HEARTBEAT_DEFAULT_INTERVAL", HEARTBEAT_SECONDS)


def redirect_executor(start: Callable[[list[str]], object]) -> None:
    """In a SuperExec: hand ServerApps, and nothing else, to `start` instead of `flwr-serverapp` on the path."""
    from flwr.supercore.constant import TaskType
    from flwr.supercore.superexec.executor import subprocess_executor
    from flwr.supercore.superexec.plugin import AutoExecPlugin

    def popen(arguments: Sequence[str], **_: Any) -> object:
        if arguments[0] != private.SERVER_APP:
            raise ValueError("only ServerApps are started here")
        return start(list(arguments[1:]))

    _lend(subprocess_executor, "subprocess", Popen=popen)
    _replace(AutoExecPlugin, "supported_task_types", frozenset({TaskType.SERVER_APP}))


def wrap_superlink(serve: Callable[..., None]) -> None:
    """In a SuperLink: have `serve` serve its ASGI application, with the options that Flower gives uvicorn."""
    # Not by an import statement: the package exports a function of the same name as this module of it.
    module = importlib.import_module("flwr.superlink.cli.flower_superlink")
    _lend(module, "uvicorn", run=serve)


def _lend(module: ModuleType, name: str, **names: Any) -> None:
    _replace(module, name, _Borrowed(getattr(module, name), **names))


def _replace(owner: Any, name: str, value: Any) -> None:
    if not hasattr(owner, name):
        raise ImportError(
            f"Flower has moved {owner.__name__}.{name}; see dataspace/adapters/flower/shortening.py"
        )
    setattr(owner, name, value)
