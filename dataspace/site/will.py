"""What the people of a site have decided, as files that one of them can also change by hand.

<home>/STOPPED            there: nothing is answered           (the kill switch: `touch` is enough)
<home>/accepted.json      permits that this site countersigned: id, and SHA-256 of the signed document
<home>/approved.json      code packages, by hash, that may run
"""

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dataspace.adapters.tls import write_private
from dataspace.model.names import PermitId
from dataspace.service.permit_documents import document_digest

__all__ = ["SWITCH", "FileWill", "document_digest"]

SWITCH = "STOPPED"


class FileWill:
    """`SiteWill`, read at each question: a decision takes effect at once, also one made by another process."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._writing = threading.Lock()

    def stopped(self) -> bool:
        """True while the kill switch is on; also where that cannot be told."""
        try:
            (self._home / SWITCH).lstat()
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return True

    def accepted(self, permit: PermitId, document: str) -> bool:
        """True where the site's steward countersigned this very document, which a number alone does not tell."""
        return bool(document) and self._accepted().get(permit) == document

    def approved(self, app_hash: str) -> bool:
        """True where the site approved this very code package."""
        return bool(app_hash) and app_hash in self._list("approved.json")

    def apps(self) -> Sequence[str]:
        """The hashes of all code packages that it approved, in the order in which it did."""
        return self._list("approved.json")

    def stop(self) -> None:
        """Turn the kill switch on."""
        (self._home / SWITCH).touch()

    def resume(self) -> None:
        """Turn the kill switch off."""
        (self._home / SWITCH).unlink(missing_ok=True)

    def accept(self, permit: PermitId, document: str) -> None:
        """Countersign a permit; `document` is the SHA-256 of its JWS (`document_digest`)."""
        with self._writing:
            self._write("accepted.json", {**self._accepted(), permit: document})

    def approve(self, app_hash: str) -> None:
        """Approve a code package."""
        self._add("approved.json", app_hash)

    def disapprove(self, app_hash: str) -> bool:
        """Take an approval back; whether there was one. The next message of a run that uses it is refused."""
        with self._writing:
            kept = self._list("approved.json")
            if app_hash not in kept:
                return False
            self._write("approved.json", [item for item in kept if item != app_hash])
            return True

    def withdraw(self, permit: PermitId) -> bool:
        """Take a countersignature back; whether there was one. The permit holds elsewhere as before."""
        with self._writing:
            kept = self._accepted()
            there = kept.pop(permit, None) is not None
            self._write("accepted.json", kept)
            return there

    def _accepted(self) -> dict[str, str]:
        document = self._read("accepted.json")
        return document if isinstance(document, dict) else {}

    def _list(self, name: str) -> list[str]:
        document = self._read(name)
        return [item for item in document if isinstance(item, str)] if isinstance(document, list) else []

    def _add(self, name: str, item: str) -> None:
        with self._writing:
            kept = self._list(name)
            if item not in kept:
                self._write(name, [*kept, item])

    def _read(self, name: str) -> Any:
        # What cannot be read approves nothing.
        try:
            return json.loads((self._home / name).read_text())
        except (OSError, ValueError):
            return None

    def _write(self, name: str, document: Any) -> None:
        draft = self._home / f".{name}"
        write_private(draft, (json.dumps(document, indent=1) + "\n").encode())
        draft.replace(self._home / name)
