"""Obligations of several rules as one: field by field the stricter, whatever the order.

    row_filter                              rows that pass all of them
    masks                                   of one column: null over constant over hash over generalise; of two
                                            constants the first in order; of two widths the one that hides more
    withheld, duties, compare_across        the columns, the duties, what is compared with, of all of them
    cohort, minimum_sites, minimum_units,
    minimum_events, round_to                the largest
    epsilon_question, epsilon_total,
    maximum_rows, retention_days            the smallest
    expires                                 the earliest
    answer                                  the least revealing: rows, aggregate, noisy, train
    sites                                   those that all name; none named in common is no site at all
    restate_purpose, no_onward_sharing      where any demands it
    attribution                             all that are to be named

A field that says nothing (None, or empty) leaves the others as they are. `compose` is associative, commutative and
idempotent up to normal form, and only tightens: `compose(x)` is x in normal form.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import reduce
from typing import TypeVar

from dataspace.model.datasets import Column, ColumnType
from dataspace.model.names import ColumnName
from dataspace.model.policies import AnswerKind, Mask, MaskKind, Obligations
from dataspace.model.predicates import All, Predicate
from dataspace.policy.moments import as_utc

T = TypeVar("T")

COHORT, MINIMUM_SITES, MINIMUM_UNITS, MINIMUM_EVENTS = 10, 3, 50, 10
EPSILON_QUESTION, EPSILON_TOTAL = 0.1, 1.0
"""What holds where no policy and no permit speaks of it (the table of defaults)."""

DEFAULTS = Obligations(
    cohort=COHORT,
    epsilon_question=EPSILON_QUESTION,
    epsilon_total=EPSILON_TOTAL,
    minimum_sites=MINIMUM_SITES,
    minimum_units=MINIMUM_UNITS,
    minimum_events=MINIMUM_EVENTS,
)
"""The same as obligations."""

LEAST_COHORT = 5
"""No policy can go below this."""

MOST_EPSILON = 8.0
"""More ε than this in one permit is not given by a policy alone."""

NOTHING = Obligations()
"""No demand at all."""

_KINDS = {kind: place for place, kind in enumerate(AnswerKind)}
_STRICTNESS = {MaskKind.NULL: 3, MaskKind.CONSTANT: 2, MaskKind.HASH: 1, MaskKind.GENERALISE: 0}
_WORDY = frozenset({ColumnType.TEXT})


def compose(*obligations: Obligations, columns: Iterable[Column] = ()) -> Obligations:
    """The strictest of each field. `columns` say which masked columns hold text, where a shorter prefix hides more;
    for a column that is not among them, two different widths give a hash, which hides more than either."""
    return join(map(normal, obligations), columns)


def join(normals: Iterable[Obligations], columns: Iterable[Column] = ()) -> Obligations:
    """`compose` of obligations that are in normal form already."""
    return reduce(lambda left, right: _join(left, right, columns), normals, NOTHING)


def reveals_more(kind: AnswerKind, bound: AnswerKind | None) -> bool:
    """Whether a kind of answer tells more than the most revealing one that may be given."""
    return bound is not None and _KINDS[kind] < _KINDS[bound]


def effective(obligations: Obligations) -> Obligations:
    """With the defaults filled in and the floors kept, so that nothing that is enforced is left open."""
    total = min(_or(obligations.epsilon_total, EPSILON_TOTAL), MOST_EPSILON)
    return replace(
        obligations,
        cohort=max(_or(obligations.cohort, COHORT), LEAST_COHORT),
        epsilon_question=min(_or(obligations.epsilon_question, EPSILON_QUESTION), total),
        epsilon_total=total,
        minimum_sites=_or(obligations.minimum_sites, MINIMUM_SITES),
        minimum_units=_or(obligations.minimum_units, MINIMUM_UNITS),
        minimum_events=_or(obligations.minimum_events, MINIMUM_EVENTS),
    )


def _or(value: T | None, default: T) -> T:
    return default if value is None else value


def _join(left: Obligations, right: Obligations, columns: Iterable[Column]) -> Obligations:
    if left is NOTHING or left is right:
        return right
    return Obligations(
        row_filter=_both(left.row_filter, right.row_filter),
        masks=_masks(left.masks, right.masks, columns),
        withheld=left.withheld | right.withheld,
        cohort=_pick(max, left.cohort, right.cohort),
        epsilon_question=_pick(min, left.epsilon_question, right.epsilon_question),
        epsilon_total=_pick(min, left.epsilon_total, right.epsilon_total),
        maximum_rows=_pick(min, left.maximum_rows, right.maximum_rows),
        minimum_sites=_pick(max, left.minimum_sites, right.minimum_sites),
        minimum_units=_pick(max, left.minimum_units, right.minimum_units),
        minimum_events=_pick(max, left.minimum_events, right.minimum_events),
        expires=_earlier(left.expires, right.expires),
        restate_purpose=left.restate_purpose or right.restate_purpose,
        attribution=_lines(left.attribution, right.attribution),
        answer=_pick(_less_revealing, left.answer, right.answer),
        sites=_pick(frozenset.intersection, left.sites, right.sites),
        retention_days=_pick(min, left.retention_days, right.retention_days),
        round_to=_pick(max, left.round_to, right.round_to),
        compare_across=left.compare_across | right.compare_across,
        no_onward_sharing=left.no_onward_sharing or right.no_onward_sharing,
        duties=left.duties | right.duties,
    )


def normal(obligations: Obligations) -> Obligations:
    """The one form of all that demand the same."""
    if obligations == NOTHING:
        return NOTHING
    owed = obligations
    if owed.row_filter is None and not owed.masks and owed.expires is None and not owed.attribution:
        return owed  # nothing in it has two spellings
    return replace(
        obligations,
        row_filter=_both(obligations.row_filter, None),
        masks={name: _bare(obligations.masks[name]) for name in sorted(obligations.masks)},
        expires=_earlier(obligations.expires, None),
        attribution=_lines(obligations.attribution, ""),
    )


def _pick(stricter: Callable[[T, T], T], left: T | None, right: T | None) -> T | None:
    if left is None or right is None:
        return right if left is None else left
    return stricter(left, right)


def _less_revealing(left: AnswerKind, right: AnswerKind) -> AnswerKind:
    return right if reveals_more(left, right) else left


def _earlier(left: datetime | None, right: datetime | None) -> datetime | None:
    if left is None and right is None:
        return None
    return min((as_utc(moment) for moment in (left, right) if moment is not None), default=None)


def _lines(left: str, right: str) -> str:
    if not (left or right):
        return ""
    parts = {part.strip() for text in (left, right) for part in text.split(";")}
    return "; ".join(sorted(parts - {""}))


def _both(left: Predicate | None, right: Predicate | None) -> Predicate | None:
    """Rows that pass both, as one flat conjunction without repetition, in one order."""
    if left is None and right is None:
        return None
    # By spelling, not by equality: in Python 1 and true are equal, in a filter they are not.
    spelled = {repr(part): part for predicate in (left, right) for part in _conjuncts(predicate)}
    ordered = tuple(spelled[text] for text in sorted(spelled))
    return ordered[0] if len(ordered) == 1 else All(ordered)


def _conjuncts(predicate: Predicate | None) -> tuple[Predicate, ...]:
    match predicate:
        case None:
            return ()
        case All(parts):
            return tuple(inner for part in parts for inner in _conjuncts(part))
        case _:
            return (predicate,)


def _masks(
    left: Mapping[ColumnName, Mask], right: Mapping[ColumnName, Mask], columns: Iterable[Column]
) -> Mapping[ColumnName, Mask]:
    if not (left and right):
        return left or right  # in normal form, and so in order
    wordy = {column.name: column.type in _WORDY for column in columns}
    both = {name: _stricter(left[name], right[name], wordy.get(name)) for name in left.keys() & right.keys()}
    merged = {**left, **right, **both}
    return {name: merged[name] for name in sorted(merged)}


def _stricter(left: Mask, right: Mask, wordy: bool | None) -> Mask:
    """The one of two masks that tells less; `wordy` says whether the column holds text, None where unknown."""
    if left.kind is not right.kind:
        return max(left, right, key=lambda mask: _STRICTNESS[mask.kind])
    if left.kind is MaskKind.GENERALISE and left.width != right.width:
        if wordy is None:
            return Mask(MaskKind.HASH)
        return min(left, right, key=lambda mask: mask.width if wordy else -mask.width)
    return min(left, right, key=lambda mask: mask.constant)


def _bare(mask: Mask) -> Mask:
    """Only what the kind of mask uses, so that equal masks are equal."""
    return Mask(
        mask.kind,
        mask.width if mask.kind is MaskKind.GENERALISE else 0,
        mask.constant if mask.kind is MaskKind.CONSTANT else "",
    )
