"""Paths of catalogue records: what they lack, filling them in, publishing them, and taking in those of others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response

from dataspace.adapters.records.croissant import MEDIA as CROISSANT
from dataspace.bootstrap import HubServices
from dataspace.errors import InvalidRequest
from dataspace.http.bodies import body, text
from dataspace.http.replies import reply
from dataspace.http.signing_in import Asker

TAKEN = {"text/turtle": "turtle", "application/ld+json": "json-ld", "application/n-triples": "n-triples"}


@dataclass(frozen=True, slots=True)
class FieldsBody:
    """`PATCH /datasets/{name}`. A field without values is cleared."""

    fields: Mapping[str, tuple[str, ...]]


def describing(hub: HubServices) -> APIRouter:
    """Catalogue records as their stewards fill them in."""
    router = APIRouter(tags=["catalogue"])

    @router.get("/datasets/{name}/check")
    def check(name: str, asker: Asker) -> Response:
        """What the record lacks, why it is asked for, and what to type."""
        return reply(hub.completing.check(asker, name))

    @router.patch("/datasets/{name}")
    def edit(name: str, asker: Asker, said: Annotated[FieldsBody, Depends(body(FieldsBody))]) -> Response:
        """Fill in fields of the record."""
        return reply(hub.completing.edit(asker, name, said.fields))

    @router.post("/datasets/{name}/publish")
    def publish(name: str, asker: Asker) -> Response:
        """Let others see the record; refused while something required is missing."""
        return reply(hub.completing.publish(asker, name))

    @router.get("/datasets/{name}/croissant")
    def croissant(name: str, asker: Asker) -> Response:
        """The record as Croissant."""
        return Response(hub.describe(hub.browsing.dataset(asker, name), "croissant"), media_type=CROISSANT)

    @router.post("/datasets/{name}/record", status_code=201)
    def bring(
        name: str,
        asker: Asker,
        said: Annotated[str, Depends(text)],
        content_type: Annotated[str, Header()] = "",
        iri: str = "",
    ) -> Response:
        """Take in a record from outside (Turtle or JSON-LD), as a draft of that name."""
        form = TAKEN.get(content_type.partition(";")[0].strip().casefold())
        if form is None:
            raise InvalidRequest("A record is taken as Turtle or JSON-LD.", f"Send {' or '.join(TAKEN)}.")
        return reply(hub.completing.bring(asker, name, said, form, iri), 201)

    return router
