"""One pass over the files of a version: everything that is told of each column, in bounded memory."""

# ruff: noqa: S608 - identifiers are quoted

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dataspace.adapters.duckdb.building import types_of
from dataspace.adapters.duckdb.compile import quoted
from dataspace.adapters.duckdb.parquet import open_for_reading
from dataspace.model.datasets import ColumnProfile, ColumnType
from dataspace.model.names import ColumnName
from dataspace.service.reading_ahead import ahead

SAMPLE = 100_000
"""Rows of which histograms and forms are taken, evenly over the version; all rows where there are no more."""
FEW = 10_000
"""Different values up to which a column's values are counted exactly in a version of more rows than the sample."""
COMMON = 200
"""Different values up to which they are part of the profile."""
SMALL_GROUP = 10
_BINS = 10
_PENDING = 100_000
_ORDERED = (ColumnType.INTEGER, ColumnType.NUMBER, ColumnType.DATE, ColumnType.TIMESTAMP)


@dataclass(frozen=True, slots=True)
class Measured:
    """What the pass found in one column. `small` and `lone` count the values of fewer than ten rows, and of one."""

    place: int
    profile: ColumnProfile
    unique: bool
    small: int | None
    lone: int | None
    sample: pa.ChunkedArray


class _Counting:
    """The values of one column with their rows, until they are too many to be worth it."""

    def __init__(self, kind: ColumnType) -> None:
        self._tables: list[pa.Table] = []
        self._pending = 0
        self.given_up = kind is ColumnType.OTHER

    def add(self, values: pa.ChunkedArray) -> None:
        if self.given_up:
            return
        counted = pc.value_counts(values.combine_chunks())
        self._tables.append(pa.table({"value": counted.field(0), "n": counted.field(1)}))
        self._pending += len(counted)
        if self._pending > _PENDING:
            self._merge()

    def _merge(self) -> None:
        merged = pa.concat_tables(self._tables).group_by("value").aggregate([("n", "sum")])
        merged = merged.rename_columns(["value", "n"])
        self._tables, self._pending = [merged], 0
        if merged.num_rows > FEW:
            self.given_up, self._tables = True, []

    def result(self) -> pa.Table | None:
        """The values that are not null; None where there were too many."""
        if self.given_up or not self._tables:
            return None
        self._merge()
        if not self._tables:
            return None
        return self._tables[0].filter(pc.is_valid(self._tables[0].column("value")))


def measure(files: Sequence[Path], memory_limit: str) -> tuple[list[Measured], int, pa.Table]:
    """Every column, the number of rows, and the sample. Raises duckdb.Error where memory does not suffice."""
    types = types_of(files)
    total = _rows(files)
    counting = {name: _Counting(kind) for name, kind in types.items()}
    sample: list[pa.Table] = []

    def batches() -> Iterator[pa.RecordBatch]:
        for table in ahead(tables(files, list(types)), most=2):
            for name, counts in counting.items():
                counts.add(table.column(name))
            sample.append(_thinned(table, total))
            yield from table.to_batches()

    facts = _aggregates(batches(), types, files, memory_limit)
    seen = pa.concat_tables(sample) if sample else _schema(files).empty_table()
    measured = []
    for at, (name, kind) in enumerate(types.items()):
        column = seen.column(name)
        counts = counting[name].result()
        if counts is None and total <= SAMPLE and kind is not ColumnType.OTHER:
            counted = pc.value_counts(column.combine_chunks().drop_null())
            counts = pa.table({"value": counted.field(0), "n": counted.field(1)})
        measured.append(_measured(at + 1, name, kind, facts[4 * at : 4 * at + 4], total, counts, column))
    return measured, total, seen


def connected(memory_limit: str) -> duckdb.DuckDBPyConnection:
    """A database in memory that never writes a value to a disk."""
    connection = duckdb.connect(":memory:")
    connection.execute("SET threads = 2; SET temp_directory = ''; SET preserve_insertion_order = false")
    connection.execute("SET memory_limit = $limit", {"limit": memory_limit})
    return connection


