"""The differencing guard: whether a new answer, taken together with earlier ones, would tell about a few units.

Every shown number is a sum over a set of units, so whatever can be computed from several answers is a combination of
the sets' indicator vectors. What is new about a set is its part at right angles to all earlier ones; the squared length
of that part is at most the size of any group that adding and subtracting whole answers could single out with it. So:

1. At least the cohort: no sum and no difference with earlier answers is about fewer units.
2. Zero: the number can be computed already. It is given where that follows from the questions alone (the same
   question, a total of cells that were shown), and refused where only the data make it so: who asks must not
   learn from a refusal whether a group has one unit or none.
3. Between half the cohort and the cohort: the group is worked out, and counted.
4. Under half the cohort: refused.

A refusal thus tells that some group is smaller than the cohort, zero included: what a withheld cell tells, and no more.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

from dataspace.model.codec import to_json
from dataspace.model.datasets import Value
from dataspace.model.names import ColumnName
from dataspace.model.plans import AggregatePlan
from dataspace.model.predicates import All, Comparator, Compare, Predicate

UNITS = "units"
"""The space of counts; sums and means of a column are compared in a space of their own, `sum:<column>`."""

MAXIMUM_SETS = 4_000
"""Sets that one permit may have been told; comparing with more would take too long."""

MAXIMUM_REFUSALS = 100
"""By this guard, under one permit: each tells at most whether one group reaches the cohort."""

_REST = "the rest"
_MOST_PLACES = 4_096


class Units(Protocol):
    """A set of units as numbers, such as a roaring bitmap."""

    def __len__(self) -> int: ...
    def intersection_cardinality(self, other: Any, /) -> int: ...
    def to_array(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Box:
    """Which units a set holds, as the question says it: columns fixed to one value, and a digest of all else.

    `family` is the rows looked at and the rest of the condition. `domains` are the values that a column has in a
    whole answer.
    """

    family: str
    fixed: Mapping[str, str]
    domains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """One set behind a number that was shown. `answer` says in which answer; None for what everybody may know."""

    space: str
    box: Box
    units: Units
    answer: int | None = None


@dataclass(frozen=True, slots=True)
class TooClose:
    """Why a number is not given. `answer` is the one earlier answer that is as close, None where it takes several."""

    answer: int | None


def boxes(
    plan: AggregatePlan,
    rows: str,
    grid: Sequence[Sequence[Value]],
    declared: Mapping[ColumnName, tuple[Value, ...]] | None = None,
) -> list[Box]:
    """The box of every cell, by the keys of the cells in an answer. `declared` are values of further columns."""
    fixed, rest = _split(plan.where)
    family = json.dumps([rows, sorted(json.dumps(to_json(part), sort_keys=True) for part in rest)])
    domains = {
        str(key.column): tuple(dict.fromkeys([*map(_word, key.values), *(_word(k[at]) for k in grid)]))
        for at, key in enumerate(plan.keys)
    }
    for column in fixed.keys() - domains.keys():
        if values := (declared or {}).get(ColumnName(column)):
            domains[column] = tuple(dict.fromkeys(map(_word, values)))
    return [
        Box(family, fixed | {str(key.column): _word(keys[at]) for at, key in enumerate(plan.keys)}, domains)
        for keys in grid
    ]


def present(box: Box, column: ColumnName) -> Box:
    """The box of the units that have a value in a column."""
    return Box(json.dumps([box.family, "present", column]), box.fixed, box.domains)


def _split(where: Predicate | None) -> tuple[dict[str, str], list[Predicate]]:
    parts = [where] if where is not None else []
    fixed: dict[str, str] = {}
    rest: list[Predicate] = []
    while parts:
        match parts.pop(0):
            case All(several):
                parts = [*several, *parts]
            case Compare(column, Comparator.EQ, value) if fixed.get(column, _word(value)) == _word(value):
                fixed[str(column)] = _word(value)
            case other:
                rest.append(other)
    return fixed, rest


def _word(value: Value) -> str:
    """A value in one spelling: 1, 1.0 and true are three for nobody who counts."""
    return json.dumps(float(value) if isinstance(value, bool | int | float) else value)


class Audit:
    """All that was told in one scope, as one linear system for each space. `cohort` in units."""

    def __init__(self, cohort: int, told: Iterable[Told] = ()) -> None:
        self._cohort = cohort
        self._spaces: dict[str, _Space] = {}
        self.full = False
        for one in told:
            self._space(one.space).take(one)

    def add(self, new: Told) -> TooClose | None:
        """Take a set in, or say why it cannot be told; then it is as if it had not been asked."""
        space = self._space(new.space)
        self.full = self.full or len(space.told) >= MAXIMUM_SETS
        if self.full:
            return TooClose(None)
        return space.add(new, self._cohort)

    def copy(self) -> "Audit":
        """The same, to be added to on its own."""
        made = Audit(self._cohort)
        made._spaces = {name: space.copy() for name, space in self._spaces.items()}
        made.full = self.full
        return made

    def known(self, whole: Told) -> None:
        """Take in what everybody may know, such as how many units there are in all."""
        self._space(whole.space).take(whole)

    def _space(self, name: str) -> "_Space":
        return self._spaces.setdefault(name, _Space())


class _Space:
    """The sets told in one space: those that are linearly independent with their Cholesky factor, and all boxes."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self._basis: list[Told] = []
        self._factor = np.zeros((16, 16))

    def copy(self) -> "_Space":
        """The same, to be added to on its own."""
        made = _Space()
        made.told, made._basis, made._factor = [*self.told], [*self._basis], self._factor.copy()
        return made

    def take(self, one: Told) -> None:
        """Without a check: it was told already."""
        self.told.append(one)
        shadow, rest = self._against(one)
        if rest > 0.25:  # what is nearer to the others than that would make the system unsound
            self._grow(one, shadow, rest)

    def add(self, new: Told, cohort: int) -> TooClose | None:
        shadow, rest = self._against(new)
        if rest <= 1e-6 + 1e-9 * len(new.units):
            if not follows(new.box, [one.box for one in self.told]):
                return self._refusal(new, cohort)
        elif rest < cohort and (
            rest < cohort / 2 or self._group(new, shadow) < cohort or self._near(new, cohort) is not None
        ):
            return self._refusal(new, cohort)
        else:
            self._grow(new, shadow, rest)
        self.told.append(new)
        return None

    def _against(self, new: Told) -> tuple[npt.NDArray[Any], float]:
        """The shadow on the basis (in the factor's coordinates), and the squared length of what is new."""
        size = len(self._basis)
        overlaps = (new.units.intersection_cardinality(one.units) for one in self._basis)
        overlap = np.fromiter(overlaps, float, size)
        if not size:
            return overlap, float(len(new.units))
        shadow = solve_triangular(self._factor[:size, :size], overlap, lower=True, check_finite=False)
        return shadow, max(0.0, len(new.units) - float(shadow @ shadow))

    def _grow(self, new: Told, shadow: npt.NDArray[Any], rest: float) -> None:
        size = len(self._basis)
        if size == len(self._factor):
            larger = np.zeros((2 * size, 2 * size))
            larger[:size, :size] = self._factor
            self._factor = larger
        self._factor[size, :size] = shadow
        self._factor[size, size] = np.sqrt(rest)
        self._basis.append(new)

    def _group(self, new: Told, shadow: npt.NDArray[Any]) -> int:
        """How many units the nearest combination of whole answers singles out."""
        size = len(self._basis)
        if not size:
            return len(new.units)
        shares = solve_triangular(
            self._factor[:size, :size], shadow, lower=True, trans="T", check_finite=False
        )
        numbers, weights = [np.asarray(new.units.to_array())], [np.ones(len(new.units))]
        for one, share in zip(self._basis, np.rint(shares), strict=True):
            if share:
                numbers.append(np.asarray(one.units.to_array()))
                weights.append(np.full(len(one.units), -share))
        _, places = np.unique(np.concatenate(numbers), return_inverse=True)
        sums = np.bincount(places, np.concatenate(weights))
        return int(np.count_nonzero(np.abs(sums) > 0.5))

    def _refusal(self, new: Told, cohort: int) -> TooClose:
        """Names the one earlier answer that differs by less than the cohort from this one, if one does."""
        return TooClose(self._near(new, cohort))

    def _near(self, new: Told, cohort: int) -> int | None:
        """The earlier answer that this one differs from by fewer units: the nearest combination may be another."""
        for one in self.told:
            sizes = len(one.units) + len(new.units)
            if one.answer is not None and sizes - 2 * new.units.intersection_cardinality(one.units) < cohort:
                return one.answer
        return None


