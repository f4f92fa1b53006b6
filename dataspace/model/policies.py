"""A policy as a document: ODRL 2.2 rules with constraints, duties as obligations, and who may change it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from dataspace.model.datasets import Label
from dataspace.model.names import ColumnName, DatasetName, PolicyId, RuleId, SiteName
from dataspace.model.predicates import Predicate


class Action(StrEnum):
    """What is done with a dataset. `use` covers the others, as in ODRL's hierarchy."""

    USE = "use"
    DISCOVER = "discover"
    READ = "read"
    AGGREGATE = "aggregate"
    TRAIN = "train"


class AnswerKind(StrEnum):
    """What comes back, from the most to the least revealing."""

    ROWS = "rows"
    AGGREGATE = "aggregate"
    NOISY = "noisy"
    TRAIN = "train"


class Operand(StrEnum):
    """Left operands of constraints. A fact for each may be part of a request."""

    PURPOSE = "purpose"
    LEGAL_BASIS = "legal-basis"
    ROLE = "role"
    AFFILIATION = "affiliation"
    COUNTRY = "country"
    RECIPIENT = "recipient"
    ANSWER_KIND = "answer-kind"
    SITE = "site"
    LABEL = "label"
    PERMIT = "permit"
    """`valid` where a permit that covers the request came with it, `none` where none came."""
    ETHICS_VOTE = "ethics-vote"
    DPIA = "dpia"
    DATE_TIME = "date-time"
    ELAPSED_TIME = "elapsed-time"
    COUNT = "count"


class Operator(StrEnum):
    """Operators of constraints; `is-a` climbs the hierarchy of the vocabulary."""

    EQ = "eq"
    NEQ = "neq"
    LT = "lt"
    LTEQ = "lteq"
    GT = "gt"
    GTEQ = "gteq"
    IS_A = "is-a"
    IS_ANY_OF = "is-any-of"
    IS_NONE_OF = "is-none-of"
    IS_ALL_OF = "is-all-of"


@dataclass(frozen=True, slots=True)
class Constraint:
    """`operand operator right`. `right` has one member for all operators but the set operators."""

    operand: Operand
    operator: Operator
    right: tuple[str, ...]


class Connective(StrEnum):
    """How the parts of a compound condition combine."""

    AND = "and"
    OR = "or"
    XONE = "xone"


@dataclass(frozen=True, slots=True)
class Compound:
    """Several conditions under one connective. Never empty: an empty `and` would permit everyone by mistake."""

    connective: Connective
    parts: tuple["Condition", ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("a compound condition needs at least one part")


Condition = Constraint | Compound


class Effect(StrEnum):
    """What a rule does where it applies."""

    PERMIT = "permit"
    FORBID = "forbid"


class MaskKind(StrEnum):
    """How a column is hidden in a cut."""

    NULL = "null"
    HASH = "hash"
    """Keyed HMAC with a key of the permit: stable within it, not linkable across."""
    GENERALISE = "generalise"
    """Numbers to bands of `width`, text to its first `width` characters."""
    CONSTANT = "constant"


@dataclass(frozen=True, slots=True)
class Mask:
    """How one column is hidden. `width` is the band (numbers) or the prefix (text) of `generalise`."""

    kind: MaskKind
    width: float = 0
    constant: str = ""


@dataclass(frozen=True, slots=True)
class Obligations:
    """What an allowance demands. Composition over several rules goes towards the stricter, field by field.

    Units: `epsilon_question` and `epsilon_total` are ε of pure or approximate differential privacy; `cohort`,
    `minimum_sites`, `minimum_units`, `minimum_events` are counts of privacy units, sites, units, events;
    `maximum_rows` is rows of an answer. None means that this allowance does not speak of it.
    """

    row_filter: Predicate | None = None
    masks: Mapping[ColumnName, Mask] = field(default_factory=dict)
    withheld: frozenset[ColumnName] = frozenset()
    cohort: int | None = None
    epsilon_question: float | None = None
    epsilon_total: float | None = None
    maximum_rows: int | None = None
    minimum_sites: int | None = None
    minimum_units: int | None = None
    minimum_events: int | None = None
    expires: datetime | None = None
    restate_purpose: bool = False
    attribution: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """What a rule speaks of: datasets by name, or by a label that one of the columns asked for carries.

    Both empty cannot be built: in ODRL a missing target means any, and a policy must not fall open.
    `everything` has to be said.
    """

    datasets: frozenset[DatasetName] = frozenset()
    labels: frozenset[Label] = frozenset()
    everything: bool = False

    def __post_init__(self) -> None:
        if not (self.datasets or self.labels or self.everything):
            raise ValueError("a rule needs a target: name datasets or labels, or say everything")


@dataclass(frozen=True, slots=True)
class Rule:
    """One permission or prohibition. `actions` and `kinds` empty mean any action, any kind of answer."""

    id: RuleId
    effect: Effect
    target: Target
    actions: frozenset[Action] = frozenset()
    kinds: frozenset[AnswerKind] = frozenset()
    condition: Condition | None = None
    obligations: Obligations = field(default_factory=Obligations)
    because: str = ""
    """One sentence that a refusal may show."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A document of rules that takes effect as a whole. `owner` is who could change it, in words."""

    id: PolicyId
    title: str
    owner: str
    rules: tuple[Rule, ...]
    site: SiteName | None = None


@dataclass(frozen=True, slots=True)
class PolicySet:
    """All policies in force at one moment, with the digest that records keep."""

    policies: tuple[Policy, ...]
    digest: str
