"""Holds the rows of a version against declared rules, in DuckDB's SQL and bounded memory."""

# ruff: noqa: S608 - identifiers are quoted, values are bound

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from dataspace.adapters.duckdb.compile import quoted
from dataspace.adapters.duckdb.measuring import connected, reader_of, tables
from dataspace.adapters.duckdb.parquet import open_for_reading
from dataspace.errors import InvalidRequest, SetupError
from dataspace.model.curation import Expectation, Rule
from dataspace.model.datasets import VersionRef
from dataspace.model.names import ColumnName, DatasetName
from dataspace.ports import Vault


class DuckdbExpectations:
    """`ExpectationCheck` over the versions of a vault."""

    def __init__(self, vault: Vault, memory_limit: str = "1GB") -> None:
        self._vault, self._memory = vault, memory_limit

    def broken(
        self, ref: VersionRef, rules: Sequence[Expectation], others: Mapping[DatasetName, VersionRef]
    ) -> Sequence[tuple[Expectation, int]]:
        """See the port. Raises InvalidRequest for a rule that does not fit its column's type."""
        files = self._vault.files(ref)
        counted = [(rule, self._rows(files, rule, others)) for rule in rules]
        return [(rule, n) for rule, n in counted if n]

    def _rows(
        self, files: Sequence[Path], rule: Expectation, others: Mapping[DatasetName, VersionRef]
    ) -> int:
        try:
            with connected(self._memory) as connection:
                _register(connection, "source", files, rule.columns)
                if rule.dataset is not None and rule.key is not None:
                    there = self._vault.files(others[rule.dataset])
                    _register(connection, "there", there, [rule.key])
                text, parameters = _query(rule)
                return int(connection.execute(text, parameters).fetchall()[0][0])
        except duckdb.OutOfMemoryException as error:
            raise SetupError(
                f"The rule '{rule}' takes too much memory.", "Raise it, or drop the rule."
            ) from error
        except (duckdb.Error, KeyError) as error:
            raise InvalidRequest(
                f"The rule '{rule}' does not fit the type of its column.", "Correct the rule."
            ) from error


def _query(rule: Expectation) -> tuple[str, list[object]]:
    """A text that counts the rows that break the rule. Null passes all but `present`."""
    column = quoted(rule.columns[0])
    match rule.rule:
        case Rule.RANGE:
            outside = [
                (f"{column} {sign} ?", end)
                for sign, end in (("<", rule.lower), (">", rule.upper))
                if end is not None
            ]
            where = " OR ".join(text for text, _ in outside)
            return f"SELECT count(*) FROM source WHERE {where}", [end for _, end in outside]
        case Rule.PRESENT:
            return f"SELECT count(*) - count({column}) FROM source", []
        case Rule.AMONG:
            return (
                f"SELECT count(*) FROM source WHERE CAST({column} AS VARCHAR) NOT IN (SELECT unnest(?))",
                [list(rule.values)],
            )
        case Rule.UNIQUE:
            key = f"hash({', '.join(map(quoted, rule.columns))})"
            # 64 bits: two of a billion rows fall together by chance once in 37 versions, and then only a row is named.
            return (
                f"SELECT count({column}) - count(DISTINCT {key}) FILTER ({column} IS NOT NULL) FROM source",
                [],
            )
        case Rule.REFERS:
            key = quoted(rule.key or "")
            return (
                f"SELECT count(*) FROM source WHERE {column} IS NOT NULL AND CAST({column} AS VARCHAR) NOT IN "
                f"(SELECT CAST({key} AS VARCHAR) FROM there WHERE {key} IS NOT NULL)",
                [],
            )


def _register(
    connection: duckdb.DuckDBPyConnection, name: str, files: Sequence[Path], columns: Sequence[ColumnName]
) -> None:
    with open_for_reading(files[0]) as first:
        schema = pa.schema([first.schema_arrow.field(column) for column in columns])
    connection.register(name, reader_of(_batches(files, columns), schema))


def _batches(files: Sequence[Path], columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    for table in tables(files, columns):
        yield from table.to_batches()
