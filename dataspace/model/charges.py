"""The account of privacy loss: who is protected, what was spent on whom, and what is left."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dataspace.model.names import ColumnName, DatasetName, PermitId, PrincipalId


class Level(StrEnum):
    """Whose part of an account is added up; each may have a limit of its own."""

    LINEAGE = "lineage"
    PERMIT = "permit"
    ALONE = "alone"
    """What a principal spends without any permit; it has the limit of a permit."""
    PROJECT = "project"
    PRINCIPAL = "principal"


@dataclass(frozen=True, slots=True)
class Account:
    """One account for each lineage and privacy unit. `unit` None: each row is its own unit."""

    lineage: DatasetName
    unit: ColumnName | None


@dataclass(frozen=True, slots=True)
class PrivacyEvent:
    """One mechanism as it really ran: `laplace` or `gaussian`, noise scale over sensitivity, how often.

    Any other name is accounted by the ε and δ of its charge, without the benefit of composition.
    """

    mechanism: str
    noise_multiplier: float
    times: int = 1
    """How often it ran: the steps of a training."""
    sampling: float = 1.0
    """q: how probable it was for one unit to take part in a step (Poisson sampling); 1 without sampling."""
    sensitivity: float | None = None
    """What one unit could change, in the units of the number; None where only the ratio to the noise is known."""
    delta: float = 0.0
    """δ of one run that stands outside the accountant: that of a threshold for unknown keys."""

    @property
    def scale(self) -> float | None:
        """The noise itself: the scale of Laplace noise, σ of Gaussian noise."""
        return None if self.sensitivity is None else self.noise_multiplier * self.sensitivity


def shown(project: str) -> str:
    """A project's name for people: without the blank place of an organisation that was not said."""
    return project.removeprefix(": ")


class ChargeKind(StrEnum):
    """What was let out for a charge."""

    QUESTION = "question"
    """A noisy answer to a researcher's question."""
    UPDATE = "update"
    """A noised update of a training round."""
    METRIC = "metric"
    """A measure of how a model does, such as an AUC."""
    PROFILE = "profile"
    """A noisy description of the data, for the catalogue."""


@dataclass(frozen=True, slots=True)
class Charge:
    """One entry. ε and δ are those of the whole question; `question` is the digest of what was asked."""

    permit: PermitId | None
    principal: PrincipalId
    question: str
    events: tuple[PrivacyEvent, ...]
    epsilon: float
    delta: float = 0.0
    project: str = ""
    """`project_of` its permit; empty without one."""
    part: str = ""
    """The version (`version:SHA-256`) or the site (`site:name`) whose rows alone were read; empty means all."""
    kind: ChargeKind = ChargeKind.QUESTION


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be spent. None: not limited at that level. `permit` also binds who asks without a permit."""

    lineage: float | None = 10.0
    permit: float | None = 1.0
    question: float | None = None
    project: float | None = 8.0
    principal: float | None = 8.0
    delta: float = 1e-6
    """δ of a permit, a project or a principal; at this δ mechanisms without an ε of their own are summed too."""
    lineage_delta: float = 1e-5
    """δ of a whole lineage: that of ten permits, as its ε is."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """Budget set aside before the engine runs. A crash after this counts as spent."""

    id: str
    account: Account
    charge: Charge
    reserved: datetime
    repeated: bool = False
    """True where the idempotency key was seen before: nothing new was set aside, so nothing new may be released.
    Whoever holds it gives the answer that was made then, or reserves anew under another key."""


@dataclass(frozen=True, slots=True)
class Overspent:
    """There is not enough left. `left` is what could still be spent, `limited_by` which limit binds."""

    account: Account
    asked: float
    left: float
    limited_by: str


@dataclass(frozen=True, slots=True)
class Purse:
    """What one part of an account has spent: ε and δ as the check before adds them up."""

    level: Level
    name: str
    """The permit, project or principal; empty for the lineage."""
    epsilon: float
    delta: float


@dataclass(frozen=True, slots=True)
class TopUp:
    """A steward's recorded decision that one part of an account may spend more. It never applies to a lineage."""

    account: Account
    level: Level
    name: str
    epsilon: float
    """How much is added to the limit."""
    reason: str
    by: PrincipalId
    at: datetime
    officer: str = ""
    """The data protection officer who agreed, and where that is written; demanded above 8."""


@dataclass(frozen=True, slots=True)
class Disjoint:
    """A steward's recorded declaration that no person is in two of these parts: their charges do not add up."""

    account: Account
    parts: frozenset[str]
    reason: str
    by: PrincipalId
    at: datetime


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account (or one part of it) has spent and has left; None where nothing limits it."""

    account: Account
    permit: PermitId | None
    spent: float
    limit: float | None
    level: Level = Level.LINEAGE
    name: str = ""
    """The permit, project or principal; empty for the lineage."""
    delta: float = 0.0
    raised: float = 0.0
    """How much of the limit is top-ups."""
    composed: float | None = None
    """ε of all events together by privacy loss distributions, at `composed_at`; None where it was not computed."""
    composed_at: float | None = None

    @property
    def left(self) -> float | None:
        """What can still be spent, never below 0; None where nothing limits it."""
        return None if self.limit is None else max(0.0, self.limit - self.spent)
