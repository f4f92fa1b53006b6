"""The shape that every curated version has: one Arrow type for each column type, names without blanks around."""

import pyarrow as pa

from dataspace.errors import SourceUnreadable
from dataspace.model.datasets import Column, ColumnType
from dataspace.model.names import ColumnName


def normalised_schema(schema: pa.Schema) -> pa.Schema:
    """One Arrow type for each column type, names without blanks around them, nothing else in it.

    A column without a name is called `column <n>`. Raises SourceUnreadable for a name that comes twice.
    """
    fields = []
    for at, field in enumerate(schema, start=1):
        name = field.name.strip() or f"column {at}"
        if name.startswith("__"):
            raise SourceUnreadable(
                f"Column {at} is called '{name}'.", "Names that begin with __ are taken; rename it."
            )
        fields.append(pa.field(name, _normalised(field.type)))
    lowered = [field.name.lower() for field in fields]
    twice = next((name for name in lowered if lowered.count(name) > 1), None)
    if twice is not None:
        raise SourceUnreadable(
            f"Two columns are called '{twice}'.", "Rename one: upper and lower case are the same."
        )
    return pa.schema(fields)


def _normalised(kind: pa.DataType) -> pa.DataType:
    types = pa.types
    if types.is_dictionary(kind):
        return _normalised(kind.value_type)
    if types.is_integer(kind):
        return pa.int64()
    if types.is_floating(kind) or types.is_decimal(kind):
        return pa.float64()
    if (
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_string_view(kind)
        or types.is_null(kind)
    ):
        return pa.string()
    if types.is_date(kind):
        return pa.date32()
    if types.is_timestamp(kind):
        return pa.timestamp("us")
    return kind


def column_type(kind: pa.DataType) -> ColumnType:
    """The type of a normalised Arrow column."""
    names = {
        pa.bool_(): ColumnType.BOOLEAN,
        pa.int64(): ColumnType.INTEGER,
        pa.float64(): ColumnType.NUMBER,
        pa.string(): ColumnType.TEXT,
        pa.date32(): ColumnType.DATE,
        pa.timestamp("us"): ColumnType.TIMESTAMP,
    }
    return names.get(kind, ColumnType.OTHER)


def columns_of_schema(schema: pa.Schema) -> tuple[Column, ...]:
    """The columns of a normalised schema, undescribed."""
    return tuple(Column(ColumnName(field.name), column_type(field.type)) for field in schema)
