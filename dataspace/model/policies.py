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
    """Left operands of constraints. A fact for each may be part of a request.

    To add one: a member here, and its row in `dataspace/policy/operands.py`, which says how its values compare,
    where they come from and who can change them. A test demands the row.
    """

    PURPOSE = "purpose"
    LEGAL_BASIS = "legal-basis"
    ROLE = "role"
    PERSON = "person"
    """The asker's own id."""
    AFFILIATION = "affiliation"
    ORGANISATION_KIND = "organisation-kind"
    """What the asker's organisation is, as its identity provider writes it: `public-body`, `company`, …"""
    COUNTRY = "country"
    """Of the asker's organisation, as ISO 3166-1 alpha-2; `EU`, `EEA` and `adequacy` are wider places."""
    SPATIAL = "spatial"
    """Where the answer is used: places as for `country`."""
    RECIPIENT = "recipient"
    ANSWER_KIND = "answer-kind"
    SITE = "site"
    LABEL = "label"
    PERMIT = "permit"
    """`valid` where a permit that covers the request came with it, `none` where none came."""
    ETHICS_VOTE = "ethics-vote"
    PROJECT = "project"
    """The project that the permit was granted for, `none` where it names none."""
    DISEASE = "disease"
    """The one disease that the permit is for, as MONDO:0005148; `none` where it names none."""
    DPIA = "dpia"
    """Status of the data protection impact assessment: terms of DPV."""
    SECURE_ENVIRONMENT = "secure-environment"
    """`valid` where what comes back stays in an enrolled workspace, `none` where it leaves."""
    DATE_TIME = "date-time"
    ELAPSED_TIME = "elapsed-time"
    """Since the permit's (or the policy's) first use, as ISO 8601 duration or seconds; from the decider's own log."""
    COUNT = "count"
    """Answers given so far; from the decider's own log."""


class Operator(StrEnum):
    """Operators of constraints; `is-a` climbs the hierarchy of the vocabulary.

    `is-part-of`: what is observed lies within what is named. `has-part`: what is named lies within what is observed.
    """

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
    HAS_PART = "has-part"
    IS_PART_OF = "is-part-of"


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
    AND_SEQUENCE = "and-sequence"
    """As `and`, told in the order written: all facts of a request hold at one moment."""


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
    `maximum_rows` is rows of an answer; `retention_days` days for which what came back may be kept. None means that
    this allowance does not speak of it. An empty `sites` is no site at all.
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
    answer: AnswerKind | None = None
    """The most revealing kind of answer that may be given."""
    sites: frozenset[SiteName] | None = None
    """Where it may be computed."""
    retention_days: int | None = None
    no_onward_sharing: bool = False
    duties: frozenset[str] = frozenset()
    """What else is owed, in words: to publish, to return results. Told with the answer; no machine carries them out."""
    round_to: int | None = None
    """Counts and sums of an aggregate answer are told as multiples of this."""
    compare_across: frozenset[str] = frozenset()
    """An aggregate is compared with earlier ones under the same permit, and of these too: `principal`, `project`."""


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


class _Compilable:
    """Room for what the engine makes of a set, for as long as the set lives; no part of its value, and not copied."""

    __slots__ = ("compiled",)
    compiled: object


@dataclass(frozen=True, slots=True)
class PolicySet(_Compilable):
    """All policies in force at one moment, with the digest that records keep."""

    policies: tuple[Policy, ...]
    digest: str
