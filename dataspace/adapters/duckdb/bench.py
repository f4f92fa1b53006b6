"""The cuts that one worker holds, in a DuckDB that is locked before the first statement."""

# ruff: noqa: S608 - identifiers are quoted, values are bound

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dataspace.adapters.duckdb import macros
from dataspace.adapters.duckdb.compile import UNIT, Sql, Types, quoted
from dataspace.model.datasets import ColumnType
from dataspace.model.names import ColumnName

BATCH_ROWS = 122_880

_TYPES = {
    "BOOLEAN": ColumnType.BOOLEAN,
    "BIGINT": ColumnType.INTEGER,
    "DOUBLE": ColumnType.NUMBER,
    "VARCHAR": ColumnType.TEXT,
    "DATE": ColumnType.DATE,
    "TIMESTAMP": ColumnType.TIMESTAMP,
}

_OFF = (
    "python_enable_replacements",
    "python_scan_all_frames",
    "autoinstall_known_extensions",
    "autoload_known_extensions",
    "allow_community_extensions",
    "allow_persistent_secrets",
    "allow_unredacted_secrets",
    "enable_external_file_cache",
)


_NEW = "__new"
"""A temporary result that is not known to fit yet. The gate lets no name through that begins so."""
MAXIMUM_COLUMNS, LONGEST_COLUMN = 1_000, 128
"""Of a temporary result, and characters of their names."""
_FIRST_PLACE, _MOST_CUTS = 64, 48
"""Numbers of open files that cuts are attached from; in a worker nothing else ever has one of these."""


