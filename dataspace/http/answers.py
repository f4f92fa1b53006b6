"""Questions and their answers over HTTP: a turn, the walk, and bytes that can be fetched again from any place."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable
from typing import Annotated, Any, TypeVar

import anyio
from fastapi import APIRouter, Depends, Header, Request, Response
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from dataspace.bootstrap import HubServices
from dataspace.errors import InvalidRequest, RangeNotHeld
from dataspace.http.bodies import AskBody, body
from dataspace.http.forms import form_of, made_as
from dataspace.http.replies import RECEIPT, reply
from dataspace.http.signing_in import Asker
from dataspace.model.names import PermitId
from dataspace.model.policies import AnswerKind
from dataspace.model.principals import Principal
from dataspace.model.requests import Query
from dataspace.service.delivering import Delivering
from dataspace.service.held import Form, Held
from dataspace.service.progress import Watched
from dataspace.service.turns import Turn

ANSWER = "Dataspace-Answer"
"""The header that names an answer, for whoever wants it again."""
PATIENCE_SECONDS = 30.0
"""How long a question waits for its turn."""
_LOOK_SECONDS = 0.5
"""Between two looks whether the asker is still there."""
_SHORT_SECONDS = 0.02
"""That the reader of an answer is not told of its beginning: it may be whole by then."""
_PIECE = 1 << 20
QUESTION = "Dataspace-Question"
"""The header by which an asker names a question, to be told how it stands meanwhile."""
_NAME = re.compile(r"[A-Za-z0-9_-]{8,64}")
_RANGE = re.compile(r"bytes=(\d{1,19})-(\d{1,19})?")

T = TypeVar("T")


class Gone(Exception):
    """Whoever asked has left."""


def answers(hub: HubServices) -> APIRouter:
    """`POST /query`, and the answers that are held."""
    router = APIRouter(tags=["questions"])

    @router.post("/query")
    async def query(
        request: Request,
        asker: Asker,
        said: Annotated[AskBody, Depends(body(AskBody))],
        accept: Annotated[str, Header()] = "*/*",
        dataspace_question: Annotated[str, Header()] = "",
    ) -> Response:
        """An answer as an Arrow stream, JSON lines or Parquet, from its first byte."""
        form = made_as(form_of(accept), said.codec)
        asked = _query(said, asker)
        with hub.delivering.watched(asker, _named(dataspace_question)) as watched:
            turn = hub.delivering.turn(asker)
            try:
                held = await _begun(hub.delivering, request, asked, form, turn, watched)
            except Gone:
                return Response(status_code=499)  # nobody reads it
            except BaseException:
                turn.end()
                raise
        return _answer(held, 0, None, 200)

    @router.get("/questions/{name}")
    async def standing(asker: Asker, name: str) -> Response:
        """What one's own question waits for, by the name that its header gave it, until its answer begins."""
        return reply(hub.delivering.standing(asker, name))

    @router.get("/answers/{id}")
    def again(asker: Asker, id: str, range: Annotated[str, Header()] = "") -> Response:
        """An answer, or a range of its bytes, without running it again; what was decided has to hold still."""
        held = hub.delivering.find(asker, id)
        if not range:
            return _answer(held, 0, None, 200)
        start, stop = _range(range)
        if held.spool.state == "whole" and start >= held.spool.size:
            raise RangeNotHeld(f"The answer has {held.spool.size:,} bytes.", "Ask for a range within.")
        held.spool.at(start)  # raises here, before a status is sent
        return _answer(held, start, stop, 206)

    @router.delete("/answers/{id}", status_code=204)
    def end(asker: Asker, id: str) -> Response:
        """Stop making an answer, and let go of it."""
        hub.delivering.cancel(asker, id)
        return Response(status_code=204)

    return router


