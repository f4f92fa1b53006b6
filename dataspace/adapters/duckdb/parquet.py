"""The one place where a version's Parquet files are opened: here stands encryption at rest, for both directions."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dataspace.service.normalising import column_type, columns_of_schema, normalised_schema

__all__ = [
    "ROW_GROUP",
    "column_type",
    "columns_of_schema",
    "normalised_schema",
    "open_for_reading",
    "open_for_writing",
]

ROW_GROUP = 122_880
"""Rows of a row group, always the same, so that the same rows give the same bytes. DuckDB's own size."""


def open_for_writing(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    """A writer whose bytes depend on the rows alone: no embedded Arrow schema, no time."""
    return pq.ParquetWriter(path, schema, compression="zstd", version="2.6", store_schema=False)


def open_for_reading(path: Path) -> pq.ParquetFile:
    """A reader of one file of a version."""
    return pq.ParquetFile(path, memory_map=False)
