"""What runs across sites need, in memory: a revocation list that was told, a diary that is a list."""

from collections.abc import Sequence

from dataspace.errors import SourceError
from dataspace.model.names import RunId
from dataspace.model.permits import PermitStatus
from dataspace.model.runs import OpenRun, RunEvent


class MemoryStatusSource:
    """`StatusSource` that says what it was told last; SourceError until then."""

    def __init__(self) -> None:
        self._told: tuple[PermitStatus, float] | None = None

    def tell(self, status: PermitStatus, age: float = 0.0) -> None:
        """What `status` answers from now on."""
        self._told = (status, age)

    def status(self) -> tuple[PermitStatus, float]:
        if self._told is None:
            raise SourceError("No revocation list has arrived yet.", "Try again once the hub can be reached.")
        return self._told


class MemoryJournal:
    """`Journal`; what was appended is in `events`."""

    def __init__(self) -> None:
        self.events: list[RunEvent] = []

    def append(self, event: RunEvent) -> None:
        self.events.append(event)


class MemoryOpenRuns:
    """`OpenRuns`; they end with the process, so it is for tests alone."""

    def __init__(self) -> None:
        self._runs: dict[RunId, OpenRun] = {}

    def put(self, run: OpenRun) -> None:
        self._runs[run.run] = run

    def drop(self, run: RunId) -> None:
        self._runs.pop(run, None)

    def all(self) -> Sequence[OpenRun]:
        return tuple(self._runs.values())
