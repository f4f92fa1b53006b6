"""One constraint against what was observed: every operator of ODRL 2.2, three-valued, over values as text.

Both evaluators compare here: `decide` in an open world, where a missing fact is unknown, and the compliance report
in a closed one. The difference is theirs: they say what is observed, and what `is_a` answers for strangers.
"""

from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from fractions import Fraction

from dataspace.policy.kleene import Truth, all_of, any_of, negation


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


Scale = Callable[[str], float | Fraction | None]
"""Where a value stands on an ordered axis (a number, seconds since 1970, seconds); None where it does not."""
IsA = Callable[[str, str], Truth]
"""Whether the first term is the second, a kind of it or a part of it; None where that cannot be told."""

ORDERED = frozenset({Comparing.LT, Comparing.LTEQ, Comparing.GT, Comparing.GTEQ})
SETS = frozenset({Comparing.IS_ANY_OF, Comparing.IS_ALL_OF, Comparing.IS_NONE_OF})


def same_text(value: str, other: str) -> Truth:
    """Terms of no vocabulary: the same text, or not."""
    return value == other


def compare(
    operator: Comparing,
    observed: Collection[str],
    required: Sequence[str],
    is_a: IsA = same_text,
    scale: Scale | None = None,
    same: IsA | None = None,
) -> Truth:
    """Whether the observed values stand in that relation to the required ones; never raises.

    `observed` are values that hold together: none at all is known to be none (the caller says None itself where a
    fact is missing). With a `scale`, equality and order are those of the axis; a value that has no place on it is
    unknown. Without, `same` decides identity (by default the text), and order cannot be told.

    eq, neq             all that is observed is the one required value, or not
    isA, isPartOf       something observed is the required value, a kind or a part of it
    hasPart             the required value is a part of something observed
    isAnyOf, isNoneOf   something observed is one of the required values or a kind of one, or nothing is
    isAllOf             each required value is matched by something observed
    """
    if not required:
        return None
    alike = _identity(scale, same)
    kind = alike if scale is not None else is_a
    match operator:
        case Comparing.EQ | Comparing.NEQ:
            equal = _equal(alike, observed, required)
            return equal if operator is Comparing.EQ else negation(equal)
        case Comparing.IS_A | Comparing.IS_PART_OF | Comparing.IS_ANY_OF:
            return _some(kind, observed, required)
        case Comparing.HAS_PART:
            return _some(lambda seen, wanted: kind(wanted, seen), observed, required)
        case Comparing.IS_NONE_OF:
            return negation(_some(kind, observed, required))
        case Comparing.IS_ALL_OF:
            return all_of([_some(kind, observed, (wanted,)) for wanted in required])
        case _:
            return _order(operator, observed, required, scale)


def _identity(scale: Scale | None, same: IsA | None) -> IsA:
    if scale is None:
        return same or same_text

    def level(value: str, other: str) -> Truth:
        left, right = scale(value), scale(other)
        return None if left is None or right is None else left == right

    return level


def _equal(alike: IsA, observed: Collection[str], required: Sequence[str]) -> Truth:
    if not observed:
        return False
    return all_of([any_of([alike(seen, wanted) for wanted in required]) for seen in observed])


def _some(kind: IsA, observed: Collection[str], required: Sequence[str]) -> Truth:
    if not observed:
        return False
    return any_of([kind(seen, wanted) for seen in observed for wanted in required])


def _order(
    operator: Comparing, observed: Collection[str], required: Sequence[str], scale: Scale | None
) -> Truth:
    if scale is None or len(observed) != 1 or len(required) != 1:
        return None
    left, right = scale(next(iter(observed))), scale(required[0])
    if left is None or right is None:
        return None
    match operator:
        case Comparing.LT:
            return left < right
        case Comparing.LTEQ:
            return left <= right
        case Comparing.GT:
            return left > right
        case _:
            return left >= right
