"""Our own plans to SQL over one cut, with expressions that cannot fail on any row.

Every literal is a bound parameter of the column's own type; a literal of another type matches nothing. There is no
cast of data, no division and no index, so that no value in the cut can make a question end differently.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from dataspace.model.datasets import ColumnType, Value
from dataspace.model.names import ColumnName
from dataspace.model.plans import Key
from dataspace.model.predicates import All, AnyOf, Compare, IsNull, Not, OneOf, Predicate

UNIT = "__unit"
ROW = "__row"

Types = Mapping[ColumnName, ColumnType]
Parameter = str | int | float | bool | date | datetime


@dataclass(frozen=True, slots=True)
class Sql:
    """A text with `?` and what stands for them, in order."""

    text: str
    parameters: tuple[Parameter, ...] = ()


def quoted(name: str) -> str:
    """An identifier as SQL writes it, whatever it contains."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Value, kind: ColumnType) -> Parameter | None:
    """The value as the engine compares it with a column of this type; None where it never equals one."""
    match kind, value:
        case ColumnType.BOOLEAN, bool():
            return value
        case ((ColumnType.INTEGER | ColumnType.NUMBER), bool()):
            return None
        case ((ColumnType.INTEGER | ColumnType.NUMBER), int() | float()):
            return value if abs(value) < 2**63 else float(value)
        case ColumnType.TEXT, str():
            return value
        case ColumnType.DATE, str():
            return _date(value)
        case ColumnType.TIMESTAMP, str():
            return _moment(value)
    return None


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def condition(predicate: Predicate | None, types: Types) -> Sql:
    """A boolean expression that is true or false on every row, never null and never an error."""
    match predicate:
        case None:
            return Sql("true")
        case Compare(column, comparator, value):
            bound = literal(value, types[column])
            if bound is None:
                return Sql("false")
            return Sql(f"({quoted(column)} {comparator.value} ?) IS TRUE", (bound,))
        case OneOf(column, values):
            several = tuple(b for b in (literal(v, types[column]) for v in values) if b is not None)
            if not several:
                return Sql("false")
            return Sql(f"({quoted(column)} IN ({', '.join('?' * len(several))})) IS TRUE", several)
        case IsNull(column):
            return Sql(f"{quoted(column)} IS NULL")
        case Not(part):
            inner = condition(part, types)
            return Sql(f"(NOT {inner.text})", inner.parameters)
        case All(parts):
            return _joined(" AND ", [condition(part, types) for part in parts])
        case AnyOf(parts):
            return _joined(" OR ", [condition(part, types) for part in parts])


def _joined(word: str, parts: list[Sql]) -> Sql:
    text = word.join(part.text for part in parts)
    return Sql(f"({text})", tuple(p for part in parts for p in part.parameters))


def key_columns(keys: tuple[Key, ...], types: Types) -> tuple[list[str], tuple[Parameter, ...]]:
    """One expression for each key: the value where it is declared (or nothing is declared), else null."""
    texts, parameters = [], []
    for at, key in enumerate(keys):
        if key.values:
            allowed = [b for b in (literal(v, types[key.column]) for v in key.values) if b is not None]
            marks = ", ".join("?" * len(allowed)) or "null"
            texts.append(
                f"CASE WHEN {quoted(key.column)} IN ({marks}) THEN {quoted(key.column)} END AS k{at}"
            )
            parameters += allowed
        else:
            texts.append(f"{quoted(key.column)} AS k{at}")
    return texts, tuple(parameters)


def measured(column: ColumnName, types: Types) -> str:
    """What is added up of a column; of what is no number only that it is there."""
    if types[column] is ColumnType.BOOLEAN:
        return f"CASE WHEN {quoted(column)} THEN 1 WHEN NOT {quoted(column)} THEN 0 END"
    if types[column] in (ColumnType.INTEGER, ColumnType.NUMBER):
        return quoted(column)
    return f"CASE WHEN {quoted(column)} IS NOT NULL THEN 0 END"  # only its presence is counted
