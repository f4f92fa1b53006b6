"""Our policies and requests in Cedar's words, so that both engines can be asked the same.

Cedar knows true and false, and leaves out a policy that it cannot evaluate. Each condition is therefore written in two
ways: `certain`, where it holds for sure, and `possible`, where it is not sure that it does not. A permission needs the
first, a prohibition the second.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

from dataspace.model.policies import (
    Action,
    Condition,
    Connective,
    Constraint,
    Effect,
    Operand,
    Operator,
    Policy,
    Rule,
)
from dataspace.model.requests import AccessRequest
from dataspace.policy.facts import observe
from dataspace.vocabulary.terms import TERMS, find

PROGRAM = """
import json, sys, time
import cedarpy
text, vocabulary, requests = json.load(sys.stdin)
entities = cedarpy.Entities.from_json_str(json.dumps(vocabulary))
start = time.perf_counter()
policies = cedarpy.PolicySet.from_str(text)
print(json.dumps({"compiled": time.perf_counter() - start}), flush=True)
for request in [requests[0], *requests]:
    start = time.perf_counter()
    answer = cedarpy.is_authorized(request, policies, entities)
    took = (time.perf_counter() - start) * 1e6
    print(json.dumps({"took": took, "said": answer.decision.value == "Allow"}), flush=True)
