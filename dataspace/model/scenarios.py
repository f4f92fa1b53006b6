"""A rehearsal of policies as data: what would be asked, and what the steward expects to be decided."""

from dataclasses import dataclass, field
from datetime import datetime

from dataspace.model.names import PolicyId
from dataspace.model.policies import Obligations, Operand
from dataspace.model.requests import AccessRequest


@dataclass(frozen=True, slots=True)
class Expectation:
    """What should come out. `because` names policies, or rules as `policy/rule`, that must be among those that
    decided; `missing` operands that must be reported as missing; `nearest` words that the suggestion must hold;
    `obligations` the fields that an allowance must have, None in a field (or an empty one) meaning any."""

    allowed: bool
    because: tuple[str, ...] = ()
    missing: tuple[Operand, ...] = ()
    nearest: str = ""
    obligations: Obligations = field(default_factory=Obligations)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One question at one moment, and its expected decision."""

    name: str
    request: AccessRequest
    at: datetime
    expects: Expectation


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The scenarios beside one policy; `beside` names other policies that are in force with it."""

    policy: PolicyId
    beside: tuple[PolicyId, ...]
    scenarios: tuple[Scenario, ...]
