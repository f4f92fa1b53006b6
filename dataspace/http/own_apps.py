"""Paths of apps: researchers offer them, sites fetch them by their hash."""

from collections.abc import Iterable

from fastapi import APIRouter, Request, Response

from dataspace.bootstrap import HubServices
from dataspace.errors import BodyTooLarge
from dataspace.http.replies import reply
from dataspace.http.signing_in import Asker
from dataspace.http.uploads import uploaded

LARGEST = 1 << 20


def own_apps(hub: HubServices) -> APIRouter:
    """Apps of researchers."""
    router = APIRouter(prefix="/apps", tags=["apps"])

    @router.get("")
    def all_apps(asker: Asker) -> Response:
        """What was offered here."""
        return reply(list(hub.apps.all()))

    @router.post("", status_code=201)
    async def offer(asker: Asker, request: Request) -> Response:
        """Offer an app: the body is its signed archive."""
        return reply(await uploaded(request, lambda pieces: hub.apps.offer(asker, _whole(pieces))), 201)

    @router.get("/{hash}")
    def archive(asker: Asker, hash: str) -> Response:
        """The archive of an app, by its hash."""
        return Response(hub.archive_of(hub.apps.app(hash)), media_type="application/zip")

    return router


def _whole(pieces: Iterable[bytes]) -> bytes:
    """All of a small body. Raises BodyTooLarge."""
    found = bytearray()
    for piece in pieces:
        found += piece
        if len(found) > LARGEST:
            raise BodyTooLarge(
                f"An app has at most {LARGEST >> 10} KB.", "It is Python and text, and no data."
            )
    return bytes(found)
