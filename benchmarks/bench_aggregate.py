"""Exact aggregates with distinct persons, dominance and suppression, and what the time they take tells.

The peer is the plain aggregate that protects nobody. Ours is the worker's part over the same table and threads, in
turns with it; then the clerk's, which is one small table. The other figure is how much one row more or less, behind a
condition, changes the time of an answer.
"""

# ruff: noqa: S608 - the numbers are ours

import time
from collections.abc import Callable

import duckdb
import numpy as np

from benchmarks.figure import Figure
from benchmarks.sizes import scaled
from dataspace.adapters.duckdb.bench import Bench
from dataspace.adapters.duckdb.counting import raw_cells
from dataspace.model.datasets import ColumnType
from dataspace.model.names import ColumnName, CutId, DatasetName
from dataspace.model.plans import AggregatePlan, Asked, CellsPlan, Function, Key, Measure
from dataspace.model.policies import AnswerKind
from dataspace.model.predicates import Comparator, Compare
from dataspace.planning.disclosure import protect

STAYS, PERSON, KIND, LOS, RARE = (DatasetName("stays"), *map(ColumnName, ("person", "kind", "los", "rare")))
ROWS, PERSONS, GROUPS, TIMES = scaled(10_000_000, 10_000), scaled(2_000_000, 2_000), 100, 5
CUT = CutId("benchmark")


class OverTable(Bench):
    """A bench over a table that is made here instead of an attached cut."""

    def __init__(self, rows: int, threads: int) -> None:
        super().__init__([], [], "8GiB", threads)
        self._connection = duckdb.connect()
        self._connection.execute(f"SET threads = {threads:d}")
        self._connection.execute(
            "CREATE TABLE t AS SELECT range AS __row, 1 + (hash(range) % 2000000)::BIGINT AS __unit, "
            "1 + (hash(range + 7) % 100)::BIGINT AS kind, (hash(range + 3) % 61)::BIGINT AS los, "
            f"(range = 77)::BIGINT AS rare FROM range({rows:d})"
        )
        self._relations = {CUT: "t"}
        self._types = {CUT: {KIND: ColumnType.INTEGER, LOS: ColumnType.INTEGER, RARE: ColumnType.INTEGER}}

    def raw(self) -> None:
        """What somebody would ask who protects nobody."""
        self._connection.execute("SELECT kind, count(*), sum(los) FROM t GROUP BY kind").fetchall()


def plan(where: Compare | None = None) -> CellsPlan:
    """Persons and a sum by group, to be compared with earlier answers."""
    measures = (Measure(Function.COUNT, None, "n"), Measure(Function.SUM, LOS, "s"))
    keys = (Key(KIND, tuple(range(1, GROUPS + 1))),)
    asked = Asked("ana", "P-1", "", "", 1)
    return CellsPlan(
        AggregatePlan(STAYS, keys, measures, where, PERSON), CUT, AnswerKind.AGGREGATE, asked=asked
    )


def seconds(work: Callable[[], object]) -> float:
    """How long it takes once."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def large() -> None:
    """The worker's and the clerk's part beside the plain aggregate."""
    bench = OverTable(ROWS, 2)
    cells, _ = raw_cells(bench, plan())
    pairs = [(seconds(bench.raw), seconds(lambda: raw_cells(bench, plan()))) for _ in range(TIMES)]
    raw, took = (float(np.median(several)) for several in zip(*pairs, strict=True))
    clerk = seconds(lambda: protect(plan().aggregate, cells, plan().disclosure))
    counts = {"rows": ROWS, "persons": PERSONS, "groups": GROUPS}
    Figure(
        "aggregate with distinct persons and dominance", (took + clerk) / raw, "times the plain aggregate", "lower",
        25.0, counts, "plain aggregate, ms", raw * 1e3,
    ).show()  # fmt: skip


def told_by_time() -> None:
    """Whether a condition holds for one row or for none: the medians of many turns, and their difference."""
    rows, turns = 100_000, 200
    bench = OverTable(rows, 2)
    holds, not_ = (plan(Compare(RARE, Comparator.EQ, value)) for value in (1, 2))
    both = [[seconds(lambda p=p: raw_cells(bench, p)) for p in (holds, not_)] for _ in range(turns)]  # type: ignore[misc]
    one, none = (float(np.median(several)) * 1e3 for several in zip(*both, strict=True))
    Figure(
        "time that tells a row from none, difference of medians", abs(one - none), "ms", "lower", 5.0,
        {"rows": rows, "turns": turns}, "an answer over no row, ms", none,
    ).show()  # fmt: skip


def main() -> None:
    """All figures."""
    large()
    told_by_time()


if __name__ == "__main__":
    main()
