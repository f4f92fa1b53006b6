"""Literals of ODRL as places on axes: numbers, moments and durations, exact, and honest where XSD leaves it open.

A duration in months has no fixed length and a time without a zone may lie 14 hours off: each such value has several
readings, and a comparison holds only where all of them agree.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction

from dataspace.model.odrl import Literal

XSD = "http://www.w3.org/2001/XMLSchema#"
_INTEGERS = {
    XSD + name
    for name in ("integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger")
} | {XSD + "unsignedInt", XSD + "unsignedLong"}
_NUMBERS = _INTEGERS | {XSD + name for name in ("decimal", "double", "float")}
_DURATIONS = {XSD + name for name in ("duration", "dayTimeDuration", "yearMonthDuration")}
_DURATION = re.compile(
    r"(-)?P(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})W)?(?:(\d{1,6})D)?"
    r"(?:T(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?"
)
_NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST, LATEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-14))
"""The zones in which a clock without a zone would show a time first, and last."""

Reading = Callable[[str], Fraction | None]


def lexical(value: Literal) -> bool:
    """Whether a literal's text is possible for its datatype; unknown datatypes are taken as they are."""
    if value.datatype in _NUMBERS:
        found = number(value.text)
        return found is not None and (value.datatype not in _INTEGERS or found.denominator == 1)
    if value.datatype in (XSD + "dateTime", XSD + "dateTimeStamp"):
        return "T" in value.text and instant(value.text) is not None
    if value.datatype == XSD + "date":
        return instant(value.text) is not None
    if value.datatype in _DURATIONS:
        return duration(value.text, 30) is not None
    if value.datatype == XSD + "boolean":
        return value.text in ("true", "false", "1", "0")
    return True


def number(text: str) -> Fraction | None:
    """An exact number; None for anything else, infinities included."""
    return Fraction(text.strip()) if _NUMBER.fullmatch(text.strip()) else None


def day(text: str) -> date | None:
    """A date without a time; a zone behind it (`Z`, `+01:00`) is dropped."""
    match = re.fullmatch(r"(\d{4}-\d{2}-\d{2})(Z|[+-]\d{2}:\d{2})?", text.strip())
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def moment_of(text: str) -> datetime | None:
    """A date or time as written, with or without a zone; None where it is impossible."""
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None


def instant(text: str, zone: timezone = UTC) -> Fraction | None:
    """Seconds since 1970 of a date or time; one without a zone is read in `zone`. None where it is impossible."""
    whole = day(text)
    try:
        if whole is not None:
            moment = datetime(whole.year, whole.month, whole.day, tzinfo=zone)
        else:
            moment = datetime.fromisoformat(text.strip())
            moment = moment.replace(tzinfo=zone) if moment.utcoffset() is None else moment
        passed = moment - _EPOCH
    except (ValueError, OverflowError):
        return None
    return Fraction(passed.days * 86_400 + passed.seconds) + Fraction(passed.microseconds, 1_000_000)


def duration(text: str, month: int) -> Fraction | None:
    """Seconds of an ISO 8601 duration, with months of so many days; twelve of them are a year."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not any(match.groups()[1:]) or text.strip().endswith("T"):
        return None
    minus, years, months, weeks, days, hours, minutes, seconds = match.groups()
    whole, rest = divmod(12 * int(years or 0) + int(months or 0), 12)
    year = 366 if month == 31 else 365
    total = Fraction(int(days or 0) + 7 * int(weeks or 0)) + whole * year + rest * month
    total = total * 86_400 + int(hours or 0) * 3_600 + int(minutes or 0) * 60 + Fraction(seconds or 0)
    return -total if minus else total


INSTANTS: tuple[Reading, ...] = (
    lambda text: instant(text, EARLIEST),
    lambda text: instant(text, UTC),
    lambda text: instant(text, LATEST),
)
DURATIONS: tuple[Reading, ...] = (lambda text: duration(text, 28), lambda text: duration(text, 31))
NUMBERS: tuple[Reading, ...] = (number,)
