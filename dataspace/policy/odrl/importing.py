"""ODRL statements as our compact policy, never more open than they were: what we cannot enforce in full is inert.

1. A rule without target is refused: in ODRL it would mean any.
2. A permission of which a part cannot be enforced here (an unknown operand, action, party, duty, refinement or
   target) permits nothing; the warning names the part.
3. A prohibition of which a part cannot be read applies without that part, so that it forbids more, never less.
4. What our own export wrote comes back as it was.

Long, because the one reader walks a whole document.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import get_type_hints

from dataspace.model.codec import from_json
from dataspace.model.datasets import Label
from dataspace.model.names import DatasetName, PolicyId, RuleId, SiteName, dataset_name
from dataspace.model.odrl import (
    ODRL,
    Comparison,
    Document,
    Doing,
    Iri,
    Literal,
    Logical,
    Member,
    OdrlPolicy,
    RuleKind,
    Strategy,
    Value,
)
from dataspace.model.odrl import Condition as OdrlCondition
from dataspace.model.odrl import Rule as OdrlRule
from dataspace.model.policies import (
    Action,
    AnswerKind,
    Compound,
    Condition,
    Connective,
    Constraint,
    Effect,
    Obligations,
    Operand,
    Operator,
    Policy,
    Rule,
    Target,
)
from dataspace.policy.odrl.exporting import (
    ACTIONS,
    ANY_ACTION,
    DATASET,
    DCT,
    EVERYTHING,
    KINDS,
    LABEL,
    POLICY,
    camel,
    operand_iri,
)
from dataspace.vocabulary.odrl import PROFILE
from dataspace.vocabulary.terms import find

_OPERANDS = {operand_iri(operand): operand for operand in Operand}
_OPERATORS = {ODRL + camel(operator.value): operator for operator in Operator}
_CONNECTIVES = {camel(connective.value): connective for connective in Connective}
_ACTIONS = {iri: action for action, iri in ACTIONS.items()}
_FIELDS = {PROFILE + camel(field.name): field.name for field in fields(Obligations)}
_NEVER = Constraint(Operand.DATE_TIME, Operator.LT, ("0001-01-01T00:00:00+00:00",))
"""Holds at no moment: the condition of a permission that is kept and permits nothing."""


_NO_ACTION = "its action is none that is enforced here"


class Unsayable(ValueError):
    """A part of a rule has no counterpart here; the message names it, for the warning."""


class NoTarget(ValueError):
    """A rule names no target, which in ODRL would mean any."""


@dataclass(frozen=True, slots=True)
class Imported:
    """The compact policy, and what it cannot say of the document, in words."""

    policy: Policy
    warnings: tuple[str, ...]


def imports(
    document: Document, policy: OdrlPolicy, names: Mapping[str, DatasetName], called: str, owner: str
) -> Imported:
    """One policy of a document. `names` are datasets by the IRI that the document gives them; `called` and `owner`
    stand where the document itself does not name the policy in our way. Raises NoTarget.
    """
    return _Reader(document, names).policy(policy, called, owner)


class _Reader:
    def __init__(self, document: Document, names: Mapping[str, DatasetName]) -> None:
        self._names = names
        self._said = {(s.subject, s.predicate): s.object for s in document.statements}
        self._warnings: list[str] = []

    def policy(self, policy: OdrlPolicy, called: str, owner: str) -> Imported:
        if policy.conflict is not None and policy.conflict is not Strategy.PROHIBIT:
            self._warnings.append(
                f"conflict: {policy.conflict.value} is not followed; a prohibition always wins."
            )
        found = sorted(
            ((kind, rule) for kind, rule in policy.rules() if kind is not RuleKind.OBLIGATION),
            key=self._place,
        )
        for duty in policy.obligations:
            self._warnings.append(f"{self._name(duty)}: an obligation by itself is kept, not enforced.")
        rules = tuple(self._rule(kind, rule, number) for number, (kind, rule) in enumerate(found, start=1))
        site = self._text(policy.id, PROFILE + "site")
        return Imported(
            Policy(
                PolicyId(policy.id.removeprefix(POLICY) if policy.id.startswith(POLICY) else called),
                self._text(policy.id, DCT + "title") or called,
                self._text(policy.id, PROFILE + "owner") or owner,
                rules,
                SiteName(site) if site else None,
            ),
            tuple(self._warnings),
        )

    def _place(self, entry: tuple[RuleKind, OdrlRule]) -> tuple[int, str]:
        said = self._text(entry[1].id, PROFILE + "place")
        return (int(said) if said.isdecimal() and len(said) < 9 else 10**9, entry[1].id)

    def _rule(self, kind: RuleKind, rule: OdrlRule, number: int) -> Rule:
        permits = kind is RuleKind.PERMISSION
        if not rule.targets:
            raise NoTarget(self._name(rule))
        effect = Effect.PERMIT if permits else Effect.FORBID
        made = Rule(
            RuleId(
                self._name(rule)
                if "#" in rule.id and rule.id.startswith(POLICY)
                else f"{kind.value}-{number}"
            ),
            effect,
            Target(everything=True),
            because=self._text(rule.id, DCT + "description"),
        )
        lacking: list[str] = []

        def part(name: str, build: object) -> None:
            nonlocal made
            try:
                made = replace(made, **{name: build()})  # type: ignore[operator]
            except Unsayable as missing:
                lacking.append(str(missing))

        part("target", lambda: self._target(rule.targets, permits))
        part("actions", lambda: self._actions(rule.actions))
        part("kinds", lambda: _kinds(rule.actions))
        part("condition", lambda: _all(rule.constraints))
        part("obligations", lambda: _obligations(rule.duties))
        if rule.assignees:
            lacking.append("it is for named parties")
        if not lacking:
            return made
        told = "; ".join(lacking)
        without = (
            "It forbids every action instead, reading and counting as well."
            if _NO_ACTION in lacking
            else "It forbids without that."
        )
        self._warnings.append(
            f"{self._name(rule)}: {told}. {'It permits nothing here.' if permits else without}"
        )
        return replace(made, condition=_NEVER, obligations=Obligations()) if permits else made

    def _target(self, targets: Sequence[Member], permits: bool) -> Target:
        datasets, labels, everything = set[DatasetName](), set[Label](), False
        for target in targets:
            if target.refinements:
                raise Unsayable("its target is refined")
            if target.id == EVERYTHING:
                everything = True
            elif target.id.startswith(LABEL) and target.id.removeprefix(LABEL) in set(Label):
                labels.add(Label(target.id.removeprefix(LABEL)))
            else:
                datasets.add(self._dataset(target.id))
        if permits and labels and not datasets and not everything:
            raise Unsayable("a label alone permits nothing")
        return Target(frozenset(datasets), frozenset(labels), everything)

    def _dataset(self, iri: str) -> DatasetName:
        if iri in self._names:
            return self._names[iri]
        try:
            if not iri.startswith(DATASET):
                raise ValueError(iri)
            return dataset_name(iri.removeprefix(DATASET))
        except ValueError as error:
            raise Unsayable("its target is no dataset of ours (name it with --dataset)") from error

    def _actions(self, actions: Sequence[Doing]) -> frozenset[Action]:
        if any((doing.node, ANY_ACTION) in self._said for doing in actions):
            return frozenset()
        if not all(doing.action in _ACTIONS for doing in actions):
            raise Unsayable(_NO_ACTION)
        return frozenset(_ACTIONS[doing.action] for doing in actions)

    def _text(self, node: str, predicate: str) -> str:
        value = self._said.get((node, predicate))
        return value.text if isinstance(value, Literal) else ""

    @staticmethod
    def _name(rule: OdrlRule) -> str:
        return rule.id.rpartition("#")[2] if rule.id.startswith(POLICY) else f"rule {rule.id[:80]}"


def _kinds(actions: Sequence[Doing]) -> frozenset[AnswerKind]:
    found = set[AnswerKind]()
    for doing in actions:
        for one in doing.refinements:
            if not isinstance(one, Comparison) or one.left != KINDS or one.operator != ODRL + "isAnyOf":
                raise Unsayable("its action is refined")
            if not {value.text for value in one.right} <= set(AnswerKind):
                raise Unsayable("it names an unknown kind of answer")
            found |= {AnswerKind(value.text) for value in one.right}
    return frozenset(found)


def _all(conditions: Sequence[OdrlCondition]) -> Condition | None:
    parts = tuple(_condition(condition) for condition in conditions)
    return Compound(Connective.AND, parts) if len(parts) > 1 else parts[0] if parts else None


def _condition(given: OdrlCondition) -> Condition:
    if isinstance(given, Logical):
        return Compound(_CONNECTIVES[given.joining.value], tuple(_condition(part) for part in given.parts))
    operand, operator = _OPERANDS.get(given.left), _OPERATORS.get(given.operator)
    if operand is None or operator is None or given.unit or given.reference or not given.right:
        raise Unsayable("a condition is none that is known here")
    return Constraint(operand, operator, tuple(map(_text, given.right)))


def _text(value: Value) -> str:
    """A term by its compact name; anything else as written."""
    term = find(value.text) if isinstance(value, Iri) else None
    return term.name if term is not None and term.iri == value.text else value.text


def _obligations(duties: Sequence[OdrlRule]) -> Obligations:
    found: dict[str, object] = {}
    hints = get_type_hints(Obligations)
    for duty in duties:
        doing = duty.actions[0] if len(duty.actions) == 1 else None
        name = _FIELDS.get(doing.action) if doing else None
        only = doing.refinements[0] if doing and len(doing.refinements) == 1 else None
        plain = not (duty.constraints or duty.consequences or duty.remedies or duty.assignees)
        if (
            name is None
            or name in found
            or not plain
            or not isinstance(only, Comparison)
            or len(only.right) != 1
        ):
            raise Unsayable("a duty of it is none that is enforced here")
        try:
            found[name] = from_json(hints[name], _json(only.right[0]))
        except ValueError as error:
            raise Unsayable("the value of a duty cannot be read") from error
    return Obligations(**found)  # type: ignore[arg-type]


def _json(value: Value) -> object:
    local = value.datatype.rpartition("#")[2] if isinstance(value, Literal) else ""
    try:
        match local:
            case "JSON":
                return json.loads(value.text)
            case "boolean":
                return value.text in ("true", "1")
            case "integer":
                return int(value.text)
            case "double":
                return float(value.text)
            case "dateTime":
                return datetime.fromisoformat(value.text).isoformat()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value.text
