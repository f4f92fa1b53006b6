"""Building one cut: rows filtered, columns masked, units numbered, everything else never written."""

# ruff: noqa: S608 - identifiers are quoted, values are bound

import hmac
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import chain
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from dataspace.adapters.duckdb.compile import ROW, UNIT, Types, condition, quoted
from dataspace.adapters.duckdb.parquet import ROW_GROUP, column_type, normalised_schema, open_for_reading
from dataspace.errors import DataspaceError, InvalidRequest, SetupError
from dataspace.model.datasets import ColumnType
from dataspace.model.names import ColumnName
from dataspace.model.plans import CutRecipe
from dataspace.model.policies import Mask, MaskKind
from dataspace.model.predicates import columns_of

TABLE = "data"
UNITS_TABLE = "units"
"""A fingerprint of each privacy unit that is the same in all cuts of a lineage, in the order of the units' numbers."""

_NUMBERS = (ColumnType.INTEGER, ColumnType.NUMBER)


def build_table(
    path: Path,
    files: Sequence[Path],
    recipe: CutRecipe,
    key: bytes,
    memory_limit: str,
    progress: Callable[[float], None],
    left_out: Collection[str] = (),
) -> int:
    """Write the database of a cut to `path` (in memory) and return its number of rows.

    The table `data` has `__row` (place in the version), `__unit` (a number for each privacy unit, meaningless
    outside) and the columns of the recipe. Raises InvalidRequest for a column that the version has not.
    """
    types = types_of(files)
    _check_columns(recipe, types, key)
    try:
        with duckdb.connect(":memory:") as connection:
            connection.execute(
                "SET threads = 2; SET temp_directory = ''; SET preserve_insertion_order = true"
            )
            connection.execute("SET memory_limit = $limit", {"limit": memory_limit})
            connection.execute(f"ATTACH '{path}' AS cut (BLOCK_SIZE {_block_size(files)})")
            if recipe.opt_out_digest:
                _leave_out(connection, recipe, left_out)
            if _in_one_pass(recipe):
                _copy(connection, files, recipe, types, progress)
            else:
                _load(connection, files, recipe, types, lambda share: progress(0.5 * share))
                _hash_columns(connection, recipe, types, key)
                connection.execute(f"CREATE TABLE cut.main.{TABLE} AS {_selection(recipe, types)}")
            if recipe.privacy_unit:
                connection.execute(f"CREATE TABLE cut.main.{UNITS_TABLE} AS {_prints(recipe.privacy_unit)}")
            rows = connection.execute(f"SELECT count(*) FROM cut.main.{TABLE}").fetchall()[0][0]
            connection.execute("DETACH cut")
            return int(rows)
    except DataspaceError:
        raise
    except duckdb.Error as error:
        raise SetupError(
            f"The cut of {recipe.version} could not be made ({type(error).__name__}).",
            "Raise the memory for building cuts, or grant fewer columns or rows.",
        ) from error


def types_of(files: Sequence[Path]) -> Types:
    """The column types of a version, from the first of its files."""
    with open_for_reading(files[0]) as reader:
        schema = normalised_schema(reader.schema_arrow)
    return {ColumnName(field.name): column_type(field.type) for field in schema}


def _check_columns(recipe: CutRecipe, types: Types, key: bytes) -> None:
    wanted = {*recipe.columns, *columns_of(recipe.row_filter), *recipe.masks}
    wanted |= {recipe.privacy_unit} if recipe.privacy_unit else set()
    missing = sorted(wanted - types.keys())
    ruled = sorted(({*columns_of(recipe.row_filter)} | {*recipe.masks}) - types.keys())
    if ruled:
        # The asker may not know what the filter looks at: the column's name is for the operator's log alone.
        cause = ValueError(f"{recipe.version} has no column '{ruled[0]}', which a policy names")
        raise SetupError(
            "The policies in force do not fit this data.", "Ask its steward to look at them."
        ) from cause
    if missing:
        raise InvalidRequest(f"The version has no column '{missing[0]}'.", "Name columns that it has.")
    hashed = any(mask.kind is MaskKind.HASH for mask in recipe.masks.values())
    if hashed and len(key) < 16:
        raise SetupError("A hashed column needs a key of at least 16 bytes.", "Set the key of the permit.")


