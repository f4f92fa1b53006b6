"""The gate for answers of kind rows: a positive list over the engine's own syntax tree.

What passes is the tree itself, and the worker executes that tree, not the text that came. The engine does so by
writing the tree as text; what it reads in that text passes the same lists here.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dataspace.adapters.duckdb import allowed
from dataspace.adapters.duckdb.describing import described_name, description
from dataspace.adapters.duckdb.macros import LIBRARY
from dataspace.adapters.duckdb.recursion import check_recursion
from dataspace.adapters.duckdb.scopes import outside
from dataspace.adapters.duckdb.sources import (
    Seen,
    check_pivot,
    check_sample,
    check_table_function,
    refused_function,
)
from dataspace.adapters.duckdb.syntax import SIMPLE_NAME, Node, Parser, empty, identifier, only, root
from dataspace.errors import UnknownColumn, UnknownName, UnsupportedQuery
from dataspace.model.datasets import Dataset
from dataspace.model.names import ColumnName, DatasetName, dataset_name
from dataspace.model.plans import RowsPlan

MAXIMUM_NODES = 6_000
MAXIMUM_DEPTH = 120
MAXIMUM_LIST = 1_000
MAXIMUM_UNIONS = 16
MAXIMUM_SOURCES = 32


class Gate:
    """Checks trees against the positive lists of `allowed`."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser

    def relations(self, sql: str) -> frozenset[DatasetName]:
        """The datasets that a permitted statement reads. Raises UnsupportedQuery for any other statement."""
        node = root(self._parser.serialised(sql))
        if (described := described_name(node)) is not None:
            return _named({described[1]})
        self._walk(node)
        return _named(set(outside(node)))

    def check(
        self, sql: str, known: Mapping[DatasetName, Dataset]
    ) -> tuple[RowsPlan, Mapping[DatasetName, frozenset[ColumnName]]]:
        """The plan, and the columns that each dataset needs at most. Raises UnsupportedQuery or UnknownName."""
        tree = self._parser.serialised(sql)
        if (described := described_name(root(tree))) is not None:
            (name,) = _named({described[1]})
            text = description(described[0], _found(name, known))
            return RowsPlan(self._parser.serialised(text, trusted=True)), {}
        # The worker turns the tree into text and the engine reads that: so its tree has to pass as well.
        for validated in (tree, self._parser.serialised(self._parser.restored(tree), trusted=True)):
            seen = self._walk(root(validated))
            used = sorted(_named(set(outside(root(validated)))))
            _check_names(seen, [_found(name, known) for name in used])
        columns = {name: _columns(known[name], seen) for name in used}
        return RowsPlan(tree, named=frozenset(seen.names - seen.given)), columns

    def _walk(self, node: Node) -> Seen:
        seen = Seen()
        _visit(node, seen, 0)
        if seen.tables & self._parser.system_names:
            raise UnsupportedQuery("a catalogue of the engine", "Name datasets of the catalogue.")
        shadowing = seen.ctes & self._parser.system_names
        if shadowing:
            raise UnsupportedQuery(f"the name '{sorted(shadowing)[0]}' in WITH", "Choose another name.")
        return seen


def _found(name: DatasetName, known: Mapping[DatasetName, Dataset]) -> Dataset:
    if name not in known:
        raise UnknownName("dataset", name, sorted(known), "Ask for the list of datasets that you may see.")
    return known[name]


def _named(names: set[str]) -> frozenset[DatasetName]:
    try:
        return frozenset(dataset_name(name) for name in names)
    except ValueError as error:
        raise UnsupportedQuery(
            "a FROM that does not name a dataset", "Name datasets of the catalogue."
        ) from error


def _check_names(seen: Seen, datasets: Sequence[Dataset]) -> None:
    """A name that is neither a column nor given in the text could be the clock or the account (`current_date`)."""
    columns = {column.name.lower() for dataset in datasets for column in dataset.columns}
    relations = seen.aliases | seen.tables
    known = columns | seen.given | relations
    # In `a.b`, a is a relation or a column of structs; the fields of a struct are not known here.
    heads = {path[1] if len(path) > 1 and path[0] in relations else path[0] for path in seen.paths}
    if unknown := heads - known:
        raise UnknownColumn(sorted(unknown)[0], sorted(dataset.name for dataset in datasets), sorted(columns))


def _columns(dataset: Dataset, seen: Seen) -> frozenset[ColumnName]:
    """Every column that any name in the text could mean: more than is read, never less."""
    names = {column.name for column in dataset.columns}
    whole_row = seen.alone & (seen.aliases | seen.tables)
    if seen.everything or whole_row:
        return frozenset(names)
    return frozenset(name for name in names if name.lower() in seen.names)


def _visit(value: Any, seen: Seen, depth: int) -> None:
    if depth > MAXIMUM_DEPTH:
        raise UnsupportedQuery("a text nested this deeply", "Simplify it.")
    if isinstance(value, list):
        if len(value) > MAXIMUM_LIST:
            raise UnsupportedQuery(f"a list of {len(value):,} parts", f"Use at most {MAXIMUM_LIST:,}.")
        for item in value:
            _visit(item, seen, depth + 1)
    elif isinstance(value, dict):
        _node(value, seen)
        for part in _parts(value):
            _visit(part, seen, depth + 1)


def _parts(node: Node) -> Iterator[Any]:
    """What is inside a node; constants and names hold nothing that runs."""
    skipped = {"literal", "qualified_name", "column_names", "type", "class", "sample"}
    for name, value in node.items():
        if node.get("type") == "TABLE_FUNCTION" and name == "function":
            yield value.get("arguments")  # it was checked as a source, and is no function of a value
        elif name not in skipped:
            yield value


