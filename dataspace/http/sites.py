"""Paths of sites: who is there, joining, and what a site says that it holds."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from dataspace.bootstrap import HubServices
from dataspace.http.bodies import (
    AdmitBody,
    BecauseBody,
    EntriesBody,
    InviteBody,
    OfferBody,
    SiteTokenBody,
    body,
)
from dataspace.http.replies import reply
from dataspace.http.signing_in import Asker
from dataspace.model.names import RunId
from dataspace.service.join_requests import JoinRequest, Waiting
from dataspace.service.witnessing import Sighting


def sites(hub: HubServices) -> APIRouter:
    """Sites of this hub."""
    router = APIRouter(prefix="/sites", tags=["sites"])
    for add in (_joining, _letting_in, _witnessing, _ledgers, _speaking):
        add(router, hub)
    return router


def _joining(router: APIRouter, hub: HubServices) -> None:
    @router.get("")
    def states(asker: Asker) -> Response:
        """All sites, and which are connected now."""
        return reply(hub.joining.states(tuple(hub.federation.sites())))

    @router.post("/invite", status_code=201)
    def invite(asker: Asker, said: Annotated[InviteBody, Depends(body(InviteBody))]) -> Response:
        """A single-use invitation."""
        return reply(hub.joining.invite(asker, said.site, said.at_once), 201)

    @router.post("/join", status_code=201)
    def join(said: Annotated[JoinRequest, Depends(body(JoinRequest))]) -> Response:
        """Use an invitation up, which stands in for a token. 202 while the request waits for the administrator."""
        told = hub.joining.join(said)
        return reply(told, 202 if isinstance(told, Waiting) else 201)


def _letting_in(router: APIRouter, hub: HubServices) -> None:
    @router.get("/requests")
    def requests(asker: Asker) -> Response:
        """Sites that wait to be let in."""
        return reply(hub.admitting.requests(asker))

    @router.post("/{name}/admit")
    def admit(asker: Asker, name: str, said: Annotated[AdmitBody, Depends(body(AdmitBody))]) -> Response:
        """Let a site in whose people read this fingerprint aloud."""
        return reply(hub.admitting.admit(asker, name, said.fingerprint))

    @router.post("/{name}/expel")
    def expel(asker: Asker, name: str, said: Annotated[BecauseBody, Depends(body(BecauseBody))]) -> Response:
        """End a site, or turn its request down."""
        return reply(hub.admitting.expel(asker, name, said.because))

    @router.post("/{name}/leave")
    def leave(asker: Asker, name: str, said: Annotated[BecauseBody, Depends(body(BecauseBody))]) -> Response:
        """A site goes by its own will."""
        return reply(hub.admitting.leave(asker, name, said.because))


def _witnessing(router: APIRouter, hub: HubServices) -> None:
    @router.get("/{name}/witness")
    def latest(asker: Asker, name: str) -> Response:
        """The last checkpoint of a site that was countersigned here."""
        return reply({"checkpoint": hub.witnessing.latest(asker, name)})

    @router.post("/{name}/witness")
    def witness(asker: Asker, name: str, said: Annotated[Sighting, Depends(body(Sighting))]) -> Response:
        """Countersign a checkpoint that extends the last one; the hub's own, with the proof that it grew."""
        return reply(hub.witnessing.witness(asker, name, said))


def _ledgers(router: APIRouter, hub: HubServices) -> None:
    @router.get("/{name}/ledger")
    def held(asker: Asker, name: str) -> Response:
        """What this hub has of a site's ledger, by dataset that the site offers."""
        return reply(dict(hub.mirroring.held(asker, name)))

    @router.post("/{name}/ledger", status_code=204)
    def tell(asker: Asker, name: str, said: Annotated[EntriesBody, Depends(body(EntriesBody))]) -> Response:
        """A site tells what its ledger says, each entry signed."""
        hub.mirroring.keep(asker, name, said.entries)
        return Response(status_code=204)


def _speaking(router: APIRouter, hub: HubServices) -> None:
    @router.get("/{name}/runs/{run}")
    def run(asker: Asker, name: str, run: str) -> Response:
        """For a site that works on a run: whether it goes on, or was stopped meanwhile."""
        return reply({"goes_on": hub.following.goes_on(asker, name, RunId(run))})

    @router.post("/{name}/token", status_code=201)
    def token(name: str, said: Annotated[SiteTokenBody, Depends(body(SiteTokenBody))]) -> Response:
        """A token for a site, against its signature."""
        return reply({"token": hub.joining.token(name, said.at, said.signature)}, 201)

    @router.post("/{name}/datasets")
    def offer(asker: Asker, name: str, said: Annotated[OfferBody, Depends(body(OfferBody))]) -> Response:
        """A site says which datasets it holds rows of."""
        return reply(hub.joining.offer(asker, name, said.datasets, said.dictionary))
