"""Runs statements as they are in a process that is confined as a worker: the gate is switched off here, and only here.

`python -I without_gate.py <parent>`; the orders come on standard input: the number of an open cut, and texts. A line
of JSON for each: `answered: …` with the rows, or `stopped: …` with the engine's own error.
"""

import json
import sys
import threading

from dataspace.adapters.duckdb.confine import confine

SECONDS = 3.0


def main() -> None:
    """One line for each text, written at once."""
    orders = json.loads(sys.stdin.read())
    confine(int(sys.argv[1]), 5 * 2**30, 600)
    from dataspace.adapters.duckdb.bench import Bench

    connection = Bench([{"cut": "c" * 64, "dataset": "stays"}], [orders["cut"]], "256MiB", 1)._connection
    for text in orders["texts"]:
        watch = threading.Timer(SECONDS, connection.interrupt)
        watch.start()
        try:
            found = connection.execute(text).fetchmany(50)
            line = "answered: " + repr(found)[:5_000]
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is an outcome
            line = f"stopped: {error}"[:5_000]
        watch.cancel()
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
