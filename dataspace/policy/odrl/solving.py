"""Can a formula hold? Try the points that stand for every case, axis by axis, within a bounded number of steps.

The answer is True with the values that show it, False where no case is left, and None where an unknown one is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import product

from dataspace.model.odrl import Joining
from dataspace.policy.kleene import Truth, all_of, any_of, one_of
from dataspace.policy.odrl.formula import DELAY, ELAPSED, METERED, Atom, Axis, Formula, atoms, sort_of
from dataspace.policy.odrl.ordered import Scaled, readings
from dataspace.policy.odrl.terms import Knowledge, Named, Point, named
from dataspace.vocabulary.odrl import Sort

_ORDERED = frozenset({Sort.INSTANT, Sort.DURATION, Sort.RECURRING, Sort.NUMBER, Sort.COUNTED})
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
        found = self._place({}, 0)
        if found is not None:
            return Outcome(True, {axis.name: say(self.spaces[axis], at) for axis, at in found.items()})
        if self.unknown or self.steps <= 0:
            return Outcome(None, {})
        return Outcome(False, {}, next((axis for axis in self.order if self._alone(axis)), None))

    def _place(self, at: dict[Axis, Place], depth: int) -> dict[Axis, Place] | None:
        if self.steps <= 0:
            return None
        truth = self._truth(self.formula, at)
        if truth is False or not _tied(at):
            return None
        if depth == len(self.order):
            certain = all(self._certain(axis, place) for axis, place in at.items())
            self.unknown |= not (truth is True and certain)
            return at if truth is True and certain else None
        axis = self.order[depth]
        for point in self.points[axis]:
            if (found := self._place({**at, axis: point}, depth + 1)) is not None:
                return found
        return None

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
        """The points of each axis; axes that bound each other share them, sums of delays included."""
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
        clocks = [axis for axis in found if axis.operand in (ELAPSED, METERED, DELAY)]
        if len(clocks) > 1 and any(axis.operand == ELAPSED for axis in clocks):
            lengths = {p for axis in clocks for p in found[axis] if isinstance(p, Fraction)}
            phases = [found[axis] for axis in clocks if axis.phase]
            if phases and (size := len(phases)) <= 4:
                lengths |= {size * length for length in lengths}
            for axis in clocks:
                if not axis.phase:
                    found[axis] = tuple(sorted(lengths))
        return found


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
    number = str(place.numerator) if place.denominator == 1 else f"{float(place):g}"
    return f"PT{number}S" if isinstance(space, Scaled) and space.sort is Sort.DURATION else number
