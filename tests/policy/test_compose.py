"""Obligations compose towards the stricter, whatever the order and however often."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.model.codec import to_json
from dataspace.model.datasets import Column, ColumnType
from dataspace.model.names import ColumnName, SiteName
from dataspace.model.policies import AnswerKind, Mask, MaskKind, Obligations
from dataspace.model.predicates import All, Comparator, Compare, Not, Predicate
from dataspace.policy.compose import DEFAULTS, LEAST_COHORT, MOST_EPSILON, compose, effective, reveals_more
from dataspace.transparency.canonical import canonical_json

A, B, C = (ColumnName(name) for name in "abc")
COLUMNS = (Column(A, ColumnType.TEXT), Column(B, ColumnType.INTEGER))

_compare = st.builds(
    Compare,
    st.sampled_from([A, B, C]),
    st.sampled_from(Comparator),
    st.sampled_from([0, 1, 2, True, "1", 1.0]),
)
_predicates: st.SearchStrategy[Predicate] = st.recursive(
    _compare,
    lambda inner: st.builds(Not, inner) | st.builds(All, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    max_leaves=4,
)
_masks = st.builds(
    Mask, st.sampled_from(MaskKind), st.sampled_from([0.0, 1.0, 3.0, 10.0]), st.sampled_from(["", "x", "y"])
)
_counts = st.none() | st.integers(1, 50)
_epsilons = st.none() | st.sampled_from([0.1, 0.5, 1.0, 3.0, 9.0])
_moments = st.datetimes(
    datetime(2026, 1, 1),
    datetime(2030, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5)), timezone(timedelta(hours=-3))]),
)
obligations = st.builds(
    Obligations,
    row_filter=st.none() | _predicates,
    masks=st.dictionaries(st.sampled_from([A, B, C]), _masks, max_size=3),
    withheld=st.frozensets(st.sampled_from([A, B, C])),
    cohort=_counts,
    epsilon_question=_epsilons,
    epsilon_total=_epsilons,
    maximum_rows=_counts,
    minimum_sites=_counts,
    minimum_units=_counts,
    minimum_events=_counts,
    expires=st.none() | _moments,
    restate_purpose=st.booleans(),
    attribution=st.sampled_from(["", "x", "y; x", "z"]),
    answer=st.none() | st.sampled_from(AnswerKind),
    sites=st.none() | st.frozensets(st.sampled_from([SiteName(name) for name in "abc"])),
    retention_days=_counts,
    no_onward_sharing=st.booleans(),
    duties=st.frozensets(st.sampled_from(["publish", "return results"])),
    round_to=st.none() | st.sampled_from([1, 5, 10]),
    compare_across=st.frozensets(st.sampled_from(["principal", "project"])),
)


def said(owed: Obligations) -> bytes:
    """The obligations as they enter a digest: 1 and true differ there, the order of a set does not show."""
    return canonical_json(to_json(owed))


@given(obligations, obligations)
def test_the_order_of_two_does_not_matter(one: Obligations, other: Obligations) -> None:
    assert said(compose(one, other, columns=COLUMNS)) == said(compose(other, one, columns=COLUMNS))


@given(obligations, obligations, obligations)
def test_the_grouping_of_three_does_not_matter(a: Obligations, b: Obligations, c: Obligations) -> None:
    left = compose(compose(a, b, columns=COLUMNS), c, columns=COLUMNS)
    right = compose(a, compose(b, c, columns=COLUMNS), columns=COLUMNS)
    assert said(left) == said(right) == said(compose(a, b, c, columns=COLUMNS))


@given(obligations)
def test_saying_it_twice_changes_nothing(one: Obligations) -> None:
    assert said(compose(one, one)) == said(compose(one)) == said(compose(compose(one)))
    assert said(compose(one, Obligations())) == said(compose(one))


@given(obligations, obligations)
def test_composition_only_tightens(one: Obligations, other: Obligations) -> None:
    both = compose(one, other, columns=COLUMNS)
    for field in ("cohort", "minimum_sites", "minimum_units", "minimum_events", "round_to"):
        assert (getattr(both, field) or 0) >= (getattr(one, field) or 0)
    for field in ("epsilon_question", "epsilon_total", "maximum_rows"):
        assert _least(getattr(both, field)) <= _least(getattr(one, field))
    assert both.withheld >= one.withheld
    assert both.masks.keys() >= one.masks.keys()
    assert _conjuncts(both) >= _conjuncts(one)
    if one.expires is not None:
        assert both.expires is not None
        assert both.expires <= one.expires
    assert both.restate_purpose >= one.restate_purpose
    assert both.no_onward_sharing >= one.no_onward_sharing
    assert both.duties >= one.duties
    assert both.compare_across >= one.compare_across
    assert _named(both) >= _named(one)
    assert _least(both.retention_days) <= _least(one.retention_days)
    if one.sites is not None:
        assert both.sites is not None
        assert both.sites <= one.sites
    assert all(reveals_more(kind, both.answer) >= reveals_more(kind, one.answer) for kind in AnswerKind)
    for column, mask in one.masks.items():
        assert _hiding(both.masks[column], column) >= _hiding(mask, column)


SOON, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
PERMITTED = {ColumnName(name): Compare(ColumnName(name), Comparator.EQ, 1) for name in "ab"}


@pytest.mark.parametrize(
    ("field", "one", "other", "composed"),
    [
        ("row_filter", PERMITTED[B], PERMITTED[A], All((PERMITTED[A], PERMITTED[B]))),
        ("masks", {B: Mask(MaskKind.NULL)}, {A: Mask(MaskKind.HASH)}, {A: Mask(MaskKind.HASH), B: Mask(MaskKind.NULL)}),
        ("withheld", frozenset({A}), frozenset({B}), frozenset({A, B})),
        ("duties", frozenset({"publish"}), frozenset({"delete"}), frozenset({"publish", "delete"})),
        ("compare_across", frozenset({"principal"}), frozenset({"project"}), frozenset({"principal", "project"})),
        ("cohort", 10, 20, 20),
        ("minimum_sites", 3, 4, 4),
        ("minimum_units", 50, 60, 60),
        ("minimum_events", 10, 11, 11),
        ("round_to", 5, 10, 10),
        ("epsilon_question", 0.5, 0.1, 0.1),
        ("epsilon_total", 3.0, 1.0, 1.0),
        ("maximum_rows", 200, 100, 100),
        ("retention_days", 60, 30, 30),
        ("expires", LATER, SOON, SOON),
        ("answer", AnswerKind.AGGREGATE, AnswerKind.NOISY, AnswerKind.NOISY),
        ("sites", frozenset(map(SiteName, "ab")), frozenset(map(SiteName, "bc")), frozenset({SiteName("b")})),
        ("restate_purpose", False, True, True),
        ("no_onward_sharing", False, True, True),
        ("attribution", "z; y", "x", "x; y; z"),
    ],
)  # fmt: skip
def test_of_two_demands_the_stricter_is_owed_as_the_table_says(
    field: str, one: Any, other: Any, composed: Any
) -> None:
    first, second = Obligations(**{field: one}), Obligations(**{field: other})
    assert getattr(compose(first, second), field) == composed
    assert getattr(compose(second, first), field) == composed
    nothing = {field: getattr(Obligations(), field)}
    assert replace(compose(first, second), **nothing) == Obligations(), "another field has changed"


def test_the_table_above_speaks_of_every_field() -> None:
    (mark,) = test_of_two_demands_the_stricter_is_owed_as_the_table_says.pytestmark
    assert {row[0] for row in mark.args[1]} == {field.name for field in fields(Obligations)}


def test_of_two_constants_the_first_in_order_masks() -> None:
    masks = [Mask(MaskKind.CONSTANT, 0, "a"), Mask(MaskKind.CONSTANT, 0, "b")]
    assert _mask(masks[1], masks[0], B) == _mask(masks[0], masks[1], B) == masks[0]


def test_what_a_kind_of_mask_does_not_use_makes_no_difference() -> None:
    loose = [Mask(kind, 7, "left over") for kind in MaskKind]
    bare = [compose(Obligations(masks={A: mask})).masks[A] for mask in loose]
    assert bare == [
        Mask(kind, 7 if kind is MaskKind.GENERALISE else 0, "left over" if kind is MaskKind.CONSTANT else "")
        for kind in MaskKind
    ]


def test_no_policy_can_go_below_five_persons_in_a_cell_or_above_eight_epsilon() -> None:
    asked = Obligations(cohort=1, epsilon_question=20.0, epsilon_total=20.0)
    owed = effective(asked)
    assert (owed.cohort, owed.epsilon_question, owed.epsilon_total) == (5, 8.0, 8.0)


def test_every_field_is_composed() -> None:
    nothing = Obligations()
    full = Obligations(
        Compare(A, Comparator.EQ, 1),
        {A: Mask(MaskKind.NULL)},
        frozenset({B}),
        *(1, 1.0, 1.0, 1, 1, 1, 1),
        datetime(2026, 1, 1, tzinfo=UTC),
        True,
        "x",
        AnswerKind.NOISY,
        frozenset(),
        1,
        True,
        frozenset({"publish"}),
        5,
        frozenset({"principal"}),
    )
    for field in fields(Obligations):
        assert getattr(full, field.name) != getattr(nothing, field.name), f"{field.name} is not tried here"
    assert compose(full, nothing) == compose(nothing, full) == full


def test_sites_that_no_two_permissions_share_are_none_at_all() -> None:
    apart = [Obligations(sites=frozenset({SiteName(name)})) for name in "ab"]
    assert compose(*apart).sites == frozenset()


def test_the_least_revealing_of_two_answers_is_owed() -> None:
    order = [AnswerKind.ROWS, AnswerKind.AGGREGATE, AnswerKind.NOISY, AnswerKind.TRAIN]
    for more, less in pairwise(order):
        assert compose(Obligations(answer=more), Obligations(answer=less)).answer is less


def _hiding(mask: Mask, column: ColumnName) -> tuple[int, float]:
    """How much a mask hides: kind first, then the width, where it is known which way it goes."""
    order = [MaskKind.GENERALISE, MaskKind.HASH, MaskKind.CONSTANT, MaskKind.NULL]
    known = mask.kind is MaskKind.GENERALISE and column != C
    return order.index(mask.kind), (mask.width if column == B else -mask.width) if known else 0.0


def _named(owed: Obligations) -> set[str]:
    return {name.strip() for name in owed.attribution.split(";")} - {""}


def _least(value: float | None) -> float:
    return float("inf") if value is None else value


def _conjuncts(owed: Obligations) -> set[str]:
    match compose(owed).row_filter:
        case None:
            return set()
        case All(parts):
            return {repr(part) for part in parts}
        case part:
            return {repr(part)}


def _mask(left: Mask, right: Mask, column: ColumnName) -> Mask:
    both = compose(Obligations(masks={column: left}), Obligations(masks={column: right}), columns=COLUMNS)
    return both.masks[column]


def test_the_mask_that_tells_less_wins() -> None:
    order = [Mask(MaskKind.GENERALISE, 5), Mask(MaskKind.HASH), Mask(MaskKind.CONSTANT), Mask(MaskKind.NULL)]
    for weaker, stronger in pairwise(order):
        assert _mask(weaker, stronger, B) == stronger


def test_a_wider_band_hides_more_and_so_does_a_shorter_prefix() -> None:
    narrow, wide = Mask(MaskKind.GENERALISE, 5), Mask(MaskKind.GENERALISE, 10)
    assert _mask(narrow, wide, B) == wide
    assert _mask(narrow, wide, A) == narrow


def test_where_it_is_not_known_which_of_two_widths_hides_more_the_value_is_hashed() -> None:
    assert _mask(Mask(MaskKind.GENERALISE, 5), Mask(MaskKind.GENERALISE, 10), C) == Mask(MaskKind.HASH)


def test_one_and_true_are_two_filters() -> None:
    one, true = Compare(A, Comparator.EQ, 1), Compare(A, Comparator.EQ, True)
    both = compose(Obligations(row_filter=one), Obligations(row_filter=true)).row_filter
    assert isinstance(both, All)
    assert len(both.parts) == 2


def test_the_defaults_fill_what_nobody_speaks_of() -> None:
    owed = effective(Obligations())
    assert (owed.cohort, owed.epsilon_question, owed.epsilon_total) == (10, 0.1, 1.0)
    assert (owed.minimum_sites, owed.minimum_units, owed.minimum_events) == (3, 50, 10)
    assert owed == DEFAULTS


@given(obligations)
def test_nothing_enforced_is_left_open_and_the_floors_hold(given_obligations: Obligations) -> None:
    owed = effective(given_obligations)
    assert owed.cohort is not None
    assert owed.cohort >= LEAST_COHORT
    assert owed.epsilon_total is not None
    assert owed.epsilon_total <= MOST_EPSILON
    assert owed.epsilon_question is not None
    assert owed.epsilon_question <= owed.epsilon_total
    assert None not in (owed.minimum_sites, owed.minimum_units, owed.minimum_events)
