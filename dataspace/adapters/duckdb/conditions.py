"""From the syntax tree of a WHERE clause to a `Predicate`: the closed set of conditions that cannot fail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from dataspace.adapters.duckdb.syntax import Node, only
from dataspace.errors import UnknownColumn, UnsupportedQuery
from dataspace.model.datasets import Column, ColumnType, Dataset, Value
from dataspace.model.names import ColumnName
from dataspace.model.predicates import All, AnyOf, Comparator, Compare, IsNull, Not, OneOf, Predicate

MAXIMUM_DEPTH = 20
MAXIMUM_LIST = 1_000

FORMS = (
    "Conditions are: column =, <>, <, <=, >, >= value; IN (…); BETWEEN … AND …; IS [NOT] NULL; AND, OR, NOT."
)

_COMPARATORS = {
    "COMPARE_EQUAL": Comparator.EQ,
    "COMPARE_NOTEQUAL": Comparator.NE,
    "COMPARE_LESSTHAN": Comparator.LT,
    "COMPARE_LESSTHANOREQUALTO": Comparator.LE,
    "COMPARE_GREATERTHAN": Comparator.GT,
    "COMPARE_GREATERTHANOREQUALTO": Comparator.GE,
}
_FLIPPED = {
    Comparator.LT: Comparator.GT,
    Comparator.LE: Comparator.GE,
    Comparator.GT: Comparator.LT,
    Comparator.GE: Comparator.LE,
}
_NEGATED = {
    Comparator.EQ: Comparator.NE,
    Comparator.NE: Comparator.EQ,
    Comparator.LT: Comparator.GE,
    Comparator.LE: Comparator.GT,
    Comparator.GT: Comparator.LE,
    Comparator.GE: Comparator.LT,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean: the dataset (None where columns cannot be checked yet) and its alias in the text."""

    dataset: Dataset | None
    names: frozenset[str] = frozenset()
    visible: Mapping[str, ColumnName] | None = None
    """The names that a subquery lets through, in lower case; None: the dataset's own."""
    tables: Mapping[str, Mapping[str, ColumnName]] = field(default_factory=dict)
    """Where datasets are joined: the names that each is known by, with what they let through."""

    def column(self, node: Node) -> ColumnName:
        """The column that a reference names. Raises UnsupportedQuery where there is none."""
        parts = [str(part) for part in node.get("column_names", ())]
        if len(parts) == 2 and (own := self.tables.get(parts[0].lower())) is not None:
            if (joined := own.get(parts[1].lower())) is None:
                raise UnknownColumn(parts[1], (parts[0].lower(),), tuple(own))
            return joined
        if len(parts) > 2 or (len(parts) == 2 and parts[0].lower() not in self.names):
            raise UnsupportedQuery(f"the name '{'.'.join(parts)}'", "Write the column's name alone.")
        if self.dataset is None:
            return ColumnName(parts[-1])
        seen = self.visible
        if seen is None:
            seen = {column.name.lower(): column.name for column in self.dataset.columns}
        found = seen.get(parts[-1].lower())
        if found is None:
            raise UnknownColumn(parts[-1], (self.dataset.name,), tuple(seen))
        return found

    def typed(self, name: ColumnName, value: Value) -> Value:
        """The literal as a value of the column's type. Raises UnsupportedQuery for another type."""
        column = self.dataset.column(name) if self.dataset else None
        return value if column is None else _typed(column, value)


def predicate_of(node: Node, scope: Scope, depth: int = 0) -> Predicate:
    """The condition that a node stands for. Raises UnsupportedQuery with the forms that exist."""
    if depth > MAXIMUM_DEPTH:
        raise UnsupportedQuery("a condition nested this deeply", "Simplify it.")
    match node.get("type"):
        case "CONJUNCTION_AND":
            return All(tuple(predicate_of(child, scope, depth + 1) for child in node["children"]))
        case "CONJUNCTION_OR":
            return AnyOf(tuple(predicate_of(child, scope, depth + 1) for child in node["children"]))
        case "OPERATOR_NOT":
            return _negated(predicate_of(node["children"][0], scope, depth + 1))
        case "OPERATOR_IS_NULL":
            return IsNull(_column(node["children"][0], scope))
        case "OPERATOR_IS_NOT_NULL":
            return Not(IsNull(_column(node["children"][0], scope)))
        case "COMPARE_IN" | "COMPARE_NOT_IN" as kind:
            listed = _one_of(node, scope)
            return _negated(listed) if kind == "COMPARE_NOT_IN" else listed
        case "COMPARE_BETWEEN":
            return _between(node, scope)
        case "COLUMN_REF":
            return _flag(node, scope)
        case str() as kind if kind in _COMPARATORS:
            return _comparison(node, _COMPARATORS[kind], scope)
    raise UnsupportedQuery(f"this kind of condition ({_named(node)})", FORMS)


def _comparison(node: Node, comparator: Comparator, scope: Scope) -> Predicate:
    left, right = node["left"], node["right"]
    if left.get("type") != "COLUMN_REF":
        left, right, comparator = right, left, _FLIPPED.get(comparator, comparator)
    column = _column(left, scope)
    return _compare(column, comparator, scope.typed(column, literal_of(right)), scope)


