"""Private counts and sums by group: 100,000 rows through worker and clerk; the statement alone on 10 million."""

# ruff: noqa: S608 - the names and numbers are ours

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.csv

from benchmarks.figure import Figure
from benchmarks.sizes import scaled
from dataspace.adapters.duckdb.bounding import bounded_cells
from dataspace.adapters.duckdb.cuts import DuckdbCuts
from dataspace.adapters.duckdb.engine import ConfinedEngine
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.model.datasets import ColumnType
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import AggregatePlan, CellsPlan, CutRecipe, Function, Key, Measure, Noise
from dataspace.model.policies import AnswerKind
from dataspace.planning.statistics import flat, statistics_of

PEER = Path(__file__).parents[1] / ".venv-peers/bin/python"
STAYS, PERSON, KIND, LOS = DatasetName("stays"), ColumnName("person"), ColumnName("kind"), ColumnName("los")
NOISE = Noise(1.0, {LOS: (0.0, 60.0)}, whole=frozenset({LOS}))
ROWS, MANY = scaled(100_000, 5_000), scaled(10_000_000, 20_000)


def plan(groups: int) -> AggregatePlan:
    """Counts and sums by group, of persons."""
    measures = (Measure(Function.COUNT, None, "n"), Measure(Function.SUM, LOS, "s"))
    return AggregatePlan(STAYS, (Key(KIND, tuple(range(1, groups + 1))),), measures, None, PERSON)


def through_the_engine() -> None:
    """On 100,000 rows, beside SmartNoise SQL at the same ε."""
    draw = np.random.default_rng(1)
    table = pa.table(
        {
            "person": np.arange(ROWS),
            "kind": draw.integers(1, 11, ROWS),
            "los": draw.integers(0, 61, ROWS),
        }
    )
    with TemporaryDirectory() as folder:
        home = Path(folder)
        vault = ParquetVault(home / "vault")
        cuts = DuckdbCuts(vault, 2**30, lambda _: b"")
        engine = ConfinedEngine(home / "log")
        try:
            version = vault.write(STAYS, table.to_batches(), table.schema)
            with cuts.lease(CutRecipe(version.ref, (KIND, LOS), privacy_unit=PERSON)) as lease:
                asked = CellsPlan(plan(10), lease.cut, AnswerKind.NOISY, noise=NOISE)
                sums = np.bincount(table["kind"].to_numpy(), weights=table["los"].to_numpy())[1:]
                engine.cells("warm", asked, [lease])
                seconds, wrong = [], []
                for _ in range(50):
                    began = time.perf_counter()
                    answer, _ = engine.cells("warm", asked, [lease])
                    seconds.append(time.perf_counter() - began)
                    wrong += list(np.abs(answer["s"].to_numpy() - sums))
        finally:
            engine.stop()
            cuts.close()
        peer = _peer(home, table)
    counts = {"rows": ROWS, "groups": 10}
    name = "SmartNoise SQL" if peer else None
    took = float(np.median(seconds)) * 1e3
    Figure(
        "private count and sum, worker and clerk, p50", took, "ms", "lower", 50.0, counts, name,
        peer["seconds"] * 1e3 if peer else None,
    ).show()  # fmt: skip
    Figure(
        "mean error of a sum", float(np.mean(wrong)), "units", "lower", peer["error"] if peer else 150.0, counts,
        name, peer["error"] if peer else None,
    ).show()  # fmt: skip


def _peer(home: Path, table: pa.Table) -> dict[str, float] | None:
    if not PEER.exists():
        print("no .venv-peers: without SmartNoise SQL", file=sys.stderr)
        return None
    path = home / "stays.csv"
    pyarrow.csv.write_csv(table, path)
    script = Path(__file__).with_name("as_smartnoise.py")
    done = subprocess.run([PEER, script, path, "3"], capture_output=True, text=True, check=True, timeout=300)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def beside_the_raw_aggregate() -> None:
    """The statement that a worker runs, over the plain aggregate: 2 million persons with five rows, and with one."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        connection.execute(
            "CREATE TABLE t AS SELECT range AS __row, 1 + (hash(range) % 2000000)::BIGINT AS __unit, "
            f"1 + (hash(range + 7) % 100)::BIGINT AS kind, (hash(range + 3) % 61)::BIGINT AS los FROM range({MANY:d})"
        )
        raw = _best(
            lambda: connection.execute("SELECT kind, count(*), sum(los) FROM t GROUP BY kind").fetchall()
        )
        types = {KIND: ColumnType.INTEGER, LOS: ColumnType.INTEGER}
        statistics = flat(statistics_of(plan(100), NOISE))
        for unique, target, name in ((False, 60.0, "five rows a person"), (True, 2.0, "one row a person")):
            sql = bounded_cells(plan(100), "t", types, statistics, 12_345_678_901, unique)
            took = _best(lambda: connection.execute(sql.text, list(sql.parameters)).fetchall())  # noqa: B023
            Figure(
                f"bounded cells over the raw aggregate, {name}", took / raw, "times", "lower", target,
                {"rows": MANY, "groups": 100},
            ).show()  # fmt: skip


def _best(work: Callable[[], object]) -> float:
    found = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return min(found)


def main() -> None:
    """All figures."""
    through_the_engine()
    beside_the_raw_aggregate()


if __name__ == "__main__":
    main()
