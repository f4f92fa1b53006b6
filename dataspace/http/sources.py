"""The path of places: data of a database or an object store, described where they stay or copied from there."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from dataspace.bootstrap import HubServices
from dataspace.http.bodies import body
from dataspace.http.replies import reply
from dataspace.http.signing_in import Asker
from dataspace.model.places import Place
from dataspace.service.registration import Registration


@dataclass(frozen=True, slots=True)
class SourceBody:
    """`POST /datasets/source`. The secret travels in the body alone, and shows in no printed form of it."""

    said: Registration
    address: str = field(repr=False)
    item: str = ""
    secret: str = field(default="", repr=False)
    in_place: bool = True


def sources(hub: HubServices) -> APIRouter:
    """Data that are no file."""
    router = APIRouter(tags=["catalogue"])

    @router.post("/datasets/source", status_code=201)
    def register(asker: Asker, given: Annotated[SourceBody, Depends(body(SourceBody))]) -> Response:
        """Describe what stays at an address, or copy it from there; the hub reads it, not the client."""
        place = Place(given.address, given.item, given.secret)
        act = hub.in_place.register if given.in_place else hub.in_place.deposit
        return reply(act(asker, place, given.said), 201)

    return router
