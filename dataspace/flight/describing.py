"""What a server says of itself and of its datasets, as the tables that Flight SQL prescribes."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import pyarrow as pa

from dataspace.flight.commands import Catalogs, Keys, Schemas, SqlInfo, Tables, TableTypes, XdbcTypes
from dataspace.model.datasets import Column, ColumnType, Dataset

CATALOG, SCHEMA, KIND = "hub", "main", "TABLE"
Described = Catalogs | Keys | Schemas | SqlInfo | Tables | TableTypes | XdbcTypes

_LONGEST_PATTERN = 256
_ARROW = {
    ColumnType.BOOLEAN: pa.bool_(),
    ColumnType.INTEGER: pa.int64(),
    ColumnType.NUMBER: pa.float64(),
    ColumnType.TEXT: pa.utf8(),
    ColumnType.DATE: pa.date32(),
    ColumnType.TIMESTAMP: pa.timestamp("us"),
}


def _schema(*columns: tuple[str, pa.DataType, bool]) -> pa.Schema:
    return pa.schema([pa.field(name, kind, nullable) for name, kind, nullable in columns])


_CATALOGS = _schema(("catalog_name", pa.utf8(), False))
_SCHEMAS = _schema(("catalog_name", pa.utf8(), True), ("db_schema_name", pa.utf8(), False))
_TABLES = _schema(
    ("catalog_name", pa.utf8(), True),
    ("db_schema_name", pa.utf8(), True),
    ("table_name", pa.utf8(), False),
    ("table_type", pa.utf8(), False),
)
_TYPES = _schema(("table_type", pa.utf8(), False))
_PRIMARY = _schema(
    ("catalog_name", pa.utf8(), True),
    ("db_schema_name", pa.utf8(), True),
    ("table_name", pa.utf8(), False),
    ("column_name", pa.utf8(), False),
    ("key_name", pa.utf8(), True),
    ("key_sequence", pa.int32(), False),
)
_FOREIGN = _schema(
    *(
        (f"{side}_{name}", pa.utf8(), name in ("catalog_name", "db_schema_name"))
        for side in ("pk", "fk")
        for name in ("catalog_name", "db_schema_name", "table_name", "column_name")
    ),
    ("key_sequence", pa.int32(), False),
    ("fk_key_name", pa.utf8(), True),
    ("pk_key_name", pa.utf8(), True),
    ("update_rule", pa.uint8(), False),
    ("delete_rule", pa.uint8(), False),
)
_XDBC = _schema(
    ("type_name", pa.utf8(), False),
    ("data_type", pa.int32(), False),
    ("column_size", pa.int32(), True),
    ("literal_prefix", pa.utf8(), True),
    ("literal_suffix", pa.utf8(), True),
    ("create_params", pa.list_(pa.field("item", pa.utf8(), False)), True),
    ("nullable", pa.int32(), False),
    ("case_sensitive", pa.bool_(), False),
    ("searchable", pa.int32(), False),
    ("unsigned_attribute", pa.bool_(), True),
    ("fixed_prec_scale", pa.bool_(), False),
    ("auto_increment", pa.bool_(), True),
    ("local_type_name", pa.utf8(), True),
    ("minimum_scale", pa.int32(), True),
    ("maximum_scale", pa.int32(), True),
    ("sql_data_type", pa.int32(), False),
    ("datetime_subcode", pa.int32(), True),
    ("num_prec_radix", pa.int32(), True),
    ("interval_precision", pa.int32(), True),
)
# Name, XDBC number, digits or characters, and what stands around a literal.
_KINDS: Sequence[tuple[str, int, int | None, str | None]] = (
    ("BOOLEAN", -7, 1, None),
    ("BIGINT", -5, 19, None),
    ("DOUBLE", 8, 15, None),
    ("VARCHAR", 12, None, "'"),
    ("DATE", 91, 10, "'"),
    ("TIMESTAMP", 93, 26, "'"),
)


def described(command: Described, datasets: Sequence[Dataset], name: str, version: str) -> pa.Table:
    """The table that answers. `datasets` are those that the asker may know of, and no others."""
    match command:
        case Catalogs():
            return pa.table({"catalog_name": [CATALOG]}, schema=_CATALOGS)
        case Schemas(catalog, pattern):
            shown = catalog in (None, CATALOG) and like(pattern, SCHEMA)
            rows = [{"catalog_name": CATALOG, "db_schema_name": SCHEMA}] if shown else []
            return pa.Table.from_pylist(rows, schema=_SCHEMAS)
        case Tables():
            return _tables(command, datasets)
        case TableTypes():
            return pa.table({"table_type": [KIND]}, schema=_TYPES)
        case Keys(kind):
            return (_PRIMARY if kind == "primary" else _FOREIGN).empty_table()
        case SqlInfo(wanted):
            return _sql_info(wanted, name, version)
        case XdbcTypes(number):
            return _xdbc(number)


def _tables(command: Tables, datasets: Sequence[Dataset]) -> pa.Table:
    here = command.catalog in (None, CATALOG) and like(command.schema_pattern, SCHEMA)
    kept = here and (not command.types or KIND in command.types)
    rows = [
        {
            "catalog_name": CATALOG,
            "db_schema_name": SCHEMA,
            "table_name": str(dataset.name),
            "table_type": KIND,
        }
        for dataset in datasets
        if kept and like(command.table_pattern, str(dataset.name))
    ]
    if not command.include_schema:
        return pa.Table.from_pylist(rows, schema=_TABLES)
    by_name = {str(dataset.name): dataset for dataset in datasets}
    for row in rows:
        columns = pa.schema([_field(column) for column in by_name[row["table_name"]].columns])
        row["table_schema"] = columns.serialize().to_pybytes()
    return pa.Table.from_pylist(rows, schema=_TABLES.append(pa.field("table_schema", pa.binary(), False)))


def _field(column: Column) -> pa.Field:
    return pa.field(str(column.name), _ARROW.get(column.type, pa.utf8()))


def like(pattern: str | None, word: str) -> bool:
    """SQL's LIKE: `%` is any text, `_` any character. None is everything."""
    if pattern is None:
        return True
    if len(pattern) > _LONGEST_PATTERN:
        return False
    runs = re.split(r"%+", pattern)
    parts = [re.escape(run).replace("_", ".") for run in runs]
    return re.fullmatch(".*".join(parts), word, re.DOTALL | re.IGNORECASE) is not None


