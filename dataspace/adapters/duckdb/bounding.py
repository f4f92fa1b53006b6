"""Noisy questions to SQL: each privacy unit keeps one row at most, and each row becomes a few small whole numbers.

Which row a unit keeps is decided by a hash with a salt that is fresh for each question, so that the choice depends on
no other unit's rows. A row is one mark for each statistic (`planning.statistics`). The row's rank, its group and its
marks are packed into one number where they fit, so that choosing is a minimum for each unit: one pass.

Rows that belong to no unit are left out: they could be anybody's, and would not be bounded.
"""

# ruff: noqa: S608 - identifiers are quoted, values are bound

from collections.abc import Sequence
from dataclasses import dataclass, field

from dataspace.adapters.duckdb.compile import ROW, UNIT, Parameter, Sql, Types, condition, literal, quoted
from dataspace.model.datasets import ColumnType
from dataspace.model.names import ColumnName
from dataspace.model.plans import AggregatePlan, Key
from dataspace.planning.noising import unknown_groups
from dataspace.planning.statistics import BINS, Shape, Statistic

NOBODY = 0
"""The number of the rows that belong to no unit."""

_PACKED_BITS = 40
"""What may be packed below a row's rank, which keeps 24 bits at least. Equal ranks of one unit's rows do no harm."""
_FEW = 4


@dataclass(slots=True)
class _Written:
    """Expressions with their parameters, in the order of the text."""

    texts: list[str] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)

    def add(self, text: str, parameters: Sequence[Parameter] = ()) -> None:
        self.texts.append(text)
        self.parameters += parameters


def bounded_cells(
    plan: AggregatePlan,
    relation: str,
    types: Types,
    statistics: Sequence[Statistic],
    salt: int,
    unique: bool = False,
    fewest: int = 0,
) -> Sql:
    """Rows of: places of the key values (or the values, where they are not declared), rows, and for each statistic
    that is not plain the rows with a mark and what its marks come to.

    `unique` says that no unit has two rows; groups of fewer rows than `fewest` are left out.
    `salt` is a fresh random number of 62 bits.
    """
    picked, joins, wheres = _Written(), _Written(), _Written()
    chosen = plan.privacy_unit is not None and not unique
    edges = [_key(at, key, types, picked, joins, wheres, chosen) for at, key in enumerate(plan.keys)]
    marked = [(at, statistic) for at, statistic in enumerate(statistics) if not statistic.plain]
    for at, statistic in marked:
        mark = _mark(statistic, types, chosen)
        picked.add(f"{mark.text} AS s{at}", mark.parameters)
    where = condition(plan.where, types)
    wheres.add(where.text, where.parameters)
    keys = [f"k{at}" for at in range(len(plan.keys))]
    if plan.privacy_unit is not None:
        wheres.add(f"{UNIT} <> {NOBODY:d}")
    if chosen:
        picked.add(f"{UNIT} AS u, hash(xor({ROW}, {salt:d})) AS h")
    source = f"{relation} {' '.join(joins.texts)} WHERE {' AND '.join(wheres.texts)}"
    text = f"WITH picked AS (SELECT {', '.join(picked.texts) or '1'} FROM {source})"
    relation = "picked"
    if chosen:
        text += f", {_choice(plan, keys, marked)}"
        relation = "kept"
    sums = [_summed(at, statistic, chosen) for at, statistic in marked]
    group = f"GROUP BY {', '.join(keys)}" if keys else ""
    if keys and fewest > 1:
        group += f" HAVING count(*) >= {fewest:d}"
    named = [key if edge is None else f"{key} - {edge:d}" for key, edge in zip(keys, edges, strict=True)]
    text += f" SELECT {', '.join([*named, 'count(*)', *sums])} FROM {relation} {group}"
    return Sql(text, (*picked.parameters, *joins.parameters, *wheres.parameters))


