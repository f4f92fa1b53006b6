"""Statements to the nouns of ODRL: what is understood goes into them, the rest stays beside, nothing is lost.

Refused, with the node named: an empty conjunction, a constraint without operand or operator, an impossible date, a
condition, duty or collection that contains itself, and conditions nested too deeply to be meant.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from dataspace.adapters.odrl_graph import DEEPEST, parse
from dataspace.errors import PolicyUnreadable
from dataspace.model.odrl import (
    ODRL,
    Comparison,
    Condition,
    Document,
    Doing,
    Iri,
    Joining,
    Kind,
    Literal,
    Logical,
    Member,
    OdrlPolicy,
    Rule,
    Statement,
    Strategy,
    Value,
)
from dataspace.policy.odrl.values import lexical
from dataspace.vocabulary.odrl import PREFIXES

RDF = PREFIXES["rdf"]
TYPE, FIRST, REST, NIL = RDF + "type", RDF + "first", RDF + "rest", RDF + "nil"
ANCHORS = ("http://w3id.org/drk/ontology/anchor", PREFIXES["ds"] + "anchor")
Built = TypeVar("Built")
LONGEST_LIST = 20_000


def read_odrl(text: str, name: str, mark: str = "b") -> Document:
    """The policies of a document in Turtle or JSON-LD. Raises PolicyUnreadable, also where there is no policy."""
    document = read_statements(parse(text, name, mark), name)
    if not document.policies:
        raise PolicyUnreadable(f"{name}: it holds no ODRL policy.", "A policy is an odrl:Set, Offer, …")
    return document


def read_statements(statements: tuple[Statement, ...], name: str) -> Document:
    """The policies among statements. Raises PolicyUnreadable."""
    graph = Graph(name, statements)
    policies = tuple(_policy(graph, node) for node in _policies(graph))
    others = tuple(s for s in statements if s not in graph.understood)
    return Document(policies, statements, others)


@dataclass(slots=True)
class Graph:
    """Statements by subject and predicate, and which of them a noun has taken up."""

    name: str
    statements: tuple[Statement, ...]
    by: dict[tuple[str, str], list[Statement]] = field(default_factory=dict)
    understood: set[Statement] = field(default_factory=set)
    budget: int = 40_000
    """Nodes to build: what is shared a thousandfold is not unfolded without end."""

    def __post_init__(self) -> None:
        for statement in self.statements:
            self.by.setdefault((statement.subject, statement.predicate), []).append(statement)

    def take(self, node: str, predicate: str) -> tuple[Value, ...]:
        """All objects, in the document's order, and mark them as understood."""
        found = self.by.get((node, predicate), [])
        self.understood.update(found)
        return tuple(statement.object for statement in found)

    def nodes(self, node: str, local: str) -> tuple[str, ...]:
        """The nodes that an ODRL property points to; a literal there is refused."""
        found = self.take(node, ODRL + local)
        if any(isinstance(value, Literal) for value in found):
            raise self.refused(node, f"odrl:{local} needs a name and has a literal.")
        return tuple(value.text for value in found)

    def one(self, node: str, local: str) -> str:
        """The one node of a property, empty where there is none; refused where there are several."""
        found = self.nodes(node, local)
        if len(found) > 1:
            raise self.refused(node, f"it has {len(found)} values of odrl:{local}, and one is possible.")
        return found[0] if found else ""

    def is_a(self, node: str, *local: str) -> bool:
        """Whether the node has one of these ODRL types; marks the statement."""
        found = [s for s in self.by.get((node, TYPE), []) if s.object in [Iri(ODRL + name) for name in local]]
        self.understood.update(found)
        return bool(found)

    def items(self, head: str) -> tuple[Value, ...]:
        """The members of an RDF list. Refused where it has no end, or more ends than one."""
        found: list[Value] = []
        seen: set[str] = set()
        while head != NIL:
            first, rest = self.take(head, FIRST), self.take(head, REST)
            if len(first) != 1 or len(rest) != 1 or head in seen or len(seen) > LONGEST_LIST:
                raise self.refused(head, "its list is broken or has no end.")
            seen.add(head)
            found.append(first[0])
            head = rest[0].text
        return tuple(found)

    def refused(self, node: str, fact: str) -> PolicyUnreadable:
        """What is wrong, and at which node."""
        at = "a blank node" if node.startswith("_:") else f"<{node[:100]}>"
        return PolicyUnreadable(f"{self.name}: {at}: {fact}", "Mend it and read it again.")


def _policies(graph: Graph) -> Iterator[str]:
    """What has a type of policy, or rules: ODRL allows a policy without a type to be a Set."""
    types = {ODRL + kind.value for kind in Kind}
    rules = {ODRL + name for name in ("permission", "prohibition", "obligation")}
    found = {
        s.subject
        for s in graph.statements
        if (s.predicate == TYPE and isinstance(s.object, Iri) and s.object.text in types)
        or s.predicate in rules
    }
    return iter(sorted(found))


