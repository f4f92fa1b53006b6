"""What a governed `select 1` costs over Flight SQL with TLS, and 200 notebooks that each ask once a second."""

import random
import threading
import time
from statistics import median

import psutil
import pyarrow.flight as fl

from benchmarks.figure import Figure
from benchmarks.serving_world import PURPOSE, Served, served
from dataspace.flight.commands import wrapped

RUNS = 200
NOTEBOOKS = 200
SECONDS = 20.0
_ONE = wrapped("CommandStatementQuery", (1, "SELECT 1 AS one FROM big LIMIT 1"))


class Asker:
    """One client with a connection of its own."""

    def __init__(self, hub: Served, token: str) -> None:
        self._client = fl.FlightClient(hub.flight, tls_root_certs=hub.ca.read_bytes())
        said = {"authorization": f"Bearer {token}", "dataspace-purpose": PURPOSE, "dataspace-kind": "rows"}
        self._options = fl.FlightCallOptions(headers=[(n.encode(), v.encode()) for n, v in said.items()])

    def ask(self) -> float:
        """Seconds of one question and its answer."""
        start = time.perf_counter()
        info = self._client.get_flight_info(fl.FlightDescriptor.for_command(_ONE), self._options)
        assert self._client.do_get(info.endpoints[0].ticket, self._options).read_all().num_rows == 1
        return time.perf_counter() - start


def fixed_cost(hub: Served) -> None:
    """One client, a warm worker."""
    asker = Asker(hub, hub.tokens[0])
    for _ in range(10):
        asker.ask()
    Figure(
        figure="governed select 1 over Flight SQL with TLS, p50",
        value=round(median(asker.ask() for _ in range(RUNS)) * 1e3, 1),
        unit="ms",
        better="lower",
        target=10,
        counts={"runs": RUNS},
    ).show()


def crowd(hub: Served) -> None:
    """Each asks once a second, from a moment of its own; of people there are few, as there is a worker for each."""
    took: list[float] = []
    errors: list[str] = []
    end = time.perf_counter() + SECONDS

    def notebook(number: int) -> None:
        asker = Asker(hub, hub.tokens[number % len(hub.tokens)])
        time.sleep(random.random())  # noqa: S311 - spreads the load
        while time.perf_counter() < end:
            start = time.perf_counter()
            try:
                took.append(asker.ask())
            except fl.FlightError as error:
                errors.append(str(error)[:80])
            time.sleep(max(0.0, 1 - (time.perf_counter() - start)))

    threads = [threading.Thread(target=notebook, args=(number,)) for number in range(NOTEBOOKS)]
    process = psutil.Process(hub.pid)
    before = process.memory_info().rss
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took.sort()
    grown = (process.memory_info().rss - before) / 1e6
    counts = {"notebooks": NOTEBOOKS, "questions": len(took), "errors": len(errors), "grown_MB": round(grown)}
    counts["p50_ms"] = round(took[len(took) // 2] * 1e3)
    for name, value, unit, target in (
        ("p99 of a short question", round(took[int(len(took) * 0.99)] * 1e3), "ms", 5000),
        ("errors", len(errors), "errors", 0),
        ("memory of the hub's process", round(process.memory_info().rss / 1e6), "MB", 2000),
    ):
        Figure(
            f"200 notebooks, one question a second each: {name}", value, unit, "lower", target, counts
        ).show()


def main() -> None:
    """The fixed cost, then the crowd."""
    with served(rows=100_000) as hub:
        fixed_cost(hub)
        crowd(hub)


if __name__ == "__main__":
    main()
