"""Every error as a problem document (RFC 9457), in one handler; what nobody foresaw says nothing of its cause."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from dataspace.errors import AccessDenied, BudgetExceeded, Busy, DataspaceError
from dataspace.model.codec import to_json

MEDIA = "application/problem+json"
_log = logging.getLogger("dataspace.http")


def problem(error: DataspaceError) -> dict[str, Any]:
    """What travels of an error: its own words, and the facts that its class was built from."""
    document: dict[str, Any] = {
        "type": f"urn:dataspace:problem:{error.code}",
        "title": (type(error).__doc__ or "").strip().split("\n")[0],
        "status": error.status,
        "detail": error.fact,
        "code": error.code,
        "hint": error.hint,
    }
    match error:
        case AccessDenied():
            document |= {"dataset": error.name, "decision": to_json(error.decision)}
        case Busy():
            document |= {"retry_after": error.retry_after}
        case BudgetExceeded():
            document |= {"asked": error.asked, "left": error.left, "limited_by": error.limited_by}
    return document


def install(app: FastAPI) -> None:
    """Let the app answer with problem documents only."""

    async def told(request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, DataspaceError):
            raise error
        if error.status >= 500:
            _log.warning("%s %s: %s", request.method, request.url.path, error, exc_info=error.__cause__)
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
        if isinstance(error, Busy):
            headers = {"Retry-After": str(error.retry_after)}
        return JSONResponse(problem(error), error.status, headers, MEDIA)

    async def foreign(_: Request, error: Exception) -> JSONResponse:
        status = error.status_code if isinstance(error, HTTPException) else 400
        words = {404: "There is nothing at this path.", 405: "This path does not know that method."}
        return _plain(status, "request.invalid", words.get(status, "The request cannot be read."))

    async def unforeseen(request: Request, error: Exception) -> JSONResponse:
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return _plain(
            500, "internal", "Something went wrong here.", "The hub's operator finds it in the log."
        )

    app.add_exception_handler(DataspaceError, told)
    app.add_exception_handler(HTTPException, foreign)
    app.add_exception_handler(RequestValidationError, foreign)
    app.add_exception_handler(Exception, unforeseen)


def _plain(status: int, code: str, detail: str, hint: str = "") -> JSONResponse:
    document = {
        "type": f"urn:dataspace:problem:{code}",
        "title": detail,
        "status": status,
        "detail": detail,
        "code": code,
        "hint": hint,
    }
    return JSONResponse(document, status, media_type=MEDIA)
