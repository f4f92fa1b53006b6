"""The gate in front of the SuperLink: the whole table of who may reach what."""

import asyncio
from typing import Any

import pytest

from dataspace.adapters.flower.gate import Gate

SECRET, HEADER = "s3cret", "x-dataspace-control"
FRONT, INSIDE = ("192.0.2.1", 9092), ("127.0.0.1", 40001)
HERE, ELSEWHERE = ("127.0.0.1", 5000), ("192.0.2.7", 5000)
GOOD, BAD = [(b"x-dataspace-control", b"s3cret")], [(b"x-dataspace-control", b"guess")]


async def application(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


def status(
    path: str,
    client: tuple[str, int] | None,
    headers: list[tuple[bytes, bytes]],
    server: tuple[str, int] | None = INSIDE,
    method: str = "POST",
) -> int:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {}

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "client": client,
        "headers": headers,
        "server": server,
    }
    asyncio.run(Gate(application, SECRET, HEADER, FRONT[1])(scope, receive, send))
    code: int = sent[0]["status"]
    return code


@pytest.mark.parametrize("headers", [[], GOOD, BAD])
@pytest.mark.parametrize("client", [HERE, ELSEWHERE, None])
def test_nodes_reach_the_fleet_api_from_everywhere(client: Any, headers: Any) -> None:
    assert status("/v1/fleet/pull-messages", client, headers, FRONT) == 200


@pytest.mark.parametrize("headers", [[], GOOD, BAD])
@pytest.mark.parametrize("client", [HERE, ELSEWHERE, None])
@pytest.mark.parametrize("server", [FRONT, ("127.0.0.1", 9092), None])
@pytest.mark.parametrize(
    "path",
    [
        "/v1/runtime/acquire-task",
        "/v1/control/start-run",
        "/health",
        "/docs",
        "/",
        "/v1/fleet",
        "/V1/fleet/pull-messages",
    ],
)
def test_nothing_else_is_open_at_the_front_for_anybody(
    path: str, server: Any, client: Any, headers: Any
) -> None:
    assert status(path, client, headers, server) == 403


def test_the_front_takes_what_nodes_send_and_no_other_method() -> None:
    assert {status("/v1/fleet/x", HERE, GOOD, FRONT, method) for method in ("GET", "PUT", "HEAD")} == {403}


def test_this_host_may_ask_inside_whether_it_is_well() -> None:
    assert (status("/health", HERE, []), status("/health", ELSEWHERE, [])) == (200, 403)


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        (HERE, 200),
        (("::1", 1), 200),
        (("::ffff:127.0.0.1", 1), 200),
        (ELSEWHERE, 403),
        (None, 403),
        (("x", 1), 403),
    ],
)
def test_the_runtime_api_is_for_this_host(client: Any, expected: int) -> None:
    assert status("/v1/runtime/acquire-task", client, []) == expected


@pytest.mark.parametrize(
    "path", ["/v1/control/start-run", "/docs", "/openapi.json", "/v1/fleet", "/", "/v2/x"]
)
@pytest.mark.parametrize(
    ("client", "headers", "expected"),
    [(HERE, GOOD, 200), (HERE, BAD, 403), (HERE, [], 403), (HERE, GOOD + BAD, 403), (ELSEWHERE, GOOD, 403)],
)
def test_everything_else_needs_the_secret_and_this_host(
    path: str, client: Any, headers: Any, expected: int
) -> None:
    assert status(path, client, headers) == expected


def test_a_web_socket_is_closed() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {}

    scope = {"type": "websocket", "path": "/v1/fleet/x", "client": HERE, "headers": GOOD}
    asyncio.run(Gate(application, SECRET, HEADER, FRONT[1])(scope, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]
