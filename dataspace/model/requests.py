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
    parameters: tuple[object, ...] | Mapping[str, object] | None = None
    """Values for the parameters of the text (`?`, `$1`, `$name`), in the order of these or by name.

    They become literals of the syntax tree that is decided on and runs, and stand in no record: the question is
    recorded as it was written. A decision can be made again without them, and a value that somebody looks for (a
    person's number) tells more than the shape of their question.
    """
    error: float | None = None
    """For noisy answers, instead of ε: half the width of the 95 % interval that is wished for."""
    population: str = ""
    """The name of the population that this question declares; nothing is told of it then."""


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
    relayed: bool = False
    """Whether whoever decides only passes the question on to sites, which decide again: what is granted for some sites
    alone is then granted to pass on, and the allowance says to which."""
