"""The token that a client shows, renewed in silence while it is used."""

import base64
import json
import threading
import time

import httpx

_EARLY = 0.5
"""The part of its life after which a token is renewed."""
_AGAIN_SECONDS = 30.0
"""After an attempt that failed; until then the token at hand is used, as long as it holds."""


class Bearer:
    """Called before each request: the token at hand, or a new one where it has lived half its life.

    A hub that cannot renew it is not asked again and again, and nothing is raised here: the request itself meets
    the error, in the hub's words. Used by several threads.
    """

    def __init__(self, client: httpx.Client, token: str) -> None:
        self._client = client
        self._token = token
        self._lock = threading.Lock()
        self._due = time.monotonic() + _EARLY * _seconds_left(token)

    def __repr__(self) -> str:
        return "Bearer(…)"

    def __call__(self) -> str:
        if time.monotonic() >= self._due and self._lock.acquire(blocking=False):
            try:
                self._renew()
            finally:
                self._lock.release()
        return self._token

    def _renew(self) -> None:
        self._due = time.monotonic() + _AGAIN_SECONDS
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        try:
            said = self._client.post("/token", headers=headers)
            if said.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.NOT_FOUND):
                self._due = float("inf")  # this sign-in ends with its token, or the hub is an older one
            if said.is_success:
                document = said.json()
                self._token, seconds = str(document["token"]), float(document["seconds"])
                self._due = time.monotonic() + _EARLY * seconds
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return


def _seconds_left(token: str) -> float:
    """How long a JWT says that it holds from now, by this machine's clock; infinity for what is no JWT.

    Read without checking the signature: it decides only when to ask for the next one.
    """
    try:
        body = token.split(".")[1]
        expires = float(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))["exp"])
    except (IndexError, ValueError, KeyError, TypeError):
        return float("inf")
    return max(0.0, expires - time.time())
