"""Nouns as JSON, and answers as Arrow streams whose end is always seen, also when the reader walks away."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import anyio.to_thread
import pyarrow as pa
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from dataspace.model.codec import to_json
from dataspace.service.answering import Delivered

ARROW = "application/vnd.apache.arrow.stream"
RECEIPT = "Dataspace-Receipt"


def reply(noun: object, status: int = 200) -> JSONResponse:
    """A noun, or a list of nouns, in the codec's spelling."""
    return JSONResponse(to_json(noun), status)


def answer(given: Delivered) -> Response:
    """An answer as an Arrow IPC stream; the header names the record of its outcome where it exists by now."""
    headers = {RECEIPT: str(given.outcome)} if given.outcome is not None else {}
    whole = b"".join(arrow_stream(given.table.schema, iter(given.table.to_batches())))
    return Response(whole, media_type=ARROW, headers=headers)


def json_lines(values: Iterator[Any]) -> Response:
    """One JSON document a line, each as it comes; an empty line for None, which says that nothing has happened."""
    lines = (b"\n" if v is None else json.dumps(to_json(v), allow_nan=False).encode() + b"\n" for v in values)
    return ThreadStream(lines, media_type="application/x-ndjson")


def arrow_stream(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    """The bytes of an Arrow IPC stream, a piece for each batch. Closing it closes the batches' own generator."""
    sink = _Pieces()
    try:
        with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), schema) as writer:
            for batch in batches:
                writer.write_batch(batch)
                yield sink.taken()
        yield sink.taken()
    finally:
        close = getattr(batches, "close", None)
        if close is not None:
            close()


class ThreadStream(StreamingResponse):
    """Pieces that a synchronous generator makes in worker threads.

    The generator is closed before this returns, also where the reader has left: what it records in its `finally` is
    recorded then, and not when the garbage collector finds it.
    """

    def __init__(self, pieces: Iterator[bytes], media_type: str) -> None:
        self._pieces = pieces
        super().__init__(_in_thread(pieces), media_type=media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(_close, self._pieces)


async def _in_thread(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await anyio.to_thread.run_sync(next, pieces, None)) is not None:
        yield piece


def _close(pieces: Iterator[bytes]) -> None:
    close = getattr(pieces, "close", None)
    if close is not None:
        close()


class _Pieces:
    """A file that keeps what was written until somebody takes it."""

    closed = False

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: Any) -> int:
        self._held += data
        return len(data)

    def flush(self) -> None:
        """Nothing stands between the writer and the reader."""

    def close(self) -> None:
        """The reader may still take what is held."""

    def taken(self) -> bytes:
        piece = bytes(self._held)
        self._held.clear()
        return piece
