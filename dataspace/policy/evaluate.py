"""Constraints against what was observed: three-valued, total, and with a report for each leaf."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from dataspace.model.decisions import ConstraintReport
from dataspace.model.policies import Compound, Condition, Connective, Constraint, Operand, Operator
from dataspace.policy.comparing import Compared, Comparing, Terms, of_terms, of_words, on_axis
from dataspace.policy.coverage import kind_of
from dataspace.policy.facts import UNKNOWN, Observation, Observed
from dataspace.policy.kleene import Truth, agreed, all_of, any_of, one_of
from dataspace.policy.moments import duration, moment, number
from dataspace.policy.operands import OPERANDS, Scale
from dataspace.vocabulary.places import within
from dataspace.vocabulary.terms import find

DEEPEST = 64
"""Conditions nested more deeply cannot be told: more than any person writes, less than a stack holds."""

_WORDS = {
    Operator.EQ: "",
    Operator.NEQ: "not ",
    Operator.LT: "less than ",
    Operator.LTEQ: "at most ",
    Operator.GT: "more than ",
    Operator.GTEQ: "at least ",
    Operator.IS_A: "",
    Operator.IS_ANY_OF: "",
    Operator.IS_NONE_OF: "none of ",
    Operator.IS_ALL_OF: "all of ",
    Operator.HAS_PART: "what holds ",
    Operator.IS_PART_OF: "part of ",
}
_BEFORE = {Operator.LT: "before ", Operator.LTEQ: "until ", Operator.GT: "after ", Operator.GTEQ: "from "}


@dataclass(frozen=True, slots=True)
class Node:
    """A condition with its truth: a leaf has a report, a compound its parts."""

    truth: Truth
    report: ConstraintReport | None = None
    parts: tuple["Node", ...] = ()

    def leaves(self) -> Iterator[ConstraintReport]:
        """Every constraint, in the order written."""
        if self.report is not None:
            yield self.report
        for part in self.parts:
            yield from part.leaves()

    def against(self, wanted: bool) -> Iterator[ConstraintReport]:
        """The constraints that keep the whole from having the wanted truth."""
        if self.truth is wanted:
            return
        if self.report is not None:
            yield self.report
        for part in self.parts:
            yield from part.against(wanted)


def evaluate(condition: Condition, facts: Mapping[Operand, Observation], depth: int = 0) -> Node:
    """The condition's truth, with reports. Raises nothing; a value that cannot be read is unknown, and so is a
    condition that is nested more deeply than `DEEPEST`."""
    if isinstance(condition, Compound):
        if depth >= DEEPEST:
            return Node(None)
        return join(condition.connective, [evaluate(part, facts, depth + 1) for part in condition.parts])
    seen = facts.get(condition.operand, UNKNOWN)
    truth = _leaf(condition.operand, _in_one_world(condition))({condition.operand: seen})
    return Node(truth, ConstraintReport(condition.operand, required(condition), seen.text, truth))


def compiled(condition: Condition, depth: int = 0) -> Callable[[Observed], Truth]:
    """The condition as a function of the facts: the truth that `evaluate` finds, without its report."""
    if isinstance(condition, Constraint):
        return _alone(condition)
    if depth >= DEEPEST:
        return lambda facts: None
    parts = tuple(compiled(part, depth + 1) for part in condition.parts)
    if len(parts) == 1:
        return parts[0]
    match condition.connective:
        case Connective.AND | Connective.AND_SEQUENCE:
            return lambda facts: _settled(parts, facts, False)
        case Connective.OR:
            return lambda facts: _settled(parts, facts, True)
        case Connective.XONE:
            return lambda facts: one_of([part(facts) for part in parts])


@lru_cache(maxsize=4096)  # the same few constraints stand in many policies
def _alone(constraint: Constraint) -> Callable[[Observed], Truth]:
    return _leaf(constraint.operand, _in_one_world(constraint))


def _settled(parts: tuple[Callable[[Observed], Truth], ...], facts: Observed, by: bool) -> Truth:
    """`all_of` (settled by False) or `any_of` (settled by True), without looking further than needed."""
    truth: Truth = not by
    for part in parts:
        found = part(facts)
        if found is by:
            return by
        if found is None:
            truth = None
    return truth


def join(connective: Connective, parts: Sequence[Node]) -> Node:
    """Several nodes under one connective."""
    return Node(_RULES[connective]([part.truth for part in parts]), None, tuple(parts))


@lru_cache(maxsize=2048)
def required(constraint: Constraint) -> str:
    """What a constraint wants, in words."""
    words = _BEFORE if constraint.operand is Operand.DATE_TIME else {}
    lead = words.get(constraint.operator, _WORDS[constraint.operator])
    joint = " and " if constraint.operator is Operator.IS_ALL_OF else " or "
    terms = [
        find(value) if OPERANDS[constraint.operand].scale is Scale.TERM else None
        for value in constraint.right
    ]
    return lead + joint.join(
        term.word if term else value for term, value in zip(terms, constraint.right, strict=True)
    )


def _leaf(operand: Operand, holds: Compared[str]) -> Callable[[Mapping[Operand, Observation]], Truth]:
    """What all worlds that are possible say alike of a constraint."""

    def truth(facts: Mapping[Operand, Observation]) -> Truth:
        worlds = facts[operand].worlds
        if len(worlds) == 1:
            return holds(worlds[0])
        return agreed([holds(world) for world in worlds])

    return truth


@lru_cache(maxsize=4096)
def _in_one_world(constraint: Constraint) -> Compared[str]:
    """The same for one world, where all values hold together. An empty world is known to be empty."""
    operator, scale = Comparing[constraint.operator.name], OPERANDS[constraint.operand].scale
    if scale is Scale.TEXT:
        return of_words(operator, constraint.right, _folded)
    if (known := _TERMS.get(scale)) is not None:
        return of_terms(operator, constraint.right, known)
    read = _READERS[scale]
    return on_axis(operator, [read(right) for right in constraint.right], _place(read))


def _folded(text: str) -> str:
    return text.strip().casefold()


def _place(read: Callable[[str], float | None]) -> Callable[[str, float | None], int | None]:
    def place(value: str, wanted: float | None) -> int | None:
        seen = read(value)
        return None if seen is None or wanted is None else (seen > wanted) - (seen < wanted)

    return place


@lru_cache(maxsize=8192)
def _term(value: str, right: str) -> Truth:
    seen, wanted = find(value), find(right)
    if seen is None or wanted is None:
        return None  # a word that nobody knows proves nothing either way
    return kind_of(seen, wanted)


@lru_cache(maxsize=8192)
def _same_term(value: str, right: str) -> Truth:
    seen, wanted, kind = find(value), find(right), _term(value, right)
    return kind if seen == wanted or kind is None else False


def _same_place(value: str, right: str) -> Truth:
    """A wider place than the one named may mean it."""
    return _folded(value) == _folded(right) or (None if within(right, value) is True else False)


_RULES = {
    Connective.AND: all_of,
    Connective.AND_SEQUENCE: all_of,
    Connective.OR: any_of,
    Connective.XONE: one_of,
}
_READERS: Mapping[Scale, Callable[[str], float | None]] = {
    Scale.MOMENT: moment,
    Scale.DURATION: duration,
    Scale.NUMBER: number,
}
_TERMS: Mapping[Scale, Terms] = {
    Scale.TERM: Terms(_same_term, _term, some=True),
    Scale.PLACE: Terms(_same_place, within, some=True),
}
