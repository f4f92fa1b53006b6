"""Paths of applications and permits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from dataspace.bootstrap import HubServices
from dataspace.errors import UnknownName
from dataspace.http.bodies import GrantBody, ReasonBody, body
from dataspace.http.replies import reply
from dataspace.http.signing_in import Asker
from dataspace.model.names import ApplicationId, PermitId
from dataspace.model.permits import Act
from dataspace.model.policies import Obligations
from dataspace.model.principals import Role
from dataspace.service.applying import Contents


@dataclass(frozen=True, slots=True)
class ExtensionBody:
    """`POST /permits/{id}/extend`."""

    expires: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AmendBody:
    """`POST /permits/{id}/amend`."""

    conditions: Obligations
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ClosureBody:
    """`POST /permits/{id}/close`."""

    results: str
    deleted: bool


@dataclass(frozen=True, slots=True)
class DocumentBody:
    """`POST /permits/verify`."""

    jws: str


def applications(hub: HubServices) -> APIRouter:
    """Ask, and decide on what was asked."""
    router = APIRouter(prefix="/applications", tags=["permits"])

    @router.get("")
    def waiting(asker: Asker) -> Response:
        """Applications that wait for a decision: a steward sees all, an applicant their own."""
        return reply(hub.permitting.open_applications(asker))

    @router.post("", status_code=201)
    def apply(asker: Asker, said: Annotated[Contents, Depends(body(Contents))]) -> Response:
        """Submit an application."""
        return reply(hub.permitting.apply(asker, said), 201)

    @router.get("/{id}")
    def application(asker: Asker, id: str) -> Response:
        """One application, with what was said about it so far."""
        return reply(hub.permitting.review.application(asker, ApplicationId(id)))

    @router.put("/{id}")
    def edit(asker: Asker, id: str, said: Annotated[Contents, Depends(body(Contents))]) -> Response:
        """Put other contents into a draft, or into one that was sent back."""
        return reply(hub.permitting.edit(asker, ApplicationId(id), said))

    @router.post("/{id}/acts/{act}")
    def act(
        asker: Asker, id: str, act: Act, said: Annotated[ReasonBody, Depends(body(ReasonBody))]
    ) -> Response:
        """One act of the workflow, with a text; `revision` is the one that was read."""
        return reply(hub.permitting.review.act(asker, ApplicationId(id), act, said.reason, said.revision))

    @router.post("/{id}/grant", status_code=201)
    def grant(asker: Asker, id: str, said: Annotated[GrantBody, Depends(body(GrantBody))]) -> Response:
        """Grant, under conditions that tighten the defaults."""
        made = hub.permitting.grant(asker, ApplicationId(id), said.conditions, said.expires, said.revision)
        return reply(made, 201)

    @router.post("/{id}/refuse")
    def refuse(asker: Asker, id: str, said: Annotated[ReasonBody, Depends(body(ReasonBody))]) -> Response:
        """Refuse, with the reason that the applicant is told."""
        return reply(hub.permitting.refuse(asker, ApplicationId(id), said.reason, said.revision))

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

    @router.post("/verify")
    def verify(asker: Asker, said: Annotated[DocumentBody, Depends(body(DocumentBody))]) -> Response:
        """Check a signed document; one that does not hold is recorded with the reason."""
        return reply(hub.permitting.check_document(asker, said.jws))

    _acts(router, hub)
    return router


def _acts(router: APIRouter, hub: HubServices) -> None:
    """What is done to a permit once it is granted."""

    @router.post("/{id}/revoke")
    def revoke(asker: Asker, id: str, said: Annotated[ReasonBody, Depends(body(ReasonBody))]) -> Response:
        """Take a permit back."""
        return reply(hub.permitting.revoke(asker, PermitId(id), said.reason))

    @router.post("/{id}/suspend")
    def suspend(asker: Asker, id: str, said: Annotated[ReasonBody, Depends(body(ReasonBody))]) -> Response:
        """Let a permit rest."""
        return reply(hub.permitting.suspend(asker, PermitId(id), said.reason))

    @router.post("/{id}/resume")
    def resume(asker: Asker, id: str, said: Annotated[ReasonBody, Depends(body(ReasonBody))]) -> Response:
        """End a suspension."""
        return reply(hub.permitting.resume(asker, PermitId(id), said.reason))

    @router.post("/{id}/extend")
    def extend(
        asker: Asker, id: str, said: Annotated[ExtensionBody, Depends(body(ExtensionBody))]
    ) -> Response:
        """A later last day, once."""
        return reply(hub.permitting.extend(asker, PermitId(id), said.expires, said.reason))

    @router.post("/{id}/amend")
    def amend(asker: Asker, id: str, said: Annotated[AmendBody, Depends(body(AmendBody))]) -> Response:
        """Tighten the conditions."""
        return reply(hub.permitting.amend(asker, PermitId(id), said.conditions, said.reason))

    @router.post("/{id}/close")
    def close(asker: Asker, id: str, said: Annotated[ClosureBody, Depends(body(ClosureBody))]) -> Response:
        """Say where the results are, and attest the deletion."""
        return reply(hub.permitting.close(asker, PermitId(id), said.results, said.deleted))
