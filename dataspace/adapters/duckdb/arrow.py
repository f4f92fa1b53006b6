"""From a clerk's columns to an Arrow table."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import pyarrow as pa

_TYPES = {
    "boolean": pa.bool_(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "text": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}
_READ = {"date": date.fromisoformat, "timestamp": datetime.fromisoformat}


def table_of(columns: Sequence[Mapping[str, Any]]) -> pa.Table:
    """The table. Raises ValueError or KeyError for what is not a column of a clerk."""
    arrays = []
    for column in columns:
        kind = str(column["type"])
        read = _READ.get(kind)
        cells = [read(value) if read and value is not None else value for value in column["values"]]
        arrays.append(pa.array(cells, _TYPES[kind]))
    return pa.Table.from_arrays(arrays, names=[str(column["name"]) for column in columns])
