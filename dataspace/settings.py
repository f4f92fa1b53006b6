"""Settings as frozen values, read once: from the home's own file, then the environment, which wins.

DATASPACE_HOME          the folder of a hub or a site
DATASPACE_HOST          address that a hub listens on               DATASPACE_PORT         and its port
DATASPACE_NAMES         names that others reach it by, by commas    DATASPACE_LINK_PORT    port for the sites' nodes
DATASPACE_CUT_MB        memory for cuts, in MB                      DATASPACE_UPLOAD_MB    largest file taken in, in MB
DATASPACE_STORE_URL     PostgreSQL database of a hub, instead of a file in its home: postgresql://hub@db.example/hub
DATASPACE_URL, DATASPACE_TOKEN, DATASPACE_CA                        for whoever talks to a hub
DATASPACE_DEBUG         1: a command that ends with an unforeseen error prints where
DATASPACE_MEDPAR        the stays of the demo, where they are not in .cache/medpar.csv
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from dataspace.errors import SetupError
from dataspace.model.codec import from_json, to_json
from dataspace.model.limits import SiteLimits

HUB_FILE = "hub.json"
SITE_FILE = "site.json"


class Secret:
    """A text that no log, traceback or notebook shows. `reveal()` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class HubSettings:
    """One hub. `names` are the DNS names and addresses that it is reached by, the first one in its address."""

    home: Path
    name: str = "hub"
    """Issuer of permits and tokens, and origin of the log: never changed after the first start."""
    host: str = "127.0.0.1"
    port: int = 8443
    """0 takes a free one."""
    names: tuple[str, ...] = ("localhost", "127.0.0.1")
    link_port: int = 0
    """Where the sites' nodes connect; 0 takes a free one."""
    cut_mb: int = 512
    upload_mb: int = 4096
    token_seconds: float = 8 * 3600.0
    store_url: Secret = Secret("")  # noqa: RUF009 - it never changes
    """PostgreSQL; empty for a file in the home. From the environment only: it may hold a password."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], home: Path | None = None) -> Self:
        """The settings of a home that `init_hub` made. Raises SetupError with the places searched."""
        place = home or _home(environ, "hub")
        kept = cls(place, **_kept(place / HUB_FILE, "hub", ("name", "host", "port", "names", "link_port")))
        names = tuple(name.strip() for name in environ.get("DATASPACE_NAMES", "").split(",") if name.strip())
        return replace(
            kept,
            host=environ.get("DATASPACE_HOST", kept.host),
            port=_number(environ, "DATASPACE_PORT", kept.port),
            names=names or tuple(kept.names),
            link_port=_number(environ, "DATASPACE_LINK_PORT", kept.link_port),
            cut_mb=_number(environ, "DATASPACE_CUT_MB", kept.cut_mb),
            upload_mb=_number(environ, "DATASPACE_UPLOAD_MB", kept.upload_mb),
            store_url=Secret(environ.get("DATASPACE_STORE_URL", "")),
        )

    def write(self) -> None:
        """Keep what must not change by an environment variable that was forgotten."""
        kept = {
            "name": self.name,
            "host": self.host,
            "port": self.port,
            "names": list(self.names),
            "link_port": self.link_port,
        }
        (self.home / HUB_FILE).write_text(json.dumps(kept, indent=1) + "\n")


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a site believes since it joined; nothing that arrives later changes it."""

    site: str
    hub: str
    """Address of the hub, https."""
    hub_ca: str
    """PEM, empty where the public authorities vouch for the hub."""
    superlink: str
    superlink_ca: str
    issuer: str
    issuer_key: bytes
    hub_log_key: str
    node: int


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """One site: its home, what it pinned, and its house rules."""

    home: Path
    pinned: Pinned
    limits: SiteLimits
    cut_mb: int = 512

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], home: Path | None = None) -> Self:
        """The settings of a home that `dataspace site join` made. Raises SetupError with the places searched."""
        place = home or _home(environ, "site")
        kept = _kept(place / SITE_FILE, "site", ("pinned", "limits"))
        try:
            pinned = from_json(Pinned, kept["pinned"])
            limits = from_json(SiteLimits, kept.get("limits", {}))
        except (KeyError, ValueError) as error:
            raise SetupError(
                f"'{place / SITE_FILE}' cannot be read: {error}.", "Restore it, or join again."
            ) from error
        return cls(place, pinned, limits, _number(environ, "DATASPACE_CUT_MB", 512))

    def write(self) -> None:
        """Keep what was pinned."""
        kept = {"pinned": to_json(self.pinned), "limits": to_json(self.limits)}
        draft = self.home / f".{SITE_FILE}"
        draft.write_text(json.dumps(kept, indent=1) + "\n")
        draft.replace(self.home / SITE_FILE)


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Where a hub is and who asks; empty where the environment says nothing."""

    url: str
    token: Secret
    ca: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """From `DATASPACE_URL`, `DATASPACE_TOKEN` and `DATASPACE_CA`."""
        token = Secret(environ.get("DATASPACE_TOKEN", ""))
        return cls(environ.get("DATASPACE_URL", ""), token, environ.get("DATASPACE_CA", ""))


def environment() -> Mapping[str, str]:
    """The environment of this process: read here and nowhere else."""
    return os.environ


def home_of(environ: Mapping[str, str], kind: str) -> Path:
    """The folder of a `hub` or a `site` where none is named: DATASPACE_HOME, or one under the account's home."""
    return _home(environ, kind)


def _home(environ: Mapping[str, str], kind: str) -> Path:
    if named := environ.get("DATASPACE_HOME"):
        return Path(named)
    base = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "dataspace" / kind


def _kept(path: Path, kind: str, known: tuple[str, ...]) -> dict[str, Any]:
    make = "dataspace hub init" if kind == "hub" else "dataspace site join INVITE"
    try:
        document = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise SetupError(
            f"There is no {kind} in '{path.parent}': no {path.name}.",
            f"Make one: `{make}`, or name another with --home.",
        ) from error
    except (OSError, ValueError) as error:
        raise SetupError(f"'{path}' cannot be read.", "Restore it from its backup.") from error
    if not isinstance(document, dict) or not set(document) <= set(known):
        raise SetupError(
            f"'{path}' has settings that this version does not know.", f"Known: {', '.join(known)}."
        )
    return {name: tuple(value) if isinstance(value, list) else value for name, value in document.items()}


def _number(environ: Mapping[str, str], name: str, otherwise: int) -> int:
    text = environ.get(name, "")
    if not text:
        return otherwise
    if not text.isascii() or not text.isdigit():
        raise SetupError(f"{name} is not a whole number.", "Set it to one, or unset it.")
    return int(text)
