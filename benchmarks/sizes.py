"""How large a benchmark is: as its target says, or a part of that, to see whether it works at all."""

import os

SCALE = float(os.environ.get("DATASPACE_BENCH_SCALE") or 1)
"""`make bench SCALE=0.01`. What was measured over stands in each figure: a small one is not taken for the claim."""


def scaled(full: int, least: int = 1) -> int:
    """This many at full size; fewer by the scale, and never fewer than `least`."""
    return max(least, int(full * SCALE))
