"""Axes with an order: the points that are tried stand for every case that constraints can tell apart."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import gcd

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.model.odrl import ODRL, Comparison, Iri, Joining, Literal
from dataspace.policy.kleene import Truth
from dataspace.policy.odrl.formula import Atom, Axis, Joined
from dataspace.policy.odrl.ordered import MOST_BEATS, Scaled, readings
from dataspace.policy.odrl.solving import Outcome, solve
from dataspace.policy.odrl.terms import Knowledge
from dataspace.policy.odrl.values import INSTANTS, duration, instant, number
from dataspace.vocabulary.odrl import Sort

DAY = 86_400
COUNT, AMOUNT, ELAPSED = (Axis(ODRL + name) for name in ("count", "payAmount", "elapsedTime"))
MOMENT, INTERVAL, OWN = Axis(ODRL + "dateTime"), Axis(ODRL + "timeInterval"), Axis("http://example.org/own")


def said(operator: str, *texts: str, anchor: str = "") -> Comparison:
    return Comparison("c", "left", ODRL + operator, tuple(map(Literal, texts)), anchor=anchor)


_one = st.sampled_from(["eq", "neq", "lt", "lteq", "gt", "gteq"])
_several = st.sampled_from(["isAnyOf", "isNoneOf", "isAllOf"])


def some(texts: st.SearchStrategy[str]) -> st.SearchStrategy[list[Comparison]]:
    single = st.builds(said, _one, texts)
    double = st.builds(said, _several, texts, texts)
    return st.lists(single | double, min_size=1, max_size=4)


def cases(space: Scaled, points: Sequence[Fraction], found: Sequence[Comparison]) -> set[tuple[Truth, ...]]:
    return {tuple(space.truth(one, point) for one in found) for point in points}


@given(
    some(st.integers(-2, 6).map(lambda half: str(half / 2))),
    st.integers(-12, 24).map(lambda n: Fraction(n, 6)),
)
def test_the_points_of_a_number_stand_for_every_other_one(found: list[Comparison], other: Fraction) -> None:
    space = Scaled(OWN, Sort.NUMBER, number)
    assert cases(space, [other], found) <= cases(space, space.points(found), found)


@given(some(st.integers(-2, 6).map(lambda half: str(half / 2))), st.integers(0, 5).map(Fraction))
def test_the_points_of_a_count_are_whole_and_stand_for_every_other_one(
    found: list[Comparison], other: Fraction
) -> None:
    space = Scaled(COUNT, Sort.COUNTED, number)
    points = space.points(found)
    assert all(point.denominator == 1 and point >= 0 for point in points)
    assert cases(space, [other], found) <= cases(space, points, found)


@given(
    some(st.integers(0, 3).map(lambda days: f"P{days}D")),
    st.integers(0, 16).map(lambda n: Fraction(DAY * n, 4)),
)
def test_the_points_of_a_duration_stand_for_every_other_one(found: list[Comparison], other: Fraction) -> None:
    space = Scaled(ELAPSED, Sort.DURATION, lambda text: duration(text, 28))
    assert cases(space, [other], found) <= cases(space, space.points(found), found)


_times = st.sampled_from(["1970-01-02", "1970-01-03", "1970-01-02T00:00:00Z", "1970-01-02T12:00:00Z"])


@given(some(_times), st.integers(0, 24).map(lambda n: Fraction(DAY * n, 6)))
def test_the_points_of_a_time_stand_for_every_other_one(found: list[Comparison], other: Fraction) -> None:
    space = Scaled(MOMENT, Sort.INSTANT, instant)
    assert cases(space, [other], found) <= cases(space, space.points(found), found)


def test_nothing_is_tried_that_the_operand_cannot_be() -> None:
    found = [said("gt", "-5"), said("lt", "500")]
    for name, low, high in (("payAmount", 0, None), ("percentage", 0, 100), ("own", None, None)):
        points = Scaled(Axis(ODRL + name), Sort.NUMBER, number).points(found)
        assert min(points) == (0 if low == 0 else -6)
        assert max(points) == (100 if high == 100 else 501)


def test_a_day_lasts_from_its_midnight_up_to_but_without_the_next() -> None:
    space = Scaled(MOMENT, Sort.INSTANT, instant)
    on = said("eq", "1970-01-02")
    at = [Fraction(DAY) - 1, Fraction(DAY), Fraction(2 * DAY) - 1, Fraction(2 * DAY)]
    assert [space.truth(on, point) for point in at] == [False, True, True, False]
    assert [space.truth(said("lt", "1970-01-02"), point) for point in at] == [True, False, False, False]
    assert [space.truth(said("gt", "1970-01-02"), point) for point in at] == [False, False, False, True]
    moment = said("eq", "1970-01-02T00:00:00Z")
    assert [space.truth(moment, point) for point in at] == [False, True, False, False]


@pytest.mark.parametrize(
    "unfit",
    [
        said("eq", "many"),
        said("isAnyOf", "1", "many"),
        said("likes", "1"),
        said("isA", "1"),
        Comparison("c", "left", ODRL + "isAnyOf", (Iri("http://example.org/one"), Literal("1"))),
    ],
    ids=["no number", "not all numbers", "no operator", "no kinds", "not all literals"],
)
def test_what_does_not_fit_an_axis_is_unknown_at_every_point(unfit: Comparison) -> None:
    space = Scaled(OWN, Sort.NUMBER, number)
    assert {space.truth(unfit, point) for point in space.points([unfit])} == {None}


@pytest.mark.parametrize(
    ("sort", "texts", "several"),
    [
        (Sort.INSTANT, ("1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z"), False),
        (Sort.INSTANT, ("1970-01-01T00:00:00", "1970-01-02T00:00:00"), False),
        (Sort.INSTANT, ("1970-01-01T00:00:00", "1970-01-02T00:00:00Z"), True),
        (Sort.INSTANT, ("1970-01-01T00:00:00Z", "soon"), False),
        (Sort.DURATION, ("P1D", "PT5M"), False),
        (Sort.DURATION, ("P1M", "P1Y"), False),
        (Sort.DURATION, ("P1M", "P30D"), True),
        (Sort.DURATION, ("P1Y", "P30D"), True),
        (Sort.NUMBER, ("1", "2"), False),
    ],
)
def test_values_are_read_in_several_ways_only_where_that_can_matter(
    sort: Sort, texts: tuple[str, ...], several: bool
) -> None:
    ways = readings(sort, [said("lt", text) for text in texts])
    assert (len(ways) > 1) is several
    if sort is Sort.INSTANT:
        assert list(ways) == list(INSTANTS if several else INSTANTS[1:2])


_beats = st.tuples(st.integers(0, 8), st.integers(1, 8))


def beat(start: int, period: int, operator: str = "eq") -> Comparison:
    return said(operator, f"PT{period}S", anchor=f"1970-01-01T00:00:{start:02}Z")


@given(st.lists(_beats, min_size=1, max_size=4), st.data())
def test_beats_fall_together_and_apart_in_every_way_that_trying_every_second_shows(
    beats: list[tuple[int, int]], data: st.DataObject
) -> None:
    operators = [data.draw(st.sampled_from(["eq", "neq"])) for _ in beats]
    found = [beat(*one, operator) for one, operator in zip(beats, operators, strict=True)]
    space = Scaled(INTERVAL, Sort.RECURRING, instant)
    points = space.points(found)
    every = range(840)  # 8 seconds before all have begun, and the least common multiple of 1 to 8
    together = {tuple((t - start) % period == 0 for start, period in beats) for t in every}
    tried = {tuple((point - start) % period == 0 for start, period in beats) for point in points}
    assert tried == together | {(False,) * len(beats)}
    said_so = {tuple(space.truth(each, point) for each in found) for point in points}
    assert said_so == {
        tuple(on is (operator == "eq") for on, operator in zip(each, operators, strict=True))
        for each in tried
    }


@pytest.mark.parametrize(
    "vague",
    [
        said("eq", "P1D"),
        said("eq", "P1M", anchor="1970-01-01T00:00:00Z"),
        said("eq", "P0D", anchor="1970-01-01T00:00:00Z"),
        said("eq", "often", anchor="1970-01-01T00:00:00Z"),
        said("eq", "P1D", anchor="soon"),
        said("eq", "PT1.5S", anchor="1970-01-01T00:00:00Z"),
        said("eq", "PT1S", anchor="1970-01-01T00:00:00.5Z"),
        said("isAnyOf", "P1D", "P2D", anchor="1970-01-01T00:00:00Z"),
        said("eq", "P1D", "P2D", anchor="1970-01-01T00:00:00Z"),
        said("lt", "P1D", anchor="1970-01-01T00:00:00Z"),
    ],
)
def test_a_beat_without_anchor_or_of_no_fixed_length_is_unknown(vague: Comparison) -> None:
    space = Scaled(INTERVAL, Sort.RECURRING, instant)
    assert {space.truth(vague, point) for point in space.points([vague])} == {None}
    assert space.truth(beat(0, 2), Fraction(4)) is True


def test_of_any_two_beats_it_is_found_whether_they_ever_meet() -> None:
    """Two meet where what divides both periods divides what lies between their beginnings."""
    space = Scaled(INTERVAL, Sort.RECURRING, instant)
    for later, period, other in product(range(0, 12, 3), (1, 4, 6, 7, 9), (1, 6, 8, 9)):
        points = space.points([beat(2, period), beat(2 + later, other)])
        met = any((point - 2) % period == 0 and (point - 2 - later) % other == 0 for point in points)
        assert met is (later % gcd(period, other) == 0), (later, period, other)


def test_of_more_beats_than_are_tried_it_stays_open_whether_they_conflict() -> None:
    """What is found to hold holds; that nothing does cannot be told."""
    few = tuple(beat(0, period, "neq") for period in range(2, 2 + MOST_BEATS))
    many = (*few, beat(0, 9, "neq"), beat(0, 1))
    atoms = [Atom(INTERVAL, replace(one, left=INTERVAL.operand)) for one in many]
    assert solve(Joined(Joining.AND, tuple(atoms[:6])), Knowledge()).holds is True
    never = [
        Atom(INTERVAL, replace(beat(0, 2, operator), left=INTERVAL.operand)) for operator in ("eq", "neq")
    ]
    assert solve(Joined(Joining.AND, tuple(never)), Knowledge()).holds is False
    assert solve(Joined(Joining.AND, (*atoms, *never)), Knowledge()).holds is None


def test_two_beats_that_meet_only_after_many_turns_meet() -> None:
    """The one of 33 seconds and the one of 39 fall together after 301 seconds for the first time."""
    space = Scaled(INTERVAL, Sort.RECURRING, instant)
    for found in ([beat(4, 33), beat(28, 39)], [beat(28, 39), beat(4, 33)]):
        met = [point for point in space.points(found) if (point - 4) % 33 == 0 == (point - 28) % 39]
        assert met
        assert all((point - 301) % 429 == 0 for point in met)


def test_as_many_beats_as_are_tried_settle_whether_they_conflict() -> None:
    space = Scaled(INTERVAL, Sort.RECURRING, instant)
    beats = [beat(0, period) for period in range(1, MOST_BEATS + 2)]
    assert space.exhausted([*beats[:MOST_BEATS], beats[0]])
    assert not space.exhausted(beats)
    assert Scaled(COUNT, Sort.COUNTED, number).exhausted(beats)


def outcome(*found: Comparison) -> Outcome:
    parts = tuple(Atom(INTERVAL, replace(each, left=INTERVAL.operand)) for each in found)
    return solve(Joined(Joining.AND, parts), Knowledge())


def test_a_beat_without_a_zone_is_told_from_another_such_one_and_from_one_with_a_zone_never() -> None:
    def told(one: str, other: str, *more: Comparison) -> Truth:
        return outcome(said("eq", "P1D", anchor=one), said("neq", "P1D", anchor=other), *more).holds

    here, there = "1970-01-01T00:00:00", "1970-01-01T00:00:00Z"
    assert told(here, here) is False
    assert told(there, there) is False
    assert told(there, there, said("eq", "P1D", anchor=here)) is False
    assert told(here, here, said("eq", "P1D", anchor=there)) is None
    assert told(here, there) is None
    assert told(there, here) is None
    assert told(there, "1970-01-01T02:00:00+02:00") is False
    assert told(here, "1970-01-01T01:00:00") is True
    assert told(there, "1970-01-01T01:00:00Z") is True


def test_a_meeting_is_shown_in_utc_where_no_zone_is_named() -> None:
    for anchor in ("1970-01-01T06:00:00", "1970-01-01T06:00:00Z"):
        shown = outcome(said("eq", "P1D", anchor=anchor)).witness
        assert shown == {"timeInterval": "1970-01-01T06:00:00+00:00"}
