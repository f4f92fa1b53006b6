"""The list of revoked permits, asked of the hub by the site itself: signed, for a nonce that was never used before."""

import secrets
import threading
import time
from collections.abc import Callable

from dataspace.errors import DataspaceError, SourceError, VerificationFailed
from dataspace.model.permits import PermitStatus
from dataspace.ports import PermitSeal

STALE_SECONDS = 86_400.0

Fetch = Callable[[str], str]
"""From a nonce to the hub's answer (a JWS); raises SourceError where the hub cannot be reached."""


class HubStatus:
    """`StatusSource`. Asks again when what it knows is older than `refresh_seconds`.

    While the hub cannot be reached, the last list stands until it is older than a day: then nothing can be told, and
    the site refuses. Age is counted on the monotonic clock from the moment of *asking*, so that neither a clock that
    was set back nor a slow answer makes a list look younger.
    """

    def __init__(
        self,
        fetch: Fetch,
        seal: PermitSeal,
        issuer: str,
        refresh_seconds: float = 900.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch, self._seal, self._issuer = fetch, seal, issuer
        self._refresh, self._monotonic = refresh_seconds, monotonic
        self._known: tuple[PermitStatus, float] | None = None
        self._asking = threading.Lock()

    def status(self) -> tuple[PermitStatus, float]:
        """The latest verified list and its age in seconds; SourceError where there is none that is fresh enough."""
        with self._asking:
            problem: DataspaceError | None = None
            if self._known is None or self._monotonic() - self._known[1] > self._refresh:
                try:
                    self._known = self._ask()
                except (SourceError, VerificationFailed) as error:
                    problem = error
            if self._known is None or (age := self._monotonic() - self._known[1]) > STALE_SECONDS:
                raise SourceError(
                    "Whether permits still stand cannot be told.",
                    "Check the line to the hub: `dataspace site doctor`.",
                ) from problem
            return self._known[0], age

    def _ask(self) -> tuple[PermitStatus, float]:
        nonce, asked = secrets.token_urlsafe(24), self._monotonic()
        status = self._seal.verify_status(self._fetch(nonce))
        if status.nonce != nonce or status.issuer != self._issuer:
            raise VerificationFailed("The revocation list answers somebody else's question.", "Ask again.")
        return status, asked
