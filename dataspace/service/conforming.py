"""Rows in the types that a dictionary asks for."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from dataspace.errors import InvalidRequest
from dataspace.model.datasets import ColumnType, Dictionary
from dataspace.service.curation import ARROW


def typed(field: pa.Field, dictionary: Dictionary | None) -> pa.Field:
    """The type that the dictionary asks for; the source's own where it says nothing."""
    column = (
        next((c for c in dictionary.columns if c.name == field.name.strip()), None) if dictionary else None
    )
    if column is None or column.type is ColumnType.OTHER:
        return field.remove_metadata()
    return pa.field(field.name, ARROW[column.type])


def conformed(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The batches in these types; raises InvalidRequest that names the column that does not fit."""
    for batch in batches:
        arrays = []
        for column, wanted in zip(batch.columns, schema, strict=True):
            try:
                arrays.append(pc.cast(column, wanted.type))
            except pa.ArrowInvalid as error:
                raise InvalidRequest(
                    f"The column '{wanted.name}' does not hold what the dictionary says ({wanted.type}).",
                    "Say what its codes mean with --codes, correct the source, or register without the dictionary: "
                    "then `check` with --dictionary maps what it can.",
                ) from error
        yield pa.record_batch(arrays, schema=schema)
