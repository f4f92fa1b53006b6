"""Paths of sites: who is there, joining, and what a site says that it holds."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from dataspace.bootstrap import HubServices
from dataspace.http.bodies import InviteBody, OfferBody, SiteTokenBody, body
from dataspace.http.replies import reply
from dataspace.http.signing_in import Asker
from dataspace.service.joining import JoinRequest


def sites(hub: HubServices) -> APIRouter:
    """Sites of this hub."""
    router = APIRouter(prefix="/sites", tags=["sites"])

    @router.get("")
    def states(asker: Asker) -> Response:
        """All sites, and which are connected now."""
        return reply(hub.joining.states(tuple(hub.federation.sites())))

    @router.post("/invite", status_code=201)
    def invite(asker: Asker, said: Annotated[InviteBody, Depends(body(InviteBody))]) -> Response:
        """A single-use invitation."""
        return reply(hub.joining.invite(asker, said.site), 201)

    @router.post("/join", status_code=201)
    def join(said: Annotated[JoinRequest, Depends(body(JoinRequest))]) -> Response:
        """Admit a site. The invitation stands in for a token."""
        return reply(hub.joining.join(said), 201)

    @router.post("/{name}/token", status_code=201)
    def token(name: str, said: Annotated[SiteTokenBody, Depends(body(SiteTokenBody))]) -> Response:
        """A token for a site, against its signature."""
        return reply({"token": hub.joining.token(name, said.at, said.signature)}, 201)

    @router.post("/{name}/datasets")
    def offer(asker: Asker, name: str, said: Annotated[OfferBody, Depends(body(OfferBody))]) -> Response:
        """A site says which datasets it holds rows of."""
        return reply(hub.joining.offer(asker, name, said.datasets, said.dictionary))

    return router
