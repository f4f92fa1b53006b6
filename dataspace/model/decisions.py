"""A decision: `Allow` with obligations, or `Deny` with reasons. Never a boolean."""

from dataclasses import dataclass
from typing import NoReturn

from dataspace.model.names import PolicyId, RuleId
from dataspace.model.policies import Effect, Obligations, Operand

_NOT_A_BOOLEAN = (
    "a decision is not a yes or no: match on Allow or Deny, so that obligations of an allowance are carried out, "
    "and the reasons of a denial told"
)


@dataclass(frozen=True, slots=True)
class ConstraintReport:
    """One constraint against what was observed. `holds` is None where that could not be told."""

    operand: Operand
    required: str
    observed: str
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule and what it did here, with its source inside, so that nothing is matched up later.

    `who_can_change` says whose act would change the outcome: `you`, or the policy's owner.
    """

    policy: PolicyId
    rule: RuleId
    effect: Effect
    applies: bool | None
    """None where it could not be told; an unclear forbid applies, an unclear permit does not."""
    sentence: str
    constraints: tuple[ConstraintReport, ...] = ()
    who_can_change: str = ""


@dataclass(frozen=True, slots=True)
class Allow:
    """Access, under these obligations, because of these rules."""

    obligations: Obligations
    reasons: tuple[Reason, ...]

    def __bool__(self) -> NoReturn:
        raise TypeError(_NOT_A_BOOLEAN)


@dataclass(frozen=True, slots=True)
class Deny:
    """No access, because of these rules; `missing` are facts that were unknown, `nearest` what would pass."""

    reasons: tuple[Reason, ...]
    missing: tuple[Operand, ...] = ()
    nearest: str = ""

    def __bool__(self) -> NoReturn:
        raise TypeError(_NOT_A_BOOLEAN)


Decision = Allow | Deny
