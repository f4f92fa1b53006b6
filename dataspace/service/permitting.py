"""Applications and permits: ask, review, grant, take back. Silence never grants, and nobody grants to themselves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dataspace.errors import InvalidRequest, NotAllowed
from dataspace.model.names import ApplicationId, PermitId
from dataspace.model.permits import (
    Act,
    Application,
    ApplicationState,
    Basis,
    Call,
    SignedPermit,
    Step,
)
from dataspace.model.policies import Obligations
from dataspace.model.principals import Principal, Role
from dataspace.model.records import JSON, RecordKind
from dataspace.planning.deadlines import (
    DECISION_WORKING_DAYS,
    add_working_days,
    completeness_due,
)
from dataspace.planning.tracks import limits_of_track
from dataspace.service.applying import Contents, drafted, edited
from dataspace.service.call_policies import check_policies
from dataspace.service.calls import Calls
from dataspace.service.discovering import visible_dataset
from dataspace.service.granting import Granting
from dataspace.service.permit_documents import document_digest
from dataspace.service.permits_in_force import LONGEST_PERMIT, PermitsInForce, require
from dataspace.service.reviewing import Reviewing

__all__ = ["DECISION_WORKING_DAYS", "LONGEST_PERMIT", "Permitting", "add_working_days", "require"]

_UNNUMBERED = ApplicationId("A-0")


@dataclass(frozen=True, slots=True)
class Permitting(PermitsInForce):
    """From an application to a permit."""

    def apply(self, principal: Principal, contents: Contents) -> Application:
        """Submit an application. Raises InvalidRequest where it is incomplete, UnknownName for unseen datasets."""
        said, now = contents.details, self.clock.now()
        # What cannot be read is refused before it has a number: numbers have no gaps that somebody would look for.
        made = self._drafted(_UNNUMBERED, principal, contents, now)
        call = self.calls.named(said.call) if said.call else None
        id = self._next_application()
        state = ApplicationState.DRAFT if said.draft else ApplicationState.SUBMITTED
        due = now if said.draft else completeness_due(now)
        track = call.track if call else made.track
        application = replace(
            made, id=id, state=state, due=due, track=track, steps=(Step(now, principal.id, state.value),)
        )
        if call is not None and not said.draft:
            self.calls.check(call, application, principal)
            self._check_policies(call, application, principal)
        facts: dict[str, JSON] = {
            "application": id,
            "datasets": list(application.datasets),
            "purposes": list(application.purposes),
            "state": state.value,
        }
        self.enforcement.record(RecordKind.APPLICATION_SUBMITTED, principal, facts)
        self.permits.put_application(application)
        self.review.told(application)
        if call is None or said.draft:
            return application
        return self._by_call(principal, application)

    def edit(self, principal: Principal, id: ApplicationId, contents: Contents) -> Application:
        """Put other contents into a draft, or into an application that was sent back; it is not submitted yet."""
        found = self.review.application(principal, id)
        if found.applicant != principal.id:
            raise NotAllowed("Only the applicant may do this.", "Ask them.")
        if found.state not in (ApplicationState.DRAFT, ApplicationState.INCOMPLETE):
            raise InvalidRequest(
                f"{id} is {found.state.value}: its contents are what is being decided on.",
                "Answer the question that was asked, or withdraw it and apply again.",
            )
        now = self.clock.now()
        made = self._drafted(id, principal, contents, now)
        step = Step(now, principal.id, Act.EDIT.value)
        changed = replace(edited(found, made), revision=found.revision + 1, steps=(*found.steps, step))
        facts: dict[str, JSON] = {"application": id, "act": Act.EDIT.value, "revision": found.revision}
        self.enforcement.record(RecordKind.APPLICATION_CHANGED, principal, facts)
        self.permits.change_application(changed)
        return changed

    def _drafted(
        self, id: ApplicationId, principal: Principal, contents: Contents, now: datetime
    ) -> Application:
        seen = [
            visible_dataset(self.catalog, name, principal, self.enforcement) for name in contents.datasets
        ]
        self._check_basis(contents.details.basis)
        return drafted(id, principal, seen, contents, now)

    def open_applications(self, principal: Principal) -> Sequence[Application]:
        """Those not decided yet: a steward sees all that were submitted, an applicant their own."""
        over = (ApplicationState.GRANTED, ApplicationState.REFUSED, ApplicationState.WITHDRAWN)
        every = [a for a in self.permits.applications() if a.state not in over]
        if Role.STEWARD in principal.roles:
            return [a for a in every if self.review.may_see(principal, a)]
        return [a for a in every if principal.id in a.persons | {a.applicant}]

    def grant(
        self,
        steward: Principal,
        id: ApplicationId,
        conditions: Obligations,
        expires: datetime | None,
        revision: int | None = None,
    ) -> SignedPermit:
        """Grant an application under conditions, which tighten the defaults; returns the signed permit."""
        made: list[SignedPermit] = []

        def finish(application: Application) -> Application:
            granted, signed = self._issue(steward, application, conditions, expires)
            made.append(signed)
            return granted

        found = self.review.permits.application(id)
        if found is not None and Role.STEWARD in steward.roles:
            self._check_columns(steward, found.datasets, conditions)
        self._until(found, expires)
        self.review.granting(steward, id, revision, finish)
        return made[0]

    def refuse(
        self, steward: Principal, id: ApplicationId, reason: str, revision: int | None = None
    ) -> Application:
        """Refuse an application, with the reason that the applicant is told."""
        return self.review.act(steward, id, Act.REFUSE, reason, revision)

    @property
    def review(self) -> Reviewing:
        """What people do to applications."""
        return self.reviewing or Reviewing(self.permits, self.clock, self.enforcement)

    @property
    def calls(self) -> Calls:
        """Open calls, which approve beforehand."""
        return Calls(self.catalog, self.permits, self.clock, self.enforcement)

    @property
    def _granting(self) -> Granting:
        return Granting(self.catalog, self.sites, self.issuer)

    def _check_policies(self, call: Call, application: Application, principal: Principal) -> None:
        """Raises AccessDenied, recorded, where policy would refuse what the call approves."""
        now = self.clock.now()
        until = self._until(application, now + timedelta(days=call.days))
        permit = self._granting.permit(application, call.conditions, now, until)
        check_policies(permit, application, principal, self.catalog, self.enforcement)

    def _by_call(self, principal: Principal, application: Application) -> Application:
        call = self.calls.named(application.call)
        claimed = replace(application, revision=application.revision + 1)
        self.permits.change_application(claimed)
        expires = self.clock.now() + timedelta(days=call.days)
        granted, _ = self._issue(None, claimed, call.conditions, expires)
        self.review.told(granted)
        return granted

    def _issue(
        self,
        steward: Principal | None,
        application: Application,
        conditions: Obligations,
        expires: datetime | None,
    ) -> tuple[Application, SignedPermit]:
        now, until = self.clock.now(), self._until(application, expires)
        number = PermitId(f"P-{self.permits.next_number('permit')}")
        permit = self._granting.permit(application, conditions, now, until, number)
        signed = SignedPermit(permit, self.seal.sign(permit))
        facts: dict[str, JSON] = {
            "application": application.id,
            "permit": permit.id,
            "basis": permit.basis.value,
            "expires": until.isoformat(),
            "call": application.call,
            "document": document_digest(signed.jws),
        }
        self.enforcement.record(RecordKind.PERMIT_GRANTED, steward, facts)
        by = steward.id if steward else None
        granted = replace(
            application,
            state=ApplicationState.GRANTED,
            decided_by=by,
            permit=permit.id,
            revision=application.revision + 1,
            steps=(*application.steps, Step(now, by, Act.GRANT.value, permit.id)),
        )
        # In this order: a decision that came second fails here, before there is a permit.
        self.permits.change_application(granted)
        self.permits.put_permit(signed)
        return granted, signed

    def _until(self, application: Application | None, expires: datetime | None) -> datetime:
        now = self.clock.now()
        limits = limits_of_track(application.track if application else None)
        until = expires or now + limits.usual
        if not now < until <= now + LONGEST_PERMIT:
            raise InvalidRequest(
                "A permit lasts until a day in the future, at most 10 years.", "Choose another day."
            )
        if until > now + limits.longest:
            raise InvalidRequest(
                f"On this track a permit lasts {limits.longest.days} days at most.", "Choose another day."
            )
        return until

    def _check_basis(self, basis: Basis) -> None:
        if basis not in self.bases:
            can = ", ".join(sorted(b.value for b in self.bases))
            raise InvalidRequest(
                f"This hub cannot issue permits of basis '{basis.value}'.",
                f"It issues: {can}. An EHDS permit comes from a health data access body.",
            )

    def _next_application(self) -> ApplicationId:
        return ApplicationId(f"A-{self.permits.next_number('application')}")
