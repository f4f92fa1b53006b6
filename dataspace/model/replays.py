"""What a policy would have changed, had it been in force when the recorded requests were made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from dataspace.model.names import DatasetName, PolicyId, PrincipalId
from dataspace.model.policies import AnswerKind


class Effectuation(StrEnum):
    """How a decision would differ from the one under the policies in force."""

    GAINS = "gains"
    LOSES = "loses"
    TIGHTER = "tighter"
    LOOSER = "looser"
    """The answer owes less in some respect."""


@dataclass(frozen=True, slots=True)
class Affected:
    """Requests of one person that one change touches alike.

    `rows` and `cells` are what these requests were given, as recorded: what would not be given again (loses), or not
    in the same way (tighter, looser). For `gains` nothing was given; `rows` are then those of the version asked.
    """

    principal: PrincipalId
    dataset: DatasetName
    kind: AnswerKind
    purpose: str
    permit: str
    effect: Effectuation
    times: int
    rows: int
    cells: int
    because: tuple[str, ...]
    """The rules that decide, as `policy/rule`, and the limits that would differ."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The recorded requests of a period under the policies in force, and under those with one of them replaced.

    `smallest_before` and `smallest_after` are the smallest group, in privacy units, that an allowed answer of
    aggregate kind may show; None where none is allowed. `left_out` counts requests that cannot be replayed, by reason.
    """

    policy: PolicyId
    digest: str
    since: datetime
    until: datetime
    requests: int
    unchanged: int
    affected: tuple[Affected, ...]
    smallest_before: int | None
    smallest_after: int | None
    left_out: Mapping[str, int] = field(default_factory=dict)

    def people(self, effect: Effectuation) -> tuple[PrincipalId, ...]:
        """Who is touched in this way, each once."""
        return tuple(sorted({line.principal for line in self.affected if line.effect is effect}))
