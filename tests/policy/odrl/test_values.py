"""Literals as places on axes: exact, and honest where a literal leaves open what it says."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.model.odrl import Literal
from dataspace.policy.odrl.values import DURATIONS, INSTANTS, XSD, duration, instant, lexical, number

DAY = 86_400


@pytest.mark.parametrize(
    ("datatype", "good", "bad"),
    [
        ("integer", ["7", "-7", "+7", "7.0"], ["7.5", "seven", "", "INF", "NaN"]),
        ("unsignedLong", ["7"], ["7.5"]),
        ("decimal", ["7.5", ".5", "7."], ["7,5", "."]),
        ("double", ["7.5e3", "-1E-3"], ["INF", "e3"]),
        ("float", ["7.5"], ["many"]),
        ("dateTime", ["2026-01-01T12:00:00Z", "2026-01-01T12:00:00"], ["2026-01-01", "2026-13-01T00:00:00Z", "T"]),
        ("dateTimeStamp", ["2026-01-01T12:00:00Z"], ["2026-01-01", "Tomorrow"]),
        ("date", ["2026-01-01", "2026-01-01Z"], ["2026-02-30", "tomorrow"]),
        ("duration", ["P1Y2M3DT4H5M6S", "-P1D", "PT0.5S"], ["P", "PT", "P1DT", "1 day", ""]),
        ("dayTimeDuration", ["P1D"], ["1 day"]),
        ("yearMonthDuration", ["P1Y"], ["1 year"]),
        ("boolean", ["true", "false", "1", "0"], ["yes", "TRUE"]),
        ("anyURI", ["whatever"], []),
    ],
)  # fmt: skip
def test_a_literal_is_possible_where_its_datatype_can_be_written_so(
    datatype: str, good: list[str], bad: list[str]
) -> None:
    assert [text for text in good if not lexical(Literal(text, XSD + datatype))] == []
    assert [text for text in bad if lexical(Literal(text, XSD + datatype))] == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", Fraction(0)),
        ("1970-01-01", Fraction(0)),
        ("1970-01-02T00:00:01Z", Fraction(DAY + 1)),
        ("1969-12-31T23:59:59.5Z", Fraction(-1, 2)),
        ("1970-01-01T01:00:00+01:00", Fraction(0)),
        ("2026-01-01T00:00:00.000001Z", Fraction(1_767_225_600_000_001, 1_000_000)),
        ("2026-02-30", None),
        ("2026-02-30T00:00:00Z", None),
        ("soon", None),
    ],
)
def test_an_instant_is_exact_to_the_microsecond(text: str, seconds: Fraction | None) -> None:
    assert instant(text) == seconds


def test_a_time_without_a_zone_may_lie_fourteen_hours_off_and_one_with_a_zone_may_not() -> None:
    """The zones of the world reach from UTC+14 to UTC-14 (XSD 1.1, 3.3.7.3)."""
    noon = Fraction(12 * 3600)
    assert [read("1970-01-01T12:00:00") for read in INSTANTS] == [noon - 14 * 3600, noon, noon + 14 * 3600]
    assert [read("1970-01-01") for read in INSTANTS] == [-14 * 3600, 0, 14 * 3600]
    assert {read("1970-01-01T12:00:00Z") for read in INSTANTS} == {noon}


@pytest.mark.parametrize(
    ("text", "days", "seconds"),
    [
        ("P1W", 7, 0),
        ("P2D", 2, 0),
        ("PT3H", 0, 3 * 3600),
        ("PT4M", 0, 240),
        ("PT5S", 0, 5),
        ("PT0.25S", 0, Fraction(1, 4)),
        ("P1W2DT3H4M5S", 9, 3 * 3600 + 245),
        ("P0D", 0, 0),
    ],
)
def test_a_duration_of_weeks_days_and_times_has_one_length(text: str, days: int, seconds: Fraction) -> None:
    assert {read(text) for read in DURATIONS} == {days * DAY + seconds}
    assert {read("-" + text) for read in DURATIONS} == {-days * DAY - seconds}


@pytest.mark.parametrize(
    ("text", "shortest", "longest"),
    [("P1M", 28, 31), ("P2M", 56, 62), ("P1Y", 365, 366), ("P12M", 365, 366), ("P1Y1M", 393, 397)],
)
def test_months_and_years_are_as_long_as_the_shortest_and_as_the_longest(
    text: str, shortest: int, longest: int
) -> None:
    assert [read(text) for read in DURATIONS] == [shortest * DAY, longest * DAY]


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from([28, 30, 31]))
def test_twelve_months_are_a_year(years: int, months: int, month: int) -> None:
    assert duration(f"P{12 * years + months}M", month) == duration(f"P{years}Y{months}M", month)


@pytest.mark.parametrize("text", ["P", "PT", "P1DT", "1", "", "P1.5D", "P1H"])
def test_what_is_no_duration_has_no_length(text: str) -> None:
    assert duration(text, 30) is None


@given(st.integers(-(10**20), 10**20))
def test_a_number_is_read_exactly(thousandths: int) -> None:
    assert number(f" {thousandths}e-3 ") == Fraction(thousandths, 1000)
    assert number("one") is None
