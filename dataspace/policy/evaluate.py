"""Constraints against what was observed: three-valued, total, and with a report for each leaf."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import ge, gt, le, lt

from dataspace.model.decisions import ConstraintReport
from dataspace.model.policies import Compound, Condition, Connective, Constraint, Operand, Operator
from dataspace.policy.coverage import kind_of
from dataspace.policy.facts import UNKNOWN, Observation, Observed
from dataspace.policy.kleene import Truth, agreed, all_of, any_of, negation, one_of
from dataspace.policy.moments import duration, moment, number
from dataspace.policy.operands import OPERANDS, Scale
from dataspace.vocabulary.places import within
from dataspace.vocabulary.terms import find

Match = Callable[[str, str], Truth]
"""Whether one observed value is what was named, or a kind or part of it."""

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
    truth = truth_of(condition)(seen.worlds)
    return Node(truth, ConstraintReport(condition.operand, required(condition), seen.text, truth))


def compiled(condition: Condition, depth: int = 0) -> Callable[[Observed], Truth]:
    """The condition as a function of the facts: the truth that `evaluate` finds, without its report."""
    if isinstance(condition, Constraint):
        operand, holds = condition.operand, truth_of(condition)
        return lambda facts: holds(facts[operand].worlds)
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


@lru_cache(maxsize=4096)
def truth_of(constraint: Constraint) -> Callable[[Sequence[frozenset[str]]], Truth]:
    """A constraint as a function of the worlds that are possible: what all of them say alike."""
    holds = _in_one_world(constraint)

    def truth(worlds: Sequence[frozenset[str]]) -> Truth:
        if len(worlds) == 1:
            return holds(worlds[0])
        return agreed([holds(world) for world in worlds])

    return truth


def _in_one_world(constraint: Constraint) -> Callable[[frozenset[str]], Truth]:
    """The same for one world, where all values hold together. An empty world is known to be empty."""
    rights, some = constraint.right, _some(constraint)
    match constraint.operator:
        case Operator.NEQ | Operator.IS_NONE_OF:
            return lambda world: negation(some(world))
        case Operator.IS_ALL_OF:
            each = [_some(replace(constraint, right=(right,))) for right in rights]
            return lambda world: all_of([one(world) for one in each])
        case Operator.LT | Operator.LTEQ | Operator.GT | Operator.GTEQ:
            return _ordered(constraint)
        case _:
            return some


def _some(constraint: Constraint) -> Callable[[frozenset[str]], Truth]:
    """Whether any value of a world is one of those named."""
    rights, scale = constraint.right, OPERANDS[constraint.operand].scale
    if not rights:
        return lambda world: None
    if scale is Scale.TEXT:  # two-valued, so that a look into a set is enough
        wanted = frozenset(map(_folded, rights))
        return lambda world: any(_folded(value) in wanted for value in world)
    match = _MATCHES[scale](constraint.operator)

    def some(world: frozenset[str]) -> Truth:
        truth: Truth = False
        for value in world:
            for right in rights:
                found = match(value, right)
                if found is True:
                    return True
                if found is None:
                    truth = None
        return truth

    return some


def _folded(text: str) -> str:
    return text.strip().casefold()


def _term_match(operator: Operator) -> Match:
    if operator is Operator.HAS_PART:
        return lambda value, right: _terms_match(right, value, False)
    exactly = operator in _EXACT
    return lambda value, right: _terms_match(value, right, exactly)


def _place_match(operator: Operator) -> Match:
    if operator is Operator.HAS_PART:
        return lambda value, right: within(right, value)
    if operator not in _EXACT:
        return within
    return lambda value, right: (
        _folded(value) == _folded(right) or (None if within(right, value) is True else False)
    )


def _number_match(scale: Scale) -> Callable[[Operator], Match]:
    read = _READERS[scale]

    def match(value: str, right: str) -> Truth:
        seen, wanted = read(value), read(right)
        return None if seen is None or wanted is None else seen == wanted

    return lambda operator: match if operator not in _PARTS else lambda value, right: None


@lru_cache(maxsize=8192)
def _terms_match(value: str, right: str, exactly: bool) -> Truth:
    seen, wanted = find(value), find(right)
    if seen is None or wanted is None:
        return None  # a word that nobody knows proves nothing either way
    if exactly and seen != wanted:
        return None if kind_of(seen, wanted) is None else False
    return kind_of(seen, wanted)


def _ordered(constraint: Constraint) -> Callable[[frozenset[str]], Truth]:
    read, order = _READERS.get(OPERANDS[constraint.operand].scale), _ORDERS[constraint.operator]
    right = read(constraint.right[0]) if read is not None and len(constraint.right) == 1 else None
    if read is None or right is None:
        return lambda world: None

    def truth(world: frozenset[str]) -> Truth:
        left = read(next(iter(world))) if len(world) == 1 else None
        return None if left is None else order(left, right)

    return truth


_RULES = {
    Connective.AND: all_of,
    Connective.AND_SEQUENCE: all_of,
    Connective.OR: any_of,
    Connective.XONE: one_of,
}
_EXACT = frozenset({Operator.EQ, Operator.NEQ})
_PARTS = frozenset({Operator.HAS_PART, Operator.IS_PART_OF})
_READERS: Mapping[Scale, Callable[[str], float | None]] = {
    Scale.MOMENT: moment,
    Scale.DURATION: duration,
    Scale.NUMBER: number,
}
_ORDERS: Mapping[Operator, Callable[[float, float], bool]] = {
    Operator.LT: lt,
    Operator.LTEQ: le,
    Operator.GT: gt,
    Operator.GTEQ: ge,
}
_MATCHES: Mapping[Scale, Callable[[Operator], Match]] = {
    Scale.TERM: _term_match,
    Scale.PLACE: _place_match,
    **{scale: _number_match(scale) for scale in _READERS},
}
