"""The time of this machine."""

from datetime import UTC, datetime


class UtcClock:
    """`Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)
