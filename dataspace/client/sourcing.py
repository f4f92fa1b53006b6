"""What a steward names as a source: a file to hand over, or the address of a database, object store or folder."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dataspace.errors import InvalidRequest, SourceUnreadable

PIECE_BYTES = 1 << 20
LONGEST_SECRET = 65_536


@dataclass(frozen=True, slots=True)
class Address:
    """Where the hub itself is to read. Neither part shows in a printed form."""

    text: str = field(repr=False)
    item: str
    secret: str = field(repr=False)
    in_place: bool


def address_of(source: str | Path, more: dict[str, Any]) -> Address | None:
    """The address, or None for a file. Takes `item`, `secret`, `secret_file` and `in_place` out of `more`."""
    item, secret = more.pop("item", ""), more.pop("secret", "")
    file, in_place = more.pop("secret_file", None), bool(more.pop("in_place", False))
    text = str(source)
    if isinstance(source, Path) or "://" not in text:
        if in_place or item or secret or file:
            raise InvalidRequest(
                "A file is handed over whole; only an address can stay in place.",
                "Write postgresql://host/database, s3://bucket/prefix, or file:///folder of the hub.",
            )
        return None
    return Address(text, item, secret_of(Path(file)) if file else secret, in_place)


def secret_of(path: Path) -> str:
    """The one secret in a file that only its owner may read. Raises InvalidRequest, which does not repeat it."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise InvalidRequest(f"Others than its owner may read '{path.name}'.", "Run: chmod 600 on it.")
        with path.open(encoding="utf-8") as file:
            return file.read(LONGEST_SECRET).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The file '{path.name}' cannot be read.", "Check --secret-file.") from error


def pieces_of(path: Path) -> Iterator[bytes]:
    """A file, piece by piece."""
    try:
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                yield piece
    except OSError as error:
        raise SourceUnreadable(
            f"'{path.name}' cannot be read ({error.strerror}).", "Check the path."
        ) from error


def checked_file(source: str | Path) -> Path:
    """The file. Raises InvalidRequest for a link: what it leads to may change before it is read."""
    file = Path(source)
    if file.is_symlink():
        raise InvalidRequest(f"'{file.name}' is a symbolic link.", "Name the file that it leads to.")
    return file
