"""Keys in files of a home: made here once, readable by their owner alone, never shown.

`<home>/keys` has the mode 0700, each key 0600. A key that others could read is refused and not mended: it has to
count as known to them. Two processes that need the same new key at once get the same one.
"""

import os
import re
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dataspace.errors import SetupError
from dataspace.model.records import VerifierKey

MASK_KEY_BYTES = 32
_LARGEST_KEY_FILE = 4096
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class FileSigner:
    """Signs with the Ed25519 key `<home>/keys/<name>.key` (PKCS8 PEM), which is made where there is none.

    Raises SetupError where the key cannot be made, read or trusted. The key itself is never handed out.
    """

    __slots__ = ("_key", "_name")

    def __init__(self, home: Path, name: str) -> None:
        path = _path(home, name)
        pem = _kept(path, _new_pem)
        try:
            key = serialization.load_pem_private_key(pem, None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise _damaged(path) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise _damaged(path)
        self._key = key
        self._name = name

    def sign(self, message: bytes) -> bytes:
        """The signature of RFC 8032, 64 bytes."""
        return self._key.sign(message)

    def public_key(self) -> bytes:
        """32 raw bytes."""
        return self._key.public_key().public_bytes_raw()

    def verifier(self, origin: str) -> VerifierKey:
        """The public half as the key of the log named `origin`."""
        return VerifierKey(origin, self.public_key())

    def __repr__(self) -> str:
        return f"FileSigner({self._name!r})"


def mask_key(home: Path, id: str) -> bytes:
    """The 32 secret bytes of the mask key `id`, made on first use; raises SetupError like `FileSigner`.

    Whoever deletes the file makes every column that was hashed with it unlinkable for ever.
    """
    path = _path(home, f"mask-{id}")
    key = _kept(path, lambda: secrets.token_bytes(MASK_KEY_BYTES))
    if len(key) != MASK_KEY_BYTES:
        raise _damaged(path)
    return key


def _path(home: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise SetupError("A key's name has letters, digits, '.', '_' and '-' only.", "Choose another name.")
    return home / "keys" / f"{name}.key"


def _new_pem() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _kept(path: Path, make: Callable[[], bytes]) -> bytes:
    """What the file holds; made first where there is none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _trusted(path.parent, path.parent.stat())
        if not path.exists():
            _create(path, make())
        return _read(path)
    except OSError as error:
        raise SetupError(
            f"The key file '{path}' cannot be used ({error.strerror}).",
            "Give this account its own writable home directory with free space.",
        ) from error


def _create(path: Path, content: bytes) -> None:
    """Put a whole file in place, or leave the one that somebody else put there first.

    A draft is written and then linked to its name, so that no reader ever meets half a key.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return  # another process was first: its key is the key
        _sync_directory(path.parent)
    finally:
        draft.unlink()


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        _trusted(path, os.fstat(file.fileno()))
        return file.read(_LARGEST_KEY_FILE)


def _trusted(path: Path, status: os.stat_result) -> None:
    if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.geteuid():
        wanted = "700" if stat.S_ISDIR(status.st_mode) else "600"
        raise SetupError(
            f"'{path}' belongs to another account, or others may read it (mode {stat.S_IMODE(status.st_mode):o}).",
            f"If nobody did, run: chmod {wanted} '{path}'. Otherwise replace the keys in it.",
        )


def _damaged(path: Path) -> SetupError:
    return SetupError(f"'{path}' does not hold a key of the expected kind.", "Restore it from its backup.")
