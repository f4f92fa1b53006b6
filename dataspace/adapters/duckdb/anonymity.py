"""k-anonymity and l-diversity over a version, in DuckDB's SQL and bounded memory."""

# ruff: noqa: S608 - identifiers are quoted, numbers are formatted as such

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from dataspace.adapters.duckdb.compile import quoted
from dataspace.adapters.duckdb.measuring import SMALL_GROUP, connected, reader_of, tables
from dataspace.adapters.duckdb.parquet import open_for_reading
from dataspace.model.datasets import Anonymity
from dataspace.model.names import ColumnName

MOST_SENSITIVE = 5
_ROWS_AT_ONCE = 2_000_000


def anonymity(
    files: Sequence[Path], quasi: Sequence[ColumnName], sensitive: Sequence[ColumnName], memory_limit: str
) -> tuple[Anonymity, ...]:
    """How rows hide behind all quasi-identifiers, and how diverse each sensitive column is within the groups.

    Groups are told apart by a hash of 64 bits and counted in parts by it, so that memory grows with the rows by 16
    bytes for each. A sensitive column is no quasi-identifier of itself. Raises duckdb.Error.
    """
    found = [_measured(files, quasi, None, memory_limit)] if quasi else []
    for column in sensitive[:MOST_SENSITIVE]:
        others = [name for name in quasi if name != column]
        if others:
            found.append(_measured(files, others, column, memory_limit))
    return tuple(one for one in found if one is not None)


def _measured(
    files: Sequence[Path], quasi: Sequence[ColumnName], sensitive: ColumnName | None, memory_limit: str
) -> Anonymity | None:
    needed = [*quasi, *([sensitive] if sensitive else [])]
    key = f"hash({', '.join(map(quoted, quasi))})"
    value = f"hash({quoted(sensitive)})" if sensitive else "0::UBIGINT"
    smallest, unique, below, diversity = [], 0, 0, []
    with connected(memory_limit) as connection, open_for_reading(files[0]) as first:
        schema = pa.schema([first.schema_arrow.field(name) for name in needed])
        connection.register("source", reader_of(_batches(files, needed), schema))
        connection.execute(f"CREATE TABLE rows AS SELECT {key} AS key, {value} AS value FROM source")
        (total,) = connection.execute("SELECT count(*) FROM rows").fetchall()[0]
        parts = 1 + total // _ROWS_AT_ONCE
        for part in range(parts):
            mine = f"FROM rows WHERE key % {parts:d} = {part:d}"
            k, lone, few = connection.execute(
                f"SELECT min(n), count(*) FILTER (n = 1), coalesce(sum(n) FILTER (n < {SMALL_GROUP:d}), 0) "
                f"FROM (SELECT count(*) AS n {mine} GROUP BY key)"
            ).fetchall()[0]
            if k is None:
                continue
            smallest.append(int(k))
            unique, below = unique + int(lone), below + int(few)
            if sensitive:
                different = f"SELECT count(*) AS n FROM (SELECT DISTINCT key, value {mine}) GROUP BY key"
                diversity.append(
                    int(connection.execute(f"SELECT min(n) FROM ({different})").fetchall()[0][0])
                )
    if not smallest:
        return None
    return Anonymity(
        tuple(quasi), min(smallest), unique, below, sensitive, min(diversity) if diversity else None
    )


def _batches(files: Sequence[Path], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    for table in tables(files, columns):
        yield from table.to_batches()
