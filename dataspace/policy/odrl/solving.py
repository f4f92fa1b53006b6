"""Can a formula hold? Try the points that stand for every case, axis by axis, within a bounded number of steps.

The answer is True with the values that show it, False where no case is left, and None where an unknown one is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from itertools import product
from math import lcm

from dataspace.model.odrl import Joining
from dataspace.policy.kleene import Truth, all_of, any_of, one_of
from dataspace.policy.odrl.formula import DELAY, ELAPSED, METERED, Atom, Axis, Formula, atoms, sort_of
from dataspace.policy.odrl.ordered import Scaled, readings
from dataspace.policy.odrl.terms import Knowledge, Named, Point, named
from dataspace.vocabulary.odrl import Sort

_ORDERED = frozenset({Sort.INSTANT, Sort.DURATION, Sort.RECURRING, Sort.NUMBER, Sort.COUNTED})
_EXACT = Context(prec=2_000)
"""Every point is a decimal or half of one: a rounded one might miss the constraint that it is to show."""
STEPS = 1_000_000
"""Constraints to look at before the answer is that it cannot be told."""

Space = Scaled | Named
Place = Fraction | Point
_JOINED = {Joining.AND: all_of, Joining.AND_SEQUENCE: all_of, Joining.OR: any_of, Joining.XONE: one_of}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether the formula can hold, values that show it, and the axis that alone rules it out, if one does."""

    holds: Truth
    witness: Mapping[str, str]
    culprit: Axis | None = None


def solve(given: Formula | None, knowledge: Knowledge) -> Outcome:
    """Whether some case meets the formula. Raises nothing; too large a formula cannot be told."""
    if given is None:
        return Outcome(True, {})
    outcomes = [_Search(given, spaces).run() for spaces in _spaces(given, knowledge)]
    first = outcomes[0]
    return first if all(one.holds is first.holds for one in outcomes) else Outcome(None, {})


def _spaces(given: Formula, knowledge: Knowledge) -> Iterator[dict[Axis, Space]]:
    """The axes under each reading of their values: zones and months that are not said make several."""
    by_axis: dict[Axis, list[Atom]] = {}
    for atom in atoms(given):
        by_axis.setdefault(atom.axis, []).append(atom)
    choices: list[list[tuple[Axis, Space]]] = []
    for axis, found in sorted(by_axis.items()):
        written = [atom.comparison for atom in found]
        sort = sort_of(axis, written)
        if sort in _ORDERED:
            choices.append([(axis, Scaled(axis, sort, reading)) for reading in readings(sort, written)])
        else:
            choices.append([(axis, named(sort, knowledge, written))])
    for chosen in product(*choices):
        yield dict(chosen)


