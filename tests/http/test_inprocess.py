"""The transport without a port: streams, ends, breaks and limits as a connection would have them."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import httpx
import pyarrow as pa
import pytest
from fastapi import FastAPI, Request
from starlette.types import Receive, Scope, Send

from dataspace.http.inprocess import InProcessTransport
from dataspace.http.replies import ThreadStream, arrow_stream
from dataspace.http.uploads import uploaded


class Told:
    """What a stream's own generator saw."""

    def __init__(self) -> None:
        self.made = 0
        self.closed = threading.Event()

    def pieces(self, many: int) -> Iterator[bytes]:
        try:
            for _ in range(many):
                self.made += 1
                yield b"x" * 1000
        finally:
            self.closed.set()


def client_of(told: Told) -> httpx.Client:
    app = FastAPI()

    @app.get("/stream/{many}")
    def stream(many: int) -> ThreadStream:
        return ThreadStream(told.pieces(many), "text/plain")

    @app.get("/break")
    def breaks() -> ThreadStream:
        def pieces() -> Iterator[bytes]:
            yield b"some"
            raise OSError("the disk is gone")

        return ThreadStream(pieces(), "text/plain")

    @app.post("/size")
    async def size(request: Request) -> int:
        return await uploaded(request, lambda pieces: sum(map(len, pieces)))

    @app.post("/first")
    async def first(request: Request) -> int:
        return await uploaded(request, lambda pieces: len(next(pieces)))

    return httpx.Client(base_url="http://hub.invalid", transport=InProcessTransport(app))


def test_a_stream_arrives_whole() -> None:
    told = Told()
    with client_of(told) as client:
        assert len(client.get("/stream/500").content) == 500_000
    assert told.closed.is_set()


def test_a_reader_who_walks_away_ends_the_stream() -> None:
    told = Told()
    with client_of(told) as client:
        with client.stream("GET", "/stream/1000000") as response:
            next(response.iter_raw())
        # Not a moment later: the outcome of the question has to be in the log by now.
        assert told.closed.is_set()
    assert told.made < 1000


def test_a_stream_that_breaks_is_not_taken_for_its_end() -> None:
    with client_of(Told()) as client, pytest.raises(httpx.RemoteProtocolError, match="broke off"):
        client.get("/break")


def test_an_upload_is_read_piece_by_piece_in_a_thread() -> None:
    with client_of(Told()) as client:
        assert client.post("/size", content=(b"y" * 1000 for _ in range(300))).json() == 300_000


def test_a_service_that_has_enough_of_an_upload_does_not_hang() -> None:
    with client_of(Told()) as client:
        assert client.post("/first", content=(b"y" * 1000 for _ in range(300))).json() == 1000


def test_many_threads_may_ask_at_once() -> None:
    with client_of(Told()) as client:
        sizes: list[int] = []
        threads = [
            threading.Thread(target=lambda: sizes.append(len(client.get("/stream/50").content)))
            for _ in range(12)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert sizes == [50_000] * 12


def test_an_app_that_says_nothing_is_a_broken_connection() -> None:
    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        return

    with (
        httpx.Client(base_url="http://hub.invalid", transport=InProcessTransport(silent)) as client,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        client.get("/")


def test_after_the_end_there_is_no_hub() -> None:
    client = client_of(Told())
    transport = client._transport
    client.get("/stream/1")
    transport.close()
    transport.close()
    with pytest.raises(httpx.ConnectError):
        transport.handle_request(httpx.Request("GET", "http://hub.invalid/stream/1"))


def test_what_ends_it_is_called_once() -> None:
    ended: list[int] = []
    transport = InProcessTransport(FastAPI(), lambda: ended.append(1))
    transport.close()
    transport.close()
    assert ended == [1]


def test_arrow_batches_come_as_they_are_made_and_closing_closes_their_source() -> None:
    schema, closed = pa.schema([("n", pa.int64())]), threading.Event()

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            while True:
                yield pa.record_batch({"n": [1, 2]}, schema=schema)
        finally:
            closed.set()

    stream = arrow_stream(schema, batches())
    head = [next(stream) for _ in range(4)]
    assert all(head)
    stream.close()  # type: ignore[attr-defined]
    assert closed.is_set()


def test_arrow_pieces_make_one_whole_stream() -> None:
    table = pa.table({"n": [1, 2, 3]})
    whole = b"".join(arrow_stream(table.schema, iter(table.to_batches(max_chunksize=1))))
    with pa.ipc.open_stream(whole) as reader:
        assert reader.read_all().to_pylist() == table.to_pylist()


@pytest.mark.slow
def test_a_program_that_forgets_to_close_still_ends() -> None:
    code = (
        "import httpx, fastapi\n"
        "from dataspace.http.inprocess import InProcessTransport\n"
        "app = fastapi.FastAPI()\n"
        "app.get('/')(lambda: 1)\n"
        "transport = InProcessTransport(app, lambda: print('ended'))\n"
        "print(httpx.Client(base_url='http://hub.invalid', transport=transport).get('/').json())\n"
    )
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["1", "ended"]
    assert time.monotonic() - started < 30
