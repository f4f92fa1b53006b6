"""What every governed question costs whatever it asks: `SELECT 1` on a warm worker, in this process.

It is asked twice: of the services, and through the client as a notebook would. The peer is the same statement on a
plain DuckDB connection; the difference is authentication, decision, two durable records and a confined process.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import duckdb

import dataspace
from benchmarks.figure import Figure
from benchmarks.sizes import scaled
from dataspace.bootstrap import add_person, build_hub, init_hub
from dataspace.model.names import PrincipalId
from dataspace.model.policies import AnswerKind
from dataspace.model.principals import Principal, Role
from dataspace.model.requests import Query
from dataspace.settings import HubSettings

TEXT = "SELECT 1 AS x"
ROUNDS = scaled(200, 20)


def milliseconds(work: Callable[[], object]) -> float:
    """The median of many rounds, warm."""
    work()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1_000)
    return median(times)


def main() -> None:
    """Both ways in, against the engine alone."""
    peer = milliseconds(lambda: duckdb.sql(TEXT).fetchall())
    with tempfile.TemporaryDirectory() as folder:
        settings = HubSettings(Path(folder) / "hub", port=0)
        init_hub(settings)
        add_person(settings, "ana", "Ana", {Role.RESEARCHER}, "University")
        services = build_hub(settings)
        ana = Principal(PrincipalId("ana"), "Ana", frozenset({Role.RESEARCHER}), "University")

        def ask() -> None:
            answer = services.asking.ask(Query(ana, TEXT, kind=AnswerKind.ROWS))
            if not isinstance(answer, tuple) or sum(batch.num_rows for batch in answer[1]) != 1:
                raise SystemExit("SELECT 1 has one row")

        served = milliseconds(ask)
        services.close()
        with dataspace.open(settings.home, "ana") as hub:
            asked = milliseconds(lambda: hub.sql(TEXT, kind="rows").to_arrow())
    counts = {"rounds": ROUNDS}
    for name, value in (("of the services", served), ("through the client", asked)):
        Figure(
            f"a governed SELECT 1, asked {name}", value, "ms", "lower", 5.0, counts, "plain DuckDB", peer
        ).show()


if __name__ == "__main__":
    main()
