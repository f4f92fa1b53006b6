"""Raw cells of an aggregate question: distinct units, sums by unit and what the disclosure rules need of them.

The engine gives each row as the number of its group and one word: its unit above, what is measured below. Groups are
then sorted by unit one by one: far quicker than grouping by two columns in the engine. How a row is packed follows
from the whole cut alone, and no step is skipped where few rows make it needless: a condition changes neither.
"""

# ruff: noqa: S608 - identifiers are quoted, values are bound

import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dataspace.adapters.duckdb.bench import Bench
from dataspace.adapters.duckdb.compile import UNIT, Sql, condition, key_columns, measured
from dataspace.model.datasets import ColumnType
from dataspace.model.names import ColumnName, CutId
from dataspace.model.plans import AggregatePlan, CellsPlan
from dataspace.planning.cells import Cell, ColumnCell, Keys, columns_needed

Array = npt.NDArray[Any]

_LOW = 32
"""Bits of a word below the unit."""
_GROUPS = "__groups"
_MOST_GROUPS = 1 << 16


@dataclass(frozen=True, slots=True)
class _Range:
    """Of a measured column in a whole cut: its least and greatest value; None where it has to be fetched as it is."""

    least: int | None
    greatest: int = 0

    @property
    def bits(self) -> int:
        """For every value and for none; more than a word has where that would overflow."""
        if self.least is None or max(abs(self.least), abs(self.greatest)) >= 2**62:
            return _LOW + 1
        return (self.greatest - self.least + 1).bit_length()


@dataclass(frozen=True, slots=True)
class _Packed:
    """Where in a word a column stands: 0 for no value, else its place from the least value on."""

    shift: int
    range: _Range


_RANGES = weakref.WeakKeyDictionary[Bench, dict[tuple[str, ColumnName], _Range]]()


def raw_cells(bench: Bench, plan: CellsPlan) -> tuple[list[Cell], list[bytes]]:
    """The cells; and for a question that is compared with earlier ones the units of each cell, as numbers of 4 bytes:
    all, then those with a value in each measured column. Raises ValueError for far more groups than an answer has."""
    asked = plan.aggregate
    columns = columns_needed(asked)
    ranges = [_range(bench, plan.cut, column) for column in columns]
    packed = _places(ranges)
    try:
        groups = _groups(bench, plan.cut, asked)
        table = bench.arrow(_rows(bench, plan.cut, asked, packed))
    finally:
        bench.fetch(Sql(f"DROP TABLE IF EXISTS {_GROUPS}"))
    arrays = [table.column(at).to_numpy() for at in range(table.num_columns)]
    order = np.argsort(arrays[0], kind="stable") if asked.keys else None
    edges = np.concatenate([[0], np.cumsum(np.bincount(arrays[0], minlength=len(groups)))])
    rows = [part if order is None else part[order] for part in arrays[1:]]
    cell = partial(
        _cell, rows, packed, dict(zip(columns, ranges, strict=True)), max(2, plan.disclosure.dominance_n)
    )
    with ThreadPoolExecutor(bench.threads) as pool:
        found = list(pool.map(cell, groups, edges[:-1].tolist(), edges[1:].tolist()))
    sets = [units.tobytes() for _, several in found for units in several] if plan.asked is not None else []
    return [one for one, _ in found], sets


def _range(bench: Bench, cut: CutId, column: ColumnName) -> _Range:
    known = _RANGES.setdefault(bench, {})
    if (cut, column) not in known:
        types, least, greatest = bench.types(cut), 0, 1
        if (kind := types[column]) is ColumnType.INTEGER:
            text = f"SELECT min(m), max(m) FROM (SELECT {measured(column, types)} AS m FROM {bench.relation(cut)})"
            ((least, greatest),) = bench.fetch(Sql(text))
        known[cut, column] = _Range(None) if kind is ColumnType.NUMBER else _Range(least or 0, greatest or 0)
    return known[cut, column]


def _places(ranges: Sequence[_Range]) -> list[_Packed] | None:
    """None where they do not fit into a word: then they come beside it."""
    places, shift = [], 0
    for one in ranges:
        places.append(_Packed(shift, one))
        shift += one.bits
    return places if shift <= _LOW else None


def _groups(bench: Bench, cut: CutId, plan: AggregatePlan) -> list[Keys]:
    """The values of the keys of each group, in the order of their numbers; the engine keeps them as a table."""
    if not plan.keys:
        return [()]
    types = bench.types(cut)
    keys, bound = key_columns(plan.keys, types)
    where = condition(plan.where, types)
    names = ", ".join(f"k{at}" for at in range(len(keys)))
    bench.fetch(
        Sql(
            f"CREATE TEMP TABLE {_GROUPS} AS SELECT {names}, row_number() OVER (ORDER BY {names}) - 1 AS g FROM "
            f"(SELECT DISTINCT {names} FROM (SELECT {', '.join(keys)} FROM {bench.relation(cut)} WHERE {where.text}))",
            bound + where.parameters,
        )
    )
    found = bench.fetch(Sql(f"SELECT {names} FROM {_GROUPS} ORDER BY g LIMIT {_MOST_GROUPS + 1}"))
    if len(found) > _MOST_GROUPS:
        raise ValueError("far more groups than an answer may have")
    return [tuple(v.isoformat() if isinstance(v, date | datetime) else v for v in row) for row in found]


