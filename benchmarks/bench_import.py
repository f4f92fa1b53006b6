"""What `from dataspace import connect` adds to the start of a bare interpreter.

A notebook or a script pays this every time; it stays small only as long as nothing of the server, and no Arrow, is
imported before an answer is read.
"""

import subprocess
import sys
import time
from statistics import median

from benchmarks.figure import Figure
from benchmarks.sizes import scaled

RUNS = scaled(21, 3)
STATEMENT = "from dataspace import connect"


def seconds(statement: str) -> float:
    """The time of one interpreter from start to end."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - start


def main() -> None:
    """Measure both in turns, so that a busy moment of the machine meets both; print the medians."""
    seconds(STATEMENT)  # the first one compiles
    pairs = [(seconds(STATEMENT), seconds("pass")) for _ in range(RUNS)]
    bare = median(peer for _, peer in pairs)
    added = median(ours for ours, _ in pairs) - bare
    count = f"import sys; before = len(sys.modules); {STATEMENT}; print(len(sys.modules) - before)"
    modules = subprocess.run([sys.executable, "-c", count], check=True, capture_output=True, text=True).stdout
    Figure(
        figure="import of the client over a bare interpreter",
        value=round(added * 1000, 1),
        unit="ms",
        better="lower",
        target=100,
        peer="bare interpreter, start to end",
        peer_value=round(bare * 1000, 1),
        counts={"runs": RUNS, "modules": int(modules)},
    ).show()


if __name__ == "__main__":
    main()
