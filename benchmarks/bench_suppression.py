"""How many further cells are withheld so that small ones keep their room, beside the fewest that could be.

The peer is the optimum by integer programming (Fischetti and Salazar 2000), which takes too long for large tables.
"""

from itertools import product

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp

from benchmarks.figure import Figure
from benchmarks.sizes import scaled
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import AggregatePlan, Disclosure, Function, Key, Measure
from dataspace.planning.cells import Cell, Keys
from dataspace.planning.disclosure import protect
from dataspace.planning.suppression import lines_of

SHAPES, TABLES, COHORT = ((6,), (4, 5), (2, 3, 3)), scaled(60, 6), 10
NAMES = tuple(ColumnName(name) for name in "abc")
Floats = npt.NDArray[np.float64]


def table(seed: int) -> dict[Keys, int]:
    """Units in each cell; about one in six is small."""
    random = np.random.default_rng(seed)
    return {
        keys: int(random.integers(0, 10) if random.random() < 1 / 6 else random.integers(10, 300))
        for keys in product(*map(range, SHAPES[seed % len(SHAPES)]))
    }


def ours(truth: dict[Keys, int]) -> int:
    """Cells that are withheld."""
    width = len(next(iter(truth)))
    keys = tuple(Key(NAMES[at], tuple(sorted({int(str(one[at])) for one in truth}))) for at in range(width))
    plan = AggregatePlan(DatasetName("d"), keys, (Measure(Function.COUNT, None, "n"),))
    found = protect(plan, [Cell(k, n) for k, n in truth.items() if n], Disclosure(COHORT))
    return sum(numbers[0] is None for _, numbers in found.rows)


def fewest(truth: dict[Keys, int]) -> int | None:
    """The same at the optimum; None where nothing gives every small cell its room."""
    units, lines = np.array(list(truth.values()), float), lines_of(list(truth))
    size, small = len(units), [at for at, n in enumerate(truth.values()) if n < COHORT]
    flows = [(at, move) for at in small for move in (COHORT - units[at], -units[at]) if move]
    width = size * (
        1 + len(flows)
    )  # whether each cell is withheld, then how a solution differs for each demand
    rows = list[tuple[Floats, float, float]]()
    for number, (at, move) in enumerate(flows, 1):
        for line in lines:
            row = np.zeros(width)
            row[[number * size + one for one in line]] = 1.0
            rows.append((row, 0.0, 0.0))
        row = np.zeros(width)
        row[number * size + at] = 1.0
        rows.append((row, move, move))
        for one in range(size):
            for sign, most in ((-1.0, units[one]), (1.0, units.sum())):
                row = np.zeros(width)
                row[number * size + one], row[one] = sign, -most
                rows.append((row, -np.inf, 0.0))
    least = np.concatenate([np.zeros(size), np.full(width - size, -np.inf)])
    least[small] = 1.0
    most = np.concatenate([np.ones(size), np.full(width - size, np.inf)])
    whole = np.concatenate([np.ones(size), np.zeros(width - size)])
    if not flows:
        return 0
    matrix, low, high = zip(*rows, strict=True)
    solved = milp(
        whole, constraints=LinearConstraint(np.array(matrix), low, high), integrality=whole, bounds=Bounds(least, most),
        options={"time_limit": 20.0},
    )  # fmt: skip
    return round(solved.fun) if solved.status == 0 else None


def main() -> None:
    """One figure over all tables that have a solution and something small."""
    taken = needed = cells = tables = 0
    for seed in range(TABLES):
        truth = table(seed)
        small = sum(n < COHORT for n in truth.values())
        if not small or (best := fewest(truth)) is None:
            continue
        taken += ours(truth) - small
        needed += best - small
        cells, tables = cells + len(truth), tables + 1
    Figure(
        "cells withheld because of small ones", 100 * taken / cells, "% of the cells", "lower",
        1.5 * 100 * needed / cells, {"tables": tables, "cells": cells}, "optimum by integer programming",
        100 * needed / cells,
    ).show()  # fmt: skip


if __name__ == "__main__":
    main()
