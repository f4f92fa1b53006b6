"""The scenarios beside a policy, read from YAML: what is asked, and what the steward expects.

policy: icu-stays
with: [ehds]                      # other policies in force
at: 2026-12-01T12:00:00Z
columns:                          # every dataset's columns that are asked for, with their labels
  age: quasi-identifier
  died: special-category
  unit: []
permits:
  P-1: {on: icu_stays, for: scientific research, answers: aggregate, legal basis: [A6-1-e, A9-2-j]}
scenarios:
  - name: a researcher with a permit counts stays
    ask: {on: icu_stays, answers: aggregate, for: scientific research, columns: [died], permit: P-1}
    expect: allow
    because: icu-stays/allow-1
    limits: {cohort: 20}
  - name: without a permit the refusal says what to do
    ask: {on: icu_stays, answers: aggregate, for: scientific research, columns: [died]}
    expect: deny
    missing: permit
    nearest: hub.apply("icu_stays"
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from dataspace.adapters.policy_limits import limits
from dataspace.adapters.policy_yaml import Word, enumerated
from dataspace.adapters.yaml_tree import (
    Fields,
    Node,
    fields,
    items_of,
    read_tree,
    text_of,
    unknown,
    unreadable,
)
from dataspace.model.datasets import Column, ColumnType, Label, VersionRef
from dataspace.model.names import (
    ApplicationId,
    ColumnName,
    PermitId,
    PolicyId,
    PrincipalId,
    dataset_name,
    site_name,
)
from dataspace.model.permits import Basis, DatasetGrant, Permit
from dataspace.model.policies import Action, AnswerKind, Obligations, Operand
from dataspace.model.predicates import Predicate
from dataspace.model.principals import Fact, Principal, Role
from dataspace.model.requests import AccessRequest
from dataspace.model.scenarios import Expectation, Rehearsal, Scenario
from dataspace.policy.moments import as_utc

Name = TypeVar("Name", bound=str)

_ASKER = PrincipalId("asker")
_VERSION = "0" * 64
_ACTIONS = {
    AnswerKind.ROWS: Action.READ,
    AnswerKind.AGGREGATE: Action.AGGREGATE,
    AnswerKind.NOISY: Action.AGGREGATE,
    AnswerKind.TRAIN: Action.TRAIN,
}
_FACTS = {
    operand.value.replace("-", " "): operand
    for operand in (
        Operand.LEGAL_BASIS,
        Operand.COUNTRY,
        Operand.SPATIAL,
        Operand.ORGANISATION_KIND,
        Operand.SECURE_ENVIRONMENT,
        Operand.RECIPIENT,
        Operand.ETHICS_VOTE,
        Operand.DPIA,
        Operand.ELAPSED_TIME,
        Operand.COUNT,
        Operand.AFFILIATION,
    )
}
_FILE_KEYS = ("policy", "with", "at", "columns", "permits", "scenarios")
_ASK_KEYS = ("on", "answers", "do", "for", "columns", "permit", "site", "role", "at", *_FACTS)
_PERMIT_KEYS = (
    "on",
    "for",
    "answers",
    "legal basis",
    "ethics vote",
    "columns",
    "until",
    "revoked",
    "persons",
    "sites",
    "limits",
)
_SCENARIO_KEYS = ("name", "ask", "expect", "because", "missing", "nearest", "limits")


def parse_scenarios(text: str, file: str, predicate: Callable[[str], Predicate]) -> Rehearsal:
    """The scenarios of one file. Raises PolicyUnreadable."""
    top = fields(read_tree(text, file), _FILE_KEYS, "a scenario file")
    at = _moment(_wanted(top, "at"))
    columns = _columns(top.members.get("columns"))
    given = top.members.get("permits")
    permits = (
        {name: _permit(name, node, at, predicate) for name, node in given.members.items()}
        if isinstance(given, Fields)
        else {}
    )
    scenarios = tuple(
        _scenario(fields(item, _SCENARIO_KEYS, "a scenario"), at, columns, permits, predicate)
        for item in items_of(_wanted(top, "scenarios"), "'scenarios'")
    )
    beside = tuple(PolicyId(word) for word in _texts(top, "with"))
    return Rehearsal(PolicyId(text_of(_wanted(top, "policy"), "'policy'")), beside, scenarios)


def _scenario(
    node: Fields,
    at: datetime,
    columns: Mapping[str, Column],
    permits: Mapping[str, Permit],
    predicate: Callable[[str], Predicate],
) -> Scenario:
    ask = fields(_wanted(node, "ask"), _ASK_KEYS, "'ask'")
    outcome = _wanted(node, "expect")
    word = text_of(outcome, "'expect'")
    if word not in ("allow", "deny"):
        raise unknown(outcome.where, "a decision", word, ("allow", "deny"))
    operands = {operand.value.replace("-", " "): operand for operand in Operand}
    expects = Expectation(
        allowed=word == "allow",
        because=_texts(node, "because"),
        missing=tuple(operands[_member(node, "missing", name, operands)] for name in _texts(node, "missing")),
        nearest=_text(node, "nearest"),
        obligations=limits(node.members["limits"], predicate) if "limits" in node.members else Obligations(),
    )
    when = _moment(ask.members["at"]) if "at" in ask.members else at
    return Scenario(text_of(_wanted(node, "name"), "'name'"), _request(ask, columns, permits), when, expects)


def _request(ask: Fields, columns: Mapping[str, Column], permits: Mapping[str, Permit]) -> AccessRequest:
    kind = _single(AnswerKind, _wanted(ask, "answers"), "'answers'")
    action = _single(Action, ask.members["do"], "'do'") if "do" in ask.members else _ACTIONS[kind]
    roles = enumerated(Role, ask.members["role"], "'role'") if "role" in ask.members else {Role.RESEARCHER}
    permit = _text(ask, "permit")
    return AccessRequest(
        principal=Principal(_ASKER, "Asker", frozenset(roles)),
        action=action,
        purpose=_text(ask, "for"),
        dataset=VersionRef(_named(dataset_name, _wanted(ask, "on")), _VERSION),
        columns=tuple(columns[_member(ask, "columns", name, columns)] for name in _texts(ask, "columns")),
        kind=kind,
        permit=permits[_member(ask, "permit", permit, permits)] if permit else None,
        site=_named(site_name, ask.members["site"]) if "site" in ask.members else None,
        facts={
            operand: Fact(_texts(ask, key), "the scenario")
            for key, operand in _FACTS.items()
            if key in ask.members
        },
    )


def _single(kind: type[Word], node: Node, what: str) -> Word:
    found = enumerated(kind, node, what)
    if len(found) > 1:
        raise unreadable(node.where, f"{what} of a question is one.", "Write a scenario for each.")
    return next(iter(found))


def _permit(name: str, node: Node, at: datetime, predicate: Callable[[str], Predicate]) -> Permit:
    given = fields(node, _PERMIT_KEYS, "a permit")
    names = _texts(given, "columns")
    columns = frozenset(ColumnName(column) for column in names) if names else None
    return Permit(
        id=PermitId(name),
        application=ApplicationId(f"application of {name}"),
        basis=Basis.CONTRACT,
        issued_by="the scenario",
        persons=frozenset(PrincipalId(person) for person in _texts(given, "persons")) or frozenset({_ASKER}),
        organisation="",
        title=name,
        purpose=next(iter(_texts(given, "for")), ""),
        purposes=_texts(given, "for"),
        legal_basis=_texts(given, "legal basis"),
        ethics_vote=_text(given, "ethics vote"),
        datasets=tuple(
            DatasetGrant(_named(dataset_name, item), columns=columns)
            for item in items_of(_wanted(given, "on"), "'on'")
        ),
        kinds=enumerated(AnswerKind, _wanted(given, "answers"), "'answers'"),
        obligations=limits(given.members["limits"], predicate)
        if "limits" in given.members
        else Obligations(),
        not_before=at - timedelta(days=1),
        expires=_moment(given.members["until"]) if "until" in given.members else at + timedelta(days=365),
        sites=frozenset(
            _named(site_name, item)
            for item in (items_of(given.members["sites"], "'sites'") if "sites" in given.members else ())
        ),
        revoked=_moment(given.members["revoked"]) if "revoked" in given.members else None,
    )


def _columns(node: Node | None) -> Mapping[str, Column]:
    if node is None:
        return {}
    if not isinstance(node, Fields):
        raise unreadable(node.where, "'columns' is written as 'column: labels' lines.")
    columns = {}
    for name, said in node.members.items():
        bare = not getattr(said, "items", True)  # `[]`: no label
        labels = frozenset[Label]() if bare else enumerated(Label, said, "labels")
        columns[name] = Column(ColumnName(name), ColumnType.OTHER, labels=labels)
    return columns


def _wanted(node: Fields, key: str) -> Node:
    if key not in node.members:
        raise unreadable(node.where, f"'{key}' is missing.", f"Write '{key}: …'.")
    return node.members[key]


def _text(node: Fields, key: str) -> str:
    return text_of(node.members[key], f"'{key}'") if key in node.members else ""


def _texts(node: Fields, key: str) -> tuple[str, ...]:
    if key not in node.members:
        return ()
    return tuple(text_of(item, f"'{key}'") for item in items_of(node.members[key], f"'{key}'"))


def _named(grammar: Callable[[str], Name], node: Node) -> Name:
    text = text_of(node, "a name")
    try:
        return grammar(text)
    except ValueError as error:
        raise unreadable(node.where, f"'{text[:60]}' is no name: {error}.") from error


def _member(node: Fields, key: str, name: str, known: Mapping[str, object]) -> str:
    if name not in known:
        raise unknown(node.members[key].where, f"one of the file's {key}", name, known)
    return name


def _moment(node: Node) -> datetime:
    text = text_of(node, "a time")
    try:
        return as_utc(datetime.fromisoformat(text))
    except ValueError as error:
        raise unreadable(node.where, f"'{text[:40]}' is not a time such as 2026-12-01T12:00:00Z.") from error
