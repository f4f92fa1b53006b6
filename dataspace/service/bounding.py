"""Bounds that nobody declared: found privately before a noisy answer, at a part of its ε."""

from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa

from dataspace.errors import UnsupportedQuery
from dataspace.model.plans import CellsPlan, Noise
from dataspace.planning import bounds_search
from dataspace.service.allowed import Case
from dataspace.service.pricing import divided, unbounded


def with_bounds(case: Case, cells: CellsPlan, run: Callable[[Case, CellsPlan], pa.Table]) -> CellsPlan:
    """What runs: where bounds are not declared, with those that were found, at a part of ε. Charged by then.

    `run` gives the noisy cells of a plan. Raises UnsupportedQuery where none stood out of the noise.
    """
    if cells.noise is None or not (missing := unbounded(cells.aggregate, cells.noise)):
        return cells
    noise, plan = cells.noise, cells.aggregate
    looking, rest = divided(plan, noise)
    bounds = dict(noise.bounds)
    for column in missing:
        asked = replace(cells, aggregate=bounds_search.search(plan, column), noise=Noise(looking))
        table = run(replace(case, question=f"{case.question} -- bounds of {column}"), asked)
        counted = (table[name].to_pylist() for name in (bounds_search.BAND, bounds_search.COUNTED))
        found = bounds_search.found(zip(*counted, strict=True), looking)
        if found is None:
            # Told on the ground of noisy counts, which are charged.
            raise UnsupportedQuery(
                f"a noisy answer over '{column}': its bounds are not declared, and none stood out of the noise",
                f"The ε of {noise.epsilon:g} is spent. Ask its steward for bounds, or ask with more ε.",
            )
        bounds[column] = found
    return replace(cells, noise=replace(noise, epsilon=rest, bounds=bounds))


def of_bounds(cells: CellsPlan, noise: Noise) -> list[str]:
    """Which bounds were found, and at what cost."""
    if cells.noise is None or noise is cells.noise:
        return []
    looking, _ = divided(cells.aggregate, cells.noise)
    return [
        f"The bounds of '{column}' are not declared: {noise.bounds[column][0]:g} to {noise.bounds[column][1]:g} were "
        f"found privately, for ε {looking:g}. What lies beyond them moves the answer, and ± does not cover that."
        for column in unbounded(cells.aggregate, cells.noise)
    ]
