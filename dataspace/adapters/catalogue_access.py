"""How the catalogues of others are reached: the token that one asks for, the certificate that vouches for it.

Both lie in the hub's home, in a folder that is named after the host and port, put there by whoever owns the home (or
mounted there by whatever keeps their secrets): `catalogues/hub-b.example_8443/token` and `…/ca.crt`. So a token is sent
to the host that it is for and to no other, whatever address a steward asks to be harvested, and stands in no store, no
settings and no log.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dataspace.errors import InvalidRequest, SetupError

FOLDER = "catalogues"
_HTTPS = 443
_LONGEST = 16_384
"""Bytes of a token; a larger file is something else."""


@dataclass(frozen=True, slots=True)
class CatalogueAccess:
    """What a home holds for each catalogue. Read anew every time: a token that was replaced holds at once."""

    home: Path

    def token(self, url: str) -> str:
        """Empty where there is none. Raises SetupError where others can read it, or it cannot be read."""
        path = self._folder(url) / "token"
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_mode & 0o077:
                    raise SetupError(f"'{path}' can be read by others.", f"Run `chmod 600 {path}`.")
                content = file.read(_LONGEST + 1)
        except FileNotFoundError:
            return ""
        except OSError as error:
            raise SetupError(f"'{path}' cannot be read ({error.strerror}).", "Check its owner.") from error
        text = content.decode("ascii", "replace").strip()
        if len(content) > _LONGEST or not text.isprintable() or " " in text or "\ufffd" in text:
            raise SetupError(f"'{path}' holds no token.", "Put the token in it, and nothing else.")
        return text

    def ca(self, url: str) -> Path | None:
        """The certificate to trust there instead of the public authorities; None where these do."""
        path = self._folder(url) / "ca.crt"
        return path if path.is_file() else None

    def keep(self, url: str, token: str = "", ca_pem: str = "") -> Path:
        """Put them there, in place of what was; where they lie."""
        folder = self._folder(url)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, text in (("token", token), ("ca.crt", ca_pem)):
            if text:
                _write(folder / name, text)
        return folder

    def _folder(self, url: str) -> Path:
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port or _HTTPS
        except ValueError as error:
            raise _no_address(url) from error
        if not host or host.startswith(".") or not all(sign.isalnum() or sign in ".-:" for sign in host):
            raise _no_address(url)
        return self.home / FOLDER / f"{host}_{port}"


def _no_address(url: str) -> InvalidRequest:
    return InvalidRequest(f"'{url}' is not an address.", "Write it as https://hub.example/catalog.")


def _write(path: Path, text: str) -> None:
    """Whole or not at all, for its owner alone."""
    fresh = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)
