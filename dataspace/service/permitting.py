"""Applications and permits: ask, review, grant, take back. Silence never grants, and nobody grants to themselves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dataspace.errors import Conflict, InvalidRequest, NotAllowed, UnknownName
from dataspace.model.names import ApplicationId, DatasetName, PermitId
from dataspace.model.permits import (
    Application,
    ApplicationState,
    Basis,
    DatasetGrant,
    Permit,
    PermitStatus,
    SignedPermit,
)
from dataspace.model.policies import AnswerKind, Obligations
from dataspace.model.principals import Principal, Role
from dataspace.model.records import RecordKind
from dataspace.policy.compose import compose
from dataspace.ports import Catalog, Clock, PermitSeal, PermitStore, Sites
from dataspace.service.asking import visible_dataset
from dataspace.service.enforcing import Enforcement
from dataspace.service.joining import site_principal
from dataspace.vocabulary.terms import resolve

DECISION_WORKING_DAYS = 10
PERMIT_DURATION = timedelta(days=365)
LONGEST_PERMIT = timedelta(days=3652)


def _nothing_held(_: Permit) -> None:
    """For a hub that holds no data of its own."""


@dataclass(frozen=True, slots=True)
class Permitting:
    """The hub's own permits: of basis `contract`, and they say so."""

    catalog: Catalog
    permits: PermitStore
    seal: PermitSeal
    clock: Clock
    enforcement: Enforcement
    issuer: str
    ended: Callable[[Permit], None] = _nothing_held
    """Called when a permit was taken back: closes what is held open for it."""
    sites: Sites | None = None
    """Who offers what; None where no site can ask for the permits that concern it."""

    def apply(
        self,
        principal: Principal,
        datasets: Sequence[DatasetName],
        purposes: Sequence[str],
        kinds: frozenset[AnswerKind],
        legal_basis: Sequence[str] = (),
        ethics_vote: str = "",
        title: str = "",
    ) -> Application:
        """Submit an application. Raises InvalidRequest where it is incomplete, UnknownName for unseen datasets."""
        for name in datasets:
            visible_dataset(self.catalog, name, principal)
        if not (datasets and purposes and kinds):
            raise InvalidRequest(
                "An application names datasets, a purpose and a kind of answer.", "Fill them in."
            )
        known = tuple(resolve(purpose).iri for purpose in purposes)
        now = self.clock.now()
        application = Application(
            id=ApplicationId(f"A-{self.permits.next_number('application')}"),
            applicant=principal.id,
            organisation=principal.organisation,
            title=title or f"Access to {', '.join(datasets)}",
            datasets=tuple(datasets),
            purpose=known[0],
            purposes=known,
            kinds=kinds,
            legal_basis=tuple(resolve(basis).iri for basis in legal_basis),
            ethics_vote=ethics_vote,
            submitted=now,
            due=add_working_days(now, DECISION_WORKING_DAYS),
        )
        self.enforcement.record(
            RecordKind.APPLICATION_SUBMITTED,
            principal,
            {"application": application.id, "datasets": list(datasets), "purposes": list(known)},
        )
        self.permits.put_application(application)
        return application

    def open_applications(self, principal: Principal) -> Sequence[Application]:
        """A steward sees all that wait; an applicant their own."""
        waiting = [a for a in self.permits.applications() if a.state is ApplicationState.SUBMITTED]
        return (
            waiting
            if Role.STEWARD in principal.roles
            else [a for a in waiting if a.applicant == principal.id]
        )

    def grant(
        self, steward: Principal, id: ApplicationId, conditions: Obligations, expires: datetime | None
    ) -> SignedPermit:
        """Grant an application under conditions, which tighten the defaults; returns the signed permit."""
        application = self._waiting(steward, id)
        now = self.clock.now()
        until = expires or now + PERMIT_DURATION
        if not now < until <= now + LONGEST_PERMIT:
            raise InvalidRequest(
                "A permit lasts until a day in the future, at most 10 years.", "Choose another day."
            )
        permit = Permit(
            id=PermitId(f"P-{self.permits.next_number('permit')}"),
            application=application.id,
            basis=Basis.CONTRACT,
            issued_by=self.issuer,
            persons=frozenset({application.applicant}),
            organisation=application.organisation,
            title=application.title,
            purpose=application.purpose,
            purposes=application.purposes,
            legal_basis=application.legal_basis,
            ethics_vote=application.ethics_vote,
            datasets=tuple(DatasetGrant(name) for name in application.datasets),
            kinds=application.kinds,
            obligations=compose(Obligations(cohort=10, epsilon_question=0.5, epsilon_total=1.0), conditions),
            not_before=now,
            expires=until,
        )
        signed = SignedPermit(permit, self.seal.sign(permit))
        facts = {
            "application": id,
            "permit": permit.id,
            "basis": permit.basis.value,
            "expires": until.isoformat(),
        }
        self.enforcement.record(RecordKind.PERMIT_GRANTED, steward, facts)
        self.permits.put_permit(signed)
        granted = replace(
            application, state=ApplicationState.GRANTED, decided_by=steward.id, permit=permit.id
        )
        self.permits.put_application(granted)
        return signed

    def refuse(self, steward: Principal, id: ApplicationId, reason: str) -> Application:
        """Refuse an application, with the reason that the applicant is told."""
        application = self._waiting(steward, id)
        self.enforcement.record(
            RecordKind.APPLICATION_REJECTED, steward, {"application": id, "reason": reason}
        )
        refused = replace(application, state=ApplicationState.REFUSED, decided_by=steward.id)
        self.permits.put_application(refused)
        return refused

    def revoke(self, steward: Principal, id: PermitId, reason: str) -> Permit:
        """Take a permit back; takes effect here at once and at sites with their next look at the status list."""
        require(steward, Role.STEWARD)
        signed = self.permits.permit(id)
        if signed is None:
            raise UnknownName("permit", id, [s.permit.id for s in self.permits.permits()])
        if signed.permit.revoked is not None:
            raise Conflict(f"{id} was revoked before.", "Nothing is left to do.")
        at = self.clock.now()
        self.enforcement.record(RecordKind.PERMIT_REVOKED, steward, {"permit": id, "reason": reason})
        self.permits.revoke(id, at)
        self.ended(signed.permit)
        return replace(signed.permit, revoked=at)

    def visible(self, principal: Principal) -> Sequence[SignedPermit]:
        """Stewards and auditors see all permits, a site those over what it offers; others those that name them."""
        every = self.permits.permits()
        if principal.roles & {Role.STEWARD, Role.AUDITOR, Role.ADMINISTRATOR}:
            return every
        if Role.SITE in principal.roles:
            return [signed for signed in every if self._concerns(signed.permit, principal)]
        return [signed for signed in every if principal.id in signed.permit.persons]

    def status(self, nonce: str) -> str:
        """The signed list of revoked permits, for one asker's nonce."""
        revoked = frozenset(s.permit.id for s in self.permits.permits() if s.permit.revoked is not None)
        return self.seal.sign_status(PermitStatus(self.issuer, revoked, nonce, self.clock.now()))

    def _concerns(self, permit: Permit, principal: Principal) -> bool:
        offered = {
            dataset
            for site in (self.sites.all() if self.sites else ())
            if site_principal(site.name) == principal.id and (not permit.sites or site.name in permit.sites)
            for dataset in site.datasets
        }
        return any(grant.dataset in offered for grant in permit.datasets)

    def _waiting(self, steward: Principal, id: ApplicationId) -> Application:
        require(steward, Role.STEWARD)
        application = self.permits.application(id)
        if application is None:
            raise UnknownName("application", id, [a.id for a in self.permits.applications()])
        if application.state is not ApplicationState.SUBMITTED:
            raise Conflict(f"{id} is {application.state.value} already.", "Nothing is left to decide.")
        if application.applicant == steward.id:
            raise NotAllowed("Nobody decides on their own application.", "Ask another steward.")
        return application


def require(principal: Principal, role: Role) -> None:
    """Raise NotAllowed unless the principal holds the role."""
    if role not in principal.roles:
        raise NotAllowed(f"Only a {role.value} may do this.", "Ask one, or sign in as one.")


def add_working_days(start: datetime, days: int) -> datetime:
    """The same hour, so many working days (Monday to Friday) later; public holidays are not known here."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        if day.weekday() < 5:
            days -= 1
    return day
