"""How an application becomes a permit, and what becomes of a permit: the whole workflow as two tables.

Three rules, and no others:
1. What is not in the table cannot be done; no state changes by itself, so silence never grants.
2. Whoever is involved (applicant, named person, or deputy of one of them) never checks, reviews or decides.
3. A permit that was revoked or closed stays so; one that has expired can only be closed or revoked.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from dataspace.model.names import PrincipalId
from dataspace.model.permits import Act, Application, ApplicationState, Deputy, Permit, PermitAct, PermitState
from dataspace.model.principals import Principal, Role

S = ApplicationState


class Actor(StrEnum):
    """Who somebody is to one application. The first that fits, in this order."""

    APPLICANT = "applicant"
    INVOLVED = "involved"
    """A named person, or a deputy of the applicant or of one: may comment and nothing else."""
    STEWARD = "steward"
    OUTSIDER = "outsider"


_OPEN = (S.SUBMITTED, S.INCOMPLETE, S.REVIEW, S.QUESTIONED, S.REVIEWED)

_MOVES: Mapping[tuple[S, Act, Actor], S] = {
    (S.DRAFT, Act.EDIT, Actor.APPLICANT): S.DRAFT,
    (S.DRAFT, Act.SUBMIT, Actor.APPLICANT): S.SUBMITTED,
    (S.DRAFT, Act.WITHDRAW, Actor.APPLICANT): S.WITHDRAWN,
    (S.INCOMPLETE, Act.EDIT, Actor.APPLICANT): S.INCOMPLETE,
    (S.INCOMPLETE, Act.SUBMIT, Actor.APPLICANT): S.SUBMITTED,
    (S.SUBMITTED, Act.COMPLETE, Actor.STEWARD): S.REVIEW,
    (S.SUBMITTED, Act.SEND_BACK, Actor.STEWARD): S.INCOMPLETE,
    (S.REVIEW, Act.SUPPORT, Actor.STEWARD): S.REVIEW,
    (S.REVIEW, Act.OPPOSE, Actor.STEWARD): S.REVIEW,
    (S.REVIEWED, Act.OPPOSE, Actor.STEWARD): S.REVIEW,
    (S.REVIEW, Act.ASK, Actor.STEWARD): S.QUESTIONED,
    (S.REVIEWED, Act.ASK, Actor.STEWARD): S.QUESTIONED,
    (S.QUESTIONED, Act.ANSWER, Actor.APPLICANT): S.REVIEW,
    (S.REVIEW, Act.PROLONG, Actor.STEWARD): S.REVIEW,
    (S.REVIEWED, Act.PROLONG, Actor.STEWARD): S.REVIEWED,
    (S.REVIEWED, Act.GRANT, Actor.STEWARD): S.GRANTED,
    **{(state, Act.REFUSE, Actor.STEWARD): S.REFUSED for state in _OPEN},
    **{(state, Act.WITHDRAW, Actor.APPLICANT): S.WITHDRAWN for state in _OPEN},
    **{
        (state, Act.COMMENT, actor): state
        for state in _OPEN
        for actor in (Actor.APPLICANT, Actor.INVOLVED, Actor.STEWARD)
    },
}

_PERMIT_MOVES: Mapping[tuple[PermitState, PermitAct], PermitState] = {
    (PermitState.ACTIVE, PermitAct.AMEND): PermitState.ACTIVE,
    (PermitState.ACTIVE, PermitAct.EXTEND): PermitState.ACTIVE,
    (PermitState.ACTIVE, PermitAct.SUSPEND): PermitState.SUSPENDED,
    (PermitState.SUSPENDED, PermitAct.RESUME): PermitState.ACTIVE,
    **{
        (state, PermitAct.REVOKE): PermitState.REVOKED
        for state in (PermitState.ACTIVE, PermitState.SUSPENDED, PermitState.EXPIRED)
    },
    **{
        (state, PermitAct.CLOSE): PermitState.CLOSED
        for state in (PermitState.ACTIVE, PermitState.SUSPENDED, PermitState.EXPIRED, PermitState.REVOKED)
    },
}

STEWARD_ACTS = frozenset(act for _, act, actor in _MOVES if actor is Actor.STEWARD) - {Act.COMMENT}
"""What only somebody who is not involved may do."""


def next_state(state: ApplicationState, act: Act, actor: Actor) -> ApplicationState | None:
    """Where the act leads; None where it cannot be done. `SUPPORT` leads on only once enough support it."""
    return _MOVES.get((state, act, actor))


def next_permit_state(state: PermitState, act: PermitAct) -> PermitState | None:
    """Where the act leads; None where it cannot be done."""
    return _PERMIT_MOVES.get((state, act))


def acts_open(state: ApplicationState, actor: Actor) -> frozenset[Act]:
    """What this actor can do to an application in this state."""
    return frozenset(act for (at, act, who) in _MOVES if at is state and who is actor)


def actor_of(principal: Principal, application: Application, deputies: Iterable[Deputy]) -> Actor:
    """Who the principal is to the application. A role never outweighs being involved.

    `deputies` are all that ever were: who was deputy of the applicant at any time since the application began is
    involved, also where the two have ended that meanwhile.
    """
    if principal.id == application.applicant:
        return Actor.APPLICANT
    named = application.persons | {application.applicant}
    if principal.id in named or named & stand_ins(principal.id, deputies, application.submitted):
        return Actor.INVOLVED
    return Actor.STEWARD if Role.STEWARD in principal.roles else Actor.OUTSIDER


def stand_ins(person: PrincipalId, deputies: Iterable[Deputy], since: datetime) -> frozenset[PrincipalId]:
    """Whom the person stands in for, or is stood in for by, at any time after `since`."""
    pairs = [(each.of, each.deputy) for each in deputies if each.until >= since]
    return frozenset(a if b == person else b for a, b in pairs if person in (a, b))


def independent(
    reviewers: Iterable[PrincipalId], other: PrincipalId, deputies: Iterable[Deputy], since: datetime
) -> bool:
    """Whether `other` counts as one more reviewer: not one of them, nor a deputy of one."""
    those = frozenset(reviewers)
    return other not in those and not (those & stand_ins(other, tuple(deputies), since))


def permit_state(permit: Permit, now: datetime) -> PermitState:
    """Where a permit stands; the last word first."""
    if permit.closed is not None:
        return PermitState.CLOSED
    if permit.revoked is not None:
        return PermitState.REVOKED
    if now >= permit.expires:
        return PermitState.EXPIRED
    return PermitState.ACTIVE if permit.suspended is None else PermitState.SUSPENDED
