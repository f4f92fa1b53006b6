"""Paths of the catalogue: datasets and dictionaries."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from dataspace.adapters.records.croissant import MEDIA as CROISSANT
from dataspace.adapters.records.croissant import VERSION as CROISSANT_PROFILE
from dataspace.bootstrap import HubServices
from dataspace.errors import InvalidRequest
from dataspace.http.bodies import FederatedBody, body, parsed, text
from dataspace.http.replies import reply
from dataspace.http.signing_in import Asker
from dataspace.http.uploads import uploaded
from dataspace.service.registering import Registration

RDF = {"text/turtle": "turtle", "application/ld+json": "json-ld"}


def catalogue(hub: HubServices) -> APIRouter:
    """Datasets and dictionaries."""
    router = APIRouter(tags=["catalogue"])
    for add in (_reading, _registering, _dictionaries):
        add(router, hub)
    return router


def _reading(router: APIRouter, hub: HubServices) -> None:
    @router.get("/datasets")
    def datasets(
        asker: Asker, text: str = "", facet: Annotated[list[str] | None, Query()] = None
    ) -> Response:
        """Datasets of this hub that the asker may know of, by words and facets (`theme:…`), the best first."""
        return reply(hub.finding.datasets(asker, text, facet or ()))

    @router.get("/datasets/{name}")
    def dataset(asker: Asker, name: str, accept: Annotated[str, Header()] = "") -> Response:
        """One dataset as JSON, as DCAT where RDF is asked for, or as Croissant where JSON-LD of that profile is."""
        found = hub.browsing.dataset(asker, name)
        if CROISSANT_PROFILE in accept:
            return Response(hub.describe(found, "croissant"), media_type=CROISSANT)
        for media, form in RDF.items():
            if media in accept:
                return Response(hub.describe(found, form), media_type=media)
        return reply(found)


def _registering(router: APIRouter, hub: HubServices) -> None:
    @router.post("/datasets/federated", status_code=201)
    def federated(asker: Asker, said: Annotated[FederatedBody, Depends(body(FederatedBody))]) -> Response:
        """Describe a dataset whose rows lie at the sites."""
        return reply(
            hub.publishing.federated(
                asker, said.name, said.dictionary, said.title, said.fields, said.publish
            ),
            201,
        )

    @router.post("/datasets", status_code=201)
    async def register(
        asker: Asker, request: Request, filename: str, said: Annotated[str, Query(max_length=16_384)]
    ) -> Response:
        """Register the file that is the body; `said` is the registration as JSON."""
        registration = parsed(Registration, said_document(said))
        hub.depositing.check(asker)
        registered = await uploaded(
            request, lambda pieces: hub.depositing.deposit(asker, filename, pieces, registration)
        )
        return reply(registered, 201)


def _dictionaries(router: APIRouter, hub: HubServices) -> None:
    @router.get("/dictionaries/{name}")
    def dictionary(name: str) -> Response:
        """By `name@version`, or by name the latest. Needs no token: a site reads it before it joins."""
        return reply(hub.browsing.dictionary(name))

    @router.post("/dictionaries", status_code=201)
    def load(asker: Asker, said: Annotated[str, Depends(text)]) -> Response:
        """Load a dictionary from YAML."""
        return reply(hub.publishing.dictionary(asker, said), 201)


def said_document(said: str) -> Any:
    """The registration, which travels beside the file, as JSON."""
    try:
        return json.loads(said)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("`said` is not JSON.", "See the reference of this path.") from error