def _compare(column: ColumnName, comparator: Comparator, value: Value, scope: Scope) -> Predicate:
    if value is None:
        raise UnsupportedQuery("comparing with NULL", f"Write {column} IS NULL.")
    if isinstance(value, bool) and comparator not in (Comparator.EQ, Comparator.NE):
        raise UnsupportedQuery(f"ordering the boolean '{column}'", "Write = or <>.")
    return Compare(column, comparator, value)


def _one_of(node: Node, scope: Scope) -> OneOf:
    column = _column(node["children"][0], scope)
    items = node["children"][1:]
    if len(items) > MAXIMUM_LIST:
        raise UnsupportedQuery(f"a list of {len(items):,} values", f"Use at most {MAXIMUM_LIST:,}.")
    values = tuple(scope.typed(column, literal_of(item)) for item in items)
    if None in values:
        raise UnsupportedQuery("NULL in a list", f"Write {column} IS NULL.")
    return OneOf(column, values)


def _between(node: Node, scope: Scope) -> Predicate:
    column = _column(node["input"], scope)
    low, high = (scope.typed(column, literal_of(node[end])) for end in ("lower", "upper"))
    return All((_compare(column, Comparator.GE, low, scope), _compare(column, Comparator.LE, high, scope)))


def _flag(node: Node, scope: Scope) -> Predicate:
    name = _column(node, scope)
    column = scope.dataset.column(name) if scope.dataset else None
    if column is not None and column.type is not ColumnType.BOOLEAN:
        raise UnsupportedQuery(f"'{name}' as a condition", f"It is no boolean: write {name} = value.")
    return Compare(name, Comparator.EQ, True)


def _negated(predicate: Predicate) -> Predicate:
    """NOT as SQL means it: a row whose value is null matches neither a condition nor its opposite."""
    match predicate:
        case Compare(column, comparator, value):
            return Compare(column, _NEGATED[comparator], value)
        case OneOf(column, values):
            return All(tuple(Compare(column, Comparator.NE, value) for value in values))
        case IsNull():
            return Not(predicate)
        case Not(part):
            return part
        case All(parts):
            return AnyOf(tuple(_negated(part) for part in parts))
        case AnyOf(parts):
            return All(tuple(_negated(part) for part in parts))


def _column(node: Node, scope: Scope) -> ColumnName:
    if node.get("type") != "COLUMN_REF":
        raise UnsupportedQuery(f"an expression in a condition ({_named(node)})", FORMS)
    return scope.column(node)


def literal_of(node: Node) -> Value:
    """The value of a constant, or of DATE '…' and TIMESTAMP '…' as text. Raises UnsupportedQuery for others."""
    if node.get("type") == "OPERATOR_CAST" and not node.get("try_cast"):
        kind = str((node.get("type_expr") or {}).get("type_name", "")).lower()
        inner = literal_of(node["child"])
        if kind in ("date", "timestamp") and isinstance(inner, str):
            return inner
        if kind in ("bool", "boolean") and inner in ("t", "f"):
            return inner == "t"
    if node.get("type") != "VALUE_CONSTANT":
        raise UnsupportedQuery(f"an expression in the place of a value ({_named(node)})", FORMS)
    only(node, {"literal", "value", "alias"}, "this kind of value", FORMS)
    found = node.get("literal") or {}
    text = str(found.get("text", ""))
    match found.get("kind"):
        case "INTEGER" if abs(int(text)) < 2**53:
            return int(text)
        case "INTEGER" | "NUMERIC":
            return float(text)
        case "STRING":
            return text
        case "BOOLEAN":
            return text.lower() == "true"
        case "NULL_LITERAL":
            return None
    raise UnsupportedQuery("this kind of value", FORMS)


def _typed(column: Column, value: Value) -> Value:
    match column.type, value:
        case _, None:
            return None
        case ColumnType.BOOLEAN, bool():
            return value
        case ColumnType.BOOLEAN, int() if value in (0, 1):
            return bool(value)
        case ((ColumnType.INTEGER | ColumnType.NUMBER), int() | float()) if not isinstance(value, bool):
            return value
        case ((ColumnType.INTEGER | ColumnType.NUMBER), bool()) if (
            set(column.values) <= {0, 1} and column.values
        ):
            return int(value)
        case ColumnType.TEXT, str():
            return value
        case ((ColumnType.DATE | ColumnType.TIMESTAMP), str()) if (
            text := _iso(column.type, value)
        ) is not None:
            return text
    raise UnsupportedQuery(
        f"comparing '{column.name}' with a value of another type",
        f"'{column.name}' is {_describe(column.type)}.",
    )


def _iso(kind: ColumnType, text: str) -> str | None:
    try:
        parsed = date.fromisoformat(text) if kind is ColumnType.DATE else datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed.isoformat()


def _describe(kind: ColumnType) -> str:
    return {
        ColumnType.BOOLEAN: "boolean: write true or false",
        ColumnType.INTEGER: "a whole number: write it without quotes",
        ColumnType.NUMBER: "a number: write it without quotes",
        ColumnType.TEXT: "text: write it in single quotes",
        ColumnType.DATE: "a date: write '2025-12-31'",
        ColumnType.TIMESTAMP: "a time: write '2025-12-31 12:00:00'",
        ColumnType.OTHER: "of a type that cannot be compared",
    }[kind]


def _named(node: Node) -> str:
    """What the engine calls a construct, in words; a function by its name."""
    name = node.get("function_name") or node.get("type") or node.get("class") or "unknown"
    return str(name).lower().replace("_", " ")[:40]
