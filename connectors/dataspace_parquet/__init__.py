"""Parquet files as a source, read row group by row group. The types are those that the file states.

A file that is cut off or damaged, has a page whose checksum fails, or names a column twice or not at all, is refused.
What a file says about itself beside its columns (schema metadata) is not passed on.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
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


class ParquetSource:
    """`Source` over one Parquet file, or over all those right in a folder, each under its name without `.parquet`."""

    def __init__(self, location: str | Path) -> None:
        self._location = Path(location)

    def names(self) -> Sequence[str]:
        return sorted(listed_files(self._location, _SUFFIX))

    def schema(self, name: str) -> Schema:
        """Reads the footer alone."""
        path = find_file(self._location, _SUFFIX, name)
        return next(guarded(name, _schemas(path)))

    def scan(self, name: str, columns: Sequence[str] | None = None) -> Iterator[Batch]:
        path = find_file(self._location, _SUFFIX, name)
        schema = self.schema(name)
        wanted = pa.schema([schema.field(column) for column in chosen_columns(schema.names, columns)])
        return guarded(name, _batches(path, schema, wanted))


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(
            path,
            memory_map=False,
            pre_buffer=False,
            buffer_size=2**20,
            thrift_string_size_limit=_FOOTER_STRING,
            thrift_container_size_limit=_FOOTER_ITEMS,
            page_checksum_verification=True,
        )
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceUnreadable(
            "The file has no footer of Parquet that holds: it was cut off, or is another format.",
            "Copy or write it again.",
        ) from error


def _schemas(path: Path) -> Iterator[Schema]:
    with _open(path) as file:
        yield _plain(file.schema_arrow)


def _plain(schema: Schema) -> Schema:
    """The schema without metadata, if its columns have a name each, and each its own."""
    names = schema.names
    if len(set(names)) != len(names) or not all(column.strip() for column in names):
        raise SourceUnreadable("A column has no name, or the name of another.", "Write the file with names.")
    return pa.schema([pa.field(field.name, field.type, field.nullable) for field in schema])


def _batches(path: Path, schema: Schema, wanted: Schema) -> Iterator[Batch]:
    with _open(path) as file:
        if _plain(file.schema_arrow) != schema:
            raise SourceUnreadable("The file's columns changed while it was read.", "Read it again.")
        for batch in file.iter_batches(batch_size=_ROWS, columns=list(wanted.names), use_threads=False):
            if batch.num_rows:
                arrays = [batch.column(field.name) for field in wanted]
                for array in arrays:
                    array.validate(full=True)
                yield pa.RecordBatch.from_arrays(arrays, schema=wanted)
