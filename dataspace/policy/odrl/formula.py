"""Constraints of rules as a formula over axes: which axis each speaks of, and what ties two axes together."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dataspace.model.odrl import ODRL, Comparison, Condition, Joining, Literal
from dataspace.policy.odrl.values import XSD
from dataspace.vocabulary.odrl import AXES, SORT_OF, Sort

ELAPSED, METERED, DELAY = ODRL + "elapsedTime", ODRL + "meteredTime", ODRL + "delayPeriod"
_BY_TYPE = {
    "dateTime": Sort.INSTANT,
    "dateTimeStamp": Sort.INSTANT,
    "date": Sort.INSTANT,
    "duration": Sort.DURATION,
    "dayTimeDuration": Sort.DURATION,
    "yearMonthDuration": Sort.DURATION,
}
_NUMERIC = {"decimal", "integer", "double", "float", "int", "long", "nonNegativeInteger", "positiveInteger"}


@dataclass(frozen=True, slots=True, order=True)
class Axis:
    """What a constraint limits: a left operand in one unit; `phase` counts the delays of a sequence."""

    operand: str
    unit: str = ""
    phase: int = 0

    @property
    def name(self) -> str:
        """The operand's own word, for people."""
        word = self.operand.rpartition("#")[2].rpartition("/")[2] or self.operand
        return word + (f"[{self.phase}]" if self.phase else "")


@dataclass(frozen=True, slots=True)
class Atom:
    """One constraint on one axis."""

    axis: Axis
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Joined:
    """Formulas under one connective."""

    joining: Joining
    parts: tuple["Formula", ...]


Formula = Atom | Joined


def formula(conditions: Iterable[Condition]) -> Formula | None:
    """All conditions together; None where there is none."""
    parts = tuple(_formula(condition, 0) for condition in conditions)
    return both(*parts)


def both(*parts: Formula | None) -> Formula | None:
    """All of the formulas that there are."""
    given = tuple(part for part in parts if part is not None)
    return given[0] if len(given) == 1 else Joined(Joining.AND, given) if given else None


def atoms(given: Formula | None) -> Iterator[Atom]:
    """Every constraint of a formula."""
    if isinstance(given, Atom):
        yield given
    elif given is not None:
        for part in given.parts:
            yield from atoms(part)


def axes(given: Formula | None) -> frozenset[Axis]:
    """What a formula speaks of."""
    return frozenset(atom.axis for atom in atoms(given))


def sort_of(axis: Axis, found: Iterable[Comparison]) -> Sort:
    """How the axis orders its values: by its operand, else by the datatypes that are written."""
    known = SORT_OF.get(axis.operand)
    if known is not None and known is not Sort.TERM:
        return known
    if axis.operand.startswith(AXES):
        return Sort.NUMBER
    types = {
        value.datatype.removeprefix(XSD) if isinstance(value, Literal) else ""
        for comparison in found
        for value in comparison.right
    }
    if types and types <= _NUMERIC:
        return Sort.NUMBER
    sorts = {_BY_TYPE.get(name, Sort.TERM) for name in types}
    return next(iter(sorts)) if len(sorts) == 1 else Sort.TERM


def linked(axis: Axis) -> frozenset[str]:
    """Operands that bound this one: metered time is a part of elapsed time, and so are the delays of a sequence."""
    if axis.operand == METERED or (axis.operand == DELAY and axis.phase):
        return frozenset({ELAPSED})
    return frozenset({METERED, DELAY}) if axis.operand == ELAPSED else frozenset()


def _formula(condition: Condition, phase: int) -> Formula:
    if isinstance(condition, Comparison):
        place = phase if condition.left == DELAY else 0
        return Atom(Axis(condition.left, condition.unit, place), condition)
    in_order = condition.joining is Joining.AND_SEQUENCE
    parts = tuple(
        _formula(part, number if in_order else phase) for number, part in enumerate(condition.parts, start=1)
    )
    return Joined(Joining.AND if in_order else condition.joining, parts)