async def _begun(
    delivering: Delivering, request: Request, asked: Query, form: Form, turn: Turn, watched: Watched
) -> Held:
    """The answer, once there is something of it. Raises Gone where the asker left, and what the walk raises."""
    if not turn.granted.done():
        try:
            with anyio.fail_after(PATIENCE_SECONDS):
                await _attended(request, asyncio.wrap_future(turn.granted))
        except TimeoutError as error:
            raise turn.late() from error
        except Gone:
            turn.end()
            raise
    begun = delivering.begin(asked, form, turn, watched)
    try:
        ready = asyncio.wrap_future(begun.ready)
        # A short answer is handed over whole; of a longer one, the first piece as soon as it is there.
        done, _ = await asyncio.wait({ready}, timeout=_SHORT_SECONDS)
        if not done:
            begun.hurry()
        held = await _attended(request, ready)
    except (Gone, asyncio.CancelledError):
        begun.give_up()
        raise
    held.spool.at(0)  # what failed before the first row is told as a problem document
    return held


async def _attended(request: Request, awaited: Awaitable[T]) -> T:
    """Wait, as long as somebody is there to be told. Raises Gone."""
    task = asyncio.ensure_future(awaited)
    try:
        while not task.done():
            done, _ = await asyncio.wait({task}, timeout=_LOOK_SECONDS)
            if not done and await request.is_disconnected():
                raise Gone
        return task.result()
    finally:
        task.cancel()


def _answer(held: Held, start: int, stop: int | None, status: int) -> Response:
    headers = {
        ANSWER: held.id,
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-store",
        "Vary": "Accept",
    }
    if held.outcome is not None:
        headers[RECEIPT] = str(held.outcome)
    whole = held.spool.size if held.spool.state == "whole" else None
    end = stop if whole is None else min(whole if stop is None else stop, whole)
    if end is not None:
        headers["Content-Length"] = str(max(0, end - start))
    if status == 206:
        last = "" if end is None else str(end - 1)
        headers["Content-Range"] = f"bytes {start}-{last}/{'*' if whole is None else whole}"
    if whole is not None and whole <= _PIECE:
        pieces = [bytes(piece) for piece in held.spool.read()]
        return Response(b"".join(pieces)[start:end], status, headers, held.form)
    return _HeldStream(held, start, end, status, headers)


class _HeldStream(StreamingResponse):
    """The pieces of an answer from a place on. No thread is held while a reader is slow."""

    def __init__(
        self, held: Held, start: int, stop: int | None, status: int, headers: dict[str, str]
    ) -> None:
        self._held = held
        super().__init__(_pieces(held, start, stop), status, headers, media_type=held.form)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held:
            await super().__call__(scope, receive, send)


async def _pieces(held: Held, at: int, stop: int | None) -> AsyncIterator[Any]:
    spool = held.spool
    while stop is None or at < stop:
        found = spool.at(at)
        if found is None:
            if spool.ended(at):
                return
            await asyncio.wrap_future(spool.change(at))
            continue
        start, piece = found
        view = memoryview(piece)[at - start : len(piece) if stop is None else stop - start]
        for cut in range(0, len(view), _PIECE):
            yield view[cut : cut + _PIECE]
        at += len(view)


def _query(said: AskBody, asker: Principal) -> Query:
    permit = PermitId(said.permit) if said.permit else None
    kind = AnswerKind.AGGREGATE if said.population else said.kind
    return Query(
        asker,
        said.sql,
        said.purpose,
        permit,
        kind,
        said.epsilon,
        said.parameters,
        said.error,
        said.population,
    )


def _named(said: str) -> str:
    """The name of a question. Raises InvalidRequest where it could be meant for something else."""
    if said and not _NAME.fullmatch(said):
        raise InvalidRequest(f"{QUESTION} cannot be read.", "Give 8 to 64 letters, digits, - and _.")
    return said


def _range(said: str) -> tuple[int, int | None]:
    """Begin and end (exclusive) of one range from a place on. Raises InvalidRequest for any other."""
    match = _RANGE.fullmatch(said.strip())
    if match is None:
        raise InvalidRequest("That range cannot be read.", "Write one: `Range: bytes=1000-`.")
    start, last = int(match[1]), int(match[2]) if match[2] else None
    if last is not None and last < start:
        raise InvalidRequest("The range ends before it begins.", "Write it as `bytes=FIRST-LAST`.")
    return start, None if last is None else last + 1
