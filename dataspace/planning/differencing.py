"""The differencing guard: whether a new answer, taken together with earlier ones, would tell about a few units.

Every shown number is a sum over a set of units. A new one is

1. given, where every combination of it with earlier ones, with any factors, is about nobody or about at least the
   cohort, and about nobody too much (`planning.combining` says how that is shown);
2. where it can be computed already, given if that follows from the questions alone (the same question, a total of
   cells that were shown), and refused where only the data make it so: who asks must not learn from a refusal whether a
   group has one unit or none;
3. refused else.

A refusal thus tells that some group is smaller than the cohort, zero included, or could not be shown not to be: what a
withheld cell tells, and no more.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from dataspace.model.codec import to_json
from dataspace.model.datasets import Value
from dataspace.model.names import ColumnName
from dataspace.model.plans import AggregatePlan
from dataspace.model.predicates import All, Comparator, Compare, Predicate
from dataspace.planning.combining import Combinations, Outcome
from dataspace.planning.leverages import Units

UNITS = "units"
"""The space of counts; sums and means of a column are compared in a space of their own, `sum:<column>`."""

MAXIMUM_SETS = 4_000
"""Sets that one permit may have been told; comparing with more would take too long."""

MAXIMUM_REFUSALS = 100
"""By this guard, under one permit: each tells at most whether one group reaches the cohort."""

_REST = "the rest"
_MOST_PLACES = 4_096


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
        self.known(told)

    def add(self, new: Told) -> TooClose | None:
        """Take a set in, or say why it cannot be told; then it is as if it had not been asked."""
        space = self._space(new.space)
        self.full = self.full or len(space.told) >= MAXIMUM_SETS
        if self.full:
            return TooClose(None)
        return space.add(new)

    def add_all(self, several: Sequence[Told]) -> bool:
        """Take all in at once, where nothing has to be refused; else none, and each is to be added for itself."""
        spaces: dict[str, list[Told]] = {}
        for one in several:
            spaces.setdefault(one.space, []).append(one)
        tried = self.copy()
        for name, new in spaces.items():
            space = tried._space(name)
            if len(space.told) + len(new) > MAXIMUM_SETS or not space.add_all(new):
                return False
        self._spaces = tried._spaces
        return True

    def copy(self) -> "Audit":
        """The same, to be added to on its own."""
        made = Audit(self._cohort)
        made._spaces = {name: space.copy() for name, space in self._spaces.items()}
        made.full = self.full
        return made

    def known(self, told: Iterable[Told]) -> None:
        """Take in what is known, such as earlier answers and how many units there are in all."""
        spaces: dict[str, list[Told]] = {}
        for one in told:
            spaces.setdefault(one.space, []).append(one)
        for space, several in spaces.items():
            self._space(space).take(several)

    def _space(self, name: str) -> "_Space":
        return self._spaces.setdefault(name, _Space(self._cohort))


class _Space:
    """The sets told in one space, with all boxes, and what can be computed from them."""

    def __init__(self, cohort: int) -> None:
        self.told: list[Told] = []
        self._cohort = cohort
        self._combinations = Combinations(cohort)

    def copy(self) -> "_Space":
        """The same, to be added to on its own."""
        made = _Space(self._cohort)
        made.told, made._combinations = [*self.told], self._combinations.copy()
        return made

    def take(self, several: Sequence[Told]) -> None:
        """Without a check: it was told already."""
        self.told += several
        self._combinations.take([one.units for one in several])

    def add_all(self, several: Sequence[Told]) -> bool:
        nothing_new = self._combinations.add_all([one.units for one in several])
        if nothing_new is None:
            return False
        for at in nothing_new:
            others = [*self.told, *(one for place, one in enumerate(several) if place not in nothing_new)]
            if not follows(several[at].box, [one.box for one in others]):
                return False
        self.told += several
        return True

    def add(self, new: Told) -> TooClose | None:
        outcome = self._combinations.add(new.units)
        if outcome is Outcome.FEW:
            return self._refusal(new)
        if outcome is Outcome.COMPUTABLE and not follows(new.box, [one.box for one in self.told]):
            return self._refusal(new)
        self.told.append(new)
        return None

    def _refusal(self, new: Told) -> TooClose:
        """Names the one earlier answer that differs by less than the cohort from this one, if one does."""
        for one in self.told:
            sizes = len(one.units) + len(new.units)
            apart = sizes - 2 * new.units.intersection_cardinality(one.units)
            if one.answer is not None and apart < self._cohort:
                return TooClose(one.answer)
        return TooClose(None)


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
