"""Of units in several sets: what sets each is in, and how much of what can be computed one unit can make up.

The sums and bounds behind `planning.combining`, which says what they are for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MOST_PATTERNS = 10_000
"""Of sets that a unit is in, among the units that are looked at; with more the span counts as one about few."""

_MOST_PAIRS = 2_000
"""Patterns whose projection is worked out in full."""

ROUNDING = 1e-7

_WORD = 24
"""Sets whose bits are gathered at a time, beside the number of the pattern so far."""

_TILE = 4
"""Sets that are compared with another one while it is in the processor's cache."""


class Units(Protocol):
    """A set of units as numbers, such as a roaring bitmap."""

    def __len__(self) -> int: ...
    def __and__(self, other: Any, /) -> Self: ...
    def __or__(self, other: Any, /) -> Self: ...
    def __sub__(self, other: Any, /) -> Self: ...
    def intersection_cardinality(self, other: Any, /) -> int: ...
    def to_array(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Looked:
    """Units whose leverage was worked out, by the pattern of sets that each is in; all others have `others` at most.

    Of each pattern how many units have it, and its vector; the products of these are the entries of the projection.
    """

    columns: Floats
    sizes: Integers
    vectors: Floats
    others: float

    def hidden(self, cohort: int) -> bool:
        """Whether every unit is hidden among enough others, in everything that can be computed."""
        leverages, few = (self.vectors**2).sum(axis=0), cohort - 1
        if leverages.max(initial=self.others) > 0.5 + ROUNDING:
            return False
        if _largest(leverages[None, :], self.sizes, few, self.others)[0] < 1 - ROUNDING:
            return True
        if len(leverages) > _MOST_PAIRS:
            return False
        rows = np.abs(self.vectors.T @ self.vectors)
        return bool(_largest(rows, self.sizes, few, self.others).max() < 1 - ROUNDING)


def numbers_of(units: Units) -> Integers:
    return np.asarray(units.to_array(), np.int64)


def overlaps_of(sets: Sequence[Units], first: int) -> Floats:
    """How many units each set has in common with all before it, from the `first` on."""
    found = np.zeros((len(sets) - first, len(sets)))
    for start in range(first, len(sets), _TILE):
        tile = sets[start : start + _TILE]
        for place, other in enumerate(sets[: start + _TILE]):
            for at, one in enumerate(tile, start):
                if place < at:
                    found[at - first, place] = one.intersection_cardinality(other)
    return found


def patterns_of(
    sets: Sequence[Units], pool: Units, wanted: npt.NDArray[np.bool_]
) -> tuple[Floats, Integers] | None:
    """Which sets the wanted units in a pool are in: one column for each pattern that occurs, and how many have it.

    None where there are too many patterns.
    """
    members = numbers_of(pool)
    members = members[wanted[members]]
    places = np.full(len(wanted), -1, np.int64)
    places[members] = np.arange(len(members))
    pattern, columns = np.zeros(len(members), np.int64), np.zeros((0, 1))
    for start in range(0, len(sets), _WORD):
        some = sets[start : start + _WORD]
        for at, one in enumerate(some):
            found = places[numbers_of(pool & one)]
            pattern[found[found >= 0]] |= 1 << (at + _WORD)
        known, pattern = np.unique(pattern, return_inverse=True)
        if len(known) > MOST_PATTERNS:
            return None
        bits = (known[None, :] >> np.arange(_WORD, _WORD + len(some))[:, None]) & 1
        columns = np.concatenate([columns[:, known & ((1 << _WORD) - 1)], bits.astype(float)])
    return columns, np.bincount(pattern, minlength=columns.shape[1])


def _largest(rows: Floats, sizes: Integers, few: int, least: float) -> Floats:
    """In each row the sum of the `few` largest entries, each as often as there are units; `least` for all others."""
    order = np.argsort(-rows, axis=1)[:, :few]
    before = np.cumsum(sizes[order], axis=1) - sizes[order]
    counted = np.clip(few - before, 0, sizes[order])
    entries = np.maximum(np.take_along_axis(rows, order, axis=1), least)
    found: Floats = (entries * counted).sum(axis=1) + least * np.maximum(few - counted.sum(axis=1), 0)
    return found