def _policy(graph: Graph, node: str) -> OdrlPolicy:
    kinds = [kind for kind in Kind if graph.is_a(node, kind.value)]
    said = graph.one(node, "conflict")
    if said and said.removeprefix(ODRL) not in set(Strategy):
        raise graph.refused(node, "its conflict strategy is unknown.")
    whole = _rule(graph, node, ())  # what a policy says itself holds for each rule that does not say it

    def rules(local: str) -> tuple[Rule, ...]:
        return tuple(_inherit(_rule(graph, rule, ()), whole) for rule in graph.nodes(node, local))

    return OdrlPolicy(
        _identity(graph, node),
        next((kind for kind in kinds if kind is not Kind.POLICY), Kind.SET),
        rules("permission"),
        rules("prohibition"),
        rules("obligation"),
        Strategy(said.removeprefix(ODRL)) if said else None,
        graph.nodes(node, "profile"),
    )


def _inherit(rule: Rule, whole: Rule) -> Rule:
    return Rule(
        rule.id,
        rule.actions or whole.actions,
        rule.targets or whole.targets,
        rule.assigners or whole.assigners,
        rule.assignees or whole.assignees,
        rule.constraints,
        rule.duties,
        rule.consequences,
        rule.remedies,
    )


def _rule(graph: Graph, node: str, path: tuple[str, ...]) -> Rule:
    _enter(graph, node, path, "a duty")
    graph.is_a(node, "Permission", "Prohibition", "Duty", "Rule", "Obligation")
    below = (*path, node)

    def each(local: str, build: Callable[[Graph, str, tuple[str, ...]], Built]) -> tuple[Built, ...]:
        return tuple(build(graph, found, below) for found in graph.nodes(node, local))

    return Rule(
        _identity(graph, node),
        each("action", _doing),
        each("target", _member),
        each("assigner", _member),
        each("assignee", _member),
        each("constraint", _condition),
        each("duty", _rule),
        each("consequence", _rule),
        each("remedy", _rule),
    )


def _member(graph: Graph, node: str, path: tuple[str, ...]) -> Member:
    collection = graph.is_a(node, "PartyCollection", "AssetCollection")
    graph.is_a(node, "Party", "Asset")
    refinements = tuple(_condition(graph, found, path) for found in graph.nodes(node, "refinement"))
    return Member(_identity(graph, node), collection, graph.one(node, "source"), refinements)


def _identity(graph: Graph, node: str) -> str:
    """The name of a node: a blank one may carry it as `odrl:uid`."""
    return (graph.one(node, "uid") if node.startswith("_:") else "") or node


def _doing(graph: Graph, node: str, path: tuple[str, ...]) -> Doing:
    graph.is_a(node, "Action")
    named = [value.text for value in graph.take(node, RDF + "value") if isinstance(value, Iri)]
    if node.startswith("_:") and len(named) != 1:
        raise graph.refused(node, "an action without a name would be any action.")
    refinements = tuple(_condition(graph, found, path) for found in graph.nodes(node, "refinement"))
    return Doing(named[0] if len(named) == 1 else node, node, refinements)


def _condition(graph: Graph, node: str, path: tuple[str, ...]) -> Condition:
    _enter(graph, node, path, "a condition")
    graph.is_a(node, "Constraint", "LogicalConstraint")
    below = (*path, node)
    said = [joining for joining in Joining if (node, ODRL + joining.value) in graph.by]
    if not said:
        return _comparison(graph, node)
    if len(said) > 1 or (node, ODRL + "leftOperand") in graph.by:
        raise graph.refused(node, "it joins in two ways at once.")
    found = graph.take(node, ODRL + said[0].value)
    head = found[0].text if len(found) == 1 and _is_list(graph, found[0]) else ""
    parts = graph.items(head) if head else found
    if not parts:
        raise graph.refused(node, "an empty conjunction would hold for everybody.")
    if any(isinstance(part, Literal) for part in parts):
        raise graph.refused(node, "a part of it is a literal and no condition.")
    return Logical(node, said[0], tuple(_condition(graph, part.text, below) for part in parts), head)


def _is_list(graph: Graph, value: Value) -> bool:
    return isinstance(value, Iri) and (value.text == NIL or (value.text, FIRST) in graph.by)


def _comparison(graph: Graph, node: str) -> Comparison:
    left, operator = graph.one(node, "leftOperand"), graph.one(node, "operator")
    if not left or not operator:
        raise graph.refused(node, "a constraint needs a left operand and an operator.")
    found = graph.take(node, ODRL + "rightOperand")
    head = found[0].text if len(found) == 1 and _is_list(graph, found[0]) else ""
    right = graph.items(head) if head else found
    reference = graph.one(node, "rightOperandReference")
    if not right and not reference:
        raise graph.refused(node, "a constraint needs a right operand.")
    for value in right:
        if isinstance(value, Literal) and not lexical(value):
            raise graph.refused(
                node, f"'{value.text[:40]}' is not possible as {value.datatype.rpartition('#')[2]}."
            )
    anchor = next((value.text for name in ANCHORS for value in graph.take(node, name)), "")
    return Comparison(node, left, operator, right, head, graph.one(node, "unit"), reference, anchor)


def _enter(graph: Graph, node: str, path: Iterable[str], what: str) -> None:
    passed = tuple(path)
    graph.budget -= 1
    if node in passed:
        raise graph.refused(node, f"{what} contains itself.")
    if len(passed) > DEEPEST or graph.budget < 0:
        raise graph.refused(node, f"{what} is nested too deeply, {DEEPEST} levels at most.")
