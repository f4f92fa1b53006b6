"""Open calls: a steward approves a template beforehand, and an application that fits it is decided at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from dataspace.errors import Conflict, InvalidRequest, NotAllowed, UnknownName
from dataspace.model.names import DatasetName
from dataspace.model.permits import Application, Call
from dataspace.model.principals import Principal, Role
from dataspace.model.records import JSON, RecordKind
from dataspace.planning.permit_workflow import stand_ins
from dataspace.planning.tracks import limits_of_track
from dataspace.ports import Catalog, Clock, PermitStore
from dataspace.service.enforcing import Enforcement
from dataspace.service.permits_in_force import require
from dataspace.vocabulary.terms import resolve

LONGEST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of a hub."""

    catalog: Catalog
    permits: PermitStore
    clock: Clock
    enforcement: Enforcement

    def open(self, steward: Principal, call: Call) -> Call:
        """Open a call. Raises InvalidRequest for one that gives more than its track does, or that has no end."""
        require(steward, Role.STEWARD)
        for name in call.datasets:
            if self.catalog.get(DatasetName(name)) is None:
                known = [dataset.name for dataset in self.catalog.all()]
                raise UnknownName("dataset", name, known, "`dataspace dataset list` shows them.")
        if not (call.datasets and call.purposes and call.kinds):
            raise InvalidRequest("A call names datasets, purposes and kinds of answer.", "Fill them in.")
        if not call.kinds <= limits_of_track(call.track).kinds:
            raise InvalidRequest(f"The track '{call.track.value}' gives less than that.", "Name fewer kinds.")
        longest = min(LONGEST_DAYS, limits_of_track(call.track).longest.days)
        if call.until <= self.clock.now() or not (1 <= call.days <= longest and call.permits >= 1):
            raise InvalidRequest(
                f"A call ends in the future, and gives a permit at least, each for 1 to {longest} days.",
                "Change the template.",
            )
        known_purposes = tuple(resolve(purpose).iri for purpose in call.purposes)
        opened = Call(
            f"C-{self.permits.next_number('call')}",
            call.title,
            steward.id,
            call.datasets,
            known_purposes,
            call.kinds,
            call.track,
            call.until,
            call.days,
            call.permits,
            call.organisations,
            call.conditions,
        )
        facts: dict[str, JSON] = {
            "call": opened.id,
            "datasets": sorted(opened.datasets),
            "purposes": list(opened.purposes),
            "until": opened.until.isoformat(),
            "permits": opened.permits,
        }
        self.enforcement.record(RecordKind.CALL_OPENED, steward, facts)
        self.permits.put_call(opened)
        return opened

    def all(self) -> Sequence[Call]:
        """Calls that are open now."""
        return [call for call in self.permits.calls() if call.until > self.clock.now()]

    def named(self, id: str) -> Call:
        """One call, also one that has ended."""
        for call in self.permits.calls():
            if call.id == id:
                return call
        raise UnknownName("call", id, [call.id for call in self.all()], "`dataspace call list` shows them.")

    def check(self, call: Call, application: Application, principal: Principal) -> None:
        """Raises InvalidRequest, with what does not fit, unless the call approves this application."""
        if call.until <= self.clock.now():
            raise Conflict(f"The call {call.id} ended on {call.until:%Y-%m-%d}.", "Apply without it.")
        persons = application.persons | {principal.id}
        involved = stand_ins(call.opened_by, self.permits.deputies(), application.submitted)
        if call.opened_by in persons or involved & persons:
            raise NotAllowed(
                "Nobody applies under a call that they, or whoever they stand in for, opened.",
                "Apply without the call.",
            )
        if call.organisations and application.organisation not in call.organisations:
            raise InvalidRequest("The call is for other organisations.", "Apply without it.")
        beyond = [
            what
            for what, asked, given in (
                ("datasets", set(application.datasets), call.datasets),
                ("purposes", set(application.purposes), set(call.purposes)),
                ("kinds of answer", application.kinds, call.kinds),
                ("track", {application.track}, {call.track}),
            )
            if not asked <= given
        ]
        if beyond or application.persons or application.versions:
            what = ", ".join(beyond) or "named persons or versions"
            raise InvalidRequest(f"The call {call.id} does not approve these {what}.", "Apply without it.")
        given = sum(a.call == call.id and a.permit is not None for a in self.permits.applications())
        if given >= call.permits:
            raise Conflict(f"The call {call.id} has given all of its permits.", "Apply without it.")