class _Search:
    """Depth first over the axes; a branch ends where the formula is false whatever the others are."""

    def __init__(self, given: Formula, spaces: Mapping[Axis, Space]) -> None:
        self.formula, self.spaces = given, spaces
        self.unknown = False
        self.points = self._points()
        self.order = sorted(spaces, key=lambda axis: (len(self.points[axis]), axis))
        self.steps = STEPS

    def run(self) -> Outcome:
        """Search all cases."""
        found = self._found()
        if found is not None:
            return Outcome(True, {axis.name: say(self.spaces[axis], at) for axis, at in found.items()})
        if self.unknown or self.steps <= 0:
            return Outcome(None, {})
        return Outcome(False, {}, next((axis for axis in self.order if self._alone(axis)), None))

    def _found(self) -> Mapping[Axis, Place] | None:
        """The first case that certainly meets the formula. No recursion: as many axes as a document has are tried."""
        rest: list[Iterator[Mapping[Axis, Place]]] = [iter([{}])]
        while rest and self.steps > 0:
            at = next(rest[-1], None)
            if at is None:
                rest.pop()
            elif (truth := self._truth(self.formula, at)) is False or not _tied(at):
                continue
            elif len(at) < len(self.order):
                rest.append(self._further(at))
            elif truth is True and all(self._certain(axis, place) for axis, place in at.items()):
                return at
            else:
                self.unknown = True
        return None

    def _further(self, at: Mapping[Axis, Place]) -> Iterator[Mapping[Axis, Place]]:
        axis = self.order[len(at)]
        return ({**at, axis: point} for point in self.points[axis])

    def _truth(self, given: Formula, at: Mapping[Axis, Place]) -> Truth:
        if isinstance(given, Atom):
            self.steps -= 1
            point = at.get(given.axis)
            space = self.spaces[given.axis]
            if isinstance(space, Scaled):
                return space.truth(given.comparison, point) if isinstance(point, Fraction) else None
            return space.truth(given.comparison, point) if isinstance(point, frozenset) else None
        return _JOINED[given.joining]([self._truth(part, at) for part in given.parts])

    def _alone(self, axis: Axis) -> bool:
        """Whether the axis rules the formula out wherever the others are."""
        return all(self._truth(self.formula, {axis: point}) is False for point in self.points[axis])

    def _certain(self, axis: Axis, place: Place) -> bool:
        space = self.spaces[axis]
        return not isinstance(space, Named) or (isinstance(place, frozenset) and space.certain(place))

    def _points(self) -> dict[Axis, Sequence[Place]]:
        """The points of each axis; those of axes that bound each other come as close as any case needs."""
        written: dict[Axis, list[Atom]] = {}
        for atom in atoms(self.formula):
            written.setdefault(atom.axis, []).append(atom)
        found: dict[Axis, Sequence[Place]] = {
            axis: space.points([atom.comparison for atom in written[axis]])
            for axis, space in self.spaces.items()
        }
        for axis, space in self.spaces.items():
            self.unknown |= isinstance(space, Scaled) and not space.exhausted(
                [a.comparison for a in written[axis]]
            )
        clocks = {
            axis: space.bounds([atom.comparison for atom in written[axis]])
            for axis, space in self.spaces.items()
            if isinstance(space, Scaled) and (axis.operand in (ELAPSED, METERED) or axis.phase)
        }
        if any(axis.operand == ELAPSED for axis in clocks):
            found |= _tightened(clocks)
        return found


def _tightened(clocks: Mapping[Axis, Sequence[Fraction]]) -> dict[Axis, Sequence[Place]]:
    """Each bound and a little after it of what has to fit; each bound and a little before it, and a time that all
    fit into, of what it has to fit into: if any case fits, one of these does. The littles of all together are less
    than what lies between any two sums of bounds."""
    shared = lcm(*(bound.denominator for bounds in clocks.values() for bound in bounds))
    little = Fraction(1, shared * 2 ** len(clocks))
    roomy = sum((max(bounds) for bounds in clocks.values()), Fraction(1))
    return {
        axis: (*bounds, *(bound - little for bound in bounds if bound > 0), roomy)
        if axis.operand == ELAPSED
        else (*bounds, *(bound + little for bound in bounds))
        for axis, bounds in clocks.items()
    }


def _tied(at: Mapping[Axis, Place]) -> bool:
    """What any run keeps: metered time and the delays of a sequence fit into the time that has elapsed."""
    elapsed = [p for axis, p in at.items() if axis.operand == ELAPSED and isinstance(p, Fraction)]
    metered = [p for axis, p in at.items() if axis.operand == METERED and isinstance(p, Fraction)]
    phases = [p for axis, p in at.items() if axis.operand == DELAY and axis.phase and isinstance(p, Fraction)]
    return all(sum(phases) <= whole and all(part <= whole for part in metered) for whole in elapsed)


def say(space: Space, place: Place) -> str:
    """A point in words: a time, seconds, a number, or terms."""
    if isinstance(place, frozenset):
        return ", ".join(sorted(place))
    if isinstance(space, Scaled) and space.sort in (Sort.INSTANT, Sort.RECURRING):
        try:
            return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(place))).isoformat()
        except OverflowError:
            return "beyond the calendar"
    number = f"{_EXACT.divide(Decimal(place.numerator), Decimal(place.denominator)):f}"
    return f"PT{number}S" if isinstance(space, Scaled) and space.sort is Sort.DURATION else number
