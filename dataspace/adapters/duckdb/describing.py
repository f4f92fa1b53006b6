"""DESCRIBE and SUMMARIZE: what the catalogue says of a dataset, as a query over constants. No data is looked at."""

from collections.abc import Sequence

from dataspace.adapters.duckdb.syntax import Node, empty, identifier, only
from dataspace.errors import UnsupportedQuery
from dataspace.model.datasets import Column, ColumnType, Dataset, Value

_ALONE = "Write DESCRIBE or SUMMARIZE alone, with the name of one dataset."
_TYPES = {
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.INTEGER: "BIGINT",
    ColumnType.NUMBER: "DOUBLE",
    ColumnType.TEXT: "VARCHAR",
    ColumnType.DATE: "DATE",
    ColumnType.TIMESTAMP: "TIMESTAMP",
}


def described_name(node: Node) -> tuple[str, str] | None:
    """`DESCRIBE` or `SUMMARY` and the name, of a statement that is nothing else; None for any other statement.

    Raises UnsupportedQuery where a dataset is described in the middle of a query, or a query is described.
    """
    source = node.get("from_table") or {}
    if source.get("type") != "SHOW_REF":
        return None
    only(node, {"select_list", "from_table", "aggregate_handling"}, "a description within a query", _ALONE)
    only(source, {"query", "show_type", "qualified_name"}, "a description of this kind", _ALONE)
    only((node.get("select_list") or [{}])[0], (), "a description of this kind", _ALONE)
    inner, kind = source.get("query") or {}, str(source.get("show_type"))
    only(inner, {"select_list", "from_table", "aggregate_handling"}, "a description of a query", _ALONE)
    table = inner.get("from_table") or {}
    only(table, {"table_name", "qualified_name"}, "a description of a query", _ALONE)
    stars = [part.get("type") for part in inner.get("select_list") or ()]
    path = identifier(table)
    known = kind in ("DESCRIBE", "SUMMARY") and stars == ["STAR"] and table.get("type") == "BASE_TABLE"
    if not known or len(path) != 1 or not empty(inner.get("modifiers")):
        raise UnsupportedQuery("a description of a query", _ALONE)
    return kind, path[0]


def description(kind: str, dataset: Dataset) -> str:
    """The statement whose answer describes the dataset. Every value in it is a literal."""
    if kind == "DESCRIBE":
        names = ("column_name", "column_type", "title", "unit", "labels")
        rows = [(c.name, _TYPES.get(c.type, "OTHER"), *_words(c)) for c in dataset.columns]
    else:
        names = ("column_name", "column_type", "min", "max", "declared_values")
        rows = [(c.name, _TYPES.get(c.type, "OTHER"), *_declared(c)) for c in dataset.columns]
    values = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
    return f"SELECT * FROM (VALUES {values}) AS described({', '.join(names)})"  # noqa: S608 - literals


def _words(column: Column) -> Sequence[str | None]:
    labels = ", ".join(sorted(label.value for label in column.labels))
    return (column.title or None, column.unit or None, labels or None)


def _declared(column: Column) -> Sequence[str | None]:
    low, high = (None if bound is None else f"{bound:g}" for bound in (column.lower, column.upper))
    return low, high, ", ".join(map(str, column.values)) or None


def _literal(value: Value) -> str:
    if value is None:
        return "CAST(NULL AS VARCHAR)"
    return "'" + str(value).replace("'", "''") + "'"
