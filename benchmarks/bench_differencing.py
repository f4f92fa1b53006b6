"""What it costs to compare an answer with 200 earlier ones, each over about half of 2 million persons.

The guard starts with what the clerk holds: the earlier answers as bitmaps, not compared with each other yet.
"""

import time
from statistics import median

import numpy as np
from pyroaring import BitMap

from benchmarks.figure import Figure
from dataspace.planning.differencing import UNITS, Audit, Box, Told

PERSONS, EARLIER, COHORT, TIMES = 2_000_000, 200, 10, 5


def told(number: int) -> Told:
    """A random half of the persons."""
    chosen = np.random.default_rng(number).random(PERSONS) < 0.5
    units = BitMap.deserialize(BitMap(np.flatnonzero(chosen).tolist()).serialize())
    return Told(UNITS, Box("cut", {"q": str(number)}), units, number)


def main() -> None:
    """One figure: building the guard from all earlier answers, and one new answer through it."""
    earlier, new = [told(number) for number in range(EARLIER)], told(EARLIER)
    seconds = []
    for _ in range(TIMES):
        start = time.perf_counter()
        refused = Audit(COHORT, earlier).add(new)
        seconds.append(time.perf_counter() - start)
        if refused is not None:
            raise AssertionError("an answer that is far from all others was refused")
    Figure(
        "differencing: one answer against 200 earlier ones",
        round(1_000 * median(seconds), 1),
        "ms",
        "lower",
        300,
        {"persons": PERSONS, "answers": EARLIER},
    ).show()


if __name__ == "__main__":
    main()
