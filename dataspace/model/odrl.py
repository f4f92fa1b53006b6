"""ODRL 2.2 as it is exchanged: Set, Offer, Agreement and Request, their rules, duties, constraints and collections.

A node is named by its IRI, or by `_:…` where it is blank. What a document says beyond these nouns stays in
`Document.others` word for word, so that reading and writing loses nothing. Meaning is given by `policy/odrl`.
"""

from dataclasses import dataclass
from enum import StrEnum

ODRL = "http://www.w3.org/ns/odrl/2/"


@dataclass(frozen=True, slots=True)
class Iri:
    """A thing, by name."""

    text: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A value, with the IRI of its datatype (text where empty) or its language."""

    text: str
    datatype: str = ""
    language: str = ""


Value = Iri | Literal


@dataclass(frozen=True, slots=True)
class Statement:
    """One triple. Nodes are IRIs or `_:…`; the object is a node (as `Iri`) or a literal."""

    subject: str
    predicate: str
    object: Value


class Kind(StrEnum):
    """What a policy is. Any other type of policy counts as a Set and keeps its type among the statements."""

    SET = "Set"
    OFFER = "Offer"
    AGREEMENT = "Agreement"
    REQUEST = "Request"
    POLICY = "Policy"
    ASSERTION = "Assertion"
    PRIVACY = "Privacy"
    TICKET = "Ticket"


class Strategy(StrEnum):
    """Which rule wins where a permission and a prohibition meet. ODRL's default is INVALID, ours PROHIBIT."""

    PERM = "perm"
    PROHIBIT = "prohibit"
    INVALID = "invalid"


class Joining(StrEnum):
    """How the parts of a logical constraint combine."""

    AND = "and"
    OR = "or"
    XONE = "xone"
    AND_SEQUENCE = "andSequence"


class RuleKind(StrEnum):
    """What a rule does."""

    PERMISSION = "permission"
    PROHIBITION = "prohibition"
    OBLIGATION = "obligation"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left operator right`. Operand and operator are IRIs, also such as nobody knows: their truth is unknown.

    `list_head` names the RDF list that held the right values, empty where there was none. `unit` and `reference`
    are `odrl:unit` and `odrl:rightOperandReference` (never fetched). `anchor` fixes a recurring interval in time.
    """

    id: str
    left: str
    operator: str
    right: tuple[Value, ...]
    list_head: str = ""
    unit: str = ""
    reference: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Logical:
    """Several conditions under one connective. Never empty: an empty `and` would hold for everybody."""

    id: str
    joining: Joining
    parts: tuple["Condition", ...]
    list_head: str = ""

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("a logical constraint needs at least one part")


Condition = Comparison | Logical


@dataclass(frozen=True, slots=True)
class Member:
    """A party or an asset, or a collection of them with refinements that its members have to meet."""

    id: str
    collection: bool = False
    source: str = ""
    refinements: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Doing:
    """An action, with refinements. `node` differs from `action` where a node with `rdf:value` stood between."""

    action: str
    node: str
    refinements: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """A permission, prohibition, obligation or duty. Empty parties, targets or actions mean any.

    `duties` are those of a permission, `consequences` those of a duty that was not fulfilled, `remedies` those of a
    prohibition that was broken.
    """

    id: str
    actions: tuple[Doing, ...] = ()
    targets: tuple[Member, ...] = ()
    assigners: tuple[Member, ...] = ()
    assignees: tuple[Member, ...] = ()
    constraints: tuple[Condition, ...] = ()
    duties: tuple["Rule", ...] = ()
    consequences: tuple["Rule", ...] = ()
    remedies: tuple["Rule", ...] = ()


@dataclass(frozen=True, slots=True)
class OdrlPolicy:
    """A policy with its rules. Parties, targets and actions named at the policy hold for each rule without its own."""

    id: str
    kind: Kind
    permissions: tuple[Rule, ...] = ()
    prohibitions: tuple[Rule, ...] = ()
    obligations: tuple[Rule, ...] = ()
    conflict: Strategy | None = None
    profiles: tuple[str, ...] = ()

    def rules(self) -> tuple[tuple[RuleKind, Rule], ...]:
        """All rules with their kinds: permissions, prohibitions, obligations."""
        return (
            *((RuleKind.PERMISSION, rule) for rule in self.permissions),
            *((RuleKind.PROHIBITION, rule) for rule in self.prohibitions),
            *((RuleKind.OBLIGATION, rule) for rule in self.obligations),
        )


@dataclass(frozen=True, slots=True)
class Document:
    """The policies of one document, sorted by name, every statement of it, and those that no noun holds."""

    policies: tuple[OdrlPolicy, ...]
    statements: tuple[Statement, ...]
    others: tuple[Statement, ...] = ()
