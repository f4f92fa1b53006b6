"""Lists of who opted out, as files in a home that its operator alone reads: <home>/opt-outs/<digest>.json."""

import hashlib
import json
import secrets
from collections.abc import Iterable
from pathlib import Path

from dataspace.adapters.tls import write_private
from dataspace.errors import SetupError


class FileOptOuts:
    """`OptOutLists`. The digest is over a random salt and the list: nobody can try a name against it."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "opt-outs"

    def put(self, persons: Iterable[str]) -> str:
        """The salted digest, once the list is on the disk."""
        text = json.dumps({"salt": secrets.token_hex(32), "persons": sorted(set(persons))}).encode()
        digest = hashlib.sha256(text).hexdigest()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._folder / f".{digest}"
        write_private(draft, text)
        draft.replace(self._folder / f"{digest}.json")
        return digest

    def persons(self, digest: str) -> frozenset[str]:
        """Raises SetupError where the list is gone or was changed: nothing is cut without it."""
        try:
            text = (self._folder / f"{digest}.json").read_bytes()
        except OSError as error:
            raise SetupError(
                "The list of who opted out is not here.", "Restore it from the backup of the home."
            ) from error
        if hashlib.sha256(text).hexdigest() != digest:
            raise SetupError(
                "The list of who opted out was changed.", "Restore it from the backup of the home."
            )
        return frozenset(json.loads(text)["persons"])
