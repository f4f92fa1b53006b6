"""What the people of a site have decided, as files that one of them can also change by hand.

<home>/STOPPED            there: nothing is answered           (the kill switch: `touch` is enough)
<home>/accepted.json      permits that this site countersigned
<home>/approved.json      code packages, by hash, that may run
"""

import json
import threading
from pathlib import Path

from dataspace.model.names import PermitId

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

    def accepted(self, permit: PermitId) -> bool:
        """True where the site's steward countersigned the permit."""
        return permit in self._list("accepted.json")

    def approved(self, app_hash: str) -> bool:
        """True where the site approved this very code package."""
        return bool(app_hash) and app_hash in self._list("approved.json")

    def stop(self) -> None:
        """Turn the kill switch on."""
        (self._home / SWITCH).touch()

    def resume(self) -> None:
        """Turn the kill switch off."""
        (self._home / SWITCH).unlink(missing_ok=True)

    def accept(self, permit: PermitId) -> None:
        """Countersign a permit."""
        self._add("accepted.json", permit)

    def approve(self, app_hash: str) -> None:
        """Approve a code package."""
        self._add("approved.json", app_hash)

    def _list(self, name: str) -> list[str]:
        # What cannot be read approves nothing.
        try:
            document = json.loads((self._home / name).read_text())
        except (OSError, ValueError):
            return []
        return [item for item in document if isinstance(item, str)] if isinstance(document, list) else []

    def _add(self, name: str, item: str) -> None:
        with self._writing:
            kept = self._list(name)
            if item not in kept:
                draft = self._home / f".{name}"
                draft.write_text(json.dumps([*kept, item], indent=1) + "\n")
                draft.replace(self._home / name)