def _rows(bench: Bench, cut: CutId, plan: AggregatePlan, packed: Sequence[_Packed] | None) -> Sql:
    """Of each row the group and the word; where that does not hold them, each column's value and whether it has one."""
    types = bench.types(cut)
    keys, bound = key_columns(plan.keys, types)
    where = condition(plan.where, types)
    numbers = [measured(column, types) for column in columns_needed(plan)]
    word, beside = f"(CAST({UNIT} AS UBIGINT) << {_LOW:d})", list[str]()
    if packed is None:
        beside = [f"coalesce({m}, 0) AS v{at}, {m} IS NOT NULL AS p{at}" for at, m in enumerate(numbers)]
    else:
        # Within the range of the whole cut, so that nothing overflows.
        word += "".join(f" | ({_code(m, place)})" for place, m in zip(packed, numbers, strict=True))
    picked = ", ".join([*keys, f"{word} AS w", *beside])
    source = f"SELECT {picked} FROM {bench.relation(cut)} WHERE {where.text}"
    values = "".join(f", v{at}, p{at}" for at in range(len(beside)))
    if not keys:
        return Sql(f"SELECT CAST(0 AS USMALLINT), w{values} FROM ({source})", where.parameters)
    same = " AND ".join(f"r.k{at} IS NOT DISTINCT FROM q.k{at}" for at in range(len(keys)))
    text = f"SELECT CAST(q.g AS USMALLINT), r.w{values} FROM ({source}) AS r JOIN {_GROUPS} AS q ON {same}"
    return Sql(text, bound + where.parameters)


def _code(number: str, place: _Packed) -> str:
    least = f"CAST('{place.range.least:d}' AS BIGINT)"
    return f"CAST(coalesce({number} - {least} + 1, 0) AS UBIGINT) << {place.shift:d}"


def _cell(
    rows: Sequence[Array],
    packed: Sequence[_Packed] | None,
    columns: Mapping[ColumnName, _Range],
    largest: int,
    keys: Keys,
    first: int,
    end: int,
) -> tuple[Cell, list[Array]]:
    """One group, rows `first` to `end`: what the rules need of it, and its units."""
    words = rows[0][first:end]
    if packed is None:
        words = (words & ~np.uint64(2**_LOW - 1)) | np.arange(end - first, dtype=np.uint64)
    words = np.sort(words)
    units = (words >> np.uint64(_LOW)).astype(np.uint32)
    starts = np.flatnonzero(np.diff(units, prepend=units[:1] ^ np.uint32(1)))
    sets, parts = [units[starts]], {}
    for at, (column, range_) in enumerate(columns.items()):
        if packed is None:
            places = (words & np.uint64(2**_LOW - 1)).astype(np.int64)
            values, present = (part[first:end][places] for part in rows[1 + 2 * at : 3 + 2 * at])
        else:
            values, present = _decoded(words, packed[at])
        parts[column], with_value = _column(_exact(values, range_), present, starts, largest)
        sets.append(sets[0][with_value])
    return Cell(keys, len(starts), parts), sets


def _decoded(words: Array, place: _Packed) -> tuple[Array, Array]:
    """Values, 0 where there is none, and whether there is one."""
    code = ((words >> np.uint64(place.shift)) & np.uint64((1 << place.range.bits) - 1)).astype(np.int64)
    present = code > 0
    return np.where(present, code + ((place.range.least or 0) - 1), 0), present


def _exact(values: Array, range_: _Range) -> Array:
    """Whole numbers whose sum might not fit into 64 bits as numbers of any length."""
    most = max(abs(range_.least or 0), abs(range_.greatest)) * len(values)
    return values if range_.least is None or most < 2**62 else values.astype(object)


def _column(values: Array, present: Array, starts: Array, largest: int) -> tuple[ColumnCell, Array]:
    """What the rules need of one column, and which of the units have a value."""
    if not len(starts):
        return ColumnCell(0, 0), np.zeros(0, bool)
    sums = np.add.reduceat(values, starts)
    with_value = np.logical_or.reduceat(present, starts)
    sizes = np.abs(sums.astype(np.float64))
    there = values[present]
    low, high = (there.min(), there.max()) if len(there) else (0, 0)
    lowest, highest = (values == low) & present, (values == high) & present
    total = sums.sum()
    return ColumnCell(
        rows=len(there),
        units=int(np.count_nonzero(with_value)),
        total=float(total) if values.dtype == np.float64 else int(total),
        absolute=float(sizes.sum()),
        nonzero=int(np.count_nonzero(sums)),
        largest=tuple(float(one) for one in np.sort(np.partition(sizes, -largest)[-largest:])[::-1])
        if len(sizes) > largest
        else tuple(sorted(map(float, sizes), reverse=True)),
        at_lowest=int(np.count_nonzero(np.logical_or.reduceat(lowest, starts))),
        at_highest=int(np.count_nonzero(np.logical_or.reduceat(highest, starts))),
        between=len(there) - int(np.count_nonzero(lowest | highest)),
        constant=bool(len(there) and low == high),
    ), with_value
