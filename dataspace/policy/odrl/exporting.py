"""Our compact policy as ODRL statements: what ODRL has words for in its own, the rest in the profile `ds:`.

A rule becomes a permission or a prohibition on `urn:dataspace:dataset:…`, a label or everything an asset collection;
the kinds of answer are a refinement of the action; each obligation is a duty `ds:<field>` with one refinement
`ds:<field> eq value`, structured values as JSON. The policy states `conflict: prohibit`, so that no reader falls
open. `importing` reads it back without loss.
"""

import json
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime
from itertools import count

from dataspace.model.codec import to_json
from dataspace.model.odrl import ODRL, Iri, Literal, Statement, Value
from dataspace.model.policies import (
    Action,
    Compound,
    Condition,
    Constraint,
    Effect,
    Obligations,
    Operand,
    Policy,
    Rule,
)
from dataspace.policy.odrl.values import XSD, instant
from dataspace.vocabulary.odrl import PREFIXES, PROFILE
from dataspace.vocabulary.terms import find

RDF, DCT = PREFIXES["rdf"], PREFIXES["dct"]
TYPE = RDF + "type"
POLICY, DATASET, LABEL = "urn:dataspace:policy:", "urn:dataspace:dataset:", "urn:dataspace:label:"
EVERYTHING = "urn:dataspace:everything"
ACTIONS = {action: ODRL + action.value for action in (Action.USE, Action.READ, Action.AGGREGATE)} | {
    action: PROFILE + action.value for action in (Action.DISCOVER, Action.TRAIN)
}
_WORDS = {
    Operand.PURPOSE: "purpose",
    Operand.RECIPIENT: "recipient",
    Operand.DATE_TIME: "dateTime",
    Operand.ELAPSED_TIME: "elapsedTime",
    Operand.COUNT: "count",
}
KINDS, ANY_ACTION = PROFILE + "answerKinds", PROFILE + "anyAction"


def camel(word: str) -> str:
    """`legal-basis` and `legal_basis` as `legalBasis`."""
    first, *rest = word.replace("_", "-").split("-")
    return first + "".join(part.capitalize() for part in rest)


def operand_iri(operand: Operand) -> str:
    """The left operand: ODRL's own where it means the same, else the profile's."""
    if operand in _WORDS:
        return ODRL + _WORDS[operand]
    return (ODRL if operand.value == "spatial" else PROFILE) + camel(operand.value)


def export(policy: Policy) -> tuple[Statement, ...]:
    """The statements of a policy."""
    return tuple(_Writer().policy(policy))


