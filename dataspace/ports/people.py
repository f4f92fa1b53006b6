"""What services need to know people, and to reach them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from dataspace.model.names import PrincipalId
from dataspace.model.principals import Principal


class People(Protocol):
    """The principals that a built-in issuer may issue tokens for."""

    def put(self, principal: Principal) -> None: ...
    def get(self, id: PrincipalId) -> Principal | None: ...
    def all(self) -> Sequence[Principal]: ...
    def sign_out(self, id: PrincipalId, at: datetime) -> None:
        """From now on, sign-ins of `at` or before are not renewed."""
        ...

    def signed_out_at(self, id: PrincipalId) -> datetime | None: ...


class Mail(Protocol):
    """Mail to people. It may be lost, and whoever sends does not wait: nothing may hang on it."""

    def send(self, to: str, subject: str, text: str) -> None: ...


class Tokens(Protocol):
    """Identity: from a bearer token to a principal."""

    def principal(self, token: str) -> Principal:
        """Raises NotAuthenticated where the token does not hold."""
        ...

    def issue(self, principal: Principal, seconds: float, since: datetime | None = None) -> str:
        """A token for `seconds` from now, of somebody who signed in at `since`; left out, now."""
        ...

    def signed_in_at(self, token: str) -> datetime:
        """When the person signed in. Raises NotAuthenticated where the token does not hold."""
        ...