def follows(new: Box, told: Sequence[Box]) -> bool:
    """Whether a number follows from those told by what the questions say, whatever the data are."""
    kin = [box for box in told if box.family == new.family]
    if any(box.fixed == new.fixed for box in kin):
        return True
    columns = sorted({column for box in (new, *kin) for column in box.fixed})
    domains = [_domain(column, (new, *kin)) for column in columns]
    if not kin or np.prod([len(domain) for domain in domains], dtype=float) > _MOST_PLACES:
        return False
    places = list(product(*domains))
    wanted = _indicator(new, columns, places)
    rows = np.array(list(dict.fromkeys(tuple(_indicator(box, columns, places)) for box in kin)))
    shares, *_ = np.linalg.lstsq(rows.T, wanted, rcond=None)
    return bool(np.abs(rows.T @ shares - wanted).max() < 1e-7)


def _domain(column: str, kin: Sequence[Box]) -> tuple[str, ...]:
    seen = {box.fixed[column] for box in kin if column in box.fixed}
    whole = {value for box in kin for value in box.domains.get(column, ())}
    return tuple(sorted(seen | whole)) + (() if whole else (_REST,))


def _indicator(box: Box, columns: Sequence[str], places: Sequence[tuple[str, ...]]) -> npt.NDArray[Any]:
    at = [(columns.index(column), value) for column, value in box.fixed.items()]
    return np.array([float(all(place[i] == value for i, value in at)) for place in places])
