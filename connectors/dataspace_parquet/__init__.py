"""Parquet files as a source, read row group by row group. The types are those that the file states.

A file that is cut off or damaged, has a page whose checksum fails, or names a column twice or not at all, is refused.
What a file says about itself beside its columns (schema metadata) is not passed on. Memory is bounded: what a file of
some bytes expands to is looked up before it is read, and a cell of more than a megabyte is refused.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dataspace.connector import (
    Batch,
    Schema,
    SourceUnreadable,
    chosen_columns,
    find_file,
    guarded,
    listed_files,
)

_SUFFIX = ".parquet"
_ROWS = 65_536
_FOOTER_STRING = 16 * 2**20
"""Bytes of one string in a footer; a hostile one could otherwise ask for any amount of memory."""
_FOOTER_ITEMS = 1_000_000
_LONGEST_CELL = 2**20
_LARGEST_COLUMN = 2**31
"""Bytes that one column of a row group may expand to."""
_AT_ONCE = 2**28
"""Bytes of the rows that are in memory together, at most."""
_ROWS_NESTED = 1_024


class ParquetSource:
    """`Source` over one Parquet file, or over all those right in a folder, each under its name without `.parquet`."""

    def __init__(self, location: str | Path) -> None:
        self._location = Path(location)

    def names(self) -> Sequence[str]:
        return sorted(listed_files(self._location, _SUFFIX))

    def schema(self, name: str) -> Schema:
        """Reads the footer alone."""
        path = find_file(self._location, _SUFFIX, name)
        return next(guarded(name, _schema(path)))

    def scan(self, name: str, columns: Sequence[str] | None = None) -> Iterator[Batch]:
        path = find_file(self._location, _SUFFIX, name)
        schema = self.schema(name)
        wanted = pa.schema([schema.field(column) for column in chosen_columns(schema.names, columns)])
        return guarded(name, batches_of(path, schema, wanted))


def _schema(path: Path) -> Iterator[Schema]:
    with opened(path) as file:
        yield plain_schema(file)


def opened(source: Path | pa.NativeFile, texts: Sequence[str] = ()) -> pq.ParquetFile:
    """The file, its footer read within bounds. `texts` are the columns to be read as their dictionaries."""
    try:
        return pq.ParquetFile(
            source,
            memory_map=False,
            pre_buffer=False,
            buffer_size=2**20,
            read_dictionary=list(texts),
            thrift_string_size_limit=_FOOTER_STRING,
            thrift_container_size_limit=_FOOTER_ITEMS,
            page_checksum_verification=True,
        )
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceUnreadable(
            "The file has no footer of Parquet that holds: it was cut off, or is another format.",
            "Copy or write it again.",
        ) from error


def plain_schema(file: pq.ParquetFile) -> Schema:
    """The schema without metadata, if its columns have a name each, and each its own."""
    schema = file.schema_arrow
    names = schema.names
    if len(set(names)) != len(names) or not all(column.strip() for column in names):
        raise SourceUnreadable("A column has no name, or the name of another.", "Write the file with names.")
    return pa.schema([pa.field(field.name, field.type, field.nullable) for field in schema])


def batches_of(source: Path | pa.NativeFile, schema: Schema, wanted: Schema) -> Iterator[Batch]:
    """Batches of the wanted columns, each of few enough rows that what a small file expands to fits in memory."""
    with opened(source) as file:
        if plain_schema(file) != schema:
            raise SourceUnreadable("The file's columns changed while it was read.", "Read it again.")
        for group in range(file.num_row_groups):
            rows = _rows_at_once(source, file, group, wanted)
            for batch in file.iter_batches(rows, [group], list(wanted.names), use_threads=False):
                if batch.num_rows:
                    yield _checked(batch, wanted)


def _checked(batch: Batch, wanted: Schema) -> Batch:
    arrays = [batch.column(field.name) for field in wanted]
    for array in arrays:
        array.validate(full=True)
        if _is_text(array.type):
            _refuse_long(array)
    return pa.RecordBatch.from_arrays(arrays, schema=wanted)


def _rows_at_once(source: Path | pa.NativeFile, file: pq.ParquetFile, group: int, wanted: Schema) -> int:
    """How many rows of a row group may be in memory together.

    A page of a dictionary holds each text once, and some thousand rows may point to it: its longest text is looked up
    first. What a page is compressed to is bounded by what the footer says that it expands to.
    """
    held = file.metadata.row_group(group)
    sizes = [held.column(i).total_uncompressed_size for i in range(held.num_columns)]
    if max(sizes, default=0) > _LARGEST_COLUMN:
        raise SourceUnreadable(
            f"A column of one row group expands to more than {_LARGEST_COLUMN >> 30} GB.",
            "Write the file in smaller row groups.",
        )
    texts = [field.name for field in wanted if _is_text(field.type)]
    widest: int = sum(sizes) // max(1, held.num_rows)
    with opened(source, texts) as dictionaries:
        for batch in dictionaries.iter_batches(1, [group], texts, use_threads=False) if texts else ():
            widest += sum(_refuse_long(column.dictionary) for column in batch.columns)
            break  # the first row of a column brings the whole of its dictionary
    rows = _ROWS if not any(pa.types.is_nested(field.type) for field in wanted) else _ROWS_NESTED
    return max(1, min(rows, _AT_ONCE // max(1, widest)))


def _is_text(kind: pa.DataType) -> bool:
    return any(kind == known for known in (pa.string(), pa.large_string(), pa.binary(), pa.large_binary()))


def _refuse_long(texts: pa.Array) -> int:
    """The length of the longest text, in bytes. Raises SourceUnreadable where that is no cell of a table any more."""
    longest = int(pc.max(pc.binary_length(texts)).as_py() or 0)
    if longest > _LONGEST_CELL:
        raise SourceUnreadable(
            f"A cell is longer than {_LONGEST_CELL >> 20} MB.",
            "Leave out the column, or keep such things as files.",
        )
    return longest
