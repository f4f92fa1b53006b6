"""Complementary suppression: which further cells are withheld so that the withheld ones keep room to be something else.

Who knows the total of every line, and that no number is below 0, can bound a withheld cell by linear programming. A
cell keeps its room where it is the corner of a box of withheld cells: adding to it and to every second corner, and
taking as much from the others, changes no total. So the box alone shows how far the cell may be from what it is, and no
linear programme finds less room (the hypercube method; Hundepohl and others, Statistical Disclosure Control, 2012,
section 4.4). Of all boxes the one is taken that withholds the fewest further cells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import numpy.typing as npt

from dataspace.model.datasets import Value
from dataspace.planning.cells import Keys

Line = tuple[int, ...]
Array = npt.NDArray[np.float64]
Corners = tuple[bool, npt.NDArray[np.int64]]
"""One corner of every box with a cell in it, and whether it goes the other way than the cell does."""

_SMALL_GRID = 150
"""Cells up to which what turned out needless is shown again."""
_MOST_BOXES = 8
"""For one cell, where none alone is enough."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much more or less a withheld number must still be able to be."""

    up: float
    down: float


@dataclass(frozen=True, slots=True)
class Demand:
    """One number in each cell, and the room that withheld ones need. `signed`: it is not known to be at least 0."""

    values: Array
    rooms: Mapping[int, Room]
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Pattern:
    """Positions in the grid that are withheld: of themselves, and because of these."""

    primary: frozenset[int]
    secondary: frozenset[int] = frozenset()

    @property
    def hidden(self) -> frozenset[int]:
        """All of them."""
        return self.primary | self.secondary


