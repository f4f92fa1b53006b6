"""Flower's private parts are where our adapter expects them. A new Flower that moves one fails here, with its name."""

import importlib
import inspect
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest

from dataspace.adapters.flower import private, shortening
from dataspace.adapters.flower.addresses import free_port

MOVED = "this Flower has changed: look at dataspace/adapters/flower/private.py and shortening.py"
ATTRIBUTES = [
    ("flwr.supernode.start_client_internal", "time"),
    ("flwr.supernode.fleet_http_connection", "HEARTBEAT_DEFAULT_INTERVAL"),
    ("flwr.supercore.heartbeat", "HEARTBEAT_DEFAULT_INTERVAL"),
    ("flwr.supercore.superexec.executor.subprocess_executor", "subprocess"),
    ("flwr.superlink.cli.flower_superlink", "uvicorn"),
]


@pytest.mark.parametrize(("module", "name"), ATTRIBUTES)
def test_what_the_launcher_replaces_is_there(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(module), name), f"{module}.{name}: {MOVED}"


def test_the_node_sleeps_three_seconds_without_a_message_and_half_a_second_for_a_reply() -> None:
    source = inspect.getsource(importlib.import_module("flwr.supernode.start_client_internal"))
    assert source.count("time.sleep(3)") == 1, MOVED
    assert source.count("time.sleep(0.5)") == 2, MOVED
    assert source.count("time.sleep(") == 3, MOVED


@pytest.mark.parametrize("name", ["pull_objects", "pull_and_inflate_object_from_tree"])
def test_pulling_an_object_too_early_waits_a_second_unless_shortened(name: str) -> None:
    function = getattr(private.inflatable_utils, name)
    default = inspect.signature(function).parameters["initial_backoff"].default
    assert default in (1, shortening.PULL_BACKOFF_SECONDS), MOVED
    shortening.shorten_pulls()
    shortened = inspect.signature(function).parameters["initial_backoff"].default
    assert shortened == shortening.PULL_BACKOFF_SECONDS, MOVED


def test_the_superlink_accepts_our_heartbeat_interval() -> None:
    from flwr.common.constant import HEARTBEAT_CALL_TIMEOUT, HEARTBEAT_MIN_INTERVAL

    assert HEARTBEAT_MIN_INTERVAL <= shortening.HEARTBEAT_SECONDS, MOVED
    assert shortening.HEARTBEAT_SECONDS > HEARTBEAT_CALL_TIMEOUT, MOVED


def test_the_executor_reads_its_interval_from_the_environment() -> None:
    module = importlib.import_module("flwr.supercore.superexec.run_superexec")
    assert module._TASK_POLL_INTERVAL_ENV == "FLWR_SUPEREXEC_TASK_POLL_INTERVAL", MOVED
    assert module._MIN_TASK_POLL_INTERVAL_SECONDS <= shortening.TASK_POLL_SECONDS, MOVED


def test_the_executor_starts_serverapps_by_their_known_command() -> None:
    from flwr.supercore.constant import TASK_TYPE_TO_COMMAND, TaskType
    from flwr.supercore.superexec.plugin import AutoExecPlugin

    assert TASK_TYPE_TO_COMMAND[TaskType.SERVER_APP] == private.SERVER_APP, MOVED
    assert TASK_TYPE_TO_COMMAND[TaskType.CLIENT_APP] == private.CLIENT_APP, MOVED
    assert isinstance(AutoExecPlugin.supported_task_types, frozenset), MOVED


@pytest.mark.parametrize("role", sorted(private.programs()))
def test_each_program_has_a_main_function(role: str) -> None:
    assert callable(private.programs()[role]()), MOVED


def test_the_secret_protects_the_call_that_hands_out_tasks() -> None:
    module = importlib.import_module("flwr.supercore.superexec.run_superexec")
    assert private.ACQUIRE in module._SUPEREXEC_AUTH_METHODS, MOVED


def test_a_replacement_of_something_that_is_gone_says_so() -> None:
    with pytest.raises(ImportError, match="Flower has moved"):
        shortening._replace(private, "nothing_of_this_name", 1)


def test_the_node_polls_quickly_only_while_a_run_is_active() -> None:
    now, slept = [0.0], list[float]()
    sleep = shortening.node_sleep(slept.append, lambda: now[0])
    sleep(3)
    sleep(0.5)
    sleep(3)
    now[0] += shortening.LINGER_SECONDS
    sleep(3)
    assert slept == [
        shortening.IDLE_SECONDS,
        shortening.REPLY_SECONDS,
        shortening.ACTIVE_SECONDS,
        shortening.IDLE_SECONDS,
    ]


def test_a_node_that_does_not_know_a_token_any_more_does_not_end_the_site() -> None:
    """Flower's own retry sends SIGINT to its process on 401, and waits for ever where nobody listens."""
    interrupted: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: interrupted.append(number))
    listener = HTTPServer(("127.0.0.1", 0), _Unauthorized)
    thread = threading.Thread(target=listener.serve_forever)
    thread.start()
    try:
        client = private.runtime_client(f"127.0.0.1:{listener.server_port}", token="old")
        with pytest.raises(httpx.HTTPStatusError, match="401"):
            client.SendTaskHeartbeat(private.SendTaskHeartbeatRequest())
        client.close()
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
        signal.signal(signal.SIGINT, before)
    assert interrupted == []


def test_a_node_that_is_away_is_waited_for_a_while_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private, "RETRY_SECONDS", 0.2)
    client = private.runtime_client(f"127.0.0.1:{free_port('127.0.0.1')}", token="any")
    with pytest.raises(httpx.TransportError):
        client.SendTaskHeartbeat(private.SendTaskHeartbeatRequest())
    client.close()


class _Unauthorized(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_error(401)

    def log_message(self, *_: object) -> None:
        return


def test_a_supernode_loads_no_sql() -> None:
    script = (
        "import sys; from dataspace.adapters.flower import private; private.leave_out_sql(); "
        "private.programs()['supernode'](); print(sorted({'sqlalchemy', 'alembic'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]", MOVED
