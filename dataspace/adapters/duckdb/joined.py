"""Joins of a noisy question: on the privacy units of both datasets, or a lookup; anything else is refused."""

from collections.abc import Mapping
from dataclasses import replace

from dataspace.adapters.duckdb.conditions import Scope
from dataspace.adapters.duckdb.flattening import Refuse, Source, resolved
from dataspace.adapters.duckdb.syntax import Node, empty, identifier, only
from dataspace.errors import UnsupportedQuery
from dataspace.model.datasets import ColumnType, Dataset
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import Join
from dataspace.planning.joining import beside, seen_together

MOST = 3
_JOIN = {
    "left", "right", "condition", "join_type", "ref_type", "using_columns", "nearest_count", "nearest_order_type",
}  # fmt: skip
_KINDS = {"INNER": False, "LEFT": True}
_COMPARED = (ColumnType.INTEGER, ColumnType.TEXT, ColumnType.DATE, ColumnType.BOOLEAN)
_NEAREST = "Nearest form: FROM one JOIN other ON one.column = other.column."


def first_of(node: Node, known: Mapping[DatasetName, Dataset]) -> tuple[Dataset, dict[DatasetName, Dataset]]:
    """The dataset that FROM begins with, and the others. Raises UnsupportedQuery where that cannot be told."""
    table, parts = node.get("from_table") or {}, dict[str, Node]()
    for _ in range(64):
        parts |= {str(e["key"]).lower(): e["value"] for e in (node.get("cte_map") or {}).get("map", ())}
        while table.get("type") == "JOIN":
            table = table["left"]
        if table.get("type") == "SUBQUERY":
            node = table["subquery"]["node"]
        elif table.get("type") == "BASE_TABLE":
            name = ".".join(identifier(table))
            if name not in parts:
                if (found := known.get(DatasetName(name))) is None:
                    break
                return found, {other: held for other, held in known.items() if other != found.name}
            value = parts.pop(name)
            node = value.get("query_node") or (value.get("query") or {}).get("node") or {}
        table = node.get("from_table") or {}
    raise UnsupportedQuery("this form of FROM", _NEAREST)


def joined_source(
    node: Node, dataset: Dataset, others: Mapping[DatasetName, Dataset], refuse: Refuse
) -> tuple[Source, tuple[Join, ...]]:
    """What FROM comes to, and what is joined. Raises UnsupportedQuery with the nearest form."""
    table, steps = node["from_table"], list[Node]()
    while table.get("type") == "JOIN":
        steps.insert(0, table)
        table = table["left"]
    source, joins = resolved(table, node, dataset, refuse), list[Join]()
    if not steps:
        return source, ()
    if len(steps) > MOST:
        raise UnsupportedQuery(f"more than {MOST} joins in one question", _NEAREST)
    own = source.scope.visible
    if own is None:
        own = {column.name.lower(): column.name for column in dataset.columns}
    tables = dict.fromkeys(source.scope.names, own)
    for step in steps:
        joins.append(_join(step, dataset, others, tables, own))
    if len({join.dataset for join in joins}) < len(joins):
        raise UnsupportedQuery("a dataset joined twice", _NEAREST)
    together = seen_together(dataset, joins, others)
    visible, seen = dict(own), set(own)
    for join in joins:
        names = _names(others[join.dataset])
        for name, column in names.items():
            if name in seen:
                visible.pop(name, None)  # in several of them: to be written with its dataset
            else:
                visible[name] = column
        seen |= names.keys()
    return replace(source, scope=Scope(together, frozenset(), visible, tables)), tuple(joins)


def _names(other: Dataset) -> dict[str, ColumnName]:
    return {
        column.name.lower(): beside(other.name, column.name)
        for column in other.columns
        if column.name != other.privacy_unit
    }


