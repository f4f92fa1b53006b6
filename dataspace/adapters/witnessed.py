"""The latest countersigned checkpoint of each site, as a file of the hub's home."""

import fcntl
import os
from pathlib import Path

from dataspace.adapters.tls import write_private
from dataspace.errors import SetupError
from dataspace.model.names import SiteName


class WitnessedFiles:
    """`Witnessed`. A file is replaced as a whole, under a lock, and is on the disk before `put` returns."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "witnessed"

    def latest(self, site: SiteName) -> str:
        """See the port."""
        try:
            return (self._folder / f"{site}.note").read_text()
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise SetupError(
                f"The checkpoint of {site} cannot be read ({error.strerror}).", f"See '{self._folder}'."
            ) from error

    def put(self, site: SiteName, before: str, note: str) -> bool:
        """See the port."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.latest(site) != before:
                return False
            draft = self._folder / f".{site}.note"
            write_private(draft, note.encode())
            with draft.open("rb") as written:
                os.fsync(written.fileno())
            draft.replace(self._folder / f"{site}.note")
            descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            return True
