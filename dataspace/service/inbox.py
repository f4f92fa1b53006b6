"""What waits for each person, until when, and what to type; theirs first, then what they look after for others."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dataspace.errors import InvalidRequest, UnknownName
from dataspace.model.names import PrincipalId
from dataspace.model.permits import Application, ApplicationState, Deputy, Permit, PermitState, Waiting
from dataspace.model.principals import Principal, Role
from dataspace.model.records import RecordKind
from dataspace.model.sites import Site
from dataspace.planning.deadlines import add_months
from dataspace.planning.permit_workflow import Actor, actor_of, independent, permit_state
from dataspace.ports import Clock, People, PermitStore, Sites
from dataspace.service.enforcing import Enforcement
from dataspace.service.permit_documents import holding, roster_digest, roster_of

SOON = timedelta(days=90)
"""How long before its end a permit begins to wait for its holder."""
LONGEST_DEPUTY = timedelta(days=366)

_STEWARD = {
    ApplicationState.SUBMITTED: ("say whether it is complete", "dataspace permit complete {id}"),
    ApplicationState.REVIEW: ("review it", "dataspace permit review {id}"),
    ApplicationState.REVIEWED: ("decide on it", "dataspace permit grant {id}"),
}
_APPLICANT = {
    ApplicationState.DRAFT: ("finish and submit it", "dataspace permit submit {id}"),
    ApplicationState.INCOMPLETE: ("complete it and submit it again", "dataspace permit submit {id}"),
    ApplicationState.QUESTIONED: (
        "answer the reviewer's question",
        'dataspace permit answer {id} --text "…"',
    ),
}


@dataclass(frozen=True, slots=True)
class Inbox:
    """Everybody's inbox, made from where applications and permits stand: nothing in it can be lost."""

    permits: PermitStore
    people: People
    clock: Clock
    enforcement: Enforcement
    sites: Sites | None = None
    """Who holds what today; None where no site can join."""

    def of(self, principal: Principal) -> Sequence[Waiting]:
        """What waits for a person, the most urgent first; with what waits for those whom they stand in for."""
        now = self.clock.now()
        found = list(self._own(principal, now))
        for each in self.permits.deputies():
            of = self.people.get(each.of) if each.deputy == principal.id and _runs(each, now) else None
            if of is not None:
                found += self._lent(principal, of, now)
        unique = {(item.id, item.what): item for item in reversed(found)}  # one's own before what is lent
        far = datetime.max.replace(tzinfo=now.tzinfo)
        return sorted(unique.values(), key=lambda item: (item.until or far, item.id))

    def name_deputy(self, principal: Principal, deputy: PrincipalId, until: datetime) -> Deputy:
        """Let somebody look after one's inbox. They act in their own name, and only as far as their role goes."""
        now = self.clock.now()
        if self.people.get(deputy) is None or deputy == principal.id:
            raise UnknownName("other person", deputy, (), "Name somebody whom this hub knows.")
        if not now < until <= now + LONGEST_DEPUTY:
            raise InvalidRequest("A deputy is named until a day within a year.", "Choose another day.")
        named = Deputy(principal.id, deputy, now, until)
        facts = {"of": principal.id, "deputy": deputy, "until": until.isoformat()}
        self.enforcement.record(RecordKind.DEPUTY_NAMED, principal, facts)
        self.permits.put_deputy(named)
        return named

    def end_deputy(self, principal: Principal, deputy: PrincipalId) -> Sequence[Deputy]:
        """End it now. That they were deputy stays known: it may mean that they are not independent."""
        now = self.clock.now()
        mine = [d for d in self.deputies(principal) if (d.of, d.deputy) == (principal.id, deputy)]
        if not mine:
            raise UnknownName("deputy of yours", deputy)
        ended = [replace(each, until=now) for each in mine]
        facts = {"of": principal.id, "deputy": deputy, "until": now.isoformat()}
        self.enforcement.record(RecordKind.DEPUTY_NAMED, principal, facts)
        for each in ended:
            self.permits.put_deputy(each)
        return ended

    def deputies(self, principal: Principal) -> Sequence[Deputy]:
        """Who stands in for this person now, and for whom this person does."""
        now = self.clock.now()
        return [d for d in self.permits.deputies() if _runs(d, now) and principal.id in (d.of, d.deputy)]

    def _own(self, principal: Principal, now: datetime) -> Iterator[Waiting]:
        deputies = self.permits.deputies()
        for application in self.permits.applications():
            actor = actor_of(principal, application, deputies)
            yield from self._of_application(principal, application, actor, now)
        known = self.permits.permits()
        for signed in known:
            if principal.id in signed.permit.persons:
                yield from _of_permit(signed.permit, now)
        if Role.STEWARD in principal.roles:
            every = self.sites.all() if self.sites else ()
            granted = [signed.permit for signed in known if principal.id not in signed.permit.persons]
            yield from _of_rosters(granted, every, now)

    def _of_application(
        self, principal: Principal, found: Application, actor: Actor, now: datetime
    ) -> Iterator[Waiting]:
        known = {Actor.STEWARD: _STEWARD, Actor.APPLICANT: _APPLICANT}.get(actor, {})
        said = known.get(found.state)
        if said is None:
            return
        if found.state is ApplicationState.REVIEW and not independent(
            found.supported_by, principal.id, self.permits.deputies(), found.submitted
        ):
            return  # it waits for another reviewer
        draft = found.state is ApplicationState.DRAFT
        until = None if draft or actor is Actor.APPLICANT else found.due
        late = until is not None and until < now
        yield Waiting(said[0], found.id, until, said[1].format(id=found.id), overdue=late)

    def _lent(self, principal: Principal, of: Principal, now: datetime) -> Iterator[Waiting]:
        """What of another's inbox this person could do: acts of a steward, if they are one and not involved."""
        if Role.STEWARD not in principal.roles:
            return
        deputies = self.permits.deputies()
        for item in self._own(of, now):
            found = next((a for a in self.permits.applications() if a.id == item.id), None)
            if found is not None and actor_of(principal, found, deputies) is Actor.STEWARD:
                yield replace(item, on_behalf_of=of.id)


