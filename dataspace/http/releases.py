"""Paths of the airlock: asking for a release, the queue, and deciding."""

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from dataspace.bootstrap import HubServices
from dataspace.errors import InvalidRequest
from dataspace.http.bodies import body
from dataspace.http.replies import ARROW, RECEIPT, reply
from dataspace.http.signing_in import Asker
from dataspace.model.releases import ReleaseForm


@dataclass(frozen=True, slots=True)
class ReleaseBody:
    """`POST /releases`. `content` is the answer's Arrow stream in base64, `outcome` the number of its record."""

    outcome: int
    content: str
    form: ReleaseForm


@dataclass(frozen=True, slots=True)
class RefuseBody:
    """`POST /releases/{id}/refuse`."""

    because: str


def releases(hub: HubServices) -> APIRouter:
    """What waits to leave."""
    router = APIRouter(prefix="/releases", tags=["releases"])

    @router.get("")
    def queue(asker: Asker) -> Response:
        """What waits for stewards, or what one has asked for."""
        return reply(list(hub.releasing.queue(asker)))

    @router.post("", status_code=201)
    def ask(asker: Asker, said: Annotated[ReleaseBody, Depends(body(ReleaseBody))]) -> Response:
        """Ask that an answer may leave."""
        try:
            content = base64.b64decode(said.content, validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidRequest("'content' is not base64.", "Send the answer's stream in base64.") from error
        return reply(hub.releasing.ask(asker, said.outcome, content, said.form), 201)

    @router.get("/{id}/file")
    def file(id: str, asker: Asker) -> Response:
        """The file itself; the header names the record of its release."""
        found, content = hub.releasing.content(asker, id)
        headers = {RECEIPT: str(found.record)} if found.record is not None else {}
        return Response(content, media_type=ARROW, headers=headers)

    @router.post("/{id}/approve")
    def approve(id: str, asker: Asker) -> Response:
        """Let it out, as one of two."""
        return reply(hub.releasing.approve(asker, id))

    @router.post("/{id}/refuse")
    def refuse(id: str, asker: Asker, said: Annotated[RefuseBody, Depends(body(RefuseBody))]) -> Response:
        """Keep it in, with a reason."""
        return reply(hub.releasing.refuse(asker, id, said.because))

    return router
