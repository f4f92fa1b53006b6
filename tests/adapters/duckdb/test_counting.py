"""Raw cells against an oracle in plain Python: every type, values that are missing, several keys, extreme numbers."""

import math
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dataspace.adapters.duckdb.bench import Bench
from dataspace.adapters.duckdb.counting import raw_cells
from dataspace.adapters.duckdb.cuts import DuckdbCuts
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import AggregatePlan, Asked, CellsPlan, CutRecipe, Function, Key, Measure
from dataspace.model.policies import AnswerKind
from dataspace.model.predicates import Comparator, Compare
from dataspace.planning.cells import Cell, ColumnCell

STAYS = DatasetName("stays")
PERSON, SEX, WARD, LOS, COST, FLAG, NOTE, HUGE = (
    ColumnName(n) for n in ("person", "sex", "ward", "los", "cost", "flag", "note", "huge")
)
MEASURED = (LOS, COST, FLAG, NOTE, HUGE)
Row = tuple[Any, ...]


class Tables:
    """Benches over tables, in this process."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._made = folder, 0

    def bench(self, rows: list[Row]) -> tuple[Bench, Any]:
        self._made += 1
        home = self._folder / str(self._made)
        types = {
            PERSON: pa.int64(), SEX: pa.string(), WARD: pa.int64(), LOS: pa.int64(), COST: pa.float64(),
            FLAG: pa.bool_(), NOTE: pa.string(), HUGE: pa.int64(),
        }  # fmt: skip
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(types)
        table = pa.table({n: pa.array(c, t) for (n, t), c in zip(types.items(), columns, strict=True)})
        vault = ParquetVault(home)
        version = vault.write(STAYS, table.to_batches(), table.schema)
        cuts = DuckdbCuts(vault, 2**28, lambda _: b"")
        lease = cuts.lease(CutRecipe(version.ref, (SEX, WARD, *MEASURED), privacy_unit=PERSON))
        with lease as held:
            import os

            bench = Bench([{"cut": held.cut, "dataset": "stays"}], [os.dup(held.fd)], "256MiB", 2)
        cuts.close()
        return bench, held.cut


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    yield Tables(tmp_path_factory.mktemp("tables"))


def asked(cut: Any, columns: tuple[ColumnName, ...], keys: tuple[Key, ...], where: Any = None) -> CellsPlan:
    measures = tuple(Measure(Function.COUNT, column, f"n_{column}") for column in columns)
    plan = AggregatePlan(STAYS, keys, (Measure(Function.COUNT, None, "n"), *measures), where, PERSON)
    return CellsPlan(plan, cut, AnswerKind.AGGREGATE, asked=Asked("ana", "P-1", "", "", 1))


def oracle(rows: list[Row], columns: tuple[ColumnName, ...], keys: tuple[Key, ...]) -> dict[Any, Cell]:
    names = (PERSON, SEX, WARD, *MEASURED)
    groups: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        named = dict(zip(names, row, strict=True))
        groups[
            tuple(named[k.column] if not k.values or named[k.column] in k.values else None for k in keys)
        ].append(named)
    if not keys and not rows:
        groups[()] = []
    return {
        key: Cell(key, len({r[PERSON] for r in g}), {c: column(g, c) for c in columns})
        for key, g in groups.items()
    }


def column(group: list[dict[str, Any]], name: ColumnName) -> ColumnCell:
    values: dict[Any, list[Any]] = {r[PERSON]: [] for r in group}
    for row in group:
        if row[name] is not None:
            values[row[PERSON]].append(0 if name == NOTE else int(row[name]) if name == FLAG else row[name])
    every = [v for several in values.values() for v in several]
    if not values:
        return ColumnCell(0, 0)
    sums = [sum(several) for several in values.values()]
    low, high = (min(every), max(every)) if every else (0, 0)
    return ColumnCell(
        len(every),
        sum(bool(v) for v in values.values()),
        sum(sums),
        float(sum(abs(float(s)) for s in sums)),
        sum(s != 0 for s in sums),
        tuple(sorted((abs(float(s)) for s in sums), reverse=True)[:2]),
        sum(low in v for v in values.values()),
        sum(high in v for v in values.values()),
        sum(v not in (low, high) for v in every),
        bool(every) and low == high,
    )


ROWS = st.lists(
    st.tuples(
        st.integers(1, 8),
        st.sampled_from(["f", "m", "x", None]),
        st.one_of(st.none(), st.integers(1, 4)),
        st.one_of(st.none(), st.integers(-5, 60)),
        st.one_of(st.none(), st.integers(-40, 40).map(lambda n: n / 4)),
        st.one_of(st.none(), st.booleans()),
        st.one_of(st.none(), st.sampled_from(["a", "b"])),
        st.sampled_from([None, 0, 1, 2**63 - 1, -(2**63), 2**62]),
    ),
    max_size=40,
)
KEYS = st.sampled_from([(), (Key(SEX, ("f", "m")),), (Key(SEX),), (Key(WARD, (1, 2, 9)), Key(SEX, ("m",)))])
COLUMNS = st.sampled_from([(), (LOS,), (COST,), (FLAG, NOTE), (LOS, FLAG), (HUGE,), MEASURED])


@given(ROWS, KEYS, COLUMNS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cells_are_those_of_the_rows(
    tables: Tables, rows: list[Row], keys: tuple[Key, ...], columns: tuple[ColumnName, ...]
) -> None:
    bench, cut = tables.bench(rows)
    cells, sets = raw_cells(bench, asked(cut, columns, keys))
    truth = oracle(rows, columns, keys)
    assert {cell.keys: cell.units for cell in cells} == {key: cell.units for key, cell in truth.items()}
    for cell in cells:
        for name in columns:
            ours, right = cell.columns[name], truth[cell.keys].columns[name]
            assert ours.absolute == pytest.approx(right.absolute)
            assert ours.largest[:2] == pytest.approx(right.largest)
            assert ours == ColumnCell(
                right.rows, right.units, right.total, ours.absolute, right.nonzero, ours.largest, right.at_lowest,
                right.at_highest, right.between, right.constant,
            )  # fmt: skip
    sizes = [len(np.frombuffer(one, np.uint32)) for one in sets]
    assert sizes == [
        n for cell in cells for n in (cell.units, *(cell.columns[name].units for name in columns))
    ]


def test_the_units_of_a_cell_are_told_each_once(tables: Tables) -> None:
    rows = [
        (p, "f" if p % 2 else "m", 1, los, None, None, None, None) for p in range(1, 30) for los in (None, p)
    ]
    bench, cut = tables.bench(rows)
    cells, sets = raw_cells(bench, asked(cut, (LOS,), (Key(SEX, ("f", "m")),)))
    found = [set(np.frombuffer(one, np.uint32).tolist()) for one in sets]
    assert [cell.keys for cell in cells] == [("f",), ("m",)]
    assert [len(one) for one in found] == [15, 15, 14, 14]
    assert found[0].isdisjoint(found[2])


def test_what_is_no_number_makes_a_total_that_is_none(tables: Tables) -> None:
    rows = [(p, "f", 1, 1, cost, None, None, None) for p, cost in enumerate([1.0, math.nan, math.inf], 1)]
    bench, cut = tables.bench(rows)
    (cell,), _ = raw_cells(bench, asked(cut, (COST,), ()))
    assert not math.isfinite(cell.columns[COST].total)


def test_a_question_leaves_nothing_behind_and_a_condition_reaches_the_rows(tables: Tables) -> None:
    rows = [(p, "f" if p % 2 else "m", 1, p, None, None, None, None) for p in range(1, 31)]
    bench, cut = tables.bench(rows)
    few = asked(cut, (LOS,), (Key(SEX),), Compare(LOS, Comparator.LE, 11))
    for _ in range(2):
        cells, _ = raw_cells(bench, few)
        assert {cell.keys[0]: (cell.units, cell.columns[LOS].total) for cell in cells} == {
            "f": (6, 36),
            "m": (5, 30),
        }
    none = asked(cut, (LOS,), (Key(SEX),), Compare(LOS, Comparator.GT, 100))
    assert raw_cells(bench, none) == ([], [])