def _node(node: Node, seen: Seen) -> None:
    seen.nodes += 1
    if seen.nodes > MAXIMUM_NODES:
        raise UnsupportedQuery("a text with this many parts", "Ask for less at once.")
    for name in ("at_clause", "export_state", "info_type", "pivot_enum", "rename_list"):
        if not empty(node.get(name)):
            raise UnsupportedQuery(f"'{name.replace('_', ' ')}'", "Leave it out.")
    seen.given |= {
        str(name).lower() for name in (node.get("alias"), *(node.get("column_name_alias") or ())) if name
    }
    if not empty(node.get("sample")):
        check_sample(node["sample"])
    kind, group = node.get("type"), node.get("class")
    if group is not None:
        _expression(node, str(group), str(kind), seen)
    elif isinstance(kind, str):
        _clause(node, kind, seen)
    elif kind is not None:
        raise UnsupportedQuery("a part of unknown kind", "Simplify it.")
    if "cte_map" in node:
        _with(node, seen)


def _clause(node: Node, kind: str, seen: Seen) -> None:
    known = allowed.NODES | allowed.SOURCES | allowed.MODIFIERS | allowed.ORDERS
    if kind not in known:
        raise _refused(kind)
    if kind == "SET_OPERATION_NODE":
        seen.unions += max(1, len(node.get("children") or ()) - 1)
    if kind == "LIMIT_MODIFIER" and node.get("limit_type", "ROW_COUNT") != "ROW_COUNT":
        raise UnsupportedQuery("LIMIT in percent", "State a number of rows.")
    if kind == "RECURSIVE_CTE_NODE":
        check_recursion(node)
    if kind == "PIVOT":
        check_pivot(node, seen)
    if kind == "TABLE_FUNCTION":
        check_table_function(node, seen)
    if kind in allowed.SOURCES:
        seen.sources += kind in ("BASE_TABLE", "EXPRESSION_LIST", "TABLE_FUNCTION")
        seen.aliases.add(str(node.get("alias") or "").lower())
    if kind == "JOIN":
        if node.get("ref_type") not in allowed.JOINS:
            raise UnsupportedQuery(f"a {str(node.get('ref_type')).lower()} join", "Join with ON or USING.")
        seen.everything |= node.get("ref_type") == "NATURAL"
        seen.names |= {str(name).lower() for name in node.get("using_columns") or ()}
    if kind == "BASE_TABLE":
        path = identifier(node)
        if len(path) != 1 or node.get("schema_name") or node.get("catalog_name"):
            raise UnsupportedQuery("a name with a schema or database", "Name the dataset alone.")
        seen.tables.add(path[0])
    if seen.unions > MAXIMUM_UNIONS or seen.sources > MAXIMUM_SOURCES + 2 * seen.unions:
        raise UnsupportedQuery("a text that combines this many sources", "Ask for less at once.")


def _expression(node: Node, group: str, kind: str, seen: Seen) -> None:
    if kind not in allowed.EXPRESSIONS.get(group, frozenset()):
        raise _refused(kind)
    match group:
        case "FUNCTION" | "WINDOW":
            path = identifier(node)
            if len(path) != 1 or not (path[0] in allowed.FUNCTIONS or path[0] in LIBRARY):
                raise refused_function(path)
            if path[0] == "age" and len(node.get("arguments") or ()) < 2:
                raise UnsupportedQuery("age(…) up to now", "State the day: age(DATE '2026-01-31', born).")
            names = [str(argument.get("name") or "") for argument in node.get("arguments") or ()]
            if any(names) and path[0] not in allowed.NAMED_ARGUMENTS:
                raise UnsupportedQuery("an argument with a name", "State arguments by their place.")
            seen.given.update(name.lower() for name in names)
        case "LAMBDA" if node.get("syntax_type") != "SINGLE_ARROW":
            raise _refused(
                kind
            )  # with an arrow it is a look into JSON: no function on the list takes a lambda
        case "TYPE":
            if len(identifier(node)) != 1 or identifier(node)[0] not in allowed.TYPES:
                raise UnsupportedQuery(f"the type '{'.'.join(identifier(node))[:60]}'", "Use a plain type.")
        case "COLUMN_REF":
            parts = [str(part).lower() for part in node.get("column_names", ())]
            if any(part.startswith("__") or part == "rowid" for part in parts):
                raise UnsupportedQuery(f"the name '{parts[-1][:60]}'", "Name a column of the dataset.")
            seen.names.update(parts)
            seen.alone.update(parts[-1:] if len(parts) == 1 else ())
            seen.paths.add(tuple(parts))
        case "STAR":
            only(node, {"relation_name", "exclude_list", "replace_list", "alias", "qualified_exclude_list", "columns"},
                 "COLUMNS(…) and other forms of *", "Name the columns, or write * alone.")  # fmt: skip
            seen.everything = True


def _with(node: Node, seen: Seen) -> None:
    for entry in (node.get("cte_map") or {}).get("map", ()):
        name = str(entry.get("key", "")).lower()
        if not SIMPLE_NAME.fullmatch(name) or name.startswith("__"):
            raise UnsupportedQuery("a name in WITH", "Use lower-case letters, digits and _.")
        if not empty((entry.get("value") or {}).get("key_targets")):
            raise _refused("RECURSIVE_CTE_NODE")
        seen.ctes.add(name)
        seen.given |= {str(alias).lower() for alias in (entry.get("value") or {}).get("aliases") or ()}


def _refused(kind: str) -> UnsupportedQuery:
    words = kind.lower().replace("_", " ").removesuffix(" node").removesuffix(" ref")
    return UnsupportedQuery(
        words[:60], allowed.INSTEAD.get(kind, "Use SELECT over datasets, with plain expressions.")
    )
