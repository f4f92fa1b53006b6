"""An ASGI app without a port: an httpx transport that runs it on an event loop of its own, in this process."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import anyio.lowlevel
import httpx
from anyio.abc import TaskGroup
from anyio.from_thread import BlockingPortal
from starlette.types import ASGIApp, Message

from dataspace.errors import DataspaceError

_AT_ONCE = 4
"""Pieces of an answer that are handed over together."""
_TURNS = 8
"""Of the loop, that an app is given to end once it has begun to answer: a short answer is taken in one visit."""


class InProcessTransport(httpx.BaseTransport):
    """Requests of any thread, answered piece by piece as the app gives them.

    The loop ends with `close`, or with the program: an interpreter waits for threads that are not daemons, so one
    that was forgotten is closed once the main thread has ended. `ended` is called after the loop has.
    """

    def __init__(self, app: ASGIApp, ended: Callable[[], None] = lambda: None) -> None:
        self._app: ASGIApp | None = app
        self._ended: Callable[[], None] | None = ended
        self._closing = threading.Lock()
        self._portal: BlockingPortal | None = None
        self._exchanges: TaskGroup
        started: threading.Event = threading.Event()
        self._loop = threading.Thread(
            target=anyio.run, args=(self._run, started), name="hub-loop", daemon=True
        )
        self._loop.start()
        started.wait()
        threading.Thread(target=self._close_at_exit, name="hub-loop-end").start()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Run the app until it has begun to answer; the rest is read as it comes."""
        portal, app = self._portal, self._app
        if portal is None or app is None:
            raise httpx.ConnectError("the hub was closed", request=request)
        body = _body(request)
        exchange, status, headers, whole = portal.call(self._begun, app, request, body)
        stream = httpx.ByteStream(whole) if whole is not None else _Stream(portal, exchange)
        return httpx.Response(status, headers=headers, stream=stream, request=request)

    def close(self) -> None:
        """Let requests that run come to their end, and end the loop."""
        with self._closing:
            portal, self._portal = self._portal, None
            if portal is None:
                return
            portal.call(portal.stop, True)
            self._loop.join()
            ended, self._ended, self._app = self._ended, None, None
            if ended is not None:
                ended()

    async def _begun(
        self, app: ASGIApp, request: httpx.Request, body: Iterator[bytes]
    ) -> tuple["_Exchange", int, list[tuple[bytes, bytes]], bytes | None]:
        """All of it in one visit to the loop: each visit wakes two threads, which is most of a short question."""
        exchange = _Exchange(app, request, _scope(request), body)
        self._exchanges.start_soon(exchange.run)
        status, headers = await exchange.begun()
        return exchange, status, headers, await exchange.whole()

    async def _run(self, started: threading.Event) -> None:
        async with BlockingPortal() as portal, anyio.create_task_group() as self._exchanges:
            self._portal = portal
            started.set()
            await portal.sleep_until_stopped()

    def _close_at_exit(self) -> None:
        threading.main_thread().join()
        self.close()


class _Exchange:
    """One request and its answer, on the loop."""

    def __init__(
        self, app: ASGIApp, request: httpx.Request, scope: dict[str, Any], body: Iterator[bytes]
    ) -> None:
        self._app, self._request, self._scope, self._body = app, request, scope, body
        self._start: tuple[int, list[tuple[bytes, bytes]]] | None = None
        self._failure: Exception | None = None
        self._begun, self._gone, self._ended = anyio.Event(), anyio.Event(), anyio.Event()
        self._send, self._receive = anyio.create_memory_object_stream[bytes](4)

    async def run(self) -> None:
        try:
            await self._app(self._scope, self._give, self._take)
        except Exception as error:  # noqa: BLE001 - told to the reader, as a connection that broke would be
            self._failure = error
        finally:
            self._begun.set()
            self._send.close()
            self._ended.set()

    async def begun(self) -> tuple[int, list[tuple[bytes, bytes]]]:
        await self._begun.wait()
        if self._unsent is not None:
            raise self._unsent
        if self._start is None:
            raise httpx.RemoteProtocolError(
                "the hub gave no answer", request=self._request
            ) from self._failure
        return self._start

    async def whole(self) -> bytes | None:
        """All of it, where the app gave that in one piece and has ended; else None, and it is read as it comes."""
        for _ in range(_TURNS):
            if self._ended.is_set():
                break
            await anyio.lowlevel.checkpoint()
        if not self._ended.is_set() or not self._whole:
            return None
        found = list[bytes]()
        with contextlib.suppress(anyio.EndOfStream):
            while True:
                found.append(self._receive.receive_nowait())
        return b"".join(found)

    async def pieces(self) -> tuple[list[bytes], bool]:
        """The next bytes, as many as are there, and whether they are the last."""
        found = list[bytes]()
        try:
            found.append(await self._receive.receive())
            while len(found) < _AT_ONCE:
                found.append(self._receive.receive_nowait())
        except anyio.WouldBlock:
            return found, False
        except anyio.EndOfStream:
            if self._failure is None or self._whole:
                return found, True
            if not found:
                raise httpx.RemoteProtocolError(
                    "the answer broke off", request=self._request
                ) from self._failure
        return found, False

    async def leave(self) -> None:
        """The reader has enough. Returns once the app has noticed."""
        self._gone.set()
        self._receive.close()
        await self._ended.wait()

    _whole = False
    _unsent: DataspaceError | None = None

    async def _give(self) -> Message:
        try:
            # What is in memory is there at once; only what has to be read from somewhere takes a thread.
            held = isinstance(self._request.stream, httpx.ByteStream)
            piece = next(self._body, None) if held else await anyio.to_thread.run_sync(next, self._body, None)
        except DataspaceError as error:
            # What the sender could not read is the sender's to hear; the app sees a connection that broke.
            self._unsent = error
            self._begun.set()
            return {"type": "http.disconnect"}
        if piece is not None:
            return {"type": "http.request", "body": piece, "more_body": True}
        if not self._asked_all:
            self._asked_all = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    _asked_all = False

    async def _take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = (message["status"], list(message.get("headers", [])))
            self._begun.set()
            return
        try:
            if message.get("body"):
                await self._send.send(bytes(message["body"]))
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise OSError("the reader has left") from error
        if not message.get("more_body", False):
            self._whole = True
            self._send.close()


class _Stream(httpx.SyncByteStream):
    """The answer's bytes. Closing it waits until the app has noticed, so that its records are written."""

    def __init__(self, portal: BlockingPortal, exchange: _Exchange) -> None:
        self._portal, self._exchange = portal, exchange

    def __iter__(self) -> Iterator[bytes]:
        ended = False
        while not ended:
            pieces, ended = self._portal.call(self._exchange.pieces)
            yield from pieces

    def close(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and the exchange with it
            self._portal.call(self._exchange.leave)


def _body(request: httpx.Request) -> Iterator[bytes]:
    stream = request.stream
    if not isinstance(stream, httpx.SyncByteStream):
        raise TypeError("an in-process hub is asked synchronously")
    return iter(stream)


def _scope(request: httpx.Request) -> dict[str, Any]:
    url = request.url
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": url.scheme,
        "path": url.path,
        "raw_path": url.raw_path.partition(b"?")[0],
        "query_string": url.query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "server": (url.host, url.port),
        "client": ("in-process", 0),
    }
