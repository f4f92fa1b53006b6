"""The list of revoked permits, asked of the hub by the site itself: signed, for a nonce that was never used before."""

import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from dataspace.adapters.tls import write_private
from dataspace.errors import DataspaceError, SetupError, SourceError, VerificationFailed
from dataspace.model.codec import from_json, to_json
from dataspace.model.names import PermitId
from dataspace.model.permits import Permit, PermitStatus
from dataspace.ports import PermitSeal

STALE_SECONDS = 86_400.0

Fetch = Callable[[str], str]
"""From a nonce to the hub's answer (a JWS); raises SourceError where the hub cannot be reached."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was learnt from all lists so far: the hub's log had `sequence` records, and these permits are revoked."""

    sequence: int = 0
    revoked: frozenset[PermitId] = frozenset()


class Memory(Protocol):
    """Keeps what was seen, over restarts."""

    def seen(self) -> Seen: ...
    def remember(self, seen: Seen) -> None: ...


class Forgetful:
    """`Memory` for as long as the process lives."""

    def __init__(self) -> None:
        self._seen = Seen()

    def seen(self) -> Seen:
        """What was remembered last."""
        return self._seen

    def remember(self, seen: Seen) -> None:
        """Until the process ends."""
        self._seen = seen


class FileMemory:
    """`Memory` in a site's home. A file that cannot be read is an error: forgetting would bring permits back."""

    def __init__(self, home: Path, name: str = "revoked") -> None:
        self._path = home / f"{name}.json"

    def seen(self) -> Seen:
        """What was remembered last. Raises SetupError."""
        try:
            return from_json(Seen, json.loads(self._path.read_text()))
        except FileNotFoundError:
            return Seen()
        except (OSError, ValueError) as error:
            raise SetupError(
                "What this site knows of revoked permits cannot be read.", f"Restore '{self._path}'."
            ) from error

    def remember(self, seen: Seen) -> None:
        """Durable before it returns."""
        if self._path.exists() and self.seen() == seen:
            return
        draft = self._path.with_name(f".{self._path.name}")
        write_private(draft, json.dumps(to_json(seen)).encode())
        draft.replace(self._path)


def standing(permit: Permit, document: str, status: PermitStatus, age: float) -> tuple[str, str] | None:
    """Why a permit of the list's issuer does not hold now, as a code and a sentence; None where it does.

    The issuer's own time, carried on by the monotonic clock, says whether it has expired: a clock that was set back
    here brings no permit back.
    """
    if permit.issued_by != status.issuer:
        return "permit.status-stale", "This site cannot tell whether a permit of that issuer still stands."
    if permit.id in status.revoked:
        return "permit.revoked", f"The permit {permit.id} was revoked."
    if permit.id in status.suspended:
        return "permit.suspended", f"The permit {permit.id} is suspended."
    if status.documents.get(permit.id, document) != document:
        return "permit.replaced", f"The permit {permit.id} was amended: another document is in force."
    if permit.expires <= status.at + timedelta(seconds=age):
        return "permit.expired", f"The permit {permit.id} has expired."
    return None


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
        memory: "Memory | None" = None,
    ) -> None:
        self._fetch, self._seal, self._issuer = fetch, seal, issuer
        self._memory: Memory = memory or Forgetful()
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
        seen = self._memory.seen()
        if status.sequence < seen.sequence:
            raise VerificationFailed(
                "The hub's list is older than one that was seen here: its log became shorter.",
                "Ask the hub's operator whether an older state was restored.",
            )
        # A revocation is for ever, also where a list does not know of it any more.
        status = replace(status, revoked=status.revoked | seen.revoked)
        self._memory.remember(Seen(status.sequence, status.revoked))
        return status, asked