def _join(
    step: Node,
    dataset: Dataset,
    others: Mapping[DatasetName, Dataset],
    tables: dict[str, Mapping[str, ColumnName]],
    own: Mapping[str, ColumnName],
) -> Join:
    only(step, _JOIN, "this form of join", _NEAREST)
    right, kind = step["right"], str(step.get("join_type"))
    if kind not in _KINDS or step.get("ref_type") != "REGULAR":
        raise UnsupportedQuery(f"a join of the kind {kind} {step.get('ref_type', '')}".rstrip(), _NEAREST)
    name = DatasetName(".".join(identifier(right))) if right.get("type") == "BASE_TABLE" else DatasetName("")
    if (other := others.get(name)) is None:
        raise UnsupportedQuery("a join with something else than a dataset", _NEAREST)
    only(right, {"alias", "table_name", "qualified_name"}, "this form of join", _NEAREST)
    alias = str(right.get("alias") or other.name).lower()
    if alias in tables:
        raise UnsupportedQuery(f"the name '{alias}' twice in FROM", "Give each dataset a name of its own.")
    here, there = _equal(step, alias, other, tables, own)
    tables[alias] = _names(other)
    units = here == dataset.privacy_unit and there == other.privacy_unit
    if not units:
        _check_lookup(dataset, other, here, there)
    elif _KINDS[kind]:
        raise UnsupportedQuery(
            "a LEFT JOIN on the privacy unit: whether a person is in the other dataset would count twice",
            "Write JOIN, or ask about each dataset.",
        )
    return Join(other.name, here, there, not units, _KINDS[kind])


def _equal(
    step: Node,
    alias: str,
    other: Dataset,
    tables: Mapping[str, Mapping[str, ColumnName]],
    own: Mapping[str, ColumnName],
) -> tuple[ColumnName, ColumnName]:
    """The two columns that have to be equal: of the asked dataset, and of the one joined."""
    theirs = {column.name.lower(): column.name for column in other.columns}
    using, on = step.get("using_columns") or [], step.get("condition")
    if len(using) == 1 and on is None:
        name = str(using[0]).lower()
        here, there = own.get(name), theirs.get(name)
    elif on is not None and on.get("type") == "COMPARE_EQUAL" and not using:
        sides = [_side(on[end], alias, theirs, tables, own) for end in ("left", "right")]
        here = next((column for mine, column in sides if mine), None)
        there = next((column for mine, column in sides if not mine), None)
    else:
        here = there = None
    if here is None or there is None:
        raise UnsupportedQuery("a join on anything but one column of each dataset", _NEAREST)
    return here, there


def _side(
    node: Node,
    alias: str,
    theirs: Mapping[str, ColumnName],
    tables: Mapping[str, Mapping[str, ColumnName]],
    own: Mapping[str, ColumnName],
) -> tuple[bool, ColumnName | None]:
    """Whether a column is of the asked dataset, and which it is; None where it is of neither."""
    path = [str(part).lower() for part in node.get("column_names", ())]
    if node.get("type") != "COLUMN_REF" or len(path) not in (1, 2) or not empty(node.get("alias")):
        return True, None
    if len(path) == 2:
        if path[0] == alias:
            return False, theirs.get(path[1])
        return True, own.get(path[1]) if tables.get(path[0]) is own else None
    mine, other = own.get(path[0]), theirs.get(path[0])
    return (mine is not None, mine if other is None else None) if mine is not None else (False, other)


def _check_lookup(dataset: Dataset, other: Dataset, here: ColumnName, there: ColumnName) -> None:
    one, two = dataset.column(here), other.column(there)
    if here == dataset.privacy_unit or there == other.privacy_unit:
        raise UnsupportedQuery(
            "a join of one dataset's privacy unit with another column",
            f"Join the units of both: {dataset.name}.{dataset.privacy_unit} = {other.name}.{other.privacy_unit}."
            if dataset.privacy_unit and other.privacy_unit
            else "Ask about each dataset.",
        )
    if one is None or two is None or one.type is not two.type or one.type not in _COMPARED:
        raise UnsupportedQuery(
            f"a join of '{here}' and '{there}', which are of different types or measurements",
            "Join columns of one type: whole numbers, texts, dates or booleans.",
        )
