"""What a worker wrote of an answer, for a door: its batches, or its bytes as they are under the answer's schema."""

from collections.abc import Iterator

import pyarrow as pa

from dataspace.model.plans import RowsMessage

END = b"\xff\xff\xff\xff\x00\x00\x00\x00"
"""What an Arrow IPC stream ends with."""


def schema_of(message: RowsMessage) -> pa.Schema:
    """The schema that a message begins with. Raises ArrowInvalid."""
    with pa.ipc.open_stream(pa.py_buffer(message.stream)) as reader:
        return reader.schema


def batches_of(messages: Iterator[RowsMessage]) -> Iterator[pa.RecordBatch]:
    """The batches, over the memory that the messages came in."""
    for message in messages:
        with pa.ipc.open_stream(pa.py_buffer(message.stream)) as reader:
            yield from reader


def forwarded(schema: pa.Schema, messages: Iterator[RowsMessage]) -> Iterator[bytes | memoryview]:
    """One stream of them all under this schema, which may say more beside its columns than the worker's did.

    Nothing of the rows is read or copied here: between the schema and the end of a message's stream stand its
    dictionaries and its batch, and the same again in the next take the place of the former.
    """
    head: bytes | None = schema.serialize().to_pybytes()
    for message in messages:
        if message.rows:
            if head is not None:  # only now: what fails before the first row is told instead of it
                yield head
                head = None
            stream = memoryview(message.stream)
            yield stream[_length(stream) : len(stream) - len(END)]
    yield END if head is None else head + END


def _length(stream: memoryview) -> int:
    """Bytes of the schema at the front: the mark, the size, and as much as it says. A schema has no body."""
    return 8 + int.from_bytes(stream[4:8], "little")
