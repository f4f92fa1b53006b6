"""Subqueries and WITH that only choose rows and columns, resolved to one dataset and one condition."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dataspace.adapters.duckdb.conditions import Scope, predicate_of
from dataspace.adapters.duckdb.syntax import Node, empty, identifier, only
from dataspace.errors import UnsupportedQuery
from dataspace.model.datasets import Dataset
from dataspace.model.names import ColumnName
from dataspace.model.predicates import All, Predicate

Refuse = Callable[[str], UnsupportedQuery]

_DEEPEST = 8
_INNER = {"select_list", "from_table", "where_clause", "cte_map", "aggregate_handling", "modifiers"}
_NEAREST = "A subquery chooses columns and rows: SELECT columns FROM … WHERE …"


@dataclass(frozen=True, slots=True)
class Source:
    """What a FROM comes to: the names that are seen from outside, and the condition on the dataset's rows."""

    scope: Scope
    where: tuple[Predicate, ...] = ()


def source_of(node: Node, dataset: Dataset, refuse: Refuse) -> Source:
    """The FROM of a question, WITH included. Raises UnsupportedQuery for what does more than choose."""
    return resolved(node["from_table"], node, dataset, refuse)


def resolved(table: Node, node: Node, dataset: Dataset, refuse: Refuse) -> Source:
    """One part of the FROM of `node`, which has no join in it."""
    return _from(table, _named(node, {}, dataset), dataset, refuse, 0)


def _named(node: Node, known: Mapping[str, Node], dataset: Dataset) -> dict[str, Node]:
    """The parts of WITH by name, each with those that it may use: the ones before it."""
    parts = dict(known)
    for entry in (node.get("cte_map") or {}).get("map", ()):
        name = str(entry["key"]).lower()
        if name == dataset.name or name in parts:
            raise UnsupportedQuery(f"the name '{name}' twice", "Give each part of WITH a name of its own.")
        value = entry["value"]
        only(
            value,
            {"query_node", "query", "materialized"},
            "this form of WITH",
            "Write: WITH name AS (SELECT …).",
        )
        inner = value.get("query_node") or (value.get("query") or {}).get("node")
        parts[name] = {"inner": inner, "known": dict(parts)}
    return parts


def _from(table: Node, parts: Mapping[str, Node], dataset: Dataset, refuse: Refuse, depth: int) -> Source:
    if depth > _DEEPEST:
        raise refuse("subqueries nested this deeply")
    if table.get("type") == "SUBQUERY":
        only(table, {"alias", "subquery"}, "this form of subquery", _NEAREST)
        inner = table["subquery"]["node"]
        found = _select(inner, _named(inner, parts, dataset), dataset, refuse, depth)
        return _aliased(found, str(table.get("alias") or ""))
    if table.get("type") != "BASE_TABLE":
        raise refuse("joins and functions in FROM of an aggregate question")
    only(table, {"alias", "table_name", "qualified_name"}, "this form of FROM", _NEAREST)
    path, alias = identifier(table), str(table.get("alias") or "").lower()
    if path == (dataset.name,):
        return Source(Scope(dataset, frozenset({dataset.name, alias or dataset.name})))
    if len(path) == 1 and path[0] in parts:
        part = parts[path[0]]
        known = _named(part["inner"], part["known"], dataset)
        return _aliased(_select(part["inner"], known, dataset, refuse, depth), alias or path[0])
    raise refuse("another dataset than the one that the question is about")


def _aliased(source: Source, alias: str) -> Source:
    names = frozenset({alias.lower()}) if alias else frozenset[str]()
    return Source(Scope(source.scope.dataset, names, source.scope.visible), source.where)


def _select(node: Node, parts: Mapping[str, Node], dataset: Dataset, refuse: Refuse, depth: int) -> Source:
    if node.get("type") != "SELECT_NODE":
        raise refuse("UNION and other combinations of queries in an aggregate question")
    only(node, _INNER, "grouping and other clauses in a subquery", _NEAREST)
    if not empty(node.get("modifiers")) or node.get("aggregate_handling") != "STANDARD_HANDLING":
        raise refuse("DISTINCT, ORDER BY, LIMIT and grouping in a subquery")
    below = _from(node["from_table"], parts, dataset, refuse, depth + 1)
    where, condition = below.where, node.get("where_clause")
    if condition is not None:
        where = (*where, predicate_of(condition, below.scope))
    return Source(Scope(dataset, visible=_visible(node, below.scope, dataset, refuse)), where)


def _visible(node: Node, scope: Scope, dataset: Dataset, refuse: Refuse) -> Mapping[str, ColumnName]:
    seen: dict[str, ColumnName] = {}
    for item in node["select_list"]:
        if item.get("type") == "STAR":
            only(item, set(), "a star with more to it", _NEAREST)
            every = (
                {c.name.lower(): c.name for c in dataset.columns} if scope.visible is None else scope.visible
            )
            pairs = list(every.items())
        elif item.get("type") == "COLUMN_REF":
            name = str(item.get("alias") or item["column_names"][-1])
            pairs = [(name.lower(), scope.column(item))]
        else:
            raise refuse("an expression in the SELECT of a subquery: name columns")
        for name, column in pairs:
            if seen.setdefault(name, column) != column:
                raise refuse("two columns of the same name in a subquery")
    return seen


def both(conditions: tuple[Predicate, ...]) -> Predicate | None:
    """All of them, or None where there is none."""
    if len(conditions) > 1:
        return All(conditions)
    return conditions[0] if conditions else None
