"""From noisy statistics to numbers with their 95 % intervals. Nothing here looks at data, so nothing here costs.

The interval of a number made of several noisy ones is found by undoing noise that could have been added: the same
thousand combinations each time, evenly spread over its known distribution. No chance is involved.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from dataspace.planning.statistics import BINS, BLOCK, Statistic
from dataspace.privacy.noise import discrete_laplace_quantile

CONFIDENCE = 0.95
_NORMAL = 1.959964
"""Of a standard normal variable, 95 % lie within this."""
_POINTS = 1_009

Number = int | float
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Noised:
    """One number of the answer with the bounds of its 95 % interval."""

    value: Number
    low: Number
    high: Number


def counts(drawn: Sequence[int], scale: float) -> list[Noised]:
    """A count is never negative, which is known without looking."""
    width = discrete_laplace_quantile(scale, CONFIDENCE)
    return [Noised(max(0, v), max(0, v - width), max(0, v + width)) for v in drawn]


def sums(drawn: Sequence[int], scale: float, step: float) -> list[Noised]:
    """Of whole steps; whole numbers where the step is 1."""
    width = discrete_laplace_quantile(scale, CONFIDENCE)
    unit: Number = 1 if step == 1.0 else step
    return [Noised(v * unit, (v - width) * unit, (v + width) * unit) for v in drawn]


def means(
    totals: Sequence[int], sizes: Sequence[int], scales: tuple[float, float], centred: Statistic
) -> list[Noised]:
    """Of the noisy sum around the middle over the noisy count, within the bounds."""
    total, size = _undone(totals, scales[0], 0, 2), _undone(sizes, scales[1], 1, 2)
    found = centred.offset + total * centred.step / np.maximum(1.0, size)
    return _intervals(np.clip(found, centred.lower, centred.upper))


def variances(
    drawn: tuple[Sequence[int], Sequence[int], Sequence[int]],
    scales: tuple[float, float, float],
    parts: tuple[Statistic, Statistic],
    root: bool,
) -> list[Noised]:
    """Sample variances, or standard deviations, of sums, sums of squares and counts, as far as bounds allow."""
    total, square, size = (_undone(drawn[at], scales[at], at, 3) for at in range(3))
    centred, squares = parts
    size = np.maximum(2.0, size)
    spread = square * squares.step + squares.half * size - (total * centred.step) ** 2 / size
    largest = 2.0 * squares.half * size / (size - 1.0)
    found = np.clip(spread / (size - 1.0), 0.0, largest)
    return _intervals(np.sqrt(found) if root else found)


def _undone(drawn: Sequence[int], scale: float, which: int, dimensions: int) -> Floats:
    """A row for each cell: what was drawn, first as it is, then less each noise that could be in it."""
    values = np.asarray(drawn, dtype=np.float64)[:, None]
    return np.hstack([values, values - scale * _laplace(which, dimensions)[None, :]])


@cache
def _laplace(which: int, dimensions: int) -> Floats:
    """Evenly spread quantiles of a Laplace variable of scale 1 (a Kronecker sequence: Roberts 2018)."""
    ratio = 2.0
    for _ in range(60):
        ratio = (1.0 + ratio) ** (1.0 / (dimensions + 1))
    even = (0.5 + np.arange(1, _POINTS + 1) * ratio ** -(which + 1)) % 1.0 - 0.5
    spread: Floats = -np.sign(even) * np.log1p(-2.0 * np.abs(even))
    return spread


def _intervals(found: Floats) -> list[Noised]:
    tail = (1.0 - CONFIDENCE) / 2.0
    low, high = np.quantile(found[:, 1:], [tail, 1.0 - tail], axis=1)
    value = np.clip(found[:, 0], low, high)
    return [
        Noised(float(v), float(start), float(end)) for v, start, end in zip(value, low, high, strict=True)
    ]


def quantile(drawn: Sequence[int], scale: float, level: float, bins: Statistic) -> Noised:
    """Of noisy counts of all bins, then all blocks: where the rows below, weighed by the level, outnumber those above.

    The interval is that of all places where the noise could hide it.
    """
    fine = np.asarray(drawn[:BINS], dtype=np.float64).reshape(-1, BLOCK)
    coarse = np.asarray(drawn[BINS:], dtype=np.float64)
    blocks = len(coarse)
    before, after = np.cumsum(coarse) - coarse, coarse.sum() - np.cumsum(coarse)
    inside = np.cumsum(fine, axis=1)
    below = (before[:, None] + inside).ravel()
    above = (after[:, None] + fine.sum(axis=1, keepdims=True) - inside).ravel()
    block, place = np.divmod(np.arange(BINS), BLOCK)
    summed_below, summed_above = block + place + 1, (blocks - 1 - block) + (BLOCK - 1 - place)
    decay = math.exp(-1.0 / scale)
    variance = 2.0 * decay / (1.0 - decay) ** 2
    noise = np.sqrt(variance * ((1.0 - level) ** 2 * summed_below + level**2 * summed_above))
    balance = (1.0 - level) * below - level * above
    last = BINS - 1
    at = min(last, int(np.count_nonzero(balance < 0)))
    could, must = balance + _NORMAL * noise >= 0, balance - _NORMAL * noise < 0
    low = int(np.argmax(could)) if could.any() else last
    high = min(last, 1 + int(np.flatnonzero(must)[-1])) if must.any() else 0
    edges = (bins.lower + end * bins.step for end in (min(max(at, low), high), low, high + 1))
    value, start, end = (min(bins.upper, edge) for edge in edges)
    return Noised(value, start, end)
