"""TPC-H, all 22 queries: through the whole governed path in this process, against DuckDB over the same files at rest.

Also what it takes to build the cut of the largest table, against `CREATE TABLE AS SELECT` into the same memory, and a
query under a row filter and two masks, against the same filter and masks written by hand over Parquet. The data come
from `tpchgen-cli` (`.venv-peers`, or on the path), at scale factor 1 (`make bench SCALE=…` for another).
"""

import math
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import geometric_mean, median
from typing import Any

import duckdb

from benchmarks import sizes
from benchmarks.figure import Figure
from benchmarks.governed import Governed, governed
from dataspace.adapters.duckdb.cuts import MEMORY_FOLDER, DuckdbCuts
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import CutRecipe

ROOT = Path(__file__).parents[1]
QUERIES = ".venv-peers/lib/python3*/site-packages/ibis/backends/tests/tpc/queries/duckdb/h/*.sql"
TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")
SCALE = str(sizes.SCALE)
ROUNDS = 3
TRIES = 20
"""Of comparing answers. Query 15 asks whether two sums of fractions are equal, and the engine adds in another order
each time: plain DuckDB answers it with one row or with none."""
MASKED = "SELECT c_name, c_mktsegment, c_acctbal FROM customer WHERE c_custkey % 3 = 0"
BY_HAND = """
SELECT c_name, c_mktsegment, c_acctbal FROM (
    SELECT c_custkey, '***' AS c_name, floor(c_acctbal / 500.0) * 500.0 AS c_acctbal, c_mktsegment
    FROM read_parquet({files}) WHERE c_nationkey <= 12
) WHERE c_custkey % 3 = 0
"""


def generator() -> str | None:
    """The program that makes the data, where it is to be had."""
    beside = ROOT / ".venv-peers" / "bin" / "tpchgen-cli"
    return str(beside) if beside.exists() else shutil.which("tpchgen-cli")


def queries() -> list[str]:
    """The 22 texts, in order, as they are published; they come with ibis (`make peers`)."""
    return [file.read_text().strip().removesuffix(";") for file in sorted(ROOT.glob(QUERIES))]


