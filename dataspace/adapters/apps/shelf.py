"""Apps as files of a home, each named by its hash: <home>/apps/<hash>.app."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from dataspace.adapters.apps.packing import LARGEST, archive_of, unpacked
from dataspace.adapters.tls import write_private
from dataspace.errors import Conflict, VerificationFailed
from dataspace.model.own_apps import PackedApp

_HASH = re.compile(r"[0-9a-f]{64}")
MOST = 1_000


class FileShelf:
    """`AppShelf`. What is read is checked against its name each time: a file that was changed is no app."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "apps"

    def put(self, archive: bytes) -> PackedApp:
        """Keep an app. Raises like `unpacked`, VerificationFailed where nobody signed it, Conflict on a full shelf."""
        app = unpacked(archive)
        if not app.signer:
            raise VerificationFailed(
                "The app is not signed.", "Pack it with a key: `dataspace app pack FOLDER --key FILE`."
            )
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(app.hash)
        known = self.hashes()
        if app.hash not in known and len(known) >= MOST:
            raise Conflict(
                f"There are {MOST:,} apps here.", "Its operator can delete old ones from the folder `apps`."
            )
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        write_private(draft, archive_of(app))
        draft.replace(path)
        return app

    def get(self, hash: str) -> PackedApp | None:
        """None where there is none. Raises VerificationFailed or InvalidRequest for a file that is not what it was."""
        if not _HASH.fullmatch(hash):
            return None
        try:
            with self._path(hash).open("rb") as file:
                app = unpacked(file.read(LARGEST + 1))
        except FileNotFoundError:
            return None
        if app.hash != hash or not app.signer:
            raise VerificationFailed(
                "The app is not the one that its hash names.", "Put it here again, from its authors."
            )
        return app

    def hashes(self) -> Sequence[str]:
        """Of all that are here, sorted."""
        return sorted(path.stem for path in self._folder.glob("*.app") if _HASH.fullmatch(path.stem))

    def _path(self, hash: str) -> Path:
        return self._folder / f"{hash}.app"
