"""Nouns as JSON, and answers as Arrow streams whose end is always seen, also when the reader walks away."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
import anyio.to_thread
import pyarrow as pa
from fastapi.responses import JSONResponse, Response, StreamingResponse

from dataspace.model.codec import to_json
from dataspace.service.answering import Delivered

ARROW = "application/vnd.apache.arrow.stream"
RECEIPT = "Dataspace-Receipt"
Rows = tuple[pa.Schema, Iterator[pa.RecordBatch]]


def reply(noun: object, status: int = 200) -> JSONResponse:
    """A noun, or a list of nouns, in the codec's spelling."""
    return JSONResponse(to_json(noun), status)


def answer(given: Delivered | Rows) -> Response:
    """An answer as an Arrow IPC stream; the header names the record of its outcome where it exists by now."""
    if isinstance(given, Delivered):
        headers = {RECEIPT: str(given.outcome)} if given.outcome is not None else {}
        whole = b"".join(arrow_stream(given.table.schema, iter(given.table.to_batches())))
        return Response(whole, media_type=ARROW, headers=headers)
    return StreamingResponse(in_thread(arrow_stream(*given)), media_type=ARROW)


def json_lines(values: Iterator[Any]) -> StreamingResponse:
    """One JSON document a line, each as it comes."""
    lines = (json.dumps(to_json(value), allow_nan=False).encode() + b"\n" for value in values)
    return StreamingResponse(in_thread(lines), media_type="application/x-ndjson")


def arrow_stream(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    """The bytes of an Arrow IPC stream, a piece for each batch. Closing it closes the batches' own generator."""
    sink = _Pieces()
    try:
        with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), schema) as writer:
            yield sink.taken()
            for batch in batches:
                writer.write_batch(batch)
                yield sink.taken()
        yield sink.taken()
    finally:
        close = getattr(batches, "close", None)
        if close is not None:
            close()


async def in_thread(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Pieces that a synchronous generator makes in a worker thread; it is closed whatever happens to the reader."""
    try:
        while (piece := await anyio.to_thread.run_sync(next, pieces, None)) is not None:
            yield piece
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(_close, pieces)


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
