"""Files that a command reads."""

from pathlib import Path

from dataspace.errors import InvalidRequest

LARGEST = 1 << 20


def read_text(path: Path) -> str:
    """A text file of at most 1 MB; raises InvalidRequest that says what is wrong with it."""
    try:
        if path.stat().st_size > LARGEST:
            raise InvalidRequest(f"'{path}' is larger than {LARGEST >> 20} MB.", "Is it the right file?")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidRequest(f"'{path}' cannot be read ({error.strerror}).", "Check the path.") from error
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"'{path}' is not text in UTF-8.", "Is it the right file?") from error
