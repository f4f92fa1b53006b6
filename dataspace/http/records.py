"""Paths of the transparency log and of the keys that everything is verified with."""

import base64

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from dataspace.bootstrap import HubServices
from dataspace.http.replies import reply
from dataspace.http.signing_in import Asker
from dataspace.transparency.openings import record_document
from dataspace.transparency.receipts import receipt_document


def records(hub: HubServices) -> APIRouter:
    """The log: its state for everybody, its records for whom they concern."""
    router = APIRouter(tags=["log"])

    @router.get("/log/checkpoint")
    def checkpoint() -> Response:
        """The signed state (C2SP tlog-checkpoint)."""
        return PlainTextResponse(hub.log.checkpoint())

    @router.get("/log/key")
    def key() -> Response:
        """The verifier key (C2SP signed-note), to be pinned."""
        return reply({"key": hub.log.verifier_key()})

    @router.get("/log/verify")
    def verify(asker: Asker) -> Response:
        """Recompute the tree from the records."""
        return reply(hub.auditing.verify())

    @router.get("/log/records")
    def page(asker: Asker, before: int | None = None, count: int = 20) -> Response:
        """Records that concern the asker (all for stewards and auditors), newest first."""
        found = hub.auditing.page(asker, before, count)
        rows = [{"index": index, "record": record_document(record)} for index, record in found.records]
        return reply({"records": rows, "before": found.before})

    @router.get("/receipts/by-intent/{intent}")
    def outcome(intent: int, asker: Asker) -> Response:
        """The receipt of how an intent ended."""
        return JSONResponse(receipt_document(hub.outcomes.receipt(asker, intent)))

    @router.get("/receipts/{index}")
    def receipt(index: int, asker: Asker) -> Response:
        """The receipt of one record."""
        return JSONResponse(receipt_document(hub.auditing.receipt(asker, index)))

    @router.get("/.well-known/jwks.json")
    def keys() -> Response:
        """The key that permits, revocation lists and tokens are signed with (RFC 7517, RFC 8037)."""
        public = base64.urlsafe_b64encode(hub.issuer_key).rstrip(b"=").decode()
        key = {"kty": "OKP", "crv": "Ed25519", "x": public, "alg": "Ed25519", "use": "sig", "kid": hub.issuer}
        return reply({"keys": [key]})

    return router
