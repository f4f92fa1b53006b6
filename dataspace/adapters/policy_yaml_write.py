"""A policy as the YAML that people write; what that YAML has no words for is refused, never left out.

What is written is read back and compared, so that a policy cannot change on the way.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml

from dataspace.adapters.policy_yaml import parse_policy
from dataspace.errors import DataspaceError, PolicyUnreadable
from dataspace.model.policies import (
    Compound,
    Condition,
    Connective,
    Constraint,
    Effect,
    Mask,
    MaskKind,
    Obligations,
    Operand,
    Operator,
    Policy,
    Rule,
)
from dataspace.model.predicates import All, AnyOf, Compare, IsNull, Not, OneOf, Predicate

_CONNECTIVES = {
    Connective.AND: "all",
    Connective.OR: "any",
    Connective.XONE: "one",
    Connective.AND_SEQUENCE: "in order",
}
_OPERATORS = {
    Operator.EQ: "is",
    Operator.NEQ: "is not",
    Operator.IS_A: "is a",
    Operator.IS_ANY_OF: "any of",
    Operator.IS_NONE_OF: "none of",
    Operator.IS_ALL_OF: "all of",
    Operator.LT: "less than",
    Operator.LTEQ: "at most",
    Operator.GT: "more than",
    Operator.GTEQ: "at least",
    Operator.IS_PART_OF: "within",
    Operator.HAS_PART: "includes",
}
_PLAIN = {
    "cohort": "cohort",
    "minimum_sites": "minimum sites",
    "minimum_units": "minimum units",
    "minimum_events": "minimum events",
    "maximum_rows": "maximum rows",
    "retention_days": "retention days",
    "round_to": "round to",
    "epsilon_question": "epsilon per question",
    "epsilon_total": "epsilon per permit",
    "attribution": "attribution",
}


def write_policy(policy: Policy, predicate: Callable[[str], Predicate]) -> str:
    """The YAML of a policy; `predicate` reads row filters back. Raises PolicyUnreadable where YAML cannot say it."""
    text = yaml.safe_dump(_document(policy), sort_keys=False, allow_unicode=True, width=100)
    try:
        if parse_policy(text, policy.id, predicate) == policy:
            return text
    except DataspaceError as error:
        raise _unsayable(policy) from error
    raise _unsayable(policy)


def _unsayable(policy: Policy) -> PolicyUnreadable:
    return PolicyUnreadable(
        f"Policy '{policy.id}' says something that the YAML has no words for.", "Look at it with --json."
    )


def _document(policy: Policy) -> dict[str, Any]:
    document: dict[str, Any] = {"policy": policy.id, "title": policy.title, "owner": policy.owner}
    if policy.site is not None:
        document["site"] = str(policy.site)
    for key, effect in (("allow", Effect.PERMIT), ("forbid", Effect.FORBID)):
        rules = [_rule(rule) for rule in policy.rules if rule.effect is effect]
        if rules:
            document[key] = rules
    return document


def _rule(rule: Rule) -> dict[str, Any]:
    target = sorted(rule.target.datasets) + sorted(label.value for label in rule.target.labels)
    said: dict[str, Any] = {"rule": rule.id, "on": "everything" if rule.target.everything else target}
    if rule.actions:
        said["do"] = sorted(action.value for action in rule.actions)
    if rule.kinds:
        said["answers"] = sorted(kind.value for kind in rule.kinds)
    said |= _conditions(rule)
    if limits := _limits(rule.obligations):
        said["limits"] = limits
    if rule.because:
        said["because"] = rule.because
    return said


def _conditions(rule: Rule) -> dict[str, Any]:
    """`until` stands third among the parts of a conjunction: what comes before goes to `for` and `who`."""
    expires, given = rule.obligations.expires, rule.condition
    if expires is None:
        return {"when": _condition(given)} if given is not None else {}
    end = Constraint(Operand.DATE_TIME, Operator.LT, (expires.isoformat(),))
    parts = given.parts if isinstance(given, Compound) and given.connective is Connective.AND else (given,)
    place = parts.index(end) if end in parts else 0
    before, after = [p for p in parts[:place] if p], [p for p in parts[place + 1 :] if p]
    said: dict[str, Any] = {}
    if len(before) == 2 and isinstance(before[0], Constraint):
        said["for"] = list(before[0].right)
    if before:
        said["who"] = _condition(before[-1])
    said["until"] = (expires.date().toordinal() > 1 and _day_before(rule)) or ""
    if after:
        said["when"] = _condition(after[0]) if len(after) == 1 else {"all": [_condition(p) for p in after]}
    return said


def _day_before(rule: Rule) -> str:
    expires = rule.obligations.expires
    return type(expires.date()).fromordinal(expires.date().toordinal() - 1).isoformat() if expires else ""


def _condition(given: Condition) -> dict[str, Any]:
    if isinstance(given, Compound):
        return {_CONNECTIVES[given.connective]: [_condition(part) for part in given.parts]}
    word = "answers" if given.operand is Operand.ANSWER_KIND else given.operand.value.replace("-", " ")
    right: str | list[str] = list(given.right) if len(given.right) != 1 else given.right[0]
    return {word: {_OPERATORS[given.operator]: right}}


def _limits(owed: Obligations) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, key in _PLAIN.items():
        if value := getattr(owed, field):
            found[key] = value
    if owed.row_filter is not None:
        found["rows"] = _text(owed.row_filter)
    if owed.masks:
        found["mask"] = {str(column): _mask(mask) for column, mask in owed.masks.items()}
    if owed.withheld:
        found["withhold"] = sorted(owed.withheld)
    if owed.answer is not None:
        found["answers at most"] = owed.answer.value
    if owed.sites:
        found["sites"] = sorted(owed.sites)
    if owed.compare_across:
        found["compare across"] = sorted(owed.compare_across)
    if owed.duties:
        found["duties"] = sorted(owed.duties)
    for key, yes in {
        "restate purpose": owed.restate_purpose,
        "no onward sharing": owed.no_onward_sharing,
    }.items():
        if yes:
            found[key] = "yes"
    return found


def _mask(mask: Mask) -> str:
    detail: Mapping[MaskKind, str] = {
        MaskKind.GENERALISE: f" {mask.width:g}",
        MaskKind.CONSTANT: f" {mask.constant}",
    }
    return mask.kind.value + detail.get(mask.kind, "")


def _text(predicate: Predicate) -> str:
    """A row filter as SQL."""
    match predicate:
        case Compare(column, comparator, value):
            return f'"{column}" {comparator.value} {_literal(value)}'
        case OneOf(column, values):
            return f'"{column}" IN ({", ".join(map(_literal, values))})'
        case IsNull(column):
            return f'"{column}" IS NULL'
        case Not(part):
            return f"NOT ({_text(part)})"
        case All(parts):
            return _several(" AND ", parts)
        case AnyOf(parts):
            return _several(" OR ", parts)


def _several(word: str, parts: Sequence[Predicate]) -> str:
    return word.join(f"({_text(part)})" for part in parts)


def _literal(value: object) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "NULL" if value is None else repr(value)
