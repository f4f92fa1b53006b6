"""The account of privacy loss: who is protected, what was spent on whom, and what is left."""

from dataclasses import dataclass
from datetime import datetime

from dataspace.model.names import ColumnName, DatasetName, PermitId, PrincipalId


@dataclass(frozen=True, slots=True)
class Account:
    """One account for each lineage and privacy unit. `unit` None: each row is its own unit."""

    lineage: DatasetName
    unit: ColumnName | None


@dataclass(frozen=True, slots=True)
class PrivacyEvent:
    """One mechanism as it really ran: `laplace` or `gaussian`, noise scale over sensitivity, how often."""

    mechanism: str
    noise_multiplier: float
    times: int = 1


@dataclass(frozen=True, slots=True)
class Charge:
    """One entry. ε and δ are those of the whole question; `question` is the digest of what was asked."""

    permit: PermitId | None
    principal: PrincipalId
    question: str
    events: tuple[PrivacyEvent, ...]
    epsilon: float
    delta: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be spent. None: not limited at that level."""

    lineage: float | None = 10.0
    permit: float | None = 1.0
    question: float | None = None


@dataclass(frozen=True, slots=True)
class Reservation:
    """Budget set aside before the engine runs. A crash after this counts as spent."""

    id: str
    account: Account
    charge: Charge
    reserved: datetime
    repeated: bool = False
    """True where the idempotency key was seen before: nothing new was set aside."""


@dataclass(frozen=True, slots=True)
class Overspent:
    """There is not enough left. `left` is what could still be spent, `limited_by` which limit binds."""

    account: Account
    asked: float
    left: float
    limited_by: str


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account (or one permit on it) has spent and has left; None where nothing limits it."""

    account: Account
    permit: PermitId | None
    spent: float
    limit: float | None

    @property
    def left(self) -> float | None:
        """What can still be spent, never below 0; None where nothing limits it."""
        return None if self.limit is None else max(0.0, self.limit - self.spent)
