"""What it costs to compare an answer with 200 earlier ones, each over about half of 2 million persons.

Cold is a clerk that has just been given the earlier answers as bitmaps, not compared with each other yet. Warm is the
next question of the same session: what was compared is not compared again.
"""

import time
from statistics import median

import numpy as np
from pyroaring import BitMap

from benchmarks.figure import Figure
from benchmarks.sizes import scaled
from dataspace.planning.differencing import UNITS, Audit, Box, Told

PERSONS, EARLIER, COHORT, TIMES = scaled(2_000_000, 2_000), scaled(200, 20), 10, 5


def told(number: int) -> Told:
    """A random half of the persons."""
    chosen = np.random.default_rng(number).random(PERSONS) < 0.5
    units = BitMap.deserialize(BitMap(np.flatnonzero(chosen).tolist()).serialize())
    return Told(UNITS, Box("cut", {"q": str(number)}), units, number)


def main() -> None:
    """Two figures: one new answer through a guard that is built for it, and through one that is there."""
    earlier, new = [told(number) for number in range(EARLIER)], told(EARLIER)
    there = Audit(COHORT, earlier)
    for state, guard in (("warm", there.copy), ("cold", lambda: Audit(COHORT, earlier))):
        seconds = []
        for _ in range(TIMES):
            start = time.perf_counter()
            refused = guard().add(new)
            seconds.append(time.perf_counter() - start)
            if refused is not None:
                raise AssertionError("an answer that is far from all others was refused")
        Figure(
            f"differencing: one answer against {EARLIER} earlier ones, {state}",
            round(1_000 * median(seconds), 1),
            "ms",
            "lower",
            300,
            {"persons": PERSONS, "answers": EARLIER},
        ).show()


if __name__ == "__main__":
    main()
