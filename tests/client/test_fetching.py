"""An answer arrives whole although its connection breaks, and a hub that is busy is asked again."""

import threading
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


def test_whoever_looks_is_told_what_the_question_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_BAR_AFTER_SECONDS", 0.01)
    monkeypatch.setattr(fetching, "_LOOK_SECONDS", 0.01)
    told, looked = list[tuple[str, str, float]](), threading.Event()
    names = set[str]()

    def hub(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            names.add(request.headers["dataspace-question"])
            assert looked.wait(60), "nobody asked after the question"
            return httpx.Response(200, stream=Breaking(WHOLE, False))
        names.add(request.url.path.removeprefix("/questions/"))
        looked.set() if told else None
        return httpx.Response(200, json={"stage": "cut", "dataset": "stays", "share": 0.4})

    class Looking:
        def __call__(self, received: int, whole: int | None) -> None:
            """Bytes are of no interest here."""

        def waits(self, stage: str, dataset: str, share: float) -> None:
            told.append((stage, dataset, share))

    client = httpx.Client(base_url="https://hub.example", transport=httpx.MockTransport(hub))
    assert fetched(Wire(client, lambda: "", "hub"), "/query", {}, Looking())[0] == WHOLE
    assert set(told) == {("cut", "stays", 0.4)}
    assert len(names) == 1, "the question is asked after by the name that it was given"


def test_a_hub_that_knows_no_such_path_is_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_BAR_AFTER_SECONDS", 0.0)
    monkeypatch.setattr(fetching, "_LOOK_SECONDS", 0.0)
    looked = threading.Event()

    def hub(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            assert looked.wait(60)
            return httpx.Response(200, stream=Breaking(WHOLE, False))
        looked.set()
        return httpx.Response(404, json={"code": "request.unknown", "detail": "No."})

    client = httpx.Client(base_url="https://hub.example", transport=httpx.MockTransport(hub))
    bar = fetching.Bar()
    assert fetched(Wire(client, lambda: "", "hub"), "/query", {}, bar)[0] == WHOLE
