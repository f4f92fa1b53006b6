"""What a governed `select 1` costs over Flight SQL with TLS, on a warm worker."""

import time
from statistics import median

import pyarrow.flight as fl

from benchmarks.figure import Figure
from benchmarks.serving_world import PURPOSE, Served, served
from benchmarks.sizes import scaled
from dataspace.flight.commands import wrapped

RUNS = scaled(200, 20)
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


def main() -> None:
    """The fixed cost."""
    with served(rows=100_000) as hub:
        fixed_cost(hub)


if __name__ == "__main__":
    main()
