"""Times, numbers and durations as constraints of policies write them: read, or told to be neither, without raising."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from dataspace.policy.moments import as_utc, duration, moment, number

DAY = 86_400


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("P1W", 7 * DAY),
        ("P30D", 30 * DAY),
        ("PT2H", 7200),
        ("PT3M", 180),
        ("PT4S", 4),
        ("P1W1DT1H1M1S", 8 * DAY + 3661),
        ("P0D", 0),
        ("90", 90),
        ("1.5", 1.5),
    ],
)
def test_a_duration_is_so_many_seconds(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["P", "PT", "P1M", "P1Y", "soon", "", "nan", "inf"])
def test_what_has_no_fixed_length_is_no_duration(text: str) -> None:
    assert duration(text) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01", 0.0),
        ("1970-01-02T00:00:00", DAY),
        ("1970-01-01T01:00:00+01:00", 0.0),
        ("1969-12-31T23:59:59Z", -1.0),
        ("2026-02-30", None),
        ("soon", None),
    ],
)
def test_a_moment_without_a_zone_is_in_utc(text: str, seconds: float | None) -> None:
    assert moment(text) == seconds


def test_a_zone_that_moves_the_last_year_out_of_the_calendar_is_left_off() -> None:
    last = datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5)))
    assert as_utc(last) == datetime(9999, 12, 31, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "value"), [("3", 3.0), ("-0.5", -0.5), ("nan", None), ("inf", None), ("x", None)]
)
def test_a_number_is_finite(text: str, value: float | None) -> None:
    assert number(text) == value
