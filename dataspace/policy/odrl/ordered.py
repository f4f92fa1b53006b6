"""Axes with an order: points that stand for every case that constraints can tell apart, and their truth there."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor, gcd, lcm

from dataspace.model.odrl import ODRL, Comparison, Iri
from dataspace.policy.comparing import Comparing, on_axis
from dataspace.policy.kleene import Truth
from dataspace.policy.odrl.formula import Axis
from dataspace.policy.odrl.values import DURATIONS, INSTANTS, Reading, day, moment_of, number
from dataspace.vocabulary.odrl import AXES, NOT_NEGATIVE, PERCENTAGES, Sort

Span = tuple[Fraction, Fraction]
"""From, and up to but without; a point where both are the same."""
_DAY = 86_400
_MOMENT = Fraction(1, 1000)
MOST_BEATS = 6
"""Recurring intervals to try against each other; of more it stays open whether they conflict."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """An ordered axis under one reading of its values."""

    axis: Axis
    sort: Sort
    reading: Reading

    def points(self, found: Sequence[Comparison]) -> tuple[Fraction, ...]:
        """Each bound, a point between any two, and one beyond either end, within what the operand can be."""
        if self.sort is Sort.RECURRING:
            return _meetings(self._beats(found)[:MOST_BEATS])
        bounds = self.bounds(found)
        step = _MOMENT if self.sort is Sort.DURATION else Fraction(1)
        spread = {*bounds, bounds[0] - 1, bounds[-1] + step, bounds[-1] + 1}
        for left, right in pairwise(bounds):
            spread |= {(left + right) / 2, min(left + _MOMENT, (left + right) / 2)}
        if self.sort is Sort.COUNTED:
            near = {Fraction(whole) for point in spread for whole in (floor(point), ceil(point))}
            spread = near | {point + 1 for point in near}
        return tuple(sorted(self._possible(spread)))

    def bounds(self, found: Sequence[Comparison]) -> list[Fraction]:
        """Where the truth of a constraint may change, in order, within what the operand can be."""
        ends = {end for one in found for value in one.right for end in self._span(value.text) or ()}
        ends |= {bound for bound in _domain(self.axis) if bound is not None} | {Fraction(0)}
        return sorted(self._possible(ends))

    def _possible(self, points: Iterable[Fraction]) -> Iterator[Fraction]:
        low, high = _domain(self.axis)
        return (p for p in points if (low is None or p >= low) and (high is None or p <= high))

    def exhausted(self, found: Sequence[Comparison]) -> bool:
        """Whether the points stand for every case."""
        return self.sort is not Sort.RECURRING or len(self._beats(found)) <= MOST_BEATS

    def truth(self, comparison: Comparison, point: Fraction) -> Truth:
        """Whether the constraint holds at a point; None where its values or its operator do not fit the axis."""
        local = comparison.operator.removeprefix(ODRL)
        if local not in set(Comparing) or any(isinstance(value, Iri) for value in comparison.right):
            return None
        if self.sort is Sort.RECURRING:
            return _recurs(Comparing(local), _beat(comparison, self.reading), point)
        spans = [span for value in comparison.right if (span := self._span(value.text)) is not None]
        if len(spans) < len(comparison.right):
            return None
        return on_axis(Comparing(local), spans, _place)((point,))

    def _beats(self, found: Sequence[Comparison]) -> list[tuple[int, int]]:
        return sorted({beat for one in found if (beat := _beat(one, self.reading)) is not None})

    def _span(self, text: str) -> Span | None:
        start = self.reading(text)
        if start is None:
            return None
        whole = self.sort is Sort.INSTANT and day(text) is not None
        return (start, start + _DAY if whole else start)


def readings(sort: Sort, found: Sequence[Comparison]) -> tuple[Reading, ...]:
    """One reading where all values are of a kind; several where zones or months make it a matter of reading. Of
    recurring intervals it is their anchors that are read: beside one with a zone, one without it may lie anywhere."""
    texts = [value.text for one in found for value in one.right]
    if sort is Sort.INSTANT:
        return INSTANTS if _of_two_clocks(texts) else INSTANTS[1:2]
    if sort is Sort.RECURRING:
        return (_in_its_zone if _of_two_clocks([one.anchor for one in found]) else INSTANTS[1],)
    if sort is Sort.DURATION:
        vague = {"M" in text.partition("T")[0] or "Y" in text for text in texts}
        return DURATIONS if len(vague) > 1 else DURATIONS[:1]
    return (number,)


def _of_two_clocks(texts: Sequence[str]) -> bool:
    """Whether some times name a zone and others do not."""
    return len({moment.tzinfo is None for moment in map(moment_of, texts) if moment is not None}) > 1


def _in_its_zone(text: str) -> Fraction | None:
    earliest, found, latest = (read(text) for read in INSTANTS)
    return found if earliest == latest else None


def _domain(axis: Axis) -> tuple[Fraction | None, Fraction | None]:
    size = axis.operand.removeprefix(AXES).startswith(("absoluteSize", "relativeSize"))
    low = Fraction(0) if axis.operand in NOT_NEGATIVE or size else None
    return low, Fraction(100) if axis.operand in PERCENTAGES else None


def _place(point: Fraction, span: Span) -> int:
    """A whole day is a span: what lies within it is at it."""
    if point < span[0]:
        return -1
    return 0 if point == span[0] or point < span[1] else 1


def _beat(comparison: Comparison, reading: Reading) -> tuple[int, int] | None:
    """Anchor and period in whole seconds; None where either is open."""
    if len(comparison.right) != 1:
        return None
    start, period = reading(comparison.anchor), DURATIONS[0](comparison.right[0].text)
    vague = DURATIONS[1](comparison.right[0].text) != period
    if start is None or period is None or vague or period <= 0 or start.denominator * period.denominator != 1:
        return None
    return int(start), int(period)


def _recurs(operator: Comparing, beat: tuple[int, int] | None, point: Fraction) -> Truth:
    if beat is None or operator not in (Comparing.EQ, Comparing.NEQ):
        return None
    on = (point - beat[0]) % beat[1] == 0
    return on if operator is Comparing.EQ else not on


def _meetings(beats: Sequence[tuple[int, int]]) -> tuple[Fraction, ...]:
    """A point for every way in which beats fall together and apart: for each set of them that meets (Chinese
    remainders) so many meetings in a row that, if some meeting is without the other beats, one of these is.

    Residue classes that cover 2^n numbers in a row, being n, cover all: Crittenden and Vanden Eynden, "Any n
    arithmetic progressions covering the first 2^n integers cover all integers", Proc. AMS 24 (1970).
    """
    meets = set(beats)
    for beat in beats:
        meets |= {met for other in meets if (met := _meet(other, beat)) is not None}
    turns = range(2 ** len(beats))
    return tuple(
        sorted({Fraction(start + turn * step) for start, step in meets for turn in turns} | {Fraction(1, 3)})
    )


def _meet(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int] | None:
    (first, step), (second, stride) = one, other
    shared = gcd(step, stride)
    if (second - first) % shared:
        return None
    turns = (second - first) // shared * pow(step // shared, -1, stride // shared) if stride != shared else 0
    return first + step * turns, lcm(step, stride)
