"""From a plan to the cells that a worker hands to the clerk, as JSON."""

# ruff: noqa: S608 - the names are ours

import secrets
import weakref
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import numpy as np

from dataspace.adapters.duckdb.bench import Bench
from dataspace.adapters.duckdb.beside import beside_relation
from dataspace.adapters.duckdb.bounding import NOBODY, bounded_cells
from dataspace.adapters.duckdb.compile import ROW, UNIT, Sql, Types
from dataspace.adapters.duckdb.counting import raw_cells
from dataspace.model.codec import to_json
from dataspace.model.datasets import ColumnType
from dataspace.model.plans import AggregatePlan, CellsPlan, Key
from dataspace.planning.cells import Keys
from dataspace.planning.noising import fewest
from dataspace.planning.statistics import Shape, Statistic, flat, statistics_of


def raw(bench: Bench, plan: CellsPlan) -> tuple[dict[str, Any], list[bytes]]:
    """Cells with what the disclosure rules need, and the units of each (see `counting.raw_cells`)."""
    cells, units = raw_cells(bench, plan)
    return _document(bench, plan, cells), units


def everybody(bench: Bench, plan: CellsPlan) -> bytes:
    """All units of a cut: a fingerprint of each, or the numbers of the rows where these are units."""
    if plan.aggregate.privacy_unit is not None:
        return bench.prints(plan.cut)
    rows = bench.arrow(Sql(f"SELECT CAST({ROW} AS UINTEGER) FROM {bench.relation(plan.cut)}"))
    return b"".join(np.asarray(chunk).tobytes() for chunk in rows.column(0).chunks)


def bounded(bench: Bench, plan: CellsPlan) -> dict[str, Any]:
    """Cells to which each privacy unit contributes one row at most, as plain lists: there may be many."""
    if plan.noise is None:
        raise ValueError("a noisy answer without its noise")
    asked = plan.aggregate
    statistics = flat(statistics_of(asked, plan.noise))
    wide, relation, types = beside_relation(bench, plan)
    unique = asked.privacy_unit is not None and not asked.joins and _unique(bench, relation)
    least = fewest(asked, plan.noise)
    sql = bounded_cells(wide, relation, types, statistics, secrets.randbits(62), unique, least)
    return {"cells": cells_of(asked, statistics, bench.fetch(sql)), "types": _types(types, asked)}


def cells_of(
    asked: AggregatePlan, statistics: Sequence[Statistic], rows: Sequence[tuple[Any, ...]]
) -> list[list[Any]]:
    """Rows of `bounded_cells` as cells: the key values, the rows, and each statistic."""
    width = len(asked.keys)
    return [
        [_named(asked, row[:width]), int(row[width]), _counted(statistics, row[width], row[width + 1 :])]
        for row in rows
    ]


_UNIQUE = weakref.WeakKeyDictionary[Bench, dict[str, bool]]()
"""Of each cut, whether no unit has two rows in it. A cut never changes."""


def _unique(bench: Bench, relation: str) -> bool:
    known = _UNIQUE.setdefault(bench, {})
    if relation not in known:
        # Units are numbered from 1 without a gap, and nobody's rows are 0.
        ((units, rows),) = bench.fetch(
            Sql(f"SELECT max({UNIT}), count(*) FILTER ({UNIT} <> {NOBODY:d}) FROM {relation}")
        )
        known[relation] = (units or 0) == rows
    return known[relation]


def _named(asked: AggregatePlan, found: tuple[Any, ...]) -> list[Any]:
    """The values that places among the declared ones stand for; values that are not declared, as they are."""
    return [
        key.values[value] if key.values else plain
        for key, value, plain in zip(asked.keys, found, _keys(found), strict=True)
    ]


def _counted(statistics: Sequence[Statistic], rows: int, numbers: tuple[Any, ...]) -> list[Any]:
    found, at = list[Any](), 0
    for statistic in statistics:
        if statistic.plain:
            found.append(int(rows))
            continue
        marked, total = int(numbers[at]), numbers[at + 1]
        at += 2
        match statistic.shape:
            case Shape.COUNT:
                found.append(marked)
            case Shape.SUM:
                found.append(int(total or 0) - (statistic.sensitivity + 1) * marked)
            case Shape.BINS:
                found.append([[mark - 1, count] for mark, count in sorted((total or {}).items()) if mark])
    return found


def _keys(values: tuple[Any, ...]) -> Keys:
    return tuple(value.isoformat() if isinstance(value, date | datetime) else value for value in values)


def _document(bench: Bench, plan: CellsPlan, cells: list[Any]) -> dict[str, Any]:
    return {"cells": to_json(cells), "types": _types(bench.types(plan.cut), plan.aggregate)}


def _types(known: Types, asked: AggregatePlan) -> list[str]:
    """The type of each key and of each measure's column (integer for counts), in the order of the answer."""
    keys = [(_kind(key) if key.cases else known[key.column]).value for key in asked.keys]
    measured = [ColumnType.INTEGER if m.column is None else known[m.column] for m in asked.measures]
    return keys + [kind.value for kind in measured]


def _kind(key: Key) -> ColumnType:
    """Of a computed key: that of its values."""
    if all(isinstance(value, str) for value in key.values):
        return ColumnType.TEXT
    whole = all(isinstance(value, int) for value in key.values)
    return ColumnType.INTEGER if whole else ColumnType.NUMBER