def reader_of(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> pa.RecordBatchReader:
    """What DuckDB reads a stream from."""
    return pa.RecordBatchReader.from_batches(schema, batches)


def tables(files: Sequence[Path], columns: Sequence[str]) -> Iterator[pa.Table]:
    """These columns, a row group at a time."""
    for path in files:
        with open_for_reading(path) as reader:
            for group in range(reader.metadata.num_row_groups):
                yield reader.read_row_group(group, columns=list(columns), use_threads=True)


def _rows(files: Sequence[Path]) -> int:
    total = 0
    for path in files:
        with open_for_reading(path) as reader:
            total += reader.metadata.num_rows
    return total


def _schema(files: Sequence[Path]) -> pa.Schema:
    with open_for_reading(files[0]) as reader:
        return reader.schema_arrow


def _thinned(table: pa.Table, total: int) -> pa.Table:
    if total <= SAMPLE:
        return table
    step = -(-total // SAMPLE)
    return table.take(pa.array(range(0, table.num_rows, step), pa.int64()))


def _aggregates(
    batches: Iterator[pa.RecordBatch], types: Any, files: Sequence[Path], memory_limit: str
) -> tuple[Any, ...]:
    """For each column its values that are not null, an estimate of the different ones, the lowest and highest."""
    parts = []
    for name, kind in types.items():
        column = quoted(name)
        if kind is ColumnType.OTHER:
            parts.append(f"count({column}), 0, NULL, NULL")
        else:
            parts.append(f"count({column}), approx_count_distinct({column}), min({column}), max({column})")
    with connected(memory_limit) as connection:
        connection.register("source", reader_of(batches, _schema(files)))
        row: tuple[Any, ...] | None = connection.execute(f"SELECT {', '.join(parts)} FROM source").fetchone()
    return row or ()


def _measured(
    place: int,
    name: ColumnName,
    kind: ColumnType,
    facts: Sequence[Any],
    total: int,
    counts: pa.Table | None,
    sample: pa.ChunkedArray,
) -> Measured:
    present, estimate, lowest, highest = facts
    sizes = counts.column("n") if counts is not None else None
    distinct = len(sizes) if sizes is not None else min(int(estimate), present)
    edges, bins, sampled = _histogram(kind, sample, lowest, highest)
    profile = ColumnProfile(
        name=name,
        type=kind,
        nulls=total - present,
        distinct=distinct,
        lowest=_text(lowest),
        highest=_text(highest),
        estimated=sizes is None and kind is not ColumnType.OTHER,
        edges=edges,
        counts=bins,
        sampled=sampled,
        common=_common(counts, kind),
    )
    if sizes is not None:
        unique = distinct == total
        small, lone = (pc.sum(pc.less(sizes, n)).as_py() or 0 for n in (SMALL_GROUP, 2))
        return Measured(place, profile, unique, small, lone, sample)
    # A sketch is a few percent off: that no value of the sample comes twice says the rest.
    unique = kind is not ColumnType.OTHER and distinct >= 0.9 * total and len(sample.unique()) == len(sample)
    return Measured(place, profile, unique, None, None, sample)


def _common(counts: pa.Table | None, kind: ColumnType) -> tuple[tuple[str, int], ...]:
    """The values of a column of categories. A number with decimals is no category."""
    if counts is None or not 0 < counts.num_rows <= COMMON or kind is ColumnType.NUMBER:
        return ()
    ordered = counts.sort_by([("n", "descending"), ("value", "ascending")])
    return tuple((_text(row["value"]), row["n"]) for row in ordered.to_pylist())


def _histogram(
    kind: ColumnType, sample: pa.ChunkedArray, lowest: Any, highest: Any
) -> tuple[tuple[float, ...], tuple[int, ...], int]:
    """Bins of about as many rows each, from the lowest value of all rows to the highest."""
    if kind not in _ORDERED or lowest is None:
        return (), (), 0
    if kind is ColumnType.DATE:
        sample = sample.cast(pa.timestamp("us"))
    if kind in (ColumnType.DATE, ColumnType.TIMESTAMP):
        sample = sample.cast(pa.int64())
    scale = 1e6 if kind in (ColumnType.DATE, ColumnType.TIMESTAMP) else 1.0
    numbers = sample.drop_null().to_numpy().astype(float) / scale
    numbers = numbers[np.isfinite(numbers)]
    ends = [end for end in (_number(lowest), _number(highest)) if np.isfinite(end)]
    if not len(numbers):
        return (), (), 0
    cuts = np.unique(np.concatenate([ends, np.quantile(numbers, np.linspace(0, 1, _BINS + 1))]))
    if len(cuts) < 2:
        return (float(cuts[0]), float(cuts[0])), (len(numbers),), len(numbers)
    bins, _ = np.histogram(numbers, cuts)
    return tuple(map(float, cuts)), tuple(map(int, bins)), len(numbers)


def _number(value: Any) -> float:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).timestamp()
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()
    return float(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
