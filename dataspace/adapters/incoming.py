"""Files on their way in, and invitations that are still open: short-lived things under a hub's home."""

import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from dataspace.errors import InvalidRequest, SetupError
from dataspace.model.names import SiteName

_FILENAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]{0,120}")


class IncomingFolder:
    """`Incoming`. What a crash left behind is swept when the next file comes in."""

    def __init__(self, home: Path, largest: int = 4 << 30) -> None:
        self._folder = home / "incoming"
        self._largest = largest

    @contextmanager
    def received(self, filename: str, content: Iterable[bytes]) -> Iterator[Path]:
        """See the port. Raises InvalidRequest for a name that could lead elsewhere, or more than `largest` bytes."""
        if not _FILENAME.fullmatch(filename):
            raise InvalidRequest(
                "A file's name has letters, digits, blanks, '.', '_' and '-' only.", "Rename it."
            )
        place = self._folder / f"{os.getpid()}-{secrets.token_hex(8)}"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._sweep()
            place.mkdir(mode=0o700)
            self._write(place / filename, content)
            yield place / filename
        except OSError as error:
            raise SetupError(
                f"The file could not be taken in ({error.strerror}).", "Is there room on the hub's disk?"
            ) from error
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _write(self, path: Path, content: Iterable[bytes]) -> None:
        size = 0
        with path.open("xb") as file:
            for piece in content:
                size += len(piece)
                if size > self._largest:
                    raise InvalidRequest(
                        f"The file is larger than {self._largest >> 20:,} MB.",
                        "Put it on the hub's machine and register it there.",
                    )
                file.write(piece)

    def _sweep(self) -> None:
        for left in self._folder.iterdir():
            process = left.name.partition("-")[0]
            if process.isdigit() and not Path(f"/proc/{process}").exists():
                shutil.rmtree(left, ignore_errors=True)


class InvitationFiles:
    """`Invitations` as one small file each; taking one is a rename, which succeeds once."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "invitations"

    def put(self, site: SiteName, digest: str, expires: datetime) -> None:
        """See the port."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._folder / f".{site}.{secrets.token_hex(4)}"
        draft.write_text(json.dumps({"digest": digest, "expires": expires.isoformat()}))
        (self._folder / f"{site}.url").unlink(missing_ok=True)
        draft.replace(self._folder / f"{site}.json")

    def addressed(self, site: SiteName, url: str) -> None:
        """Keep which address of the hub the invitation that a site was just given names."""
        path = self._folder / f"{site}.json"
        if path.exists():
            path.with_suffix(".url").write_text(url)

    def elsewhere(self, url: str, now: datetime) -> Mapping[SiteName, str]:
        """Sites whose open invitation names another address than `url`, with that address."""
        found = {}
        for path in sorted(self._folder.glob("*.json")):
            named = path.with_suffix(".url")
            open_until = datetime.fromisoformat(json.loads(path.read_text())["expires"])
            if now < open_until and named.exists() and named.read_text() != url:
                found[SiteName(path.stem)] = named.read_text()
        return found

    def take(self, site: SiteName, digest: str, now: datetime) -> bool:
        """See the port. A wrong digest does not use the invitation up."""
        path = self._folder / f"{site}.json"
        try:
            kept = json.loads(path.read_text())
        except FileNotFoundError:
            return False
        if not secrets.compare_digest(kept["digest"], digest) or now >= datetime.fromisoformat(
            kept["expires"]
        ):
            return False
        taken = self._folder / f".taken-{secrets.token_hex(8)}"
        try:
            path.rename(taken)
        except FileNotFoundError:
            return False
        taken.unlink()
        path.with_suffix(".url").unlink(missing_ok=True)
        return True
