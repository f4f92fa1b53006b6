"""200 notebooks that each ask once a second on this machine, then a person who floods the hub beside one who does not.

Each notebook has a connection of its own, over HTTP with TLS, and asks for a row of its own choice; of people there are
eight, as there is a confined worker for each. All of it runs on the processors of one machine, the notebooks too.
"""

import random
import threading
import time
from collections.abc import Callable
from statistics import median

import httpx
import psutil

from benchmarks.figure import Figure
from benchmarks.serving_world import PURPOSE, Served, served
from benchmarks.sizes import SCALE, scaled

NOTEBOOKS = scaled(200, 8)
SECONDS = max(2.0, 20.0 * SCALE)
FLOOD = 40
_BUSY = 429


class Notebook:
    """One client: what its questions took, in seconds, and what went wrong."""

    def __init__(self, hub: Served, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=hub.url, verify=str(hub.ca), headers=headers, timeout=60)
        self.took: list[float] = []
        self.errors: list[str] = []
        self.refused = 0

    def ask(self) -> None:
        """One short question, with all of its answer."""
        text = f"SELECT i0, x0 FROM big WHERE i1 = {random.randrange(10**6)} LIMIT 1"  # noqa: S311, S608
        start = time.perf_counter()
        try:
            body = {"sql": text, "kind": "rows", "purpose": PURPOSE}
            response = self._client.post("/query", json=body)
        except httpx.HTTPError as error:
            self.errors.append(type(error).__name__)
            return
        if response.status_code == _BUSY:
            self.refused += 1
            time.sleep(min(float(response.headers["retry-after"]), 1.0))
        elif response.status_code != 200:
            self.errors.append(response.text[:200])
        else:
            self.took.append(time.perf_counter() - start)

    def every_second(self, end: float) -> None:
        """Until then, from a moment of its own."""
        time.sleep(random.random())  # noqa: S311 - spreads the load
        while (start := time.perf_counter()) < end:
            self.ask()
            time.sleep(max(0.0, 1 - (time.perf_counter() - start)))

    def without_pause(self, end: float) -> None:
        """Until then, one after the other."""
        while time.perf_counter() < end:
            self.ask()


def together(work: list[Callable[[float], None]], seconds: float) -> None:
    """Each in a thread of its own, for so long."""
    end = time.perf_counter() + seconds
    threads = [threading.Thread(target=one, args=(end,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def memory(pid: int) -> float:
    """MB of the hub and all of its processes, each shared page counted once."""
    root = psutil.Process(pid)
    return float(sum(one.memory_full_info().pss for one in [root, *root.children(recursive=True)]) / 1e6)


def crowd(hub: Served) -> None:
    """What the slowest of a hundred questions takes, what went wrong, and what it costs in memory."""
    notebooks = [Notebook(hub, hub.tokens[number % len(hub.tokens)]) for number in range(NOTEBOOKS)]
    for notebook in notebooks[: len(hub.tokens)]:
        notebook.ask()  # starts a worker for each of the people
        notebook.took.clear()
    before = memory(hub.pid)
    together([notebook.every_second for notebook in notebooks], SECONDS)
    took = sorted(second for notebook in notebooks for second in notebook.took)
    errors = [error for notebook in notebooks for error in notebook.errors]
    counts = {
        "notebooks": NOTEBOOKS,
        "questions": len(took),
        "refused": sum(notebook.refused for notebook in notebooks),
        "p50_ms": round(median(took) * 1e3),
        "questions_a_second": round(len(took) / SECONDS),
        "grown_MB": round(memory(hub.pid) - before),
    }
    name = f"{NOTEBOOKS} notebooks, one question a second each"
    slowest = round(took[int(len(took) * 0.99)] * 1e3)
    Figure(f"{name}: p99 of a question", slowest, "ms", "lower", 5_000, counts).show()
    Figure(f"{name}: errors", len(errors), "errors", "lower", 0, counts).show()
    Figure(
        f"{name}: memory of the hub and its workers", round(memory(hub.pid)), "MB", "lower", 3_000, counts
    ).show()


def fair_share(hub: Served) -> None:
    """Somebody who asks once a second, alone and beside somebody who asks from many notebooks without a pause."""
    alone, beside = Notebook(hub, hub.tokens[1]), Notebook(hub, hub.tokens[1])
    flood = [Notebook(hub, hub.tokens[0]) for _ in range(FLOOD)]
    together([alone.every_second], SECONDS / 2)
    together([beside.every_second, *(one.without_pause for one in flood)], SECONDS / 2)
    others = [second for one in flood for second in one.took]
    counts = {
        "questions": len(beside.took),
        "flood": FLOOD,
        "questions_of_the_flood": len(others),
        "p50_of_the_flood_ms": round(median(others) * 1e3),
        "errors": sum(len(one.errors) for one in (beside, *flood)),
    }
    Figure(
        "one question a second beside a flood of another person's, p50",
        round(median(beside.took) * 1e3),
        "ms",
        "lower",
        round(median(others) * 1e3),
        counts,
        "the same without the flood",
        round(median(alone.took) * 1e3),
    ).show()


def main() -> None:
    """The crowd, then the flood."""
    with served(rows=100_000) as hub:
        crowd(hub)
        fair_share(hub)


if __name__ == "__main__":
    main()
