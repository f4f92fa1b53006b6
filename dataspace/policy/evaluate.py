"""Constraints against what was observed: three-valued, total, and with a report for each leaf."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from dataspace.model.decisions import ConstraintReport
from dataspace.model.policies import Compound, Condition, Connective, Constraint, Operand, Operator
from dataspace.policy.coverage import kind_of
from dataspace.policy.facts import UNKNOWN, Observation
from dataspace.policy.kleene import Truth, agreed, all_of, any_of, negation, one_of
from dataspace.policy.moments import duration, moment, number
from dataspace.vocabulary.terms import find

_HIERARCHIES = frozenset({Operand.PURPOSE, Operand.LEGAL_BASIS, Operand.DPIA})
"""Operands whose values are terms: all operators but `eq` and `neq` climb to the broader ones."""

_SCALES = {
    Operand.DATE_TIME: moment,
    Operand.ELAPSED_TIME: duration,
    Operand.COUNT: number,
}
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


def evaluate(condition: Condition, facts: Mapping[Operand, Observation]) -> Node:
    """The condition's truth, with reports. Raises nothing; a value that cannot be read is unknown."""
    if isinstance(condition, Compound):
        return join(condition.connective, [evaluate(part, facts) for part in condition.parts])
    seen = facts.get(condition.operand, UNKNOWN)
    truth = agreed([_holds(condition, world) for world in seen.worlds])
    return Node(truth, ConstraintReport(condition.operand, required(condition), seen.text, truth))


def join(connective: Connective, parts: Sequence[Node]) -> Node:
    """Several nodes under one connective."""
    rule = {Connective.AND: all_of, Connective.OR: any_of, Connective.XONE: one_of}[connective]
    return Node(rule([part.truth for part in parts]), None, tuple(parts))


@lru_cache(maxsize=2048)
def required(constraint: Constraint) -> str:
    """What a constraint wants, in words."""
    words = _BEFORE if constraint.operand is Operand.DATE_TIME else {}
    lead = words.get(constraint.operator, _WORDS[constraint.operator])
    joint = " and " if constraint.operator is Operator.IS_ALL_OF else " or "
    terms = [find(value) if constraint.operand in _HIERARCHIES else None for value in constraint.right]
    return lead + joint.join(
        term.word if term else value for term, value in zip(terms, constraint.right, strict=True)
    )


def _holds(constraint: Constraint, world: frozenset[str]) -> Truth:
    """One constraint in one world, where `world` are values that hold together."""
    one = any_of([_matches(constraint, value, right) for right in constraint.right for value in world])
    if not world and constraint.right:
        one = False  # known to be empty: nothing matches
    match constraint.operator:
        case Operator.EQ | Operator.IS_A | Operator.IS_ANY_OF:
            return one
        case Operator.NEQ | Operator.IS_NONE_OF:
            return negation(one)
        case Operator.IS_ALL_OF:
            return all_of([_some(constraint, world, right) for right in constraint.right])
        case _:
            return _ordered(constraint, world)


def _some(constraint: Constraint, world: frozenset[str], right: str) -> Truth:
    return any_of([_matches(constraint, value, right) for value in world]) if world else False


def _matches(constraint: Constraint, value: str, right: str) -> Truth:
    """Whether one observed value is what was named, or a kind of it."""
    if constraint.operand in _HIERARCHIES:
        return _terms_match(value, right, constraint.operator in (Operator.EQ, Operator.NEQ))
    scale = _SCALES.get(constraint.operand)
    if scale is None:
        return value.strip().casefold() == right.strip().casefold()
    left_number, right_number = scale(value), scale(right)
    return None if left_number is None or right_number is None else left_number == right_number


@lru_cache(maxsize=8192)
def _terms_match(value: str, right: str, exactly: bool) -> Truth:
    seen, wanted = find(value), find(right)
    if seen is None or wanted is None:
        return None  # a word that nobody knows proves nothing either way
    if exactly and seen != wanted:
        return None if kind_of(seen, wanted) is None else False
    return kind_of(seen, wanted)


def _ordered(constraint: Constraint, world: frozenset[str]) -> Truth:
    scale = _SCALES.get(constraint.operand)
    if scale is None or len(world) != 1 or len(constraint.right) != 1:
        return None
    left, right = scale(next(iter(world))), scale(constraint.right[0])
    if left is None or right is None:
        return None
    match constraint.operator:
        case Operator.LT:
            return left < right
        case Operator.LTEQ:
            return left <= right
        case Operator.GT:
            return left > right
        case Operator.GTEQ:
            return left >= right
        case _:
            return None
