"""What leaves only after people have looked at it: a file, what it is said to be, and who let it out."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dataspace.model.names import PrincipalId


class ReleaseState(StrEnum):
    """Where a request for release stands."""

    WAITING = "waiting"
    RELEASED = "released"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ReleaseForm:
    """What the asker says of a file: what it is, of whom it tells, and how many units stand behind each number.

    `units` has one count for each row of the answer, in units of its dataset.
    `reason` says why the rules do not settle it.
    """

    title: str
    description: str
    population: str
    units: tuple[int, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """A request for release. `outcome` is the record of the answer, `record` that of the release once it happened."""

    id: str
    asker: PrincipalId
    form: ReleaseForm
    outcome: int
    digest: str
    asked: datetime
    due: datetime
    state: ReleaseState = ReleaseState.WAITING
    approved_by: tuple[PrincipalId, ...] = ()
    refused_by: PrincipalId | None = None
    because: str = ""
    record: int | None = None
    question: str = ""
    """What the answer was asked with, by the record and not by the asker; empty where it was asked elsewhere."""