def _block_size(files: Sequence[Path]) -> int:
    """Bytes: small blocks for small tables, which would waste most of a large one."""
    return 16_384 if _rows_in(files) < 2 * ROW_GROUP else 262_144


def _in_one_pass(recipe: CutRecipe) -> bool:
    """Whether each row can be written as it is read: no value is looked up, no unit numbered."""
    return recipe.privacy_unit is None and all(m.kind is not MaskKind.HASH for m in recipe.masks.values())


def _copy(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[Path],
    recipe: CutRecipe,
    types: Types,
    progress: Callable[[float], None],
) -> None:
    """The table in one statement, from a stream of batches in the order of the version."""
    needed = [c for c in types if c in {*recipe.columns, *columns_of(recipe.row_filter)}]
    where = condition(recipe.row_filter, types)
    batches = _batches(files, needed, lambda share: progress(0.95 * share))
    first = next(batches)
    pieces = (piece for table in chain([first], batches) for piece in table.to_batches())
    connection.register("kept", pa.RecordBatchReader.from_batches(first.schema, pieces))
    text = _selection(recipe, types, f"WHERE {where.text}", ordered=False)
    connection.execute(f"CREATE TABLE cut.main.{TABLE} AS {text}", list(where.parameters))
    connection.unregister("kept")


def _load(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[Path],
    recipe: CutRecipe,
    types: Types,
    progress: Callable[[float], None],
) -> None:
    """The rows that pass the filter, with their place in the version; only columns that are needed."""
    unit = {recipe.privacy_unit} if recipe.privacy_unit else set()
    needed = [c for c in types if c in {*recipe.columns, *columns_of(recipe.row_filter)} | unit]
    where = condition(recipe.row_filter, types)
    stays = f" AND {_stays(recipe)}" if recipe.opt_out_digest else ""
    names = ", ".join([ROW, *map(quoted, needed)])
    created = False
    for reader in _batches(files, needed, progress):
        connection.register("source", reader)
        verb = f"INSERT INTO kept SELECT {names}" if created else f"CREATE TABLE kept AS SELECT {names}"
        connection.execute(f"{verb} FROM source WHERE ({where.text}){stays}", list(where.parameters))
        connection.unregister("source")
        created = True


def _leave_out(connection: duckdb.DuckDBPyConnection, recipe: CutRecipe, left_out: Collection[str]) -> None:
    """The persons who opted out, as texts, for `_load` to leave out."""
    if recipe.privacy_unit is None:
        raise SetupError(
            "Persons have opted out of this dataset, and it names no column of the person.",
            "Its steward names the privacy unit.",
        )
    connection.register("persons", pa.table({"person": pa.array(sorted(left_out), pa.string())}))
    connection.execute("CREATE TABLE left_out AS SELECT person FROM persons")
    connection.unregister("persons")


def _stays(recipe: CutRecipe) -> str:
    """Rows of who did not opt out. A row without a person could be anybody's, so it goes too."""
    name = f"CAST({quoted(recipe.privacy_unit or ColumnName(''))} AS VARCHAR)"
    return f"{name} IS NOT NULL AND {name} NOT IN (SELECT person FROM left_out)"


def _rows_in(files: Sequence[Path]) -> int:
    rows = 0
    for path in files:
        with open_for_reading(path) as reader:
            rows += reader.metadata.num_rows
    return rows


def _batches(
    files: Sequence[Path], columns: Sequence[ColumnName], progress: Callable[[float], None]
) -> Iterator[pa.Table]:
    """Row group by row group; `progress` is told the share of rows that were taken."""
    start, whole = 0, max(1, _rows_in(files))
    for path in files:
        with open_for_reading(path) as reader:
            if not reader.metadata.num_row_groups:
                table = reader.read(columns=list(columns))
                yield table.append_column(ROW, pa.array([], pa.int64()))
            for group in range(reader.metadata.num_row_groups):
                table = reader.read_row_group(group, columns=list(columns))
                numbers = pa.array(np.arange(start, start + table.num_rows))
                start += table.num_rows
                yield table.append_column(ROW, numbers)
                progress(start / whole)


