"""Registering a large Parquet file against what DuckDB needs to summarise and to rewrite it.

Both read the same file in processes of their own, one after the other, with two threads. Registering does more: it
reads through the connector, normalises, writes and hashes an immutable version, profiles every column with
histograms and forms, and measures k-anonymity.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.sizes import scaled

# ruff: noqa: S608 - the paths are of the temporary folder made here

ROWS = scaled(10_000_000, 10_000)
COLUMNS = 20
TIMES = 3
LARGEST_MB = 2_000
_DATA = """
SELECT i AS id, (hash(i) % 90)::INTEGER AS age, (hash(i + 1) % 3)::INTEGER AS sex,
  (hash(i + 2) % 100000)::INTEGER AS patient, (hash(i + 3) % 1000) / 10.0 AS lab1,
  (hash(i + 4) % 1000003) / 7.0 AS lab2, (hash(i + 5) % 1000003) / 11.0 AS lab3,
  (hash(i + 6) % 5000) / 100.0 AS temperature, hash(i + 7)::DOUBLE AS noise1, hash(i + 8)::DOUBLE / 3e9 AS noise2,
  'Z' || lpad((hash(i + 9) % 10000)::VARCHAR, 5, '0') AS postcode,
  ['A', 'B', 'C', 'D'][(1 + hash(i + 10) % 4)::BIGINT] AS arm, 'I' || (hash(i + 11) % 2000)::VARCHAR AS code,
  (hash(i + 12) % 2 = 0) AS died, DATE '2015-01-01' + (hash(i + 13) % 3650)::INTEGER AS admitted,
  TIMESTAMP '2015-01-01' + to_seconds((hash(i + 14) % 300000000)::BIGINT) AS measured,
  (hash(i + 15) % 120)::BIGINT AS los, hash(i + 16) % 1000000 AS cost, (hash(i + 17) % 54)::INTEGER AS hospital,
  'remark ' || (hash(i + 18) % 1000000)::VARCHAR AS remark
FROM range($rows) t(i)
"""


def make(path: Path, _: Path) -> dict[str, float]:
    """The file that both read: measurements, codes, dates and texts, as hospitals write them."""
    import duckdb

    with duckdb.connect() as connection:
        text = _DATA.replace("$rows", str(ROWS))
        connection.execute(f"SET threads = 2; COPY ({text}) TO '{path}' (FORMAT parquet)")
    return {}


def peer(path: Path, folder: Path) -> dict[str, float]:
    """DuckDB's summary and its plain rewrite."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        start = time.perf_counter()
        connection.execute(f"SUMMARIZE SELECT * FROM '{path}'").fetchall()
        summary = time.perf_counter() - start
        connection.execute(f"COPY (SELECT * FROM '{path}') TO '{folder / 'copy.parquet'}' (FORMAT parquet)")
        return {"seconds": time.perf_counter() - start, "summary": summary}


def ours(path: Path, folder: Path) -> dict[str, float]:
    """A hub registers the file."""
    from dataspace.bootstrap import build_hub, init_hub
    from dataspace.model.names import PrincipalId
    from dataspace.model.principals import Principal, Role
    from dataspace.service.registering import Registration
    from dataspace.settings import HubSettings

    settings = HubSettings(folder / "hub")
    init_hub(settings)
    hub = build_hub(settings)
    try:
        steward = Principal(PrincipalId("sam"), "Sam", frozenset({Role.STEWARD}), "")
        start = time.perf_counter()
        made = hub.depositing.register(steward, path, Registration("large"))
        seconds = time.perf_counter() - start
    finally:
        hub.close()
    if made.version.rows != ROWS:
        raise RuntimeError("not every row was registered")
    return {"seconds": seconds, "columns": len(made.version.columns)}


def child(what: str, path: Path, folder: Path) -> dict[str, float]:
    """One of the two in a process of its own, with the most memory that it held, in MB."""
    command = [sys.executable, "-m", "benchmarks.bench_register", what, str(path), str(folder)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    facts: dict[str, float] = json.loads(said.splitlines()[-1])
    return facts


def main() -> None:
    """Make the file, let both read it, print the two figures."""
    if len(sys.argv) == 4:
        path, folder = Path(sys.argv[2]), Path(sys.argv[3])
        facts = {"make": make, "peer": peer, "ours": ours}[sys.argv[1]](path, folder)
        print(json.dumps({**facts, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3}))
        return
    with tempfile.TemporaryDirectory(prefix="bench-register-") as place:
        path, folder = Path(place) / "large.parquet", Path(place)
        child("make", path, folder)
        theirs, mine = child("peer", path, folder), child("ours", path, folder)
    counts = {"rows": ROWS, "columns": int(mine["columns"])}
    Figure(
        "registering a Parquet file",
        round(mine["seconds"], 1),
        "s",
        "lower",
        round(TIMES * theirs["seconds"], 1),
        counts,
        "DuckDB SUMMARIZE and a plain rewrite",
        round(theirs["seconds"], 1),
    ).show()
    Figure(
        "memory while registering a Parquet file",
        round(mine["mb"]),
        "MB",
        "lower",
        LARGEST_MB,
        counts,
        "DuckDB SUMMARIZE and a plain rewrite",
        round(theirs["mb"]),
    ).show()


if __name__ == "__main__":
    main()