def seconds(work: Callable[[], object]) -> float:
    """How long it takes, once."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def equal(left: Sequence[Sequence[Any]], right: Sequence[Sequence[Any]]) -> bool:
    """The same rows in whatever order, sums of fractions up to the order in which they were added."""

    def near(a: Any, b: Any) -> bool:
        if isinstance(a, float) and isinstance(b, float):
            return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-6)
        return bool(a == b)

    def key(row: Sequence[Any]) -> str:
        return repr([f"{value:.6g}" if isinstance(value, float) else value for value in row])

    pairs = zip(sorted(left, key=key), sorted(right, key=key), strict=False)
    return len(left) == len(right) and all(all(map(near, a, b)) for a, b in pairs)


def rows_of(table: Any) -> list[tuple[Any, ...]]:
    """The rows of an Arrow table."""
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def over_parquet(world: Governed) -> duckdb.DuckDBPyConnection:
    """Plain DuckDB, on as many threads as the worker has, with a view over the files of each table."""
    plain = duckdb.connect()
    plain.execute("SET threads = 2")
    for name, files in world.files.items():
        plain.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet({[str(file) for file in files]})")  # noqa: S608
    return plain


def governed_answer(world: Governed, text: str) -> Any:
    """The answer through the whole path, as an Arrow table."""
    return world.hub.sql(text, kind="rows", permit=world.permit).to_arrow()


def plain_answer(plain: duckdb.DuckDBPyConnection, text: str) -> Any:
    """The answer of the engine alone, as an Arrow table."""
    return plain.sql(text).to_arrow_table()


def tpch(world: Governed) -> None:
    """Each query in turns, warm; the median of each side."""
    plain, factors = over_parquet(world), list[float]()
    for number, text in enumerate(queries(), start=1):
        ours, theirs = partial(governed_answer, world, text), partial(plain_answer, plain, text)
        if not any(equal(rows_of(ours()), rows_of(theirs())) for _ in range(TRIES)):
            raise SystemExit(f"query {number} has another answer than plain DuckDB")
        governed_seconds, plain_seconds = list[float](), list[float]()
        for _ in range(ROUNDS):
            governed_seconds.append(seconds(ours))
            plain_seconds.append(seconds(theirs))
        factors.append(median(governed_seconds) / median(plain_seconds))
        print(f"query {number}: {factors[-1]:.2f}", file=sys.stderr)
    counts = {"queries": len(factors), "rounds": ROUNDS}
    peer = "DuckDB over the same Parquet files"
    mean = geometric_mean(factors)
    Figure("TPC-H, geometric mean of the factors", mean, "times", "lower", 0.6, counts, peer, 1.0).show()
    Figure("TPC-H, the slowest of the factors", max(factors), "times", "lower", 1.2, counts, peer, 1.0).show()


def masked(world: Governed) -> None:
    """A question under a row filter and two masks, warm."""
    plain = duckdb.connect()
    plain.execute("SET threads = 2")
    text = BY_HAND.format(files=[str(file) for file in world.files["customer"]])
    ours = world.hub.sql(MASKED, kind="rows", permit=world.permit).to_arrow()
    if not equal(rows_of(ours), rows_of(plain.sql(text).to_arrow_table())):
        raise SystemExit("the masked answer is another one than by hand")
    mine, theirs = [], []
    for _ in range(5):
        mine.append(seconds(lambda: world.hub.sql(MASKED, kind="rows", permit=world.permit).to_arrow()))
        theirs.append(seconds(lambda: plain.sql(text).to_arrow_table()))
    factor = median(mine) / median(theirs)
    peer = "the same filter and masks by hand over Parquet"
    Figure(
        "a row filter and two masks", factor, "times", "lower", 1.2, {"rows": ours.num_rows}, peer, 1.0
    ).show()


def building(home: Path, source: Path) -> None:
    """The cut of a whole table against `CREATE TABLE AS SELECT` of the same rows into the same memory."""
    import pyarrow.parquet as pq

    vault, name = ParquetVault(home), DatasetName("lineitem")
    with pq.ParquetFile(source) as reader:
        version = vault.write(name, reader.iter_batches(), reader.schema_arrow)
    recipe = CutRecipe(version.ref, tuple(ColumnName(column.name) for column in version.columns))
    files = [str(file) for file in vault.files(version.ref)]
    cuts, path = DuckdbCuts(vault, 8 << 30, lambda _: b"", "2GB"), MEMORY_FOLDER / "dataspace-benchmark.db"

    def cut() -> None:
        with cuts.lease(recipe):
            pass
        cuts.close()

    def table() -> None:
        with duckdb.connect() as plain:
            plain.execute(f"SET threads = 2; ATTACH '{path}' AS made")
            plain.execute(f"CREATE TABLE made.data AS SELECT * FROM read_parquet({files})")  # noqa: S608
            plain.execute("DETACH made")
        path.unlink()

    mine, theirs = [], []
    for _ in range(ROUNDS):
        mine.append(seconds(cut))
        theirs.append(seconds(table))
    counts = {"rows": version.rows, "rounds": ROUNDS}
    factor = median(mine) / median(theirs)
    Figure(
        "building a cut", factor, "times", "lower", 2.0, counts, "CREATE TABLE AS SELECT in memory", 1.0
    ).show()


def main() -> None:
    """All of it, or nothing where the data cannot be made."""
    program = generator()
    if program is None:
        print("tpchgen-cli is not there: `make peers` installs it", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        subprocess.run(
            [program, "parquet", "-s", SCALE, "-o", str(data)], check=True, stdout=subprocess.DEVNULL
        )
        tables = {name: data / f"{name}.parquet" for name in TABLES}
        building(Path(folder) / "vault", tables["lineitem"])
        shutil.rmtree(Path(folder) / "vault")
        with governed(Path(folder) / "open", tables) as world:
            tpch(world)
        limits = "limits: {rows: c_nationkey <= 12, mask: {c_name: constant ***, c_acctbal: generalise 500}}"
        with governed(
            Path(folder) / "masked", {"customer": tables["customer"]}, {"customer": limits}
        ) as world:
            masked(world)


if __name__ == "__main__":
    main()
