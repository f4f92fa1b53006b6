"""What was asked (`Query`), and what it comes to once resolved (`AccessRequest`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dataspace.model.datasets import Column, VersionRef
from dataspace.model.names import PermitId, SiteName
from dataspace.model.permits import Permit
from dataspace.model.policies import Action, AnswerKind, Operand
from dataspace.model.principals import Fact, Principal


@dataclass(frozen=True, slots=True)
class Query:
    """A question as asked, with nothing resolved. `epsilon` is for noisy answers only."""

    principal: Principal
    text: str
    purpose: str = ""
    permit: PermitId | None = None
    kind: AnswerKind | None = None
    epsilon: float | None = None


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Everything that may influence a decision, and nothing else: the complete list, for an auditor."""

    principal: Principal
    action: Action
    purpose: str
    dataset: VersionRef
    columns: tuple[Column, ...]
    kind: AnswerKind
    permit: Permit | None = None
    site: SiteName | None = None
    facts: Mapping[Operand, Fact] = field(default_factory=dict)