def _xdbc(number: int | None) -> pa.Table:
    rows: list[dict[str, Any]] = [
        {
            "type_name": name,
            "data_type": code,
            "column_size": size,
            "literal_prefix": quote,
            "literal_suffix": quote,
            "create_params": None,
            "nullable": 1,
            "case_sensitive": name == "VARCHAR",
            "searchable": 3,
            "unsigned_attribute": False,
            "fixed_prec_scale": False,
            "auto_increment": False,
            "local_type_name": name,
            "sql_data_type": code,
            "num_prec_radix": 10 if name in ("BIGINT", "DOUBLE") else None,
        }
        for name, code, size, quote in _KINDS
        if number in (None, code)
    ]
    return pa.Table.from_pylist(rows, schema=_XDBC)


@cache
def _facts(name: str, version: str) -> dict[int, str | bool | int]:
    """Numbers of SqlInfo in FlightSql.proto: what is said, and no more."""
    return {
        0: name,
        1: version,
        2: pa.__version__,
        3: True,  # read only
        4: True,  # SQL
        5: False,  # Substrait
        8: 0,  # no transactions
        9: True,  # can be cancelled
        500: False,  # no DDL of catalogues, schemas, tables
        501: False,
        502: False,
        503: 1,  # identifiers: case does not matter
        504: '"',
        505: 1,
        506: True,
        528: 0,
        563: False,
    }


def _sql_info(wanted: Sequence[int], name: str, version: str) -> pa.Table:
    facts = _facts(name, version)
    chosen = [number for number in (wanted or facts) if number in facts]
    kinds: dict[type, int] = {str: 0, bool: 1, int: 2}
    values: tuple[list[Any], ...] = ([], [], [])
    types, offsets = [], []
    for number in chosen:
        fact = facts[number]
        kind = kinds[type(fact)]
        types.append(kind)
        offsets.append(len(values[kind]))
        values[kind].append(fact)
    children = [
        pa.array(values[0], pa.utf8()),
        pa.array(values[1], pa.bool_()),
        pa.array(values[2], pa.int64()),
        pa.array([], pa.int32()),
        pa.array([], pa.list_(pa.utf8())),
        pa.array([], pa.map_(pa.int32(), pa.list_(pa.int32()))),
    ]
    names = [
        "string_value",
        "bool_value",
        "bigint_value",
        "int32_bitmask",
        "string_list",
        "int32_to_int32_list_map",
    ]
    union = pa.UnionArray.from_dense(
        pa.array(types, pa.int8()), pa.array(offsets, pa.int32()), children, names
    )
    schema = pa.schema([pa.field("info_name", pa.uint32(), False), pa.field("value", union.type, False)])
    return pa.table([pa.array(chosen, pa.uint32()), union], schema=schema)
