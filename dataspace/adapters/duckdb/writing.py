"""How a worker writes rows: each batch as a short Arrow IPC stream of its own, compressed where nobody else waits."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa

from dataspace.adapters.duckdb.bench import BATCH_ROWS

_ROOM = 65_536
"""Bytes beside the columns: schema, message, and what a codec adds to what it cannot make smaller."""


class Writer:
    """Writes the batches of one answer into one piece of memory, again and again: it is sent before the next."""

    def __init__(self, schema: pa.Schema, codec: str) -> None:
        self._schema, self._options = schema, pa.ipc.IpcWriteOptions(compression=codec or None)
        self._memory = pa.allocate_buffer(0)

    def nothing(self) -> bytes:
        """The stream of no batch, which tells the schema."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self._schema, options=self._options):
            pass
        return bytes(sink.getvalue())

    def written(self, batch: pa.RecordBatch) -> memoryview:
        """The stream of one batch. Valid until the next one is written."""
        most = pa.ipc.get_record_batch_size(batch)
        most += most // 64 + _ROOM
        if self._memory.size < most:
            self._memory = pa.allocate_buffer(most)
        with pa.FixedSizeBufferWriter(self._memory) as sink:
            with pa.ipc.new_stream(sink, self._schema, options=self._options) as writer:
                writer.write_batch(batch)
            return memoryview(self._memory)[: sink.tell()]

    def marked(self, batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[pa.RecordBatch, bool]]:
        """Each batch, and whether it is surely the last: a full one is not held back to find that out."""
        first = next(batches, None)
        if first is None:
            return
        if first.num_rows >= BATCH_ROWS:
            yield first, False
            yield from ((batch, False) for batch in _ahead(batches))
            return
        following = next(batches, None)
        yield first, following is None
        if following is not None:
            yield following, False
            yield from ((batch, False) for batch in batches)


def _ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same, each made in another thread while the one before is compressed and sent."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, batches, None)
        while (batch := following.result()) is not None:
            following = pool.submit(next, batches, None)
            yield batch
