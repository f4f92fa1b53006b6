"""Where an operator lets data be read from: folders and addresses, everything beneath them, and nothing else.

Without any, a file of this machine may be named by whoever runs commands on it, and a place over the network by a
steward who holds its secret; a folder of the machine is then no place for those who name it from elsewhere.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from dataspace.errors import InvalidRequest, SourceUnreadable

_ADVICE = "Its operator names the places in DATASPACE_ROOTS."


def check_path(path: Path, roots: Sequence[str]) -> Path:
    """The file, without links. Raises SourceUnreadable for a link, and for a path that leads out of every root."""
    if path.is_symlink():  # what it leads to may change between a person's look and the reading
        raise SourceUnreadable(f"'{path.name}' is a symbolic link.", "Name the file that it leads to.")
    found = path.resolve()
    folders = [Path(_folder(root)).resolve() for root in roots if _folder(root)]
    if roots and not any(found.is_relative_to(folder) for folder in folders):
        raise SourceUnreadable(f"'{path.name}' lies outside the folders that may be read here.", _ADVICE)
    return found


def check_place(address: str, roots: Sequence[str], at_the_machine: bool = False) -> None:
    """Raises InvalidRequest for an address with a password, or outside every root. It is never repeated.

    `at_the_machine`: it is named by whoever runs commands here, so that a folder is as good as a file.
    """
    try:
        parts = urlsplit(address)
        here = (parts.scheme, parts.hostname, parts.port)
    except ValueError as error:
        raise InvalidRequest("The address of the source cannot be read.", "Check it.") from error
    if parts.password is not None:
        raise InvalidRequest(
            "An address holds no password: others can read it where it was typed.",
            "Put the password into a file (0600) and name that with --secret-file; change it, it has been shown.",
        )
    if parts.scheme == "file":
        if not any(_folder(root) for root in roots) and not (at_the_machine and not roots):
            raise InvalidRequest("No folder of this machine may be read in place.", _ADVICE)
        path = Path(unquote(parts.path))
        check_path(path, roots)
        return
    allowed = [urlsplit(root) for root in roots if not _folder(root)]
    if roots and not any(
        here == (root.scheme, root.hostname, root.port) and _beneath(parts.path, root.path)
        for root in allowed
    ):
        raise InvalidRequest("The source lies outside the places that may be read here.", _ADVICE)


def _folder(root: str) -> str:
    """The path of a root that is a folder; empty for an address over the network."""
    if root.startswith("file://"):
        return unquote(urlsplit(root).path)
    return "" if "://" in root else root


def _beneath(path: str, root: str) -> bool:
    parts, above = PurePosixPath(unquote(path) or "/").parts, PurePosixPath(unquote(root) or "/").parts
    return ".." not in parts and parts[: len(above)] == above