class _Writer:
    """Names the blank nodes of one document in order."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def _blank(self) -> str:
        return f"_:n{next(self._numbers)}"

    def policy(self, policy: Policy) -> Iterator[Statement]:
        node = POLICY + policy.id
        yield Statement(node, TYPE, Iri(ODRL + "Set"))
        yield Statement(node, ODRL + "uid", Iri(node))
        yield Statement(node, ODRL + "profile", Iri(PROFILE))
        yield Statement(node, ODRL + "conflict", Iri(ODRL + "prohibit"))
        yield Statement(node, DCT + "title", Literal(policy.title))
        yield Statement(node, PROFILE + "owner", Literal(policy.owner))
        if policy.site is not None:
            yield Statement(node, PROFILE + "site", Literal(policy.site))
        for place, rule in enumerate(policy.rules):
            yield from self._rule(node, place, rule)

    def _rule(self, policy: str, place: int, rule: Rule) -> Iterator[Statement]:
        node = f"{policy}#{rule.id}"
        kind = "permission" if rule.effect is Effect.PERMIT else "prohibition"
        yield Statement(policy, ODRL + kind, Iri(node))
        yield Statement(node, TYPE, Iri(ODRL + kind.capitalize()))
        yield Statement(node, PROFILE + "place", Literal(str(place), XSD + "integer"))
        if rule.because:
            yield Statement(node, DCT + "description", Literal(rule.because))
        yield from self._targets(node, rule)
        yield from self._actions(node, rule)
        if rule.condition is not None:
            top = self._blank()
            yield Statement(node, ODRL + "constraint", Iri(top))
            yield from self._condition(top, rule.condition)
        yield from self._duties(node, rule.obligations)

    def _targets(self, node: str, rule: Rule) -> Iterator[Statement]:
        for name in sorted(rule.target.datasets):
            yield Statement(node, ODRL + "target", Iri(DATASET + name))
        collections = [LABEL + label.value for label in sorted(rule.target.labels)]
        for collection in [*collections, *([EVERYTHING] if rule.target.everything else [])]:
            yield Statement(node, ODRL + "target", Iri(collection))
            yield Statement(collection, TYPE, Iri(ODRL + "AssetCollection"))

    def _actions(self, node: str, rule: Rule) -> Iterator[Statement]:
        for action in sorted(rule.actions or {Action.USE}):
            doing = self._blank()
            yield Statement(node, ODRL + "action", Iri(doing))
            yield Statement(doing, RDF + "value", Iri(ACTIONS[action]))
            if not rule.actions:
                yield Statement(doing, ANY_ACTION, Literal("true", XSD + "boolean"))
            if rule.kinds:
                kinds: list[Value] = [Literal(kind.value) for kind in sorted(rule.kinds)]
                yield from self._constraint(doing, "refinement", KINDS, "isAnyOf", kinds)

    def _condition(self, node: str, condition: Condition) -> Iterator[Statement]:
        if isinstance(condition, Compound):
            parts = [self._blank() for _ in condition.parts]
            yield Statement(node, TYPE, Iri(ODRL + "LogicalConstraint"))
            yield from self._list(node, ODRL + camel(condition.connective.value), list(map(Iri, parts)))
            for part, below in zip(parts, condition.parts, strict=True):
                yield from self._condition(part, below)
        else:
            values = [_value(condition, text) for text in condition.right]
            yield from self._compared(
                node, operand_iri(condition.operand), camel(condition.operator.value), values
            )

    def _constraint(
        self, above: str, link: str, left: str, operator: str, values: list[Value]
    ) -> Iterator[Statement]:
        node = self._blank()
        yield Statement(above, ODRL + link, Iri(node))
        yield from self._compared(node, left, operator, values)

    def _compared(self, node: str, left: str, operator: str, values: list[Value]) -> Iterator[Statement]:
        yield Statement(node, TYPE, Iri(ODRL + "Constraint"))
        yield Statement(node, ODRL + "leftOperand", Iri(left))
        yield Statement(node, ODRL + "operator", Iri(ODRL + operator))
        if len(values) == 1:
            yield Statement(node, ODRL + "rightOperand", values[0])
        else:
            yield from self._list(node, ODRL + "rightOperand", values)

    def _list(self, node: str, predicate: str, values: list[Value]) -> Iterator[Statement]:
        cells = [self._blank() for _ in values]
        yield Statement(node, predicate, Iri((*cells, RDF + "nil")[0]))
        for cell, following, value in zip(cells, (*cells[1:], RDF + "nil"), values, strict=True):
            yield Statement(cell, RDF + "first", value)
            yield Statement(cell, RDF + "rest", Iri(following))

    def _duties(self, node: str, owed: Obligations) -> Iterator[Statement]:
        silent = Obligations()
        for field in fields(Obligations):
            value = getattr(owed, field.name)
            if value == getattr(silent, field.name):
                continue
            duty, name = self._blank(), PROFILE + camel(field.name)
            yield Statement(node, ODRL + "duty", Iri(duty))
            yield Statement(duty, TYPE, Iri(ODRL + "Duty"))
            doing = self._blank()
            yield Statement(duty, ODRL + "action", Iri(doing))
            yield Statement(doing, RDF + "value", Iri(name))
            yield from self._constraint(doing, "refinement", name, "eq", [owed_literal(value)])


def owed_literal(value: object) -> Literal:
    """The value of an obligation: plain where RDF has a datatype for it, else JSON."""
    if isinstance(value, bool):
        return Literal("true" if value else "false", XSD + "boolean")
    if isinstance(value, int):
        return Literal(str(value), XSD + "integer")
    if isinstance(value, float):
        return Literal(repr(value), XSD + "double")
    if isinstance(value, datetime):
        return Literal(value.isoformat(), XSD + "dateTime")
    document = to_json(value)
    if isinstance(document, str):
        return Literal(document)
    return Literal(json.dumps(document, sort_keys=True), RDF + "JSON")


def _value(constraint: Constraint, text: str) -> Value:
    """A term as its IRI, a moment with its type, anything else as written: the text comes back as it was."""
    term = find(text)
    if term is not None and term.name == text:
        return Iri(term.iri)
    if constraint.operand is Operand.DATE_TIME and "T" in text and instant(text) is not None:
        return Literal(text, XSD + "dateTime")
    return Literal(text)
