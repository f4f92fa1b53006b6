"""What one walk over a tree collects, and the sources that need a look of their own: pivots, series, samples."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from dataspace.adapters.duckdb import allowed
from dataspace.adapters.duckdb.syntax import Node, empty, identifier, only
from dataspace.errors import UnsupportedQuery


@dataclass(slots=True)
class Seen:
    """What one walk over a tree collects."""

    nodes: int = 0
    unions: int = 0
    sources: int = 0
    tables: set[str] = field(default_factory=set)
    aliases: set[str] = field(default_factory=set)
    ctes: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    alone: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    paths: set[tuple[str, ...]] = field(default_factory=set)
    everything: bool = False


def check_sample(sample: Node) -> None:
    """Only with a seed: the same question has the same answer."""
    size = (sample.get("sample_size") or {}).get("value")
    plain = sample.get("method") in allowed.SAMPLES and isinstance(size, int | float)
    if not plain or sample.get("repeatable") is not True:
        raise UnsupportedQuery("a sample without a seed", "Write USING SAMPLE 10 PERCENT (bernoulli, 42).")


def check_pivot(node: Node, seen: Seen) -> None:
    """Over values that are named: their texts, alone and before an aggregate's alias, are names of columns then."""
    seen.everything = True  # what is not pivoted is what it groups by
    seen.names.update(str(name).lower() for name in node.get("groups") or ())
    seen.given.update(str(name).lower() for name in node.get("unpivot_names") or ())
    suffixes = {"", *(f"_{measure.get('alias') or ''}".lower() for measure in node.get("aggregates") or ())}
    for pivot in node.get("pivots") or ():
        if not empty(pivot.get("subquery")) or (node.get("aggregates") and empty(pivot.get("entries"))):
            raise UnsupportedQuery(
                "PIVOT over values that are not named", "Write ON … IN (…) with the values."
            )
        seen.given.update(str(name).lower() for name in pivot.get("unpivot_names") or ())
        for entry in pivot.get("entries") or ():
            value = str(((entry.get("star_expr") or {}).get("literal") or {}).get("text", "")).lower()
            seen.given.update(value + suffix for suffix in suffixes)


def check_table_function(node: Node, seen: Seen) -> None:
    function = node.get("function") or {}
    path = identifier(function)
    if len(path) != 1 or path[0] not in allowed.TABLE_FUNCTIONS or not empty(node.get("subquery")):
        raise refused_function(path)
    only(
        function,
        {"function_name", "arguments", "qualified_name", "order_bys"},
        f"this form of {path[0]}(…)",
        "",
    )
    seen.given.update(path)
    if path[0] == "unnest":
        return
    parts = [argument.get("expression") or {} for argument in function.get("arguments") or ()]
    texts = [str((part.get("literal") or {}).get("text", "")) for part in parts]
    whole = all((part.get("literal") or {}).get("kind") == "INTEGER" for part in parts)
    if not whole or any(
        not text.isdigit() or int(text[:9] + "0" * len(text[9:])) > allowed.MAXIMUM_SERIES for text in texts
    ):
        raise UnsupportedQuery(
            f"{path[0]}(…) of anything but whole numbers up to {allowed.MAXIMUM_SERIES:,}",
            "Number days with DATE '2026-01-01' + CAST(i AS INTEGER).",
        )


def refused_function(path: Sequence[str]) -> UnsupportedQuery:
    name = ".".join(path)[:60]
    instead = "The documentation lists the functions that are allowed."
    return UnsupportedQuery(f"the function '{name}'", allowed.ALTERNATIVES.get(name, instead))
