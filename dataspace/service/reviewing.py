"""What people do to applications: each act allowed by the workflow, claimed, recorded, and only then done."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from dataspace.errors import Conflict, InvalidRequest, NotAllowed, UnknownName
from dataspace.model.names import ApplicationId
from dataspace.model.permits import Act, Application, ApplicationState, Basis, Step
from dataspace.model.principals import Principal, Role
from dataspace.model.records import JSON, RecordKind
from dataspace.planning.deadlines import EHDS_MONTHS, add_months, completeness_due, decision_due
from dataspace.planning.permit_workflow import (
    STEWARD_ACTS,
    Actor,
    actor_of,
    acts_open,
    independent,
    next_state,
)
from dataspace.ports import Clock, PermitStore
from dataspace.service.enforcing import Enforcement
from dataspace.transparency.canonical import digest

_WORDED = frozenset({Act.SEND_BACK, Act.ASK, Act.ANSWER, Act.OPPOSE, Act.PROLONG, Act.COMMENT, Act.REFUSE})
LONGEST_TEXT = 4000

Told = Callable[[Application], None]


def _nobody(_: Application) -> None:
    """For a hub that sends no mail."""


@dataclass(frozen=True, slots=True)
class Reviewing:
    """`reviewers` have to be in favour, 1 or 2, before anyone can grant."""

    permits: PermitStore
    clock: Clock
    enforcement: Enforcement
    reviewers: int = 1
    told: Told = _nobody
    """Called after each change, for whoever writes mails."""
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def act(
        self, principal: Principal, id: ApplicationId, act: Act, text: str = "", revision: int | None = None
    ) -> Application:
        """Do one act. `revision` is the one that was read; a later one means Conflict, and nothing is done.

        Raises NotAllowed where that person may not do it, Conflict where the state does not allow it.
        """
        if act in (Act.GRANT, Act.EDIT):
            raise InvalidRequest(f"'{act.value}' needs more than a word.", "Use its own command.")
        _check_role(principal, act)
        with self._turn:
            return self._act(principal, self.application(principal, id), act, text, revision)

    def granting(
        self,
        steward: Principal,
        id: ApplicationId,
        revision: int | None,
        grant: Callable[[Application], Application],
    ) -> Application:
        """Bring an application to where it can be granted by this one steward, then let `grant` finish it.

        Where one reviewer is enough, a decision is also the completeness check and the review, each recorded.
        """
        _check_role(steward, Act.GRANT)
        with self._turn:
            found = self.application(steward, id)
            self._may(steward, found, Act.GRANT)
            if found.state in (
                ApplicationState.GRANTED,
                ApplicationState.REFUSED,
                ApplicationState.WITHDRAWN,
            ):
                raise Conflict(f"{id} is {found.state.value} already.", "Nothing is left to decide.")
            check_revision(found, revision)
            if found.state is ApplicationState.SUBMITTED:
                found = self._act(steward, found, Act.COMPLETE, "", None)
            if found.state is ApplicationState.REVIEW and steward.id not in found.supported_by:
                found = self._act(steward, found, Act.SUPPORT, "", None)
            if found.state is not ApplicationState.REVIEWED:
                raise Conflict(_not_yet(found, self.reviewers), f"See `dataspace permit review {id}`.")
            # Claimed: from here on nobody else's decision on this revision holds, and nothing has happened yet.
            claimed = replace(found, revision=found.revision + 1)
            self.permits.change_application(claimed)
            granted = grant(claimed)
            self.told(granted)
            return granted

    def application(self, principal: Principal, id: ApplicationId) -> Application:
        """One application, for whoever may see it; for others it does not exist."""
        found = self.permits.application(id)
        if found is None or not self.may_see(principal, found):
            seen = [a.id for a in self.permits.applications() if self.may_see(principal, a)]
            raise UnknownName("application", id, seen)
        return found

    def may_see(self, principal: Principal, application: Application) -> bool:
        """A draft is its applicant's alone; what was submitted is seen by stewards and the named persons too."""
        if principal.id == application.applicant:
            return True
        if application.state is ApplicationState.DRAFT:
            return False
        return principal.id in application.persons or bool(principal.roles & {Role.STEWARD, Role.AUDITOR})

    def _act(
        self, principal: Principal, found: Application, act: Act, text: str, revision: int | None
    ) -> Application:
        actor = self._may(principal, found, act)
        check_revision(found, revision)
        if act in _WORDED and not text.strip():
            option = "--reason" if act is Act.REFUSE else "--text"
            raise InvalidRequest(f"Say why: '{act.value}' needs a text.", f'For example: {option} "…".')
        if len(text) > LONGEST_TEXT:
            raise InvalidRequest(f"The text has more than {LONGEST_TEXT} characters.", "Shorten it.")
        state = next_state(found.state, act, actor)
        if state is None:
            can = ", ".join(sorted(a.value for a in acts_open(found.state, actor))) or "nothing"
            raise Conflict(
                f"{found.id} is {found.state.value} already: '{act.value}' cannot be done.",
                f"What you can do: {can}.",
            )
        claimed = replace(found, revision=found.revision + 1)
        changed = self._changed(principal, claimed, act, state, text)
        self.permits.change_application(claimed)  # nobody else changes it now; nothing has happened yet
        kind = RecordKind.APPLICATION_REJECTED if act is Act.REFUSE else RecordKind.APPLICATION_CHANGED
        facts: dict[str, JSON] = {"application": found.id, "act": act.value, "state": changed.state.value}
        # What people write to each other is for them; a refusal's reason is for the record.
        said: dict[str, JSON] = (
            {"reason": text} if act is Act.REFUSE else {"text": digest(text) if text else ""}
        )
        self.enforcement.record(kind, principal, {**facts, "revision": found.revision, **said})
        done = replace(changed, revision=claimed.revision + 1)
        self.permits.change_application(done)
        self.told(done)
        return done

    def _changed(
        self, principal: Principal, found: Application, act: Act, state: ApplicationState, text: str
    ) -> Application:
        now = self.clock.now()
        step = Step(now, principal.id, act.value, text)
        changed = replace(found, state=state, steps=(*found.steps, step))
        match act:
            case Act.SUBMIT:
                return replace(changed, submitted=now, due=completeness_due(now), supported_by=())
            case Act.COMPLETE:
                return replace(changed, due=decision_due(now, found.basis))
            case Act.ASK:
                return replace(changed, waiting_since=now, supported_by=())
            case Act.ANSWER:
                waited = now - (found.waiting_since or now)
                return replace(changed, waiting_since=None, due=found.due + waited)
            case Act.SUPPORT:
                return self._supported(principal, changed)
            case Act.OPPOSE:
                kept = tuple(each for each in found.supported_by if each != principal.id)
                return replace(changed, supported_by=kept)
            case Act.PROLONG:
                if found.basis is not Basis.EHDS or found.prolonged:
                    raise Conflict(
                        "Only the decision on an EHDS application is prolonged, and once.", "Decide it."
                    )
                return replace(changed, prolonged=True, due=add_months(found.due, EHDS_MONTHS))
            case Act.REFUSE:
                return replace(changed, decided_by=principal.id)
            case _:
                return changed

    def _supported(self, principal: Principal, changed: Application) -> Application:
        deputies = self.permits.deputies()
        if not independent(changed.supported_by, principal.id, deputies, changed.submitted):
            raise Conflict(
                "This review counts already: a reviewer and their deputy are one.", "Ask another steward."
            )
        supported = (*changed.supported_by, principal.id)
        enough = len(supported) >= self.reviewers
        state = ApplicationState.REVIEWED if enough else ApplicationState.REVIEW
        return replace(changed, supported_by=supported, state=state)

    def _may(self, principal: Principal, found: Application, act: Act) -> Actor:
        actor = actor_of(principal, found, self.permits.deputies())
        if act in STEWARD_ACTS and actor is not Actor.STEWARD:
            raise NotAllowed(
                "Nobody decides on their own application, nor on one that they or whoever they stand in for"
                " is named in.",
                "Ask another steward.",
            )
        if act not in STEWARD_ACTS and act is not Act.COMMENT and actor is not Actor.APPLICANT:
            raise NotAllowed("Only the applicant may do this.", "Ask them.")
        return actor


def _check_role(principal: Principal, act: Act) -> None:
    """Before anything is looked up: who is no steward learns nothing about an application by trying."""
    if act in STEWARD_ACTS and Role.STEWARD not in principal.roles:
        raise NotAllowed("Only a steward may do this.", "Ask one, or sign in as one.")


def check_revision(found: Application, revision: int | None) -> None:
    """Raises Conflict where what was read is not what is kept now."""
    if revision is not None and revision != found.revision:
        raise Conflict(
            f"{found.id} was changed since you read it (revision {found.revision}, not {revision}).",
            "Read it again, then decide on what it says now.",
        )


def _not_yet(found: Application, reviewers: int) -> str:
    if found.state is ApplicationState.REVIEW:
        return f"{len(found.supported_by)} of {reviewers} reviewers are in favour of {found.id}."
    return f"{found.id} is {found.state.value}: it cannot be granted yet."
