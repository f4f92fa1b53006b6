"""From a plan to the cells that a worker hands to the clerk, as JSON."""

from datetime import date, datetime
from typing import Any

from dataspace.adapters.duckdb.bench import Bench
from dataspace.adapters.duckdb.compile import bounded_cells, raw_cells
from dataspace.model.codec import to_json
from dataspace.model.datasets import ColumnType
from dataspace.model.plans import AggregatePlan, CellsPlan
from dataspace.planning.cells import BoundedCell, BoundedColumn, Cell, ColumnCell, Keys, columns_needed
from dataspace.planning.noising import points

_NUMBERS_OF_A_COLUMN = 10


def raw(bench: Bench, plan: CellsPlan) -> dict[str, Any]:
    """Cells with what the disclosure rules need."""
    asked, rules = plan.aggregate, plan.disclosure
    largest = max(2, rules.dominance_n)
    rows = bench.fetch(raw_cells(asked, bench.relation(plan.cut), bench.types(plan.cut), largest))
    width = len(asked.keys)
    cells = []
    for row in rows:
        numbers = row[width + 1 :]
        parts = {
            column: _column(numbers[at * _NUMBERS_OF_A_COLUMN : (at + 1) * _NUMBERS_OF_A_COLUMN])
            for at, column in enumerate(columns_needed(asked))
        }
        cells.append(Cell(_keys(row[:width]), int(row[width]), parts))
    return _document(bench, plan, cells)


def _column(numbers: tuple[Any, ...]) -> ColumnCell:
    rows, units, total, absolute, nonzero, largest, lowest, highest, between, constant = numbers
    return ColumnCell(
        rows=int(rows or 0),
        units=int(units),
        total=total if total is not None else 0,
        absolute=float(absolute or 0.0),
        nonzero=int(nonzero),
        largest=tuple(float(value) for value in largest or ()),
        at_lowest=int(lowest),
        at_highest=int(highest),
        between=int(between or 0),
        constant=bool(constant),
    )


def bounded(bench: Bench, plan: CellsPlan) -> dict[str, Any]:
    """Cells to which each privacy unit contributes one row at most."""
    if plan.noise is None:
        raise ValueError("a noisy answer without its noise")
    asked = plan.aggregate
    sql = bounded_cells(asked, bench.relation(plan.cut), bench.types(plan.cut), points(asked, plan.noise))
    width = len(asked.keys)
    cells = []
    for row in bench.fetch(sql):
        numbers = row[width + 1 :]
        parts = {
            column: BoundedColumn(int(numbers[2 * at]), int(numbers[2 * at + 1]))
            for at, column in enumerate(columns_needed(asked))
        }
        cells.append(BoundedCell(_keys(row[:width]), int(row[width]), parts))
    return _document(bench, plan, cells)


def _keys(values: tuple[Any, ...]) -> Keys:
    return tuple(value.isoformat() if isinstance(value, date | datetime) else value for value in values)


def _document(bench: Bench, plan: CellsPlan, cells: list[Any]) -> dict[str, Any]:
    return {"cells": to_json(cells), "types": _types(bench, plan.cut, plan.aggregate)}


def _types(bench: Bench, cut: str, asked: AggregatePlan) -> list[str]:
    """The type of each key and of each measure's column (integer for counts), in the order of the answer."""
    known = bench.types(cut)
    keys = [known[key.column].value for key in asked.keys]
    measured = [ColumnType.INTEGER if m.column is None else known[m.column] for m in asked.measures]
    return keys + [kind.value for kind in measured]
