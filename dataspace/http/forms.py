"""What an answer may look like on its way: Arrow IPC, JSON lines or Parquet, made piece by piece."""

import base64
import json
import math
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dataspace.errors import InvalidRequest
from dataspace.service.held import Form
from dataspace.service.messages import forwarded

ARROW = "application/vnd.apache.arrow.stream"
JSON_LINES = "application/x-ndjson"
PARQUET = "application/vnd.apache.parquet"
CODECS = ("lz4", "zstd", "none")
_ANY = ("*/*", "application/*", "application/json", "")
_LARGEST_INTEGER = 2**53
_JSON_ROWS = 4096
"""Rows that are made into JSON at once: as Python objects they are many times larger."""


def form_of(accept: str) -> str:
    """The media type that an Accept header asks for; Arrow where it leaves that open."""
    for part in accept.split(","):
        media = part.partition(";")[0].strip().lower()
        if media in (ARROW, JSON_LINES, PARQUET):
            return media
    if any(part.partition(";")[0].strip().lower() in _ANY for part in accept.split(",")):
        return ARROW
    raise InvalidRequest("An answer has no such form.", f"Accept {ARROW}, {JSON_LINES} or {PARQUET}.")


def made_as(media: str, codec: str | None) -> Form:
    """How bytes of that form are made. Raises InvalidRequest for a codec that is none."""
    if codec not in (None, *CODECS):
        raise InvalidRequest("There is no such codec.", f"Say {', '.join(CODECS)}.")
    chosen = "lz4" if codec is None else codec
    if media == ARROW:
        compressed = "" if chosen == "none" else chosen
        return Form(
            ARROW, lambda schema, batches: arrow_pieces(schema, batches, chosen), forwarded, compressed
        )
    makers: dict[str, Callable[[pa.Schema, Iterator[pa.RecordBatch], str], Iterator[bytes]]] = {
        JSON_LINES: _json_pieces,
        PARQUET: _parquet_pieces,
    }
    make = makers[media]
    return Form(media, lambda schema, batches: make(schema, batches, chosen))


def arrow_pieces(schema: pa.Schema, batches: Iterator[pa.RecordBatch], codec: str) -> Iterator[bytes]:
    """An IPC stream: the schema with the first batch, then a piece for each batch."""
    options = pa.ipc.IpcWriteOptions(compression=None if codec == "none" else codec)
    yield from _drained(lambda sink: pa.ipc.new_stream(sink, schema, options=options), batches)


def _parquet_pieces(schema: pa.Schema, batches: Iterator[pa.RecordBatch], codec: str) -> Iterator[bytes]:
    yield from _drained(lambda sink: pq.ParquetWriter(sink, schema, compression=codec), batches)


def _drained(opened: Callable[[Any], Any], batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    sink = _Pieces()
    with opened(pa.PythonFile(sink, mode="w")) as writer:
        for batch in batches:
            if batch.num_rows:
                writer.write_batch(batch)
                yield from sink.taken()
    yield from sink.taken()


def _json_pieces(_: pa.Schema, batches: Iterator[pa.RecordBatch], __: str) -> Iterator[bytes]:
    for batch in batches:
        for start in range(0, batch.num_rows, _JSON_ROWS):
            rows = batch.slice(start, _JSON_ROWS).to_pylist()
            yield b"".join(json.dumps(_plain(row), ensure_ascii=False).encode() + b"\n" for row in rows)


def _plain(value: Any) -> Any:
    """As JSON can say it without loss: large integers and decimals as text, bytes in base64, no NaN."""
    match value:
        case float():
            return value if math.isfinite(value) else None
        case bool() | str() | None:
            return value
        case int():
            return value if abs(value) <= _LARGEST_INTEGER else str(value)
        case dict():
            return {str(name): _plain(part) for name, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return str(value)
        case bytes():
            return base64.b64encode(value).decode()
    return str(value)


class _Pieces:
    """A file that keeps what was written, each write as it came, until somebody takes it."""

    closed = False

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._told = 0

    def write(self, data: Any) -> int:
        self._held.append(bytes(data))
        self._told += len(self._held[-1])
        return len(self._held[-1])

    def tell(self) -> int:
        """Parquet's footer names places in the file."""
        return self._told

    def flush(self) -> None:
        """Nothing stands between the writer and the reader."""

    def close(self) -> None:
        """The reader may still take what is held."""

    def taken(self) -> Iterator[bytes]:
        held, self._held = self._held, []
        small: list[bytes] = []
        for piece in held:  # the many short ones between the buffers travel together
            if len(piece) < 65_536:
                small.append(piece)
                continue
            if small:
                yield b"".join(small)
                small = []
            yield piece
        if small:
            yield b"".join(small)
