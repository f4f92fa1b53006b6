"""Requests and states of the world out of Turtle or JSON-LD, for the compliance report.

The time is `temp:currentTime dct:issued`; membership `odrl:partOf`, over any number of steps; a duty's state a
`report:DutyReport`. A fact about a left operand is a constraint of the request (`eq`, `isA`, `isAnyOf`), a statement
with the operand as its predicate, or a constraint node of the world that belongs to no policy.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from dataspace.adapters.odrl_graph import parse
from dataspace.adapters.odrl_read import TYPE, read_odrl, read_statements
from dataspace.errors import PolicyUnreadable
from dataspace.model.odrl import (
    ODRL,
    Comparison,
    Condition,
    Iri,
    Kind,
    Literal,
    Rule,
    Statement,
    Value,
)
from dataspace.model.odrl_reports import Deontic, DutyReport
from dataspace.model.odrl_world import Asked, World
from dataspace.policy.odrl.values import lexical
from dataspace.vocabulary.odrl import PREFIXES

REPORT, DCT = PREFIXES["report"], PREFIXES["dct"]
NOW = "http://example.com/request/currentTime"
_BROADER = frozenset(
    {
        ODRL + "partOf",
        DCT + "isPartOf",
        TYPE,
        "http://www.w3.org/2000/01/rdf-schema#subClassOf",
        "http://www.w3.org/2004/02/skos/core#broader",
        "http://www.w3.org/2004/02/skos/core#broaderTransitive",
        "https://www.geonames.org/ontology#parentFeature",
        "http://www.geonames.org/ontology#parentFeature",
    }
)
_MEMBERSHIP = frozenset({ODRL + "partOf", DCT + "isPartOf"})
_STATED = frozenset(ODRL + name for name in ("eq", "isA", "isAnyOf", "isPartOf", "isAllOf"))

Key = TypeVar("Key")
Item = TypeVar("Item")


def read_request(text: str, name: str) -> tuple[Asked, ...]:
    """Each permission that is asked for. Raises PolicyUnreadable, also where nothing is asked."""
    document = read_odrl(text, name, "r")
    wanted = [p for p in document.policies if p.kind is Kind.REQUEST] or list(document.policies)
    asked = tuple(_asked(policy.id, rule) for policy in wanted for rule in policy.permissions)
    if not asked:
        raise PolicyUnreadable(f"{name}: it asks for nothing.", "A request has an odrl:permission.")
    return asked


def read_world(text: str, name: str) -> World:
    """The state of the world. Raises PolicyUnreadable where a collection contains itself or a date is impossible."""
    statements = parse(text, name, "w")
    facts = _grouped(((s.subject, s.predicate), s.object) for s in statements)
    broader = _grouped(
        (s.subject, s.object.text)
        for s in statements
        if s.predicate in _BROADER and isinstance(s.object, Iri) and s.object.text != s.subject
    )
    _no_cycle([s for s in statements if s.predicate in _MEMBERSHIP], name)
    return World(_now(facts, name), facts, _stated(statements, name), broader, _duties(statements, facts))


def _asked(request: str, rule: Rule) -> Asked:
    facts: dict[str, list[Value]] = {}
    nested = [refinement for doing in rule.actions for refinement in doing.refinements]
    for leaf in _leaves((*rule.constraints, *nested)):
        if leaf.operator in _STATED:
            facts.setdefault(leaf.left, []).extend(leaf.right)
    return Asked(
        request,
        rule.id,
        tuple(member.id for member in rule.assignees),
        tuple(doing.action for doing in rule.actions),
        tuple(member.id for member in rule.targets),
        {left: tuple(values) for left, values in facts.items()},
    )


def _leaves(conditions: Iterable[Condition]) -> Iterable[Comparison]:
    """Only what is stated together: an alternative in a request is no statement."""
    for condition in conditions:
        if isinstance(condition, Comparison):
            yield condition
        elif condition.joining.value in ("and", "andSequence"):
            yield from _leaves(condition.parts)


def _now(facts: Mapping[tuple[str, str], tuple[Value, ...]], name: str) -> Literal | None:
    times = {value for value in facts.get((NOW, DCT + "issued"), ()) if isinstance(value, Literal)}
    if len(times) > 1:
        raise PolicyUnreadable(f"{name}: it names {len(times)} current times.", "One is possible.")
    if any(not lexical(time) for time in times):
        raise PolicyUnreadable(f"{name}: its current time is not a possible one.", "Write an xsd:dateTime.")
    return next(iter(times), None)


def _stated(statements: tuple[Statement, ...], name: str) -> Mapping[str, tuple[Value, ...]]:
    """Facts written as constraints that stand in no rule."""
    loose = {s.subject for s in statements if s.predicate == ODRL + "leftOperand"}
    inside = {s.object.text for s in statements if isinstance(s.object, Iri)}
    wrapper = "urn:dataspace:world"
    held = [
        *statements,
        *(Statement(wrapper, ODRL + "constraint", Iri(node)) for node in sorted(loose - inside)),
        Statement("urn:dataspace:facts", ODRL + "permission", Iri(wrapper)),
    ]
    if not loose - inside:
        return {}
    policies = read_statements(tuple(held), name).policies
    rules = [rule for policy in policies for rule in policy.permissions if rule.id == wrapper]
    return _asked(wrapper, rules[0]).facts


def _duties(
    statements: tuple[Statement, ...], facts: Mapping[tuple[str, str], tuple[Value, ...]]
) -> dict[str, DutyReport]:
    """The reports on duties; of several on one duty the worst counts."""
    found: dict[str, DutyReport] = {}
    for statement in statements:
        if statement.predicate != REPORT + "rule" or not isinstance(statement.object, Iri):
            continue
        node, rule = statement.subject, statement.object.text
        states = {
            value.text.removeprefix(REPORT)
            for word in ("deonticState", "attemptState", "performanceState")
            for value in facts.get((node, REPORT + word), ())
        }
        deontic = next(
            (d for d in (Deontic.VIOLATED, Deontic.FULFILLED) if d.value in states), Deontic.NON_SET
        )
        report = DutyReport(
            rule,
            deontic,
            _truth(states, "Attempted", "NotAttempted"),
            _truth(states, "Performed", "Unperformed"),
            node,
        )
        if rule not in found or report.deontic is Deontic.VIOLATED:
            found[rule] = report
    return found


def _truth(states: set[str], yes: str, no: str) -> bool | None:
    return False if no in states else True if yes in states else None


def _grouped(pairs: Iterable[tuple[Key, Item]]) -> dict[Key, tuple[Item, ...]]:
    table: dict[Key, list[Item]] = {}
    for key, item in pairs:
        table.setdefault(key, []).append(item)
    return {key: tuple(items) for key, items in table.items()}


def _no_cycle(statements: list[Statement], name: str) -> None:
    """A collection that is a part of itself: peel off what has no part left; what stays goes round."""
    wider = _grouped((s.subject, s.object.text) for s in statements if isinstance(s.object, Iri))
    narrower: dict[str, int] = {}
    for above in wider.values():
        for collection in above:
            narrower[collection] = narrower.get(collection, 0) + 1
    free = [node for node in wider if not narrower.get(node)]
    peeled = 0
    while free:
        node = free.pop()
        peeled += node in wider
        for collection in wider.get(node, ()):
            narrower[collection] -= 1
            if not narrower[collection]:
                free.append(collection)
    if peeled < len(wider):
        raise PolicyUnreadable(f"{name}: a collection is a part of itself.", "Take one odrl:partOf away.")
