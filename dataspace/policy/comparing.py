"""One constraint against what was observed: every operator of ODRL 2.2, three-valued, as a function of what is seen.

All three evaluators compare here: `decide` (an open world, where a missing fact is unknown), the compliance report (a
closed one) and the comparison of rules (all worlds, by points that stand for them). What differs is theirs: what is
observed, what is a kind of what, and where a value lies on an axis.

    eq, neq             what is observed is one of the required values, or not. Of several terms: all of them, or some
                        one (`Terms.some`); of several places on an axis, which cannot be, what all say alike
    isA, isPartOf       something observed is a required value, a kind or a part of it
    hasPart             a required value is a part of something observed
    isAnyOf, isNoneOf   something observed is one of the required values or a kind of one, or nothing is
    isAllOf             each required value is matched by something observed
    lt, lteq, gt, gteq  the one value observed lies before, at or after the one required

Nothing observed is known to be nothing: the caller says None itself where a fact is missing. Of an operator that does
not fit (an order of terms, kinds on an axis), and where nothing is required, the truth is unknown. Nothing raises.
"""

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from dataspace.policy.kleene import Truth, agreed, all_of, any_of, negation


class Comparing(StrEnum):
    """The operators of ODRL 2.2, by their own names."""

    EQ = "eq"
    NEQ = "neq"
    LT = "lt"
    LTEQ = "lteq"
    GT = "gt"
    GTEQ = "gteq"
    IS_A = "isA"
    IS_PART_OF = "isPartOf"
    HAS_PART = "hasPart"
    IS_ANY_OF = "isAnyOf"
    IS_ALL_OF = "isAllOf"
    IS_NONE_OF = "isNoneOf"


ORDERED = frozenset({Comparing.LT, Comparing.LTEQ, Comparing.GT, Comparing.GTEQ})
_OF_KINDS = frozenset({Comparing.IS_A, Comparing.IS_PART_OF, Comparing.HAS_PART})

S = TypeVar("S")
W = TypeVar("W")

Compared = Callable[[Collection[S]], Truth]
"""A constraint as a function of the values that were observed."""
Match = Callable[[S, W], Truth]
"""Whether an observed value meets a required one; None where that cannot be told."""
Place = Callable[[S, W], int | None]
"""Where an observed value lies on an axis: before (-1), at or within (0) or after (1) a required one; None where that
cannot be told."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is known of terms: which are the same, and which are kinds or parts of which. `some`: equality asks of
    several observed values whether one is meant; otherwise whether all are."""

    same: Match[str, str]
    is_a: Match[str, str]
    some: bool = False


def of_terms(operator: Comparing, required: Sequence[str], terms: Terms) -> Compared[str]:
    """Terms, which have kinds and no order."""
    if not required or operator in ORDERED:
        return _unknown
    match operator:
        case Comparing.EQ | Comparing.NEQ:
            equal = _some(terms.same, required) if terms.some else _each(terms.same, required, all_of)
            return equal if operator is Comparing.EQ else _not(equal)
        case Comparing.HAS_PART:
            return _some(lambda seen, wanted: terms.is_a(wanted, seen), required)
        case _:
            return _of_some(operator, required, lambda wanted: _some(terms.is_a, wanted))


def of_words(
    operator: Comparing, required: Sequence[str], spelled: Callable[[str], Hashable]
) -> Compared[str]:
    """Words, which are the same or not by how they are `spelled`: the terms above without kinds, by one look-up."""
    if not required or operator in ORDERED:
        return _unknown

    def one_of_them(words: Sequence[str]) -> Compared[str]:
        wanted = frozenset(map(spelled, words))
        return lambda seen: any(spelled(value) in wanted for value in seen)

    return _of_some(operator, required, one_of_them)


def on_axis(operator: Comparing, required: Sequence[W], place: Place[S, W]) -> Compared[S]:
    """Values that have an order and no kinds."""
    if not required or operator in _OF_KINDS:
        return _unknown
    if operator in ORDERED:
        return _in_order(operator, required[0], place) if len(required) == 1 else _unknown

    def at(seen: S, wanted: W) -> Truth:
        found = place(seen, wanted)
        return None if found is None else found == 0

    if operator in (Comparing.EQ, Comparing.NEQ):
        equal = _each(at, required, agreed)
        return equal if operator is Comparing.EQ else _not(equal)
    return _of_some(operator, required, lambda wanted: _some(at, wanted))


def _of_some(
    operator: Comparing, required: Sequence[W], some: Callable[[Sequence[W]], Compared[S]]
) -> Compared[S]:
    """The operators that ask whether something observed meets something required."""
    match operator:
        case Comparing.NEQ | Comparing.IS_NONE_OF:
            return _not(some(required))
        case Comparing.IS_ALL_OF:
            each = [some((wanted,)) for wanted in required]
            return lambda seen: all_of([one(seen) for one in each])
        case _:
            return some(required)


def _some(match: Match[S, W], required: Sequence[W]) -> Compared[S]:
    def some(seen: Collection[S]) -> Truth:
        truth: Truth = False
        for value in seen:
            for wanted in required:
                found = match(value, wanted)
                if found is True:
                    return True
                if found is None:
                    truth = None
        return truth

    return some


def _each(match: Match[S, W], required: Sequence[W], rule: Callable[[Sequence[Truth]], Truth]) -> Compared[S]:
    """Whether what is observed meets something required, joined over all of it by a rule."""

    def each(seen: Collection[S]) -> Truth:
        if not seen:
            return False
        return rule([any_of([match(value, wanted) for wanted in required]) for value in seen])

    return each


def _in_order(operator: Comparing, wanted: W, place: Place[S, W]) -> Compared[S]:
    holds = _PLACES[operator]

    def ordered(seen: Collection[S]) -> Truth:
        found = place(next(iter(seen)), wanted) if len(seen) == 1 else None
        return None if found is None else found in holds

    return ordered


_PLACES = {
    Comparing.LT: (-1,),
    Comparing.LTEQ: (-1, 0),
    Comparing.GT: (1,),
    Comparing.GTEQ: (0, 1),
}


def _not(compared: Compared[S]) -> Compared[S]:
    return lambda seen: negation(compared(seen))


def _unknown(seen: Collection[object]) -> Truth:
    return None
