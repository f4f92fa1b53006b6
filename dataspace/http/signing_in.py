"""From the bearer token of a request to the principal who asks; and the next token, before this one ends."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response

from dataspace.bootstrap import HubServices
from dataspace.errors import NotAuthenticated
from dataspace.http.replies import reply
from dataspace.model.principals import Principal
from dataspace.ports import Tokens


async def signed_in(request: Request, authorization: Annotated[str, Header()] = "") -> Principal:
    """The principal, or NotAuthenticated. The app's `tokens` are those of its hub.

    On the loop, as a signature is checked in less time than it takes to hand that to a thread.
    """
    tokens: Tokens = request.app.state.tokens
    return tokens.principal(_token(authorization))


def _token(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated(
            "This needs a token.", "Pass one: connect(url, token=…); `dataspace hub token PERSON` makes one."
        )
    return token.strip()


Asker = Annotated[Principal, Depends(signed_in)]
"""Who asks: the type of a path's argument."""


def signing_in(hub: HubServices) -> APIRouter:
    """The path of the person's own sign-in."""
    router = APIRouter(tags=["hub"])

    @router.post("/token")
    def renew(authorization: Annotated[str, Header()] = "") -> Response:
        """A new token in place of one that still holds, as long as the sign-in lasts."""
        token, seconds = hub.signing_in.renew(_token(authorization))
        return reply({"token": token, "seconds": seconds})

    return router