@dataclass(frozen=True, slots=True)
class Table:
    """The cells of an answer: `units` in each, and the lines that a total may be asked over."""

    keys: Sequence[Keys]
    units: Sequence[int]
    cohort: int
    lines: Sequence[Line] = field(init=False)
    _through: Mapping[int, Sequence[Line]] = field(init=False)
    _places: npt.NDArray[np.int64] = field(init=False)
    _at: npt.NDArray[np.int64] = field(init=False)
    _weights: Array = field(init=False)
    _boxes: dict[int, Sequence[Corners]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        lines, through = lines_of(self.keys), dict[int, list[Line]]()
        for line in lines:
            for index in line:
                through.setdefault(index, []).append(line)
        named = [keys or (None,) for keys in self.keys]  # an answer without keys is a line of one cell
        where: list[dict[Value, int]] = [{} for _ in named[0]] if named else []
        at = [[seen.setdefault(v, len(seen)) for seen, v in zip(where, one, strict=True)] for one in named]
        places = np.array(at, np.int64).reshape(len(named), len(where))
        grid = np.full([len(seen) for seen in where], -1, np.int64)
        grid[tuple(places.T)] = np.arange(len(self.keys))
        weights = np.append(1.0 + np.asarray(self.units, float) / (1.0 + sum(self.units)), np.inf)
        known = {"lines": lines, "_through": through, "_places": places, "_at": grid, "_weights": weights}
        for name, value in known.items():
            object.__setattr__(self, name, value)

    def complete(self, start: Pattern, demands: Sequence[Demand]) -> Pattern:
        """Withhold further cells until every withheld one has its room, as far as there are cells to withhold."""
        orders = (False, True) if len(self.keys) <= _SMALL_GRID else (False,)
        found = [self._completed(start, demands, backwards) for backwards in orders]
        hidden = min(found, key=lambda one: (len(one), sum(self.units[i] for i in one), sorted(one)))
        return Pattern(start.primary, hidden - start.primary)

    def _completed(self, start: Pattern, demands: Sequence[Demand], backwards: bool) -> frozenset[int]:
        hidden = set(start.hidden)
        self._cover(start, hidden, demands, backwards)
        if len(self.keys) <= _SMALL_GRID:
            for index in sorted(hidden - start.hidden, key=lambda i: (-self.units[i], i)):
                without = hidden - {index}
                self._cover(start, without, demands, backwards)
                if len(without) < len(hidden):
                    hidden = without
        return frozenset(hidden)

    def _cover(self, start: Pattern, hidden: set[int], demands: Sequence[Demand], backwards: bool) -> None:
        # Which boxes give room does not depend on what is withheld, so that each cell is looked at once.
        self._widen(hidden)
        for demand in demands:
            for index in sorted(demand.rooms, key=lambda i: (demand.values[i], i), reverse=backwards):
                hidden |= self._box(index, hidden, demand)
        while True:
            before = len(hidden)
            self._widen(hidden)
            if len(hidden) == before:
                hidden |= self._cure(start.primary, hidden)
                if len(hidden) == before:
                    return

    def _box(self, index: int, hidden: set[int], demand: Demand) -> set[int]:
        """What more has to be withheld so that this cell has its room: one box if one is enough, else several."""
        if index not in self._boxes:
            self._boxes[index] = self._corners(index)
        room, corners = demand.rooms[index], self._boxes[index]
        if not corners:
            return set()
        weights = self._weights.copy()
        weights[list(hidden)] = 0.0
        cost = np.sum([weights[corner] for _, corner in corners], axis=0)
        left = np.append(np.full(len(self.keys), np.inf) if demand.signed else demand.values, 0.0)
        up, down = (_least(left, corners, odd) for odd in (True, False))
        whole = np.where((up >= room.up) & (down >= room.down), cost, np.inf)
        best = int(np.argmin(whole))
        if np.isfinite(whole[best]):
            return {int(corner[best]) for _, corner in corners} - hidden
        found = set[int]()
        for needed, odd in ((room.up, True), (room.down, False)):
            found |= _several(needed, odd, corners, cost, left.copy())
        return found - hidden

    def _corners(self, index: int) -> list[Corners]:
        """Of every box with this cell in it the other corners, and whether they go the other way than the cell does.

        A corner that is not in the table is -1. A line under the cohort is never told as a total, and what it would
        follow from is refused by the guard, so that boxes need not close along it.
        """
        place = self._places[index]
        axes = [axis for axis in range(self._at.ndim) if self._told(index, axis)]
        choices = [[v for v in range(self._at.shape[axis]) if v != place[axis]] for axis in axes]
        if not axes:
            return []
        boxes, found = np.array(list(product(*choices)), np.int64), []
        for moved in product((False, True), repeat=len(axes)):
            if any(moved):
                spot = np.repeat(place[None, :], len(boxes), axis=0)
                for at, axis in enumerate(axes):
                    if moved[at]:
                        spot[:, axis] = boxes[:, at]
                found.append((sum(moved) % 2 == 1, self._at[tuple(spot.T)]))
        return found

    def _told(self, index: int, axis: int) -> bool:
        if self._at.shape[axis] < 2:
            return False
        spot: list[int | slice] = list(self._places[index])
        spot[axis] = slice(None)
        return sum(self.units[int(i)] for i in self._at[tuple(spot)] if i >= 0) >= self.cohort

    def _widen(self, hidden: set[int]) -> None:
        """Until no line has a single withheld cell, nor some that are fewer units together than the cohort."""
        changed = True
        while changed:
            changed = False
            for line in self.lines:
                inside = [index for index in line if index in hidden]
                weak = len(inside) == 1 or sum(self.units[index] for index in inside) < self.cohort
                shown = [index for index in line if index not in hidden]
                if inside and weak and shown:
                    hidden.add(min(shown, key=lambda index: (self.units[index], index)))
                    changed = True

    def _cure(self, primary: frozenset[int], hidden: set[int]) -> set[int]:
        """What to withhold because the equations of the lines determine a cell that is withheld of itself."""
        found = set[int]()
        for index in determined(sorted(hidden), self.lines):
            around = {i for line in self._through.get(index, ()) for i in line if i not in hidden}
            if index in primary and around:
                found.add(min(around, key=lambda i: (self.units[i], i)))
        return found


def _least(left: Array, corners: Sequence[Corners], odd: bool) -> Array:
    """How much can be taken off the odd or the even corners of each box; without bound where it has none of these."""
    taken = [left[corner] for other, corner in corners if other is odd]
    there = np.min([corner for _, corner in corners], axis=0) >= 0
    return np.where(there, np.min(taken, axis=0) if taken else np.inf, -1.0)


def _several(needed: float, odd: bool, corners: Sequence[Corners], cost: Array, left: Array) -> set[int]:
    """Boxes that give the room together, the most for what they cost first; as much as there is, where it is less."""
    found = set[int]()
    for _ in range(_MOST_BOXES):
        gains = np.minimum(_least(left, corners, odd), needed)
        best = int(np.argmax(gains / (1.0 + cost)))
        if needed <= 1e-9 or gains[best] <= 1e-9:
            break
        needed -= gains[best]
        for other, corner in corners:
            found.add(int(corner[best]))
            left[corner[best]] += -gains[best] if other is odd else gains[best]
    return found


def lines_of(keys: Sequence[Keys]) -> list[Line]:
    """Positions that differ in one key only, for each key: what a total may be asked over."""
    groups: dict[tuple[int, Keys], list[int]] = {}
    for index, one in enumerate(keys):
        for axis in range(len(one)):
            groups.setdefault((axis, one[:axis] + one[axis + 1 :]), []).append(index)
    return [tuple(line) for line in groups.values() if len(line) > 1]


def determined(hidden: Sequence[int], lines: Sequence[Line]) -> list[int]:
    """The withheld cells whose number follows from the totals of all lines and the shown cells.

    A cell is free exactly where some solution of the homogeneous equations moves it; a fixed generic direction,
    projected onto those solutions, moves every free cell.
    """
    place = {index: at for at, index in enumerate(hidden)}
    members = [[place[i] for i in line if i in place] for line in lines]
    members = [row for row in members if row]
    if not members:
        return []
    equations = np.zeros((len(members), len(hidden)))
    for at, row in enumerate(members):
        equations[at, row] = 1.0
    direction = np.sin((np.arange(len(hidden)) + 0.7) ** 2)
    fitted, *_ = np.linalg.lstsq(equations, equations @ direction, rcond=None)
    return [index for at, index in enumerate(hidden) if abs(direction[at] - fitted[at]) < 1e-7]
