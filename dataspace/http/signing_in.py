"""From the bearer token of a request to the principal who asks."""

from typing import Annotated

from fastapi import Depends, Header, Request

from dataspace.errors import NotAuthenticated
from dataspace.model.principals import Principal
from dataspace.ports import Tokens


def signed_in(request: Request, authorization: Annotated[str, Header()] = "") -> Principal:
    """The principal, or NotAuthenticated. The app's `tokens` are those of its hub."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated(
            "This needs a token.", "Pass one: connect(url, token=…); `dataspace hub token PERSON` makes one."
        )
    tokens: Tokens = request.app.state.tokens
    return tokens.principal(token.strip())


Asker = Annotated[Principal, Depends(signed_in)]
"""Who asks: the type of a path's argument."""
