"""Parameters of a question: values become literals in DuckDB's own syntax tree, before anything is decided about it.

That is the one way for every kind of answer: a row's question and a compiled one read the same tree.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from dataspace.adapters.duckdb.keeping import statement_of
from dataspace.adapters.duckdb.syntax import Parser
from dataspace.errors import InvalidRequest
from dataspace.model.temporaries import Drop, Keep

Values = Sequence[object] | Mapping[str, object]
"""In the order of the parameters, or by name (`1` for `$1`)."""
_MOST = 1000
"""Parameters of one question."""
_LONGEST = 100_000
"""Characters of one value."""


class DuckdbBinder:
    """Safe to share between threads; executes nothing."""

    def __init__(self, parser: Parser | None = None) -> None:
        self._parser = parser or Parser()

    def close(self) -> None:
        """End the engine that parses."""
        self._parser.close()

    def parameters(self, sql: str) -> tuple[str, ...]:
        """Names in the order of their values. Raises UnsupportedQuery for a text that is no question."""
        match statement_of(sql):
            case Keep() as kept:
                return self.parameters(kept.question)
            case Drop():
                return ()
        return _named(json.loads(self._parser.serialised(sql)))

    def bound(self, sql: str, values: Values) -> str:
        """The text of the tree in which each parameter is a literal of its value: in their order, or by their name."""
        kept = statement_of(sql)
        if isinstance(kept, Keep):
            return sql.removesuffix(kept.question) + self.bound(kept.question, values)
        if kept is not None and not values:
            return sql
        document = json.loads(self._parser.serialised(sql))
        names = _named(document)
        literals = {name: _literal(value) for name, value in _by_name(names, values).items()}
        if not names:
            return sql
        statement = document["statements"][0]
        statement["named_param_map"] = []
        statement["node"] = _replaced(statement["node"], lambda name: literals[name])
        return self._parser.restored(json.dumps(document))


def _named(document: Mapping[str, Any]) -> tuple[str, ...]:
    places = document["statements"][0].get("named_param_map") or []
    if len(places) > _MOST:
        raise InvalidRequest(f"More than {_MOST:,} parameters.", "Use fewer.")
    return tuple(str(place["key"]) for place in sorted(places, key=lambda place: int(place["value"])))


def _by_name(names: Sequence[str], values: Values) -> Mapping[str, object]:
    if isinstance(values, Mapping):
        if values.keys() != set(names):
            wanted = ", ".join(f"${name}" for name in names) or "none"
            raise InvalidRequest(
                f"The question has the parameters {wanted}, and other names came.",
                "Give a value for each of these.",
            )
        return values
    if len(names) != len(values):
        raise InvalidRequest(
            f"The question has {len(names)} parameters, and {len(values)} values came.",
            "Give one for each, in order.",
        )
    return dict(zip(names, values, strict=True))


def _replaced(node: Any, literal: Callable[[str], Mapping[str, Any]]) -> Any:
    if isinstance(node, list):
        return [_replaced(part, literal) for part in node]
    if not isinstance(node, dict):
        return node
    if node.get("class") == "PARAMETER":
        return {**literal(str(node["identifier"])), "alias": node.get("alias", "")}
    return {name: _replaced(part, literal) for name, part in node.items()}


def _literal(value: object) -> dict[str, Any]:
    match value:
        case None:
            return _constant("NULL_LITERAL", "")
        case bool():
            return _constant("BOOLEAN", "true" if value else "false")
        case int() if abs(value) < 2**127:
            return _constant("INTEGER", str(value))
        case Decimal() if value.is_finite():
            return _constant("NUMERIC", format(value, "f"))
        case float() if math.isfinite(value):
            return _cast(repr(value), "DOUBLE")
        case str() if len(value) <= _LONGEST and "\0" not in value:
            return _constant("STRING", value)
        case datetime():
            return _cast(value.isoformat(" "), "TIMESTAMPTZ" if value.tzinfo else "TIMESTAMP")
        case date():
            return _cast(value.isoformat(), "DATE")
    raise InvalidRequest(
        f"A parameter of type {type(value).__name__} (or of that size) cannot be bound.",
        "Give a number, a text, a date, a time stamp, true, false or null.",
    )


def _constant(kind: str, text: str) -> dict[str, Any]:
    return {
        "class": "CONSTANT",
        "type": "VALUE_CONSTANT",
        "alias": "",
        "query_location": 0,
        "query_location_length": 0,
        "literal": {"kind": kind, "text": text},
    }


def _cast(text: str, kind: str) -> dict[str, Any]:
    written = {
        "class": "TYPE",
        "type": "TYPE",
        "alias": "",
        "query_location": 0,
        "query_location_length": 0,
        "catalog": "",
        "schema": "",
        "type_name": kind,
        "children": [],
        "qualified_name": {"path": [kind]},
    }
    return {
        "class": "CAST",
        "type": "OPERATOR_CAST",
        "alias": "",
        "query_location": 0,
        "query_location_length": 0,
        "child": _constant("STRING", text),
        "try_cast": False,
        "type_expr": written,
    }