def _choice(plan: AggregatePlan, keys: Sequence[str], marked: Sequence[tuple[int, Statistic]]) -> str:
    """The table `kept`: of each unit the row of the least hash."""
    names = [*keys, *(f"s{at}" for at, _ in marked)]
    sizes = [_bits(len(key.values)) for key in plan.keys] + [_bits(s.largest + 1) for _, s in marked]
    if unknown_groups(plan) or sum(sizes) > _PACKED_BITS:
        whole = ", ".join(f"{name} := {name}" for name in [*names, "u"])
        fields = ", ".join(f"c.{name} AS {name}" for name in names) or "1"
        return (
            f"least AS (SELECT arg_min(struct_pack({whole}), h) AS c FROM picked GROUP BY u),"
            f" kept AS (SELECT {fields} FROM least)"
        )
    parts, taken, shift = list[str](), list[str](), 0
    for name, bits in zip(names, sizes, strict=True):
        parts.append(f"CAST({name} AS UBIGINT) * {1 << shift:d}")
        taken.append(f"CAST((p >> {shift:d}) & {(1 << bits) - 1:d} AS BIGINT) AS {name}")
        shift += bits
    rank = (2**64 - 1) ^ ((1 << shift) - 1)
    packed = f"(h & {rank:d}::UBIGINT)" + "".join(f" + {part}" for part in parts)
    return (
        f"least AS (SELECT min({packed}) AS p FROM picked GROUP BY u),"
        f" kept AS (SELECT {', '.join(taken) or '1'} FROM least)"
    )


def _bits(values: int) -> int:
    return max(1, (values - 1).bit_length())


def _key(
    at: int, key: Key, types: Types, picked: _Written, joins: _Written, wheres: _Written, chosen: bool
) -> int | None:
    """The place of a row's value among those declared; rows with another value are in no group.

    Where rows need not be chosen among, a range of whole numbers is left as it is, which the engine groups twice as
    fast; what is to be taken off is returned.
    """
    name = f"k{at}"
    if key.cases:
        place = _cases(key, types)
        picked.add(f"{place.text} AS {name}", place.parameters)
        wheres.add(f"({place.text}) IS NOT NULL", place.parameters)
        return None
    column = quoted(key.column)
    if not key.values:
        picked.add(f"{column} AS {name}")
        return None
    bound = [literal(value, types[key.column]) for value in key.values]
    whole = [value for value in bound if isinstance(value, int) and not isinstance(value, bool)]
    ranged = len(whole) == len(bound) and whole == list(range(whole[0], whole[0] + len(whole)))
    if ranged and types[key.column] is ColumnType.INTEGER:
        first, last = whole[0], whole[-1]
        if not chosen:
            picked.add(f"{column} AS {name}")
            wheres.add(f"{column} BETWEEN ? AND ?", (first, last))
            return first
        picked.add(
            f"CASE WHEN {column} BETWEEN ? AND ? THEN {column} - ? END AS {name}", (first, last, first)
        )
        wheres.add(f"{column} BETWEEN ? AND ?", (first, last))
    elif len(bound) <= _FEW:
        listed = [(place, value) for place, value in enumerate(bound) if value is not None]
        branches = " ".join(f"WHEN {column} = ? THEN {place:d}" for place, _ in listed)
        values = [value for _, value in listed]
        picked.add(f"CASE {branches or 'WHEN false THEN 0'} END AS {name}", values)
        wheres.add(f"{column} IN ({', '.join('?' * len(values)) or 'null'})", values)
    else:
        # A value that is declared twice must not count its rows twice.
        once = {value: place for place, value in reversed(list(enumerate(bound)))}
        listed = [(place, value) for value, place in once.items() if value is not None and value == value]
        rows = ", ".join(f"({place:d}, ?)" for place, _ in listed) or "(0, null)"
        joins.add(f"JOIN (VALUES {rows}) AS g{at}(p, v) ON g{at}.v = {column}", [v for _, v in listed])
        picked.add(f"g{at}.p AS {name}")
    return None


