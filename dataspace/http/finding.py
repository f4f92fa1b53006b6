"""Paths that find data: search with facets, the catalogue as DCAT, and the catalogues that are harvested."""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from dataspace.adapters.rdf_catalogue import catalogue_page
from dataspace.bootstrap import HubServices
from dataspace.errors import InvalidRequest
from dataspace.http.bodies import body
from dataspace.http.replies import reply
from dataspace.http.signing_in import Asker
from dataspace.model.finding import Entry
from dataspace.service.discovering import may_discover
from dataspace.service.finding import PAGE
from dataspace.service.harvesting import WHOLE

RECORDS = 100
_MEDIA = {"turtle": "text/turtle", "json-ld": "application/ld+json"}


@dataclass(frozen=True, slots=True)
class HarvestBody:
    """Which catalogue, and how. `every_hours` 0 ends the repetition."""

    url: str
    token: str = field(default="", repr=False)
    accept_removals: bool = False
    every_hours: float | None = None
    forget: bool = False


def finding(hub: HubServices) -> APIRouter:
    """Search, catalogue and harvests."""
    router = APIRouter(tags=["finding"])

    @router.get("/search")
    def search(
        asker: Asker,
        text: Annotated[str, Query(max_length=1000)] = "",
        facet: Annotated[list[str] | None, Query()] = None,
        page: int = 1,
        size: int = PAGE,
    ) -> Response:
        """Records by words and facets: ranked, the words marked, with the counts of each facet."""
        return reply(hub.finding.search(asker, text, facet or (), page, size))

    @router.get("/catalog")
    def catalog(
        request: Request,
        asker: Asker,
        after: int = 0,
        size: int = RECORDS,
        accept: Annotated[str, Header()] = "",
        if_none_match: Annotated[str, Header()] = "",
    ) -> Response:
        """The catalogue as DCAT, page by page: `hydra:next` leads on. The ETag stands for all of its pages."""
        form = _form(accept)
        state = f"{hub.name} {hub.finding.state(asker)} {form} {after} {size}"
        etag = f'{WHOLE}{hashlib.sha256(state.encode()).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Vary": "Accept, Authorization", "Cache-Control": "private, no-cache"}
        if etag in (part.strip().removeprefix("W/") for part in if_none_match.split(",")):
            return Response(status_code=304, headers=headers)
        found, following = hub.finding.listing(asker, after, size)
        address = str(request.url.replace(query=""))
        onward = f"{address}?{urlencode({'after': following, 'size': size})}" if following else ""
        own = [text for entry in found if (text := _own(hub, asker, entry))]
        brought = hub.harvesting.harvests.triples([entry.id for entry in found if entry.origin])
        pairs = [(entry.iri, brought[entry.id]) for entry in found if entry.id in brought]
        content = catalogue_page(address, f"Catalogue of {hub.name}", own, pairs, onward, form)
        return Response(content, media_type=_MEDIA[form], headers=headers)

    @router.get("/harvests")
    def harvests(asker: Asker) -> Response:
        """Catalogues that are harvested, and how that went last."""
        return reply(hub.harvesting.peers(asker))

    @router.post("/harvests")
    def harvest(asker: Asker, said: Annotated[HarvestBody, Depends(body(HarvestBody))]) -> Response:
        """Harvest a catalogue now, to its end; or forget one."""
        if said.forget:
            return reply({"gone": hub.harvesting.forget(asker, said.url)})
        every = None if said.every_hours is None else timedelta(hours=said.every_hours)
        return reply(hub.harvesting.harvest(asker, said.url, said.token, said.accept_removals, every))

    return router


def _own(hub: HubServices, asker: Asker, entry: Entry) -> str:
    """The record of a dataset of this hub in Turtle; empty where it has gone meanwhile."""
    dataset = hub.browsing.catalog.get(entry.dataset) if entry.dataset else None
    if dataset is None or not may_discover(dataset, asker, hub.browsing.enforcement):
        return ""
    return hub.describe(dataset, "turtle")


def _form(accept: str) -> str:
    """By content negotiation: the form with the highest weight; Turtle where anything will do."""
    best, chosen = 0.0, ""
    for part in (accept or "*/*").split(","):
        media, _, parameters = part.partition(";")
        weight = _weight(parameters)
        known = {"text/turtle": "turtle", "application/ld+json": "json-ld", "application/json": "json-ld"}
        form = known.get(media.strip().lower(), "turtle" if media.strip() in ("*/*", "text/*") else "")
        if form and weight > best:
            best, chosen = weight, form
    if not chosen:
        raise NotAcceptable("The catalogue has no such form.", f"Accept {' or '.join(_MEDIA.values())}.")
    return chosen


class NotAcceptable(InvalidRequest):
    """None of the forms asked for is known."""

    status = 406


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
