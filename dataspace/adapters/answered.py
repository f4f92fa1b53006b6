"""Which units stood behind earlier aggregates, as sealed files: <home>/answered/<lineage>/<entry>."""

import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dataspace.errors import SetupError

_NONCE = 12
_PAUSE_SECONDS = 0.005


class FilePast:
    """`Past`. Entries are AES-256-GCM under `key`, each bound to its lineage and name; none is ever changed."""

    def __init__(self, home: Path, key: Callable[[], bytes]) -> None:
        self._folder, self._key = home / "answered", key

    def turn(self, lineage: str, seconds: float) -> AbstractContextManager["FileTurn"]:
        """Alone with a lineage. TimeoutError after `seconds`."""
        return self._turn(lineage, seconds)

    @contextmanager
    def _turn(self, lineage: str, seconds: float) -> Iterator["FileTurn"]:
        folder = self._folder / hashlib.sha256(lineage.encode()).hexdigest()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / ".turn", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _wait(lock, seconds)
            yield FileTurn(folder, AESGCM(self._key()))
        finally:
            os.close(lock)


class FileTurn:
    """`PastTurn`."""

    def __init__(self, folder: Path, cipher: AESGCM) -> None:
        self._folder, self._cipher = folder, cipher

    def names(self) -> Sequence[str]:
        """Sorted, which is their order."""
        return sorted(path.name for path in self._folder.iterdir() if not path.name.startswith("."))

    def read(self, name: str) -> bytes:
        """Raises SetupError where the entry was changed: no answer is given without it."""
        sealed = (self._folder / name).read_bytes()
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], self._bound(name))
        except InvalidTag as error:
            raise SetupError(
                "What was answered before cannot be read any more.", "Restore the home from its backup."
            ) from error

    def keep(self, name: str, content: bytes) -> None:
        """On the disk before it has its name."""
        nonce = secrets.token_bytes(_NONCE)
        draft = self._folder / f".{name}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(nonce + self._cipher.encrypt(nonce, content, self._bound(name)))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._folder / name)
        directory = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _bound(self, name: str) -> bytes:
        return f"{self._folder.name}/{name}".encode()


def _wait(lock: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise TimeoutError("somebody else is at work on the same lineage") from error
            time.sleep(_PAUSE_SECONDS)
        else:
            return