def _cases(key: Key, types: Types) -> Sql:
    texts, parameters = [], list[Parameter]()
    for case in key.cases:
        when = condition(case.when, types)
        texts.append(f"WHEN {when.text} THEN {key.values.index(case.value):d}")
        parameters += when.parameters
    other = "" if key.otherwise is None else f"ELSE {key.values.index(key.otherwise):d} "
    return Sql(f"CASE {' '.join(texts)} {other}END", tuple(parameters))


def _mark(statistic: Statistic, types: Types, chosen: bool) -> Sql:
    """What a row counts for, from 1 on; where it does not, 0 if rows are to be packed and chosen among, else null."""
    nothing = "ELSE 0 END" if chosen else "END"
    where = condition(statistic.where, types)
    present = [] if statistic.where is None else [where.text]
    if statistic.column is not None:
        present.append(f"{quoted(statistic.column)} IS NOT NULL")
    meets = " AND ".join(present) or "true"
    if statistic.shape is Shape.COUNT or statistic.column is None:
        return Sql(f"CASE WHEN {meets} THEN 1 {nothing}", where.parameters)
    value = _number(statistic.column, types)
    # NaN is the greatest value to the engine, so `least` must stand outside.
    clipped = f"least(?, greatest(?, CAST({value} AS DOUBLE)))"
    bounds = (float(statistic.upper), float(statistic.lower))
    exact = statistic.step == 1.0 and not statistic.squared and statistic.offset == 0.0
    if exact and statistic.shape is Shape.SUM and types[statistic.column] is ColumnType.INTEGER:
        # Whole numbers between whole bounds: the same without a detour by floating point, in half the time, and by
        # CASE in half of that. Only what lies between the bounds is added to, so that nothing overflows.
        zero, low, high = statistic.sensitivity + 1, int(statistic.lower), int(statistic.upper)
        outside = f"WHEN {value} > ? THEN {zero + high:d} WHEN {value} < ? THEN {zero + low:d}"
        place = f"CASE {outside} ELSE {zero:d} + {value} END"
        if statistic.where is None and not chosen:
            return Sql(place, (high, low))  # null where there is no value
        return Sql(f"CASE WHEN {meets} THEN {place} {nothing}", (*where.parameters, high, low))
    if statistic.shape is Shape.BINS:
        place = f"1 + least({BINS - 1:d}, CAST(floor(({clipped} - ?) / ?) AS BIGINT))"
        parameters: tuple[Parameter, ...] = (*bounds, float(statistic.lower), float(statistic.step))
    elif statistic.squared:
        centred = f"({clipped} - ?)"
        place = f"{statistic.sensitivity + 1:d} + CAST(round(({centred} * {centred} - ?) / ?) AS BIGINT)"
        once = (*bounds, float(statistic.offset))
        parameters = (*once, *once, float(statistic.half), float(statistic.step))
    else:
        place = f"{statistic.sensitivity + 1:d} + CAST(round(({clipped} - ?) / ?) AS BIGINT)"
        parameters = (*bounds, float(statistic.offset), float(statistic.step))
    return Sql(f"CASE WHEN {meets} THEN {place} {nothing}", (*where.parameters, *parameters))


def _number(column: ColumnName, types: Types) -> str:
    if types[column] is ColumnType.BOOLEAN:
        return f"CASE WHEN {quoted(column)} THEN 1 ELSE 0 END"
    return quoted(column) if types[column] in (ColumnType.INTEGER, ColumnType.NUMBER) else "0"


def _summed(at: int, statistic: Statistic, chosen: bool) -> str:
    """Two columns: how many rows have a mark, and the sum of the marks or a map from each mark to its rows."""
    total = f"histogram(s{at})" if statistic.shape is Shape.BINS else f"sum(s{at})"
    return f"count(*) FILTER (s{at} <> 0), {total}" if chosen else f"count(s{at}), {total}"
