"""Paths of what waits for people, of who stands in for them, of open calls and opt-outs."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from dataspace.bootstrap import HubServices
from dataspace.http.bodies import body
from dataspace.http.replies import reply
from dataspace.http.signing_in import Asker
from dataspace.model.names import DatasetName, PrincipalId
from dataspace.model.permits import Call, Track
from dataspace.model.policies import AnswerKind, Obligations


@dataclass(frozen=True, slots=True)
class DeputyBody:
    """`POST /deputies`."""

    deputy: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class OptOutBody:
    """`POST /datasets/{name}/opt-out`."""

    persons: tuple[str, ...]
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class CallBody:
    """`POST /calls`."""

    title: str
    datasets: frozenset[DatasetName]
    purposes: tuple[str, ...]
    kinds: frozenset[AnswerKind]
    track: Track
    until: datetime
    days: int = 90
    permits: int = 100
    organisations: frozenset[str] = frozenset()
    conditions: Obligations = field(default_factory=Obligations)


def office(hub: HubServices) -> APIRouter:
    """What waits for people, who stands in for them, and open calls."""
    router = APIRouter(tags=["permits"])

    @router.get("/inbox")
    def inbox(asker: Asker) -> Response:
        """What waits for the asker, the most urgent first."""
        hub.permitting.expire_due()
        return reply(hub.inbox.of(asker))

    @router.get("/deputies")
    def deputies(asker: Asker) -> Response:
        """Who stands in for the asker now, and for whom the asker does."""
        return reply(hub.inbox.deputies(asker))

    @router.post("/deputies", status_code=201)
    def name(asker: Asker, said: Annotated[DeputyBody, Depends(body(DeputyBody))]) -> Response:
        """Name a deputy until a day; without a day, end it."""
        if said.until is None:
            return reply(hub.inbox.end_deputy(asker, PrincipalId(said.deputy)))
        return reply([hub.inbox.name_deputy(asker, PrincipalId(said.deputy), said.until)], 201)

    @router.post("/datasets/{name}/opt-out")
    def opt_out(asker: Asker, name: str, said: Annotated[OptOutBody, Depends(body(OptOutBody))]) -> Response:
        """Leave persons out: of what is approved later, or with `at_once` of everything."""
        changed = hub.objecting.leave_out(asker, DatasetName(name), said.persons, said.at_once)
        return reply({"dataset": changed.name, "list": changed.opt_outs[-1].digest})

    @router.get("/calls")
    def calls(asker: Asker) -> Response:
        """Calls that are open now."""
        return reply(hub.permitting.calls.all())

    @router.post("/calls", status_code=201)
    def open_call(asker: Asker, said: Annotated[CallBody, Depends(body(CallBody))]) -> Response:
        """Open a call: applications that fit it are granted at once."""
        call = Call(
            "",
            said.title,
            asker.id,
            said.datasets,
            said.purposes,
            said.kinds,
            said.track,
            said.until,
            said.days,
            said.permits,
            said.organisations,
            said.conditions,
        )
        return reply(hub.permitting.calls.open(asker, call), 201)

    return router
