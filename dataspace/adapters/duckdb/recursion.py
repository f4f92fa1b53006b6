"""WITH RECURSIVE with a cap that is part of the statement: a counter that starts at a number and grows by one."""

# ruff: noqa: S608 - an example, in an error

from collections.abc import Iterator
from typing import Any

from dataspace.adapters.duckdb.syntax import Node, empty, identifier
from dataspace.errors import UnsupportedQuery

MAXIMUM_STEPS = 1_000

_FORM = (
    "Count the steps: WITH RECURSIVE r AS (SELECT 0 AS step, … UNION ALL "
    f"SELECT step + 1, … FROM r … WHERE step < 100), with at most {MAXIMUM_STEPS:,} steps."
)
_INTEGERS = frozenset({"INTEGER"})


def check_recursion(node: Node) -> None:
    """Raises UnsupportedQuery unless one column counts the steps and the last WHERE bounds it by a constant.

    The counter is a constant in the first part and `counter + 1` in the second, which reads the recursive relation
    exactly once and by its own name; so no row of another relation can stand for it.
    """
    start, step = node.get("left") or {}, node.get("right") or {}
    plain = start.get("type") == step.get("type") == "SELECT_NODE" and empty(step.get("cte_map"))
    if not plain or not _bounded(str(node.get("cte_name", "")).lower(), node, start, step):
        raise UnsupportedQuery("a recursion without a bound", _FORM)


def _bounded(name: str, node: Node, start: Node, step: Node) -> bool:
    leaves, merged = list(_leaves(step.get("from_table") or {})), set(_merged(step.get("from_table") or {}))
    own = [leaf for leaf in leaves if leaf.get("type") == "BASE_TABLE" and identifier(leaf) == (name,)]
    if len(own) != 1 or not empty(own[0].get("column_name_alias")) or None in merged:
        return False
    called = str(own[0].get("alias") or name).lower()
    if sum(str(leaf.get("alias") or "".join(identifier(leaf))).lower() == called for leaf in leaves) != 1:
        return False
    names = [str(alias).lower() for alias in node.get("aliases") or ()]
    limits = list(_limits(step.get("where_clause")))
    for at, (first, item) in enumerate(
        zip(start.get("select_list", ()), step.get("select_list", ()), strict=False)
    ):
        if "STAR" in (first.get("class"), item.get("class")):
            return False  # from here on, places say nothing
        counter = names[at] if at < len(names) else str(first.get("alias", "")).lower()
        path = _successor(item)
        own_column = bool(path) and path[-1] == counter and path[:-1] in ((), (called,))
        if own_column and counter not in merged and _number(first) is not None and path in limits:
            return True
    return False


def _leaves(source: Node) -> Iterator[Node]:
    if source.get("type") == "JOIN":
        yield from _leaves(source.get("left") or {})
        yield from _leaves(source.get("right") or {})
    else:
        yield source


def _merged(source: Node) -> Iterator[str | None]:
    """Columns that a join makes one of; None where it does not name them."""
    if source.get("type") == "JOIN":
        yield from (str(column).lower() for column in source.get("using_columns") or ())
        if source.get("ref_type") == "NATURAL":
            yield None
        yield from _merged(source.get("left") or {})
        yield from _merged(source.get("right") or {})


def _successor(node: Node) -> tuple[str, ...]:
    """The path of x in `x + 1`; empty for anything else."""
    if node.get("class") != "FUNCTION" or identifier(node) != ("+",):
        return ()
    parts = [argument.get("expression") or {} for argument in node.get("arguments") or ()]
    return _path(parts[0]) if len(parts) == 2 and _number(parts[1]) == 1 else ()


def _limits(node: Any) -> Iterator[tuple[str, ...]]:
    """The columns that a condition keeps below a constant, whatever else it says."""
    if not isinstance(node, dict):
        return
    if node.get("type") == "CONJUNCTION_AND":
        for child in node.get("children") or ():
            yield from _limits(child)
    elif node.get("type") in ("COMPARE_LESSTHAN", "COMPARE_LESSTHANOREQUALTO"):
        bound = _number(node.get("right") or {})
        if bound is not None and bound <= MAXIMUM_STEPS:
            yield _path(node.get("left") or {})


def _path(node: Node) -> tuple[str, ...]:
    return tuple(str(part).lower() for part in node.get("column_names") or ())


def _number(node: Node) -> int | None:
    """A whole number that is not negative, written as such."""
    literal = node.get("literal") or {}
    text = str(literal.get("text", ""))
    if node.get("class") != "CONSTANT" or literal.get("kind") not in _INTEGERS or not text.isdigit():
        return None
    return int(text) if len(text) < 10 else None