class Bench:
    """A locked instance over sealed cuts. Nothing can be set once it is made, and nothing but a cut attached."""

    def __init__(
        self, cuts: Sequence[Mapping[str, str]], files: Sequence[int], memory: str, threads: int
    ) -> None:
        """`cuts`: for each file the `cut` id and the `dataset` under whose name it is read."""
        self.held: tuple[str, ...] = ()
        self.threads = threads
        self._relations: dict[str, str] = {}
        self._types: dict[str, Types] = {}
        self._datasets: set[str] = set()
        self._kept: dict[str, int] = {}
        self._connection = duckdb.connect(":memory:")
        self._settings(memory, threads)
        for statement in macros.statements():
            self._run(statement)
        self._places = _free_places()
        self._run(f"SET allowed_paths = [{', '.join(map(_literal, _allowed(self._places)))}]")
        self._run("SET enable_external_access = false")
        self._run("SET lock_configuration = true")
        self.add(cuts, files)

    def add(self, cuts: Sequence[Mapping[str, str]], files: Sequence[int]) -> None:
        """Attach further cuts; `files` are closed. Raises ValueError where they are too many."""
        if len(cuts) != len(files):
            raise ValueError("each cut comes with one file")
        if len(self.held) + len(cuts) > len(self._places):
            raise ValueError("more cuts than one worker holds")
        for at, (entry, file) in enumerate(zip(cuts, files, strict=True), start=len(self.held)):
            place = self._places[at]
            os.dup2(file, place, inheritable=False)
            os.close(file)
            self._attach(at, entry, place)
            os.close(place)
        self.held = tuple(sorted([*self.held, *(entry["cut"] for entry in cuts)]))

    def _run(self, text: str) -> None:
        self._connection.execute(text)

    def _settings(self, memory: str, threads: int) -> None:
        for name in _OFF:
            self._run(f"SET GLOBAL {name} = false")
        self._run("SET GLOBAL allow_extension_repositories = 'forbidden'")
        self._run(f"SET GLOBAL threads = {threads:d}")
        self._run(f"SET GLOBAL memory_limit = '{memory}'")
        # Spilled rows would lie in clear outside the cut; what does not fit in memory has no answer.
        self._run("SET GLOBAL temp_directory = ''")
        self._run("SET GLOBAL max_expression_depth = 200")
        self._run("SET GLOBAL pivot_limit = 1000")
        self._run("SET GLOBAL TimeZone = 'UTC'")

    def _attach(self, at: int, entry: Mapping[str, str], file: int) -> None:
        self._run(f"ATTACH '/proc/self/fd/{file:d}' AS cut{at} (READ_ONLY)")
        found = self._connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = ? AND table_name = 'data' "
            "ORDER BY column_index",
            [f"cut{at}"],
        ).fetchall()
        shown = [name for name, _ in found if not name.startswith("__")]
        relation = f"cut{at}.main.data"
        self._relations[entry["cut"]] = relation
        self._types[entry["cut"]] = {ColumnName(n): _TYPES.get(t, ColumnType.OTHER) for n, t in found}
        # A plain view is enough: what is withheld is not in the cut, and the numbers of units are not in the view.
        columns = ", ".join(map(quoted, shown))
        self._datasets.add(entry["dataset"])
        self.drop(entry["dataset"])  # a temporary result would be read in place of the dataset
        self._run(f"CREATE VIEW {quoted(entry['dataset'])} AS SELECT {columns} FROM {relation}")

    def relation(self, cut: str) -> str:
        """How the table of a cut is called. Raises KeyError for one that is not here."""
        return self._relations[cut]

    def types(self, cut: str) -> Types:
        """The types of its columns, masks applied."""
        return self._types[cut]

    def fetch(self, sql: Sql) -> list[tuple[Any, ...]]:
        """All rows of one of our own statements."""
        rows: list[tuple[Any, ...]] = self._connection.execute(sql.text, list(sql.parameters)).fetchall()
        return rows

    def arrow(self, sql: Sql) -> pa.Table:
        """The same as one Arrow table, for what is long."""
        table: pa.Table = self._connection.execute(sql.text, list(sql.parameters)).to_arrow_table()
        return table

    def prints(self, cut: str) -> bytes:
        """A fingerprint of each privacy unit, 8 bytes each, in the order of their numbers from 1."""
        units = self._relations[cut].replace(".main.data", ".main.units")
        found = self._connection.execute(f"SELECT print FROM {units} ORDER BY unit").fetchnumpy()["print"]
        return np.asarray(found, np.uint64).tobytes()

    def _text(self, tree: str) -> str:
        """What a validated tree stands for."""
        statements = json.loads(tree)["statements"]
        if len(statements) != 1:
            raise ValueError("exactly one statement was validated")
        query = "SELECT json_deserialize_sql(CAST(? AS JSON))"
        return str(self._connection.execute(query, [tree]).fetchall()[0][0])

    def keep(self, name: str, tree: str, most: int) -> dict[str, Any] | None:
        """Keep the rows of a validated tree under a name, in place of those that were there: `rows`, `size` and
        `columns`. None, and nothing is changed, where all that is kept would have more than `most` bytes.
        """
        if name in self._datasets or not 0 < len(name) < 64:
            raise ValueError("a dataset has this name")
        others, before = sum(self._kept.values()) - self._kept.get(name, 0), self._size()
        try:
            self._run(f"CREATE OR REPLACE TEMP TABLE {_NEW} AS ({self._text(tree)})")
            size = max(0, self._size() - before)
            columns = self._connection.execute(
                "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'temp' AND table_name = ? "
                "ORDER BY column_index",
                [_NEW],
            ).fetchall()
            fits = len(columns) <= MAXIMUM_COLUMNS and all(len(n) <= LONGEST_COLUMN for n, _ in columns)
            if others + size > most or not fits:
                return None
            rows = self._connection.execute(f"SELECT count(*) FROM temp.main.{_NEW}").fetchall()[0][0]
            self.drop(name)
            self._run(f"ALTER TABLE temp.main.{_NEW} RENAME TO {quoted(name)}")
            self._kept[name] = size
        except duckdb.OutOfMemoryException:
            return None
        finally:
            self._run(f"DROP TABLE IF EXISTS temp.main.{_NEW}")
        told = [[n, _TYPES.get(t, ColumnType.OTHER).value] for n, t in columns]
        return {"rows": int(rows), "size": size, "columns": told}

    def drop(self, name: str) -> None:
        """Forget what is kept under a name; nothing where there is none."""
        if self._kept.pop(name, None) is not None:
            self._run(f"DROP TABLE temp.main.{quoted(name)}")

    def _size(self) -> int:
        """Bytes of all that is kept in memory, long texts included; cuts are files."""
        found = self._connection.execute(
            "SELECT sum(memory_usage_bytes) FROM duckdb_memory() WHERE tag IN ('IN_MEMORY_TABLE', 'OVERFLOW_STRINGS')"
        ).fetchall()
        return int(found[0][0])

    def stream(self, tree: str, maximum_rows: int | None) -> Iterator[Any]:
        """The schema, then the batches of a validated tree: that tree is what runs."""
        relation = self._connection.sql(self._text(tree))
        if maximum_rows is not None:
            relation = relation.limit(maximum_rows)
        reader = relation.to_arrow_reader(BATCH_ROWS)
        yield reader.schema
        yield from reader

    def columns(self, cut: str, names: Sequence[ColumnName]) -> dict[ColumnName, npt.NDArray[Any]]:
        """Columns as arrays for training: numbers and booleans as floats (NaN where missing), text as objects."""
        kinds = self._types[cut]
        arrays: dict[ColumnName, npt.NDArray[Any]] = {}
        for name in dict.fromkeys([ColumnName(UNIT), *names]):
            if kinds[name] is ColumnType.TEXT:
                text = Sql(f"SELECT {quoted(name)} FROM {self._relations[cut]} ORDER BY __row")
                arrays[name] = np.array([value for (value,) in self.fetch(text)], dtype=object)
            elif kinds[name] in (ColumnType.BOOLEAN, ColumnType.INTEGER, ColumnType.NUMBER):
                arrays[name] = self._numbers(cut, name)
            else:
                raise ValueError("a column that no model can use")
        return arrays

    def _numbers(self, cut: str, name: ColumnName) -> npt.NDArray[Any]:
        kind = "BIGINT" if name == UNIT else "DOUBLE"
        text = f"SELECT CAST({quoted(name)} AS {kind}) AS v FROM {self._relations[cut]} ORDER BY __row"
        values = self._connection.execute(text).fetchnumpy()["v"]
        return np.asarray(np.ma.filled(values, np.nan) if np.ma.isMaskedArray(values) else values)


def _free_places() -> range:
    """The first run of numbers that no open file has: a process that is no worker may have many open."""
    used = {int(path.name) for path in Path("/proc/self/fd").iterdir()}
    start = _FIRST_PLACE
    while not used.isdisjoint(range(start, start + _MOST_CUTS)):
        start += _MOST_CUTS
    return range(start, start + _MOST_CUTS)


def _allowed(places: range) -> list[str]:
    """The paths that a cut has while it is attached, as the engine looks for them; it also asks for a log beside."""
    own = f"/proc/{os.getpid()}/fd"
    return [path for at in places for path in (f"/proc/self/fd/{at}", f"{own}/{at}", f"{own}/{at}.wal")]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
