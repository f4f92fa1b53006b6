"""The nearest thing that would pass: found by trying, so that what a refusal suggests is true."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product

from dataspace.model.datasets import Column
from dataspace.model.names import ApplicationId, PermitId
from dataspace.model.permits import Basis, DatasetGrant, Permit
from dataspace.model.policies import (
    Action,
    AnswerKind,
    Compound,
    Condition,
    Effect,
    Obligations,
    Operand,
    Operator,
    PolicySet,
)
from dataspace.model.requests import AccessRequest
from dataspace.policy.coverage import purposes_of
from dataspace.policy.judge import Finding, allows
from dataspace.policy.moments import as_utc
from dataspace.vocabulary.terms import find

_ACTIONS = {
    AnswerKind.ROWS: Action.READ,
    AnswerKind.AGGREGATE: Action.AGGREGATE,
    AnswerKind.NOISY: Action.AGGREGATE,
    AnswerKind.TRAIN: Action.TRAIN,
}
_MOST_PURPOSES = 4
_SHORTLY = timedelta(days=1)
_LATEST = datetime.max.replace(tzinfo=UTC) - _SHORTLY
"""Later than this the calendar has no next day."""
_NAMING = frozenset({Operator.EQ, Operator.IS_A, Operator.IS_ANY_OF, Operator.IS_ALL_OF, Operator.IS_NONE_OF})


@dataclass(frozen=True, slots=True)
class _Change:
    """One way to ask differently: what it costs the asker, and the request it makes. `applies` for a new
    permit, `bases` where that needs legal bases."""

    cost: int
    request: AccessRequest
    applies: bool
    bases: bool


def nearest(request: AccessRequest, policies: PolicySet, now: datetime, found: Sequence[Finding]) -> str:
    """One sentence with what to type, or who else could change it. For a request that was refused."""
    for change in sorted(_changes(request, found, now), key=lambda change: change.cost):
        if allows(change.request, policies, now):
            return _sentence(request, change)
    return _owners(request, found)


def _changes(request: AccessRequest, found: Sequence[Finding], now: datetime) -> Iterator[_Change]:
    bases = _named(found, Operand.LEGAL_BASIS)
    tries = product(_kinds(request), _purposes(request, found), _columns(request, found), (False, True))
    for (kind_cost, kind), (purpose_cost, purpose), (column_cost, columns), applies in tries:
        cost = kind_cost + purpose_cost + column_cost + (2 if applies else 0)
        if cost == 0:
            continue
        action = request.action if kind is request.kind else _ACTIONS[kind]
        other = replace(request, kind=kind, action=action, purpose=purpose, columns=columns)
        permit = _imagined(other, now, bases) if applies else request.permit
        yield _Change(cost, replace(other, permit=permit), applies, bool(bases))


def _kinds(request: AccessRequest) -> list[tuple[int, AnswerKind]]:
    """Training and a question are different acts; among questions, less revealing answers come first."""
    if request.kind is AnswerKind.TRAIN:
        return [(0, AnswerKind.TRAIN)]
    others = [
        kind for kind in (AnswerKind.AGGREGATE, AnswerKind.NOISY, AnswerKind.ROWS) if kind is not request.kind
    ]
    return [(0, request.kind), *((1, kind) for kind in others)]


def _purposes(request: AccessRequest, found: Sequence[Finding]) -> list[tuple[int, str]]:
    """As stated; else the permit's own, else those that permissions name. A purpose that a rule clearly forbids
    gets no other one suggested: that would be an invitation to say something untrue."""
    known = bool(request.purpose) and find(request.purpose) is not None
    if known and any(finding.forbids and finding.node.truth is True for finding in found):
        return [(0, request.purpose)]
    own = [term.name for term in purposes_of(request.permit) if term] if request.permit else []
    named = [*own, *_named([f for f in found if f.rule.effect is Effect.PERMIT], Operand.PURPOSE)]
    cost = 4 if known else 1
    return [(0, request.purpose), *((cost, name) for name in dict.fromkeys(named[:_MOST_PURPOSES]))]


def _columns(request: AccessRequest, found: Sequence[Finding]) -> list[tuple[int, tuple[Column, ...]]]:
    """As asked; without what the permit does not give; without the labels that prohibitions speak of."""
    choices = [(0, request.columns)]
    granted = [grant.columns for grant in request.permit.datasets] if request.permit else []
    given = frozenset().union(*(columns for columns in granted if columns is not None))
    if given:
        choices.append((1, tuple(column for column in request.columns if column.name in given)))
    labels = frozenset().union(*(f.rule.target.labels for f in found if f.forbids))
    if labels:
        choices.append((1, tuple(column for column in request.columns if not column.labels & labels)))
    return [(cost, columns) for cost, columns in choices if cost == 0 or columns not in ((), request.columns)]


def _named(found: Sequence[Finding], operand: Operand) -> list[str]:
    """What the rules name for an operand, in the order written."""
    conditions = [finding.rule.condition for finding in found if finding.rule.condition is not None]
    return list(dict.fromkeys(value for condition in conditions for value in _rights(condition, operand)))


def _rights(condition: Condition, operand: Operand) -> Iterator[str]:
    if isinstance(condition, Compound):
        for part in condition.parts:
            yield from _rights(part, operand)
    elif condition.operand is operand and condition.operator in _NAMING:
        yield from condition.right


def _imagined(request: AccessRequest, now: datetime, bases: Sequence[str]) -> Permit:
    """The permit that a successful application for exactly this would give. It never leaves this module."""
    start = as_utc(now)
    return Permit(
        id=PermitId(""),
        application=ApplicationId(""),
        basis=Basis.CONTRACT,
        issued_by="",
        persons=frozenset({request.principal.id}),
        organisation=request.principal.organisation,
        title="",
        purpose=request.purpose,
        legal_basis=tuple(bases),
        ethics_vote="asked for",
        datasets=(DatasetGrant(request.dataset.dataset),),
        kinds=frozenset({request.kind}),
        obligations=Obligations(),
        not_before=start,
        expires=start + _SHORTLY if start < _LATEST else _LATEST,
    )


def _sentence(request: AccessRequest, change: _Change) -> str:
    other = change.request
    purpose = find(other.purpose)
    word = purpose.word if purpose else other.purpose or "…"  # an application without a purpose is refused
    changed = []
    if other.purpose != request.purpose and not change.applies:
        changed.append(f'purpose="{word}"')
    if other.kind is not request.kind:
        changed.append(f'kind="{other.kind.value}"')
    left_out = sorted({column.name for column in request.columns} - {column.name for column in other.columns})
    without = f"without {', '.join(left_out)}" if left_out else ""
    ask = " and ".join(filter(None, [", ".join(changed), without]))
    if change.applies:
        given = [f'"{request.dataset.dataset}"', f'purpose="{word}"']
        if other.kind is not AnswerKind.AGGREGATE:  # what an application asks for unless it says otherwise
            given.append(f'kinds=["{other.kind.value}"]')
        if change.bases:
            given.append("legal_basis=[…]")
        return (
            f"You can change this: hub.apply({', '.join(given)}), then ask with permit=…{ask and ', ' + ask}."
        )
    honest = " if that is what it is for" if other.purpose != request.purpose else ""
    return f"You can change this: ask {ask if ask.startswith('without') else 'with ' + ask}{honest}."


def _owners(request: AccessRequest, found: Sequence[Finding]) -> str:
    forbids = [finding for finding in found if finding.forbids]
    owners = sorted({f"{f.policy.owner} ({f.policy.id})" for f in forbids or found})
    if not owners:
        return f"No policy speaks of {request.dataset.dataset}: its steward has to publish one first."
    return f"Nothing that you could ask instead would pass; only {' and '.join(owners)} can change this."