def _of_permit(permit: Permit, now: datetime) -> Iterator[Waiting]:
    state = permit_state(permit, now)
    if state is PermitState.ACTIVE and permit.expires - now <= SOON:
        command = f"dataspace permit show {permit.id}"
        yield Waiting("it ends: ask for its extension, or close it", permit.id, permit.expires, command)
    if state in (PermitState.EXPIRED, PermitState.REVOKED):
        ended = min(permit.expires, permit.revoked or permit.expires)
        until = add_months(ended, permit.publication_months)
        command = f"dataspace permit close {permit.id} --results … --deleted"
        yield Waiting("report results, attest deletion", permit.id, until, command, overdue=until < now)


def _of_rosters(permits: Iterable[Permit], every: Sequence[Site], now: datetime) -> Iterator[Waiting]:
    """Permits whose roster is not that of today: no run with a site that came later, or joined anew, is answered."""
    for permit in permits:
        today = roster_of(every, holding(every, [grant.dataset for grant in permit.datasets], permit.sites))
        if not permit.roster or not today or roster_digest(today) == permit.roster:
            continue
        if _active(permit, now):
            later = ", ".join(sorted(today.keys() - permit.roster_sites))
            why = f"{later} came later" if later else "a site left or joined anew"
            what = f"its roster is not that of today ({why}): amend it, and they compute together"
            yield Waiting(what, permit.id, permit.expires, f'dataspace permit amend {permit.id} --reason "…"')


def _active(permit: Permit, now: datetime) -> bool:
    return permit_state(permit, now) is PermitState.ACTIVE


def _runs(deputy: Deputy, now: datetime) -> bool:
    return deputy.since <= now < deputy.until