def _hash_columns(connection: duckdb.DuckDBPyConnection, recipe: CutRecipe, types: Types, key: bytes) -> None:
    """One table `hash<n>` for each hashed column: each distinct value and its HMAC-SHA256, in hex."""
    for at, column in enumerate(recipe.columns):
        mask = recipe.masks.get(column)
        if mask is None or mask.kind is not MaskKind.HASH:
            continue
        text = f"CAST({quoted(column)} AS VARCHAR)"
        found = connection.execute(
            f"SELECT DISTINCT {text} FROM kept WHERE {quoted(column)} IS NOT NULL"
        ).fetchall()
        plain = [value for (value,) in found]
        # The column's name is part of the message, so that equal values in two columns cannot be linked.
        hashed = [hmac.digest(key, f"{column}\0{value}".encode(), "sha256").hex() for value in plain]
        pairs = pa.table({"plain": pa.array(plain, pa.string()), "hashed": pa.array(hashed, pa.string())})
        connection.register("pairs", pairs)
        connection.execute(f"CREATE TABLE hash{at} AS SELECT * FROM pairs")
        connection.unregister("pairs")


def _selection(recipe: CutRecipe, types: Types, where: str = "", ordered: bool = True) -> str:
    unit = "kept." + ROW
    if recipe.privacy_unit:
        # Numbered in the order of a hash: neither the value nor its rank can be read off the number.
        name = "kept." + quoted(recipe.privacy_unit)
        rank = f"dense_rank() OVER (ORDER BY {name} IS NULL, hash(CAST({name} AS VARCHAR)), {name})"
        # Rows without a person are nobody's: one number for all of them, below the others.
        unit = f"CASE WHEN {name} IS NULL THEN 0 ELSE {rank} END"
    parts, joins = [f"kept.{ROW} AS {ROW}", f"CAST({unit} AS BIGINT) AS {UNIT}"], []
    for at, column in enumerate(recipe.columns):
        mask = recipe.masks.get(column)
        if mask is not None and mask.kind is MaskKind.HASH:
            joins.append(f"LEFT JOIN hash{at} ON hash{at}.plain = CAST(kept.{quoted(column)} AS VARCHAR)")
            parts.append(f"hash{at}.hashed AS {quoted(column)}")
        else:
            parts.append(f"{_masked(column, mask, types[column])} AS {quoted(column)}")
    order = f"ORDER BY kept.{ROW}" if ordered else ""
    return f"SELECT {', '.join(parts)} FROM kept {' '.join(joins)} {where} {order}"


def _prints(unit: ColumnName) -> str:
    """Numbered as in `_selection`, where nobody's rows have no person's number. Not a secret hash: it stays where the
    units' numbers stay, behind the walls."""
    name = quoted(unit)
    return f"""SELECT dense_rank() OVER (ORDER BY hash(text), {name}) AS unit,
                      md5_number_lower('u' || text) AS print
               FROM (SELECT DISTINCT {name}, CAST({name} AS VARCHAR) AS text FROM kept WHERE {name} IS NOT NULL)
               ORDER BY unit"""


def _masked(column: ColumnName, mask: Mask | None, kind: ColumnType) -> str:
    name = "kept." + quoted(column)
    if mask is None:
        return name
    match mask.kind:
        case MaskKind.NULL:
            return f"CASE WHEN false THEN {name} END"
        case MaskKind.CONSTANT:
            return "'" + mask.constant.replace("'", "''") + "'"
        case MaskKind.GENERALISE if kind in _NUMBERS and mask.width > 0:
            band = f"floor({name} / {mask.width!r}) * {mask.width!r}"
            whole = kind is ColumnType.INTEGER and float(mask.width).is_integer()
            return f"TRY_CAST({band} AS BIGINT)" if whole else band
        case MaskKind.GENERALISE if kind is ColumnType.TEXT and mask.width >= 1:
            return f"left({name}, {int(mask.width):d})"
        case MaskKind.GENERALISE if kind is ColumnType.DATE:
            return f"CAST(date_trunc('year', {name}) AS DATE)"
    raise InvalidRequest(
        f"'{column}' ({kind.value}) cannot be generalised with width {mask.width:g}.",
        "State a band above 0 for a number, or a prefix of at least 1 for text; or hide the column.",
    )
