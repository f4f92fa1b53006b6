"""From the headers of a call to who asks and under what: bearer tokens, also handed over by user name and password."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.flight as fl

from dataspace.errors import DataspaceError, InvalidRequest, NotAuthenticated
from dataspace.flight.failures import told
from dataspace.model.names import PermitId
from dataspace.model.policies import AnswerKind
from dataspace.model.principals import Principal
from dataspace.model.requests import Query
from dataspace.ports import Tokens

MIDDLEWARE = "dataspace"
PERMIT, PURPOSE, KIND, EPSILON = (
    "dataspace-permit",
    "dataspace-purpose",
    "dataspace-kind",
    "dataspace-epsilon",
)
_LONGEST_HEADER = 8192


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and what their headers say of every question of this call."""

    principal: Principal
    permit: str = ""
    purpose: str = ""
    kind: str = ""
    epsilon: str = ""

    def query(self, text: str) -> Query:
        """The question as asked. Raises InvalidRequest for a header that says nothing we know."""
        try:
            kind = AnswerKind(self.kind) if self.kind else None
            epsilon = float(self.epsilon) if self.epsilon else None
        except ValueError as error:
            raise InvalidRequest(
                "A header of the call cannot be read.",
                f"{KIND} is rows, aggregate or noisy; {EPSILON} a number such as 0.1.",
            ) from error
        permit = PermitId(self.permit) if self.permit else None
        return Query(self.principal, text, self.purpose, permit, kind, epsilon)


class SignedIn(fl.ServerMiddleware):  # type: ignore[misc]
    """One call. The token goes back to a client that gave it as its password, which then uses it as a bearer."""

    def __init__(self, caller: Caller, token: str, handed_over: bool) -> None:
        super().__init__()
        self.caller = caller
        self._back = {"authorization": f"Bearer {token}"} if handed_over else {}

    def sending_headers(self) -> dict[str, str]:
        """What the client keeps."""
        return self._back


class SigningIn(fl.ServerMiddlewareFactory):  # type: ignore[misc]
    """Refuses every call without a token that holds."""

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self._tokens = tokens

    def start_call(self, info: Any, headers: Mapping[str, Sequence[Any]]) -> SignedIn:
        """Raises FlightUnauthenticatedError."""
        try:
            said = {name: _one(headers, name) for name in (PERMIT, PURPOSE, KIND, EPSILON)}
            token, person = _token(_one(headers, "authorization"))
            principal = self._tokens.principal(token)
            if person not in (None, "token", principal.id):
                raise NotAuthenticated("The token is another person's.", "Give your own id as user name.")
        except DataspaceError as error:
            raise told(error) from None
        except Exception:  # noqa: BLE001 - whatever a token was that made it fail, it does not hold
            raise told(NotAuthenticated("The token does not hold.", "Sign in again.")) from None
        caller = Caller(principal, said[PERMIT], said[PURPOSE], said[KIND], said[EPSILON])
        return SignedIn(caller, token, person is not None)


class Handshake(fl.ServerAuthHandler):  # type: ignore[misc]
    """The handshake that some drivers begin with. The middleware has signed them in by then."""

    def authenticate(self, outgoing: Any, incoming: Any) -> None:
        """Nothing more is asked."""

    def is_valid(self, token: bytes) -> str:
        """Who it is stands in the middleware."""
        return ""


def _token(header: str) -> tuple[str, str | None]:
    """The token, and the user name where it came as a password. Raises NotAuthenticated."""
    scheme, _, rest = header.partition(" ")
    rest = rest.strip()
    if scheme.lower() == "bearer" and rest:
        return rest, None
    if scheme.lower() == "basic" and rest:
        try:
            person, _, token = base64.b64decode(rest, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise NotAuthenticated("The user name and token cannot be read.", "Sign in again.") from error
        return token, person
    raise NotAuthenticated(
        "This needs a token.", "Give it as bearer token, or as the password beside your id."
    )


def _one(headers: Mapping[str, Sequence[Any]], name: str) -> str:
    """The one value of a header, empty where there is none."""
    values = headers.get(name) or ()
    if len(values) > 1 or any(not isinstance(value, str) for value in values):
        raise InvalidRequest(f"The header {name} was given twice, or is no text.", "Give it once.")
    value = values[0] if values else ""
    if name != "authorization" and len(value) > _LONGEST_HEADER:
        raise InvalidRequest(f"The header {name} is too long.", "Shorten it.")
    return str(value)
