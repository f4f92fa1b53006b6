"""Times and durations as constraints write them, read without ever raising."""

import math
import re
from datetime import UTC, datetime

_DURATION = re.compile(
    r"P(?:(?P<w>\d{1,6})W)?(?:(?P<d>\d{1,6})D)?(?:T(?:(?P<h>\d{1,6})H)?(?:(?P<m>\d{1,6})M)?(?:(?P<s>\d{1,9})S)?)?"
)
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}


def as_utc(moment: datetime) -> datetime:
    """The moment in UTC; a time without a zone is taken to be in UTC, so that comparing never raises."""
    try:
        return moment.replace(tzinfo=UTC) if moment.utcoffset() is None else moment.astimezone(UTC)
    except OverflowError:  # a zone moves year 1 or 9999 out of the calendar
        return moment.replace(tzinfo=UTC)


def moment(text: str) -> float | None:
    """Seconds since 1970 of an ISO 8601 time or date, None where it is neither."""
    try:
        return as_utc(datetime.fromisoformat(text)).timestamp()
    except (ValueError, OverflowError):
        return None


def number(text: str) -> float | None:
    """A finite number, None for anything else: NaN compares with nothing."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def duration(text: str) -> float | None:
    """Seconds of an ISO 8601 duration of weeks, days and times (`P30D`), or of a bare number of seconds."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        return number(text)
    return float(sum(_SECONDS[unit] * int(amount) for unit, amount in match.groupdict().items() if amount))
