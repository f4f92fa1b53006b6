"""What can be computed from several numbers, each a sum over a set of units: whether any of it is about few units.

Adding, subtracting and multiplying such numbers gives sums in which each unit has a weight: the vectors that the sets'
indicators span. Promised of every one of them, whatever the factors:

1. It is about nobody, or about at least the cohort: so many weights are not 0.
2. No unit makes up more than half of its squared length: what one contributes is no more than what all others spread.

How much of a vector's squared length one unit can make up at most is its leverage, the diagonal of the projection onto
the span; the vectors that live on a set of units alone are eigenvectors of that part of the projection with eigenvalue
1. So the first promise holds where, for every set of fewer units than the cohort, some bound on these eigenvalues is
below 1: the sum of the leverages, or the largest sum of a row (Gershgorin). What neither shows counts as few: a span
may be refused that has no such vector, and none is let through that has one. Finding out for certain is NP-hard.

Where sets are large, bounds on the leverages are enough, and no unit is looked at. Units that could be singled out from
what everybody may know (those who came with a new version) hide nobody: they are left out of all sets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import reduce
from operator import or_

import numpy as np

from dataspace.planning.leverages import (
    ROUNDING,
    Floats,
    Integers,
    Looked,
    Units,
    numbers_of,
    overlaps_of,
    patterns_of,
)

_NEAR = 0.25
"""Squared length of what is new about a set, under which the linear system would not be sound."""


_BATCH = 64
"""Sets that are compared with each other before it is known which of them are new."""


class Outcome(Enum):
    """Of a set that is to be added: it was taken in, its size can be computed already, or something is about few."""

    TAKEN = auto()
    COMPUTABLE = auto()
    FEW = auto()


@dataclass(frozen=True, slots=True)
class _Part:
    """A set against the basis: its shadow on it, the factors of the sets in that, and the squared length of the rest.

    `colour` is the class of disjoint sets that it belongs to.
    """

    units: Units
    shadow: Floats
    factors: Floats
    rest: float
    colour: int


class Combinations:
    """The sets behind all numbers that were told, as far as they are linearly independent.

    `_factors` make an orthonormal basis of them, a row for each vector. For each, `_outside` and `_gains` bound what it
    adds to the leverage of any unit, and of a unit in its set.
    """

    def __init__(self, cohort: int) -> None:
        self._cohort = cohort
        self._sets: list[Units] = []
        self._left_out: Units | None = None
        self._empty()

    def _empty(self) -> None:
        self._sets = []
        self._factors: Floats = np.zeros((16, 16))
        self._colours: Integers = np.zeros(0, np.int64)
        self._outside: Floats = np.zeros(0)
        self._gains: Floats = np.zeros(0)

    def copy(self) -> "Combinations":
        """The same, to be added to on its own."""
        made = Combinations(self._cohort)
        made._sets, made._left_out, made._factors = [*self._sets], self._left_out, self._factors.copy()
        made._colours, made._outside, made._gains = self._colours, self._outside, self._gains
        return made

    def take(self, several: Sequence[Units]) -> None:
        """What was told already, without a check; whom it singles out hides nobody from then on."""
        self._fit(several)
        self._leave_out()

    def add_all(self, several: Sequence[Units]) -> Sequence[int] | None:
        """Take all in, and return the places of those that tell nothing new.

        None where some have to be refused, or may have to be: then none was taken in.
        """
        before = self.copy()
        near = self._fit(several)
        if all(rest <= self._nothing(several[at]) for at, rest in near.items()) and self._doubtful() is None:
            return list(near)
        self._sets, self._factors = before._sets, before._factors
        self._colours, self._outside, self._gains = before._colours, before._outside, before._gains
        return None

    def _leave_out(self) -> None:
        while (looked := self._doubtful()) is not None:
            known = np.flatnonzero((looked.vectors**2).sum(axis=0) > 1 / self._cohort)
            if not len(known):
                return
            for column in looked.columns.T[known]:
                units = self._with(column)
                self._left_out = units if self._left_out is None else self._left_out | units
            sets = self._sets
            self._empty()
            self._fit(sets)

    def _with(self, column: Floats) -> Units:
        """The units that are in just these sets."""
        found = min((one for at, one in enumerate(self._sets) if column[at]), key=len)
        for at, one in enumerate(self._sets):
            found = found & one if column[at] else found - one
        return found

    def add(self, units: Units) -> Outcome:
        """Take a set in, unless it tells nothing new, or something about few units could be computed then."""
        units = self._kept(units)
        part = self._part(units, overlaps_of([*self._sets, units], len(self._sets))[0, :-1])
        if part.rest <= self._nothing(units):
            return Outcome.COMPUTABLE
        if part.rest <= _NEAR:
            return Outcome.FEW
        before = self._colours, self._outside, self._gains
        self._grow(part)
        if self._doubtful() is None:
            return Outcome.TAKEN
        self._sets.pop()
        self._colours, self._outside, self._gains = before
        return Outcome.FEW

    @staticmethod
    def _nothing(units: Units) -> float:
        """The squared length up to which a set has no part of its own."""
        return 1e-6 + 1e-9 * len(units)

    def _kept(self, units: Units) -> Units:
        return units if self._left_out is None else units - self._left_out

    def _fit(self, several: Sequence[Units]) -> dict[int, float]:
        """Take in what is linearly independent; of all else the place, and the squared length of its own part.

        Small sets go first: what a large one has of its own is spread over many units, so that the bounds are tight.
        """
        order, near = sorted(range(len(several)), key=lambda at: (len(several[at]), at)), dict[int, float]()
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            kept, first = [self._kept(several[at]) for at in batch], len(self._sets)
            overlaps, places = overlaps_of([*self._sets, *kept], first), list(range(first))
            for at, one in enumerate(kept):
                part = self._part(one, overlaps[at, places])
                if part.rest > _NEAR:
                    self._grow(part)
                    places.append(first + at)
                else:
                    near[batch[at]] = part.rest
        return near

    def _part(self, units: Units, overlap: Floats) -> _Part:
        size = len(self._sets)
        if not size:
            return _Part(units, overlap, overlap, float(len(units)), 0)
        basis = self._factors[:size, :size]
        shadow = basis @ overlap
        factors = basis.T @ shadow
        free = np.flatnonzero(np.bincount(self._colours, overlap) == 0)
        colour = int(free[0]) if len(free) else int(self._colours.max()) + 1
        return _Part(units, shadow, factors, max(0.0, len(units) - float(shadow @ shadow)), colour)

    def _grow(self, part: _Part) -> None:
        size = len(self._sets)
        if size == len(self._factors):
            larger = np.zeros((2 * size, 2 * size))
            larger[:size, :size] = self._factors
            self._factors = larger
        self._factors[size, :size] = -part.factors / np.sqrt(part.rest)
        self._factors[size, size] = 1 / np.sqrt(part.rest)
        # A unit is in one set of a colour at most, so that its weight in the new part is between these.
        more, less = (self._most(np.maximum(sign * part.factors, 0.0)) for sign in (1.0, -1.0))
        inside, outside = max(1.0 + less, more - 1.0) ** 2, max(less, more) ** 2
        self._outside = np.append(self._outside, outside / part.rest)
        self._gains = np.append(self._gains, max(0.0, inside - outside) / part.rest)
        self._colours = np.append(self._colours, part.colour)
        self._sets.append(part.units)

    def _most(self, values: Floats) -> float:
        """The most that values of the sets that one unit is in add up to."""
        most = np.zeros(int(self._colours.max(initial=-1)) + 1)
        np.maximum.at(most, self._colours, values)
        return float(most.sum())

    def _up_to(self, cut: float) -> float:
        """What the sets that add little to leverages add together."""
        return self._most(np.where(self._gains <= cut, self._gains, 0.0))

    def _doubtful(self) -> Looked | None:
        """None where nothing that can be computed is about few units; else the units that were looked at."""
        most = float(self._outside.sum()) + self._most(self._gains)
        if most * (self._cohort - 1) < 1 - ROUNDING and most <= 0.5:
            return None
        looked = self._looked()
        return None if looked.hidden(self._cohort) else looked

    def _looked(self) -> Looked:
        """Those whose leverage could be more than a quarter of what a group of the cohort has."""
        spare = 0.25 / self._cohort
        base, cut = float(self._outside.sum()), spare
        while cut > ROUNDING and base + self._up_to(cut) > spare / 2:
            cut /= 4
        base += self._up_to(cut)
        heavy = self._gains > (cut if base <= spare else -1.0)
        sets = [one for one, chosen in zip(self._sets, heavy, strict=True) if chosen]
        bounds = np.zeros(1 + max(int(one.to_array()[-1]) for one in sets))
        for one, gain in zip(sets, self._gains[heavy], strict=True):
            bounds[numbers_of(one)] += gain
        wanted = bounds > spare - base if base <= spare else bounds >= 0.0
        size = len(self._sets)
        if (found := patterns_of(self._sets, reduce(or_, sets), wanted)) is None:
            return Looked(np.zeros((size, 0)), np.zeros(0, np.int64), np.zeros((size, 0)), others=1.0)
        columns, sizes = found
        return Looked(columns, sizes, self._factors[:size, :size] @ columns, spare)
