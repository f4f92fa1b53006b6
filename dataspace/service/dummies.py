"""Rows made up from a published description alone, so that code is written before any permit. They mean nothing."""

from datetime import date

import numpy as np
import pyarrow as pa

from dataspace.errors import InvalidRequest
from dataspace.model.datasets import Column, ColumnType, Dataset
from dataspace.service.curation import ARROW

DUMMY = "DUMMY"
MOST_ROWS = 1_000_000
_DAYS = ((date(2020, 1, 1) - date(1970, 1, 1)).days, (date(2025, 1, 1) - date(1970, 1, 1)).days)
_UNITS_SHARE = 3
"""Rows for each made-up person or machine, about."""


def dummy_rows(dataset: Dataset, n: int, seed: int = 0) -> pa.Table:
    """`n` rows of the described columns: declared codes, declared bounds, else whatever the type allows.

    Nothing of the data is looked at: neither its rows nor its profile. The same seed gives the same rows. The schema
    says DUMMY in its metadata, and so does every made-up word. Raises InvalidRequest for too many rows.
    """
    if not 0 <= n <= MOST_ROWS:
        raise InvalidRequest(f"{n:,} dummy rows cannot be made.", f"Ask for at most {MOST_ROWS:,}.")
    draw = np.random.default_rng(seed)
    fields, arrays = [], []
    for column in dataset.columns:
        if column.type is ColumnType.OTHER:
            continue  # a list or struct: its inner types are not part of the description
        fields.append(pa.field(column.name, ARROW[column.type], metadata={"dataspace": DUMMY}))
        arrays.append(_values(column, column.name == dataset.privacy_unit, n, draw))
    marks = {"dataspace": DUMMY, "dataset": dataset.name, "made-from": "the description alone"}
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=marks))


def _values(column: Column, is_unit: bool, n: int, draw: np.random.Generator) -> pa.Array:
    kind = ARROW[column.type]
    if column.values:
        places = draw.integers(0, len(column.values), n)
        return pa.array(list(column.values)).cast(kind).take(pa.array(places))
    if is_unit and column.type in (ColumnType.TEXT, ColumnType.INTEGER):
        numbers = draw.integers(1, max(2, n // _UNITS_SHARE), n)
        return _words(column.name, numbers) if column.type is ColumnType.TEXT else pa.array(numbers, kind)
    match column.type:
        case ColumnType.BOOLEAN:
            return pa.array(draw.integers(0, 2, n).astype(bool))
        case ColumnType.INTEGER:
            low, high = _bounds(column)
            return pa.array(draw.integers(int(np.ceil(low)), int(np.floor(high)) + 1, n), kind)
        case ColumnType.NUMBER:
            low, high = _bounds(column)
            return pa.array(draw.uniform(low, high, n), kind)
        case ColumnType.DATE:
            return pa.array(draw.integers(*_DAYS, n).astype("int32"), pa.int32()).cast(kind)
        case ColumnType.TIMESTAMP:
            seconds = draw.integers(_DAYS[0] * 86_400, _DAYS[1] * 86_400, n)
            return pa.array(seconds * 1_000_000, pa.int64()).cast(kind)
    return _words(column.name, draw.integers(1, 10, n))


def _bounds(column: Column) -> tuple[float, float]:
    low = column.lower if column.lower is not None else min(0.0, column.upper or 0.0)
    high = column.upper if column.upper is not None else max(low + 100.0, 100.0)
    if column.type is ColumnType.INTEGER and np.floor(high) < np.ceil(low):
        return float(np.floor(low)), float(np.floor(low))
    return low, high


def _words(name: str, numbers: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> pa.Array:
    return pa.array([f"{DUMMY}-{name}-{number}" for number in numbers], pa.string())
