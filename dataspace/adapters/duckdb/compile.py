"""Our own plans to SQL over one cut, with expressions that cannot fail on any row.

Every literal is a bound parameter of the column's own type; a literal of another type matches nothing. There is no
cast of data, no division and no index, so that no value in the cut can make a question end differently.
"""

# ruff: noqa: S608 - identifiers are quoted, values are bound

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from dataspace.model.datasets import ColumnType, Value
from dataspace.model.names import ColumnName
from dataspace.model.plans import AggregatePlan, Key
from dataspace.model.predicates import All, AnyOf, Compare, IsNull, Not, OneOf, Predicate
from dataspace.planning.cells import columns_needed

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


def _keys(keys: tuple[Key, ...], types: Types) -> tuple[list[str], tuple[Parameter, ...]]:
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


def _number(column: ColumnName, types: Types) -> str:
    if types[column] is ColumnType.BOOLEAN:
        return f"CASE WHEN {quoted(column)} THEN 1 WHEN NOT {quoted(column)} THEN 0 END"
    if types[column] in (ColumnType.INTEGER, ColumnType.NUMBER):
        return quoted(column)
    return f"CASE WHEN {quoted(column)} IS NOT NULL THEN 0 END"  # only its presence is counted


def raw_cells(
    plan: AggregatePlan, relation: str, types: Types, largest: int, with_units: bool = False
) -> Sql:
    """What the disclosure rules need, in one pass: a row for each group.

    Columns: the keys, the units, and for each measured column rows, units, total, absolute, nonzero, largest,
    at_lowest, at_highest, between, constant. Then, where asked for, the numbers of the units: of all, and of those
    with a value in each measured column.
    """
    keys, bound = _keys(plan.keys, types)
    where = condition(plan.where, types)
    needed = columns_needed(plan)
    names = [f"k{at}" for at in range(len(keys))]
    over = f"PARTITION BY {', '.join(names)}" if names else ""
    numbers = [f"{_number(column, types)} AS m{at}" for at, column in enumerate(needed)]
    edges = [f"min(m{i}) OVER w AS lo{i}, max(m{i}) OVER w AS hi{i}" for i in range(len(needed))]
    per_unit = [
        f"sum(m{i}) AS s{i}, count(m{i}) AS c{i}, coalesce(bool_or(m{i} = lo{i}), false) AS l{i}, "
        f"coalesce(bool_or(m{i} = hi{i}), false) AS h{i}, "
        f"count(*) FILTER (m{i} <> lo{i} AND m{i} <> hi{i}) AS b{i}, "
        f"coalesce(bool_and(lo{i} = hi{i}), false) AS e{i}"
        for i in range(len(needed))
    ]
    per_cell = [
        f"sum(c{i}), count(*) FILTER (c{i} > 0), sum(s{i}), sum(abs(CAST(s{i} AS DOUBLE))), "
        f"count(*) FILTER (s{i} <> 0), max(abs(CAST(s{i} AS DOUBLE)), {largest:d}), "
        f"count(*) FILTER (l{i}), count(*) FILTER (h{i}), sum(b{i}), bool_and(e{i})"
        for i in range(len(needed))
    ]
    if with_units:
        per_cell += ["list(CAST(u AS UINTEGER))"]
        per_cell += [f"list(CAST(u AS UINTEGER)) FILTER (c{i} > 0)" for i in range(len(needed))]
    group = f"GROUP BY {', '.join(names)}" if names else ""
    text = f"""
        WITH picked AS (SELECT {", ".join([f"{UNIT} AS u", *keys, *numbers])} FROM {relation} WHERE {where.text}),
        marked AS (SELECT {", ".join(["*", *edges])} FROM picked WINDOW w AS ({over})),
        units AS (SELECT {", ".join([*names, "u", *per_unit])} FROM marked GROUP BY {", ".join([*names, "u"])})
        SELECT {", ".join([*names, "count(*)", *per_cell])} FROM units {group}"""
    return Sql(text, bound + where.parameters)
