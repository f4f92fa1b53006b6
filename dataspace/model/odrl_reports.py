"""What came of evaluating a request against ODRL policies in one state of the world: the compliance report.

The vocabulary is https://w3id.org/force/compliance-report#; the words of the enums are its own.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dataspace.model.odrl import RuleKind, Value


class Activation(StrEnum):
    """Whether a rule is in effect for the request."""

    ACTIVE = "Active"
    INACTIVE = "Inactive"


class Deontic(StrEnum):
    """How a duty stands."""

    FULFILLED = "Fulfilled"
    VIOLATED = "Violated"
    NON_SET = "NonSet"


class Premise(StrEnum):
    """What a premise is about."""

    TARGET = "TargetReport"
    PARTY = "PartyReport"
    ACTION = "ActionReport"
    CONSTRAINT = "ConstraintReport"


@dataclass(frozen=True, slots=True)
class PremiseReport:
    """One condition of a rule: satisfied or not; for constraints also what was compared, for logical ones the parts.

    `about` names the node of the policy: the constraint, or the target, party or action that the rule names.
    """

    premise: Premise
    satisfied: bool
    about: str = ""
    observed: tuple[Value, ...] = ()
    operator: str = ""
    required: tuple[Value, ...] = ()
    joining: str = ""
    parts: tuple["PremiseReport", ...] = ()


@dataclass(frozen=True, slots=True)
class DutyReport:
    """A duty as the state of the world tells of it. `known` is the name of the world's own report, empty where none."""

    rule: str
    deontic: Deontic
    attempted: bool | None = None
    performed: bool | None = None
    known: str = ""
    parts: tuple["DutyReport", ...] = ()
    """Its consequences, or the remedies of a prohibition."""


@dataclass(frozen=True, slots=True)
class RuleReport:
    """One rule against the request."""

    rule: str
    kind: RuleKind
    activation: Activation
    premises: tuple[PremiseReport, ...] = ()
    duties: tuple[DutyReport, ...] = ()
    request_rule: str = ""


@dataclass(frozen=True, slots=True)
class PolicyReport:
    """One policy against one request at one moment, and whether it allows what was asked."""

    policy: str
    request: str
    created: datetime | None
    created_text: str
    rules: tuple[RuleReport, ...]
    allowed: bool

    @property
    def deciding(self) -> RuleReport | None:
        """The rule that settles it: an active prohibition, else an active permission, else the first rule."""
        order = {RuleKind.PROHIBITION: 0, RuleKind.PERMISSION: 1, RuleKind.OBLIGATION: 2}
        active = [rule for rule in self.rules if rule.activation is Activation.ACTIVE]
        wins = [r for r in active if r.kind is RuleKind.PERMISSION] if self.allowed else []
        ranked = sorted(wins or active or list(self.rules), key=lambda rule: order[rule.kind])
        return ranked[0] if ranked else None
