"""Which names in FROM stand for something outside the text: one in WITH means its query where that is in force."""

from collections.abc import Iterator
from typing import Any

from dataspace.adapters.duckdb.syntax import Node, identifier

_NONE: frozenset[str] = frozenset()


def outside(value: Any, inside: frozenset[str] = _NONE) -> Iterator[str]:
    """The names of relations that are not `inside`: those of enclosing WITH clauses.

    A query in WITH sees those before it and not itself; only the second part of a recursion sees its own name. Where
    the engine reads a name otherwise, it finds nothing: taking a relation for one of the text's own would be a
    question about a dataset that nobody decided on.
    """
    if isinstance(value, list):
        for item in value:
            yield from outside(item, inside)
    elif isinstance(value, dict):
        if value.get("type") == "BASE_TABLE":
            yield from {".".join(identifier(value))} - inside
        yield from _within(value, inside)


def _within(node: Node, inside: frozenset[str]) -> Iterator[str]:
    for entry in (node.get("cte_map") or {}).get("map", ()):
        yield from outside(entry.get("value"), inside)
        inside |= {str(entry.get("key", "")).lower()}
    own = {str(node.get("cte_name", "")).lower()} if node.get("type") == "RECURSIVE_CTE_NODE" else _NONE
    for name, value in node.items():
        if name != "cte_map":
            yield from outside(value, inside | own if name == "right" else inside)
