"""An answer arrives whole although its connection breaks, and a hub that is busy is asked again."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from dataspace.client import fetching
from dataspace.client.fetching import fetched
from dataspace.client.wire import Wire
from dataspace.errors import Busy, NoAnswer, SourceError

WHOLE = bytes(range(256)) * 40


class Breaking(httpx.SyncByteStream):
    """Some bytes, then a connection that is gone."""

    def __init__(self, content: bytes, breaks: bool) -> None:
        self._content, self._breaks = content, breaks

    def __iter__(self) -> Iterator[bytes]:
        yield self._content
        if self._breaks:
            raise httpx.ReadError("gone")


class Hub:
    """Answers `POST /query` in pieces of a kilobyte, each over a connection that breaks."""

    def __init__(self, busy: int = 0, named: bool = True, breaks: int = 100) -> None:
        self.asked: list[str] = []
        self._busy, self._named, self._breaks = busy, named, breaks

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path} {request.headers.get('range', '')}".strip())
        if self._busy:
            self._busy -= 1
            said: dict[str, Any] = {"code": "source.busy", "detail": "Too many.", "retry_after": 1}
            return httpx.Response(429, json=said)
        start = int(request.headers.get("range", "bytes=0-")[6:-1])
        self._breaks -= 1
        breaks = self._breaks >= 0
        content = WHOLE[start : start + 4096] if breaks else WHOLE[start:]
        headers = {"Dataspace-Answer": "a1"} if self._named else {}
        return httpx.Response(206 if start else 200, stream=Breaking(content, breaks), headers=headers)

    def wire(self) -> Wire:
        """As the client sees it."""
        client = httpx.Client(base_url="https://hub.example", transport=httpx.MockTransport(self))
        return Wire(client, lambda: "", "hub")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a test."""
    monkeypatch.setattr("dataspace.client.fetching.time.sleep", lambda _: None)


def test_what_broke_off_goes_on_where_it_was() -> None:
    hub, told = Hub(breaks=2), list[int]()
    content, headers = fetched(hub.wire(), "/query", {"sql": "x"}, lambda got, _: told.append(got))
    assert content == WHOLE
    assert hub.asked == ["POST /query", "GET /answers/a1 bytes=4096-", "GET /answers/a1 bytes=8192-"]
    assert told == sorted(told)
    assert headers["dataspace-answer"] == "a1"


def test_an_answer_without_a_name_is_not_asked_twice() -> None:
    hub = Hub(named=False)
    with pytest.raises(SourceError, match="broke off"):
        fetched(hub.wire(), "/query", {})
    assert hub.asked == ["POST /query"]


def test_a_connection_that_always_breaks_is_given_up() -> None:
    hub = Hub()
    hub._breaks = 10**6

    def nothing(request: httpx.Request) -> httpx.Response:
        hub.asked.append(request.method)
        return httpx.Response(200, stream=Breaking(b"", True), headers={"Dataspace-Answer": "a1"})

    wire = Wire(
        httpx.Client(base_url="https://hub.example", transport=httpx.MockTransport(nothing)),
        lambda: "",
        "hub",
    )
    with pytest.raises(SourceError):
        fetched(wire, "/query", {})
    assert len(hub.asked) == 6


def test_a_busy_hub_is_asked_again_when_it_said() -> None:
    hub = Hub(busy=2, breaks=0)
    assert fetched(hub.wire(), "/query", {})[0] == WHOLE
    assert hub.asked == ["POST /query"] * 3


def test_a_hub_that_stays_busy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_PATIENCE_SECONDS", 0.5)
    with pytest.raises(Busy) as raised:
        fetched(Hub(busy=9).wire(), "/query", {})
    assert raised.value.retry_after == 1


def test_no_answer_is_not_retried() -> None:
    calls: list[str] = []

    def failing(request: httpx.Request) -> httpx.Response:
        calls.append(request.method)
        return httpx.Response(503, json={"code": "source.no-answer", "detail": "No answer."})

    wire = Wire(
        httpx.Client(base_url="https://hub.example", transport=httpx.MockTransport(failing)),
        lambda: "",
        "hub",
    )
    with pytest.raises(NoAnswer):
        fetched(wire, "/query", {})
    assert calls == ["POST"]
