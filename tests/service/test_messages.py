"""What a worker wrote is taken apart, or forwarded under the answer's own schema, and says the same either way."""

from collections.abc import Iterator

import pyarrow as pa
import pytest

from dataspace.adapters.duckdb.bench import BATCH_ROWS
from dataspace.adapters.duckdb.writing import Writer
from dataspace.model.plans import RowsMessage
from dataspace.service.messages import batches_of, forwarded, schema_of

TABLE = pa.table({"n": list(range(9)), "word": pa.array(["a", "b", "a"] * 3).dictionary_encode()})


def written(table: pa.Table, codec: str) -> list[RowsMessage]:
    writer = Writer(table.schema, codec)
    batches = table.to_batches(max_chunksize=4)
    streams = [RowsMessage(batch.num_rows, bytes(writer.written(batch))) for batch in batches]
    return [RowsMessage(0, writer.nothing()), *streams]


@pytest.mark.parametrize("codec", ["", "lz4", "zstd"])
def test_forwarded_bytes_are_one_stream_of_the_same_rows_under_the_schema_that_is_given(codec: str) -> None:
    messages = written(TABLE, codec)
    schema = schema_of(messages[0]).with_metadata({b"dataspace": b"a note"})
    with pa.ipc.open_stream(b"".join(forwarded(schema, iter(messages)))) as reader:
        assert reader.schema.metadata == {b"dataspace": b"a note"}
        assert reader.read_all().equals(TABLE)
    assert pa.Table.from_batches(list(batches_of(iter(messages)))).equals(TABLE)


def test_an_answer_without_rows_is_a_schema_and_an_end() -> None:
    messages = written(TABLE.slice(0, 0), "lz4")
    with pa.ipc.open_stream(b"".join(forwarded(TABLE.schema, iter(messages[:1])))) as reader:
        assert reader.read_all().num_rows == 0


def test_nothing_is_forwarded_before_there_is_a_row() -> None:
    def broken() -> Iterator[RowsMessage]:
        yield written(TABLE, "")[0]
        raise OSError("the worker is gone")

    with pytest.raises(OSError, match="gone"):
        next(forwarded(TABLE.schema, broken()))


def test_what_a_codec_cannot_make_smaller_still_fits() -> None:
    noise = pa.table({"b": pa.array([bytes((i * j) % 251 for j in range(300)) for i in range(4000)])})
    (batch,) = noise.to_batches()
    stream = bytes(Writer(noise.schema, "lz4").written(batch))
    with pa.ipc.open_stream(stream) as reader:
        assert reader.read_all().equals(noise)


@pytest.mark.parametrize(
    "sizes", [[], [3], [3, 2], [BATCH_ROWS], [BATCH_ROWS, BATCH_ROWS, 5], [1, BATCH_ROWS, 2]]
)
def test_each_batch_is_marked_once_and_only_the_last_as_such(sizes: list[int]) -> None:
    batches = [pa.record_batch({"n": pa.array(range(size))}) for size in sizes]
    writer = Writer(pa.schema([("n", pa.int64())]), "")
    marked = list(writer.marked(iter(batches)))
    assert [batch.num_rows for batch, _ in marked] == sizes
    assert [last for _, last in marked[:-1]] == [False] * len(sizes[:-1])
    assert [last for _, last in marked[-1:]] == ([True] if sizes == [3] else [False] * bool(sizes))


def test_what_breaks_while_it_is_read_ahead_is_told() -> None:
    def broken() -> Iterator[pa.RecordBatch]:
        for _ in range(3):
            yield pa.record_batch({"n": pa.array(range(BATCH_ROWS))})
        raise ValueError("an error on a row")

    with pytest.raises(ValueError, match="row"):
        list(Writer(pa.schema([("n", pa.int64())]), "").marked(broken()))
