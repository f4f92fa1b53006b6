"""Paths of applications, permits and privacy accounts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from dataspace.bootstrap import HubServices
from dataspace.errors import UnknownName
from dataspace.http.bodies import ApplicationBody, GrantBody, ReasonBody, body
from dataspace.http.replies import reply
from dataspace.http.signing_in import Asker
from dataspace.model.names import ApplicationId, DatasetName, PermitId
from dataspace.model.principals import Role


def applications(hub: HubServices) -> APIRouter:
    """Ask, and decide on what was asked."""
    router = APIRouter(prefix="/applications", tags=["permits"])

    @router.get("")
    def waiting(asker: Asker) -> Response:
        """Applications that wait for a decision: a steward sees all, an applicant their own."""
        return reply(hub.permitting.open_applications(asker))

    @router.post("", status_code=201)
    def apply(asker: Asker, said: Annotated[ApplicationBody, Depends(body(ApplicationBody))]) -> Response:
        """Submit an application."""
        made = hub.permitting.apply(
            asker,
            [DatasetName(name) for name in said.datasets],
            said.purposes,
            said.kinds,
            said.legal_basis,
            said.ethics_vote,
            said.title,
        )
        return reply(made, 201)

    @router.post("/{id}/grant", status_code=201)
    def grant(asker: Asker, id: str, said: Annotated[GrantBody, Depends(body(GrantBody))]) -> Response:
        """Grant, under conditions that tighten the defaults."""
        return reply(hub.permitting.grant(asker, ApplicationId(id), said.conditions, said.expires), 201)

    @router.post("/{id}/refuse")
    def refuse(asker: Asker, id: str, said: Annotated[ReasonBody, Depends(body(ReasonBody))]) -> Response:
        """Refuse, with the reason that the applicant is told."""
        return reply(hub.permitting.refuse(asker, ApplicationId(id), said.reason))

    return router


def permits(hub: HubServices) -> APIRouter:
    """Permits as signed documents, and which of them are revoked."""
    router = APIRouter(prefix="/permits", tags=["permits"])

    @router.get("")
    def visible(asker: Asker) -> Response:
        """Permits that the asker may see."""
        return reply(hub.permitting.visible(asker))

    @router.get("/status")
    def status(nonce: Annotated[str, Query(min_length=16, max_length=128)]) -> Response:
        """The signed list of revoked permits, for one asker's nonce (a JWS). Needs no token: sites poll it."""
        return Response(hub.permitting.status(nonce), media_type="application/jose")

    @router.get("/{id}")
    def permit(asker: Asker, id: str) -> Response:
        """One permit, with the JWS that travels."""
        seen = {signed.permit.id: signed for signed in hub.permitting.visible(asker)}
        if id not in seen:
            at_site = "Ask the hub's steward which permits are over what this site offers."
            hint = at_site if Role.SITE in asker.roles else "`dataspace permit list` shows yours."
            raise UnknownName("permit", id, tuple(seen), hint)
        return reply(seen[PermitId(id)])

    @router.post("/{id}/revoke")
    def revoke(asker: Asker, id: str, said: Annotated[ReasonBody, Depends(body(ReasonBody))]) -> Response:
        """Take a permit back."""
        return reply(hub.permitting.revoke(asker, PermitId(id), said.reason))

    return router


def accounts(hub: HubServices) -> APIRouter:
    """What was spent of the privacy budget."""
    router = APIRouter(tags=["permits"])

    @router.get("/ledger/{dataset}")
    def balances(asker: Asker, dataset: str) -> Response:
        """Balances over a dataset, as far as the asker may see them."""
        found = hub.accounts.balances(asker, dataset)
        return reply([{"balance": balance, "left": balance.left} for balance in found])

    return router
