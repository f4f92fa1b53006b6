"""Durable charges a second: eight processes that reserve and commit on one account, each waiting for the disk.

The peer is what one would write first on the same file system: SQLite in write-ahead mode with `synchronous = FULL`,
one transaction for each reservation and one for each commit, in the same number of processes. The two take turns, and
the median of the rounds counts.
"""

import multiprocessing
import sqlite3
import tempfile
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path
from statistics import median

from benchmarks.figure import Figure
from benchmarks.sizes import scaled
from dataspace.adapters.clock import UtcClock
from dataspace.adapters.store.ledger import SqlLedger
from dataspace.adapters.store.opening import open_database
from dataspace.model.charges import Account, Charge, Limits, PrivacyEvent, Reservation
from dataspace.model.names import ColumnName, DatasetName, PermitId, PrincipalId

PROCESSES, EACH, ROUNDS = 8, scaled(250, 10), scaled(5, 1)
EPSILON = 1e-5
ACCOUNT = Account(DatasetName("stays"), ColumnName("person"))
LIMITS = Limits(lineage=1_000, permit=1_000, project=1_000, principal=1_000)


def ours(home: Path, name: str, ready: Barrier) -> None:
    """Charge as a hub does."""
    database = open_database(home)
    ledger = SqlLedger(database, UtcClock())

    def charge(number: int) -> None:
        events = (PrivacyEvent("laplace", 1 / EPSILON, sensitivity=1.0),)
        noted = Charge(
            PermitId("P-1"), PrincipalId(name), f"{name}-{number}", events, EPSILON, part="version:a"
        )
        held = ledger.reserve(ACCOUNT, noted, f"{name}/{number}", LIMITS)
        if not isinstance(held, Reservation):
            raise SystemExit("nothing limits these charges")
        ledger.commit(held, noted)

    charge(-1)
    ready.wait()
    for number in range(EACH):
        charge(number)
    ready.wait()
    ledger.close()
    database.close()


def naive(home: Path, name: str, ready: Barrier) -> None:
    """Charge as one would write it first."""
    connection = sqlite3.connect(home / "naive.sqlite", timeout=60, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")

    def charge(number: int) -> None:
        key = f"{name}/{number}"
        connection.execute("BEGIN IMMEDIATE")
        spent = connection.execute("SELECT epsilon FROM spent").fetchone()[0]
        if spent + EPSILON > 1_000:
            raise SystemExit("nothing limits these charges")
        connection.execute("INSERT INTO charges VALUES (?, 'reserved', ?)", (key, EPSILON))
        connection.execute("UPDATE spent SET epsilon = epsilon + ?", (EPSILON,))
        connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("UPDATE charges SET state = 'committed' WHERE key = ?", (key,))
        connection.execute("COMMIT")

    ready.wait()
    for number in range(EACH):
        charge(number)
    ready.wait()


def prepare(home: Path) -> None:
    """Both stores, empty."""
    open_database(home).close()
    connection = sqlite3.connect(home / "naive.sqlite")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE charges (key TEXT PRIMARY KEY, state TEXT, epsilon REAL)")
    connection.execute("CREATE TABLE spent (epsilon REAL)")
    connection.execute("INSERT INTO spent VALUES (0)")
    connection.commit()
    connection.close()


def charges_a_second(work: Callable[[Path, str, Barrier], None], home: Path) -> float:
    """From the moment when all are ready to the moment when the last is done."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(PROCESSES + 1)
    workers = [context.Process(target=work, args=(home, f"p{number}", ready)) for number in range(PROCESSES)]
    for worker in workers:
        worker.start()
    ready.wait(120)
    start = time.perf_counter()
    ready.wait(300)
    seconds = time.perf_counter() - start
    for worker in workers:
        worker.join(60)
    if any(worker.exitcode for worker in workers):
        raise SystemExit("a process failed")
    return PROCESSES * EACH / seconds


def one_round() -> tuple[float, float]:
    """Both, each on a fresh store."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        prepare(home)
        found = charges_a_second(ours, home)
        database = open_database(home)
        kept = SqlLedger(database, UtcClock()).charges(ACCOUNT)
        database.close()
        if [state for _, state in kept] != ["committed"] * PROCESSES * (EACH + 1):
            raise SystemExit("a charge is missing")
        return found, charges_a_second(naive, home)


def main() -> None:
    """In turns."""
    rounds = [one_round() for _ in range(ROUNDS)]
    Figure(
        "durable charges (reserve and commit) from 8 processes",
        median(mine for mine, _ in rounds),
        "charges/s",
        "higher",
        2_000,
        {"charges": PROCESSES * EACH, "processes": PROCESSES, "rounds": ROUNDS},
        "SQLite, synchronous=FULL, one transaction each",
        median(peer for _, peer in rounds),
    ).show()


if __name__ == "__main__":
    main()
