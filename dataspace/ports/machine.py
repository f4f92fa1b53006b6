"""What services need of the machine that they run on."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The one reading of the time; always UTC and aware."""

    def now(self) -> datetime: ...