"""
"""Run by a peer: parses policies and entities, then times each question."""

ATTRIBUTES = {
    Operand.PURPOSE: "purpose",
    Operand.COUNTRY: "country",
    Operand.ROLE: "roles",
    Operand.COUNT: "count",
    Operand.SITE: "site",
}
"""The operands that can be translated; the values of `roles` are always known."""

_ORDERS = {Operator.LT: "<", Operator.LTEQ: "<=", Operator.GT: ">", Operator.GTEQ: ">="}
_NO_MATTER = datetime(2026, 1, 1, tzinfo=UTC)
"""No operand that is translated looks at the time."""
Pair = tuple[str, str]
"""A condition as Cedar: certain, possible."""


def as_cedar(policies: Iterable[Policy]) -> str:
    """All rules, one Cedar policy each."""
    return "\n".join(text for policy in policies for rule in policy.rules for text in _rule(policy, rule))


def as_request(request: AccessRequest) -> dict[str, Any]:
    """The question, with what is known in its context."""
    facts = observe(request, _NO_MATTER)
    context: dict[str, Any] = {
        "kind": request.kind.value,
        "roles": sorted(role.value for role in request.principal.roles),
        "labels": sorted({label.value for column in request.columns for label in column.labels}),
    }
    for operand in (Operand.PURPOSE, Operand.COUNTRY, Operand.COUNT, Operand.SITE):
        worlds = facts[operand].worlds
        if worlds:
            (value,) = worlds[0]
            context[ATTRIBUTES[operand]] = _literal(operand, value)
    return {
        "principal": {"type": "Person", "id": request.principal.id},
        "action": {"type": "Action", "id": request.action.value},
        "resource": {"type": "Dataset", "id": request.dataset.dataset},
        "context": context,
    }


def terms() -> list[dict[str, Any]]:
    """The vocabulary as entities, each with what it is a kind of."""
    return [
        {
            "uid": {"type": "Term", "id": term.name},
            "attrs": {},
            "parents": [{"type": "Term", "id": name} for name in term.broader],
        }
        for term in TERMS.values()
    ]


def _literal(operand: Operand, value: str) -> Any:
    match operand:
        case Operand.PURPOSE:
            return {"__entity": {"type": "Term", "id": value}}
        case Operand.COUNT:
            return int(value)
        case Operand.COUNTRY:
            return value.casefold()
    return value


def _rule(policy: Policy, rule: Rule) -> Iterator[str]:
    permits = rule.effect is Effect.PERMIT
    parts = [certain if permits else possible for certain, possible in _parts(policy, rule)]
    when = _all(parts) or "true"
    for where in _targets(rule, permits):
        verb = "permit" if permits else "forbid"
        yield f"{verb}(principal, action, resource) when {{ ({where}) && {when} }};"


def _targets(rule: Rule, permits: bool) -> list[str]:
    target = rule.target
    if target.everything:
        return ["true"]
    named = [f"resource == Dataset::{_text(name)}" for name in sorted(target.datasets)]
    labels = (
        []
        if permits
        else [f"context.labels.contains({_text(label.value)})" for label in sorted(target.labels)]
    )
    return named + labels


def _parts(policy: Policy, rule: Rule) -> Iterator[Pair]:
    if policy.site is not None:
        yield _known("site", f"context.site == {_text(policy.site)}")
    if rule.kinds:
        kinds = " || ".join(f"context.kind == {_text(kind.value)}" for kind in sorted(rule.kinds))
        yield kinds, kinds
    if rule.actions and Action.USE not in rule.actions:
        said = " || ".join(f"action == Action::{_text(action.value)}" for action in sorted(rule.actions))
        yield said, f'{said} || action == Action::"use"'
    if rule.condition is not None:
        yield _condition(rule.condition)


def _condition(condition: Condition) -> Pair:
    if isinstance(condition, Constraint):
        return _constraint(condition)
    certain, possible = zip(*map(_condition, condition.parts), strict=True)
    match condition.connective:
        case Connective.AND | Connective.AND_SEQUENCE:
            return _all(certain), _all(possible)
        case Connective.OR:
            return _any(certain), _any(possible)
        case Connective.XONE:
            one = [
                _all([certain[i], *(_not(possible[j]) for j in range(len(certain)) if j != i)])
                for i in range(len(certain))
            ]
            two = [_not(_all(pair)) for pair in combinations(certain, 2)]
            return _any(one), _all([_any(possible), *two])


def _constraint(constraint: Constraint) -> Pair:
    operator = constraint.operator
    if operator in (Operator.NEQ, Operator.IS_NONE_OF):
        certain, possible = _some(constraint, constraint.right)
        return _not(possible), _not(certain)
    if operator is Operator.IS_ALL_OF:
        pairs = [_some(constraint, (right,)) for right in constraint.right]
        return _all([one for one, _ in pairs]), _all([one for _, one in pairs])
    if operator in _ORDERS:
        attribute = ATTRIBUTES[constraint.operand]
        return _known(attribute, f"context.{attribute} {_ORDERS[operator]} {int(constraint.right[0])}")
    return _some(constraint, constraint.right)


def _some(constraint: Constraint, rights: Sequence[str]) -> Pair:
    pairs = [_equal(constraint.operand, constraint.operator, right) for right in rights]
    return _any([one for one, _ in pairs]), _any([one for _, one in pairs])


def _equal(operand: Operand, operator: Operator, right: str) -> Pair:
    attribute = ATTRIBUTES[operand]
    match operand:
        case Operand.ROLE:
            holds = f"context.roles.contains({_text(right)})"
            return holds, holds
        case Operand.COUNT:
            return _known(attribute, f"context.count == {int(right)}")
        case Operand.PURPOSE:
            term = find(right)
            assert term is not None
            wanted = f"Term::{_text(term.name)}"
            exactly = operator in (Operator.EQ, Operator.NEQ)
            same = f"context.purpose {'==' if exactly else 'in'} {wanted}"
            certain, _ = _known(attribute, same)
            return certain, f"!(context has purpose) || {same} || {wanted} in context.purpose"
        case _:
            value = right.casefold() if operand is Operand.COUNTRY else right
            return _known(attribute, f"context.{attribute} == {_text(value)}")


def _known(attribute: str, holds: str) -> Pair:
    return f"context has {attribute} && {holds}", f"!(context has {attribute}) || {holds}"


def _all(parts: Sequence[str]) -> str:
    return " && ".join(f"({part})" for part in parts)


def _any(parts: Sequence[str]) -> str:
    return " || ".join(f"({part})" for part in parts)


def _not(part: str) -> str:
    return f"!({part})"


def _text(value: str) -> str:
    return json.dumps(value)
