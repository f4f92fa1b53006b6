"""Settings as frozen values, read once: from the home's own file, then the environment, which wins.

DATASPACE_HOME          the folder of a hub or a site            DATASPACE_AS           who asks, on the command line
DATASPACE_HOST          address that a hub listens on               DATASPACE_PORT         and its port
DATASPACE_NAMES         names that others reach it by, by commas    DATASPACE_LINK_PORT    port for the sites' nodes
DATASPACE_CUT_MB        memory for cuts, in MB                      DATASPACE_UPLOAD_MB    largest file taken in, in MB
DATASPACE_FLIGHT_PORT   port for Flight SQL; unset opens none    DATASPACE_ROUND_SECONDS  longest round of a run
DATASPACE_ANSWERS_MB    memory for answers that wait for readers    DATASPACE_ANSWER_MB    largest answer, in MB
DATASPACE_TEMPORARY_MB  memory for one session's temporary results  DATASPACE_TEMPORARIES  and how many of them
DATASPACE_POLICY_STEWARDS  2: a policy needs a second steward
DATASPACE_ROOTS         folders and addresses that data may be read from, by commas: /srv/data,s3://bucket/research
DATASPACE_SYSLOG        where a site's records are told too: /dev/log, udp://host:514 or tcp://host:601
DATASPACE_STORE_URL     PostgreSQL database of a hub, instead of a file in its home: postgresql://hub@db.example/hub
DATASPACE_URL, DATASPACE_TOKEN, DATASPACE_CA                        for whoever talks to a hub
DATASPACE_DEBUG         1: a command that ends with an unforeseen error prints where
DATASPACE_MEDPAR        the stays of the demo, where they are not in .cache/medpar.csv

Long, because it is the one list of what an operator may set.
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
class MailSettings:
    """Where mail is handed over, with STARTTLS. Without `smtp_host` none is sent."""

    smtp_host: str = ""
    smtp_port: int = 587
    smtp_person: str = ""
    smtp_password: Secret = Secret("")  # noqa: RUF009 - it never changes
    smtp_from: str = ""
    smtp_ca: str = ""
    """PEM file of the server's authority; empty for the public ones."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Raises SetupError where the file of the password cannot be read."""
        host = environ.get("DATASPACE_SMTP_HOST", "")
        password = environ.get("DATASPACE_SMTP_PASSWORD", "")
        if file := environ.get("DATASPACE_SMTP_PASSWORD_FILE", ""):
            try:
                password = Path(file).read_text().strip()
            except (OSError, UnicodeDecodeError) as error:
                raise SetupError(
                    "DATASPACE_SMTP_PASSWORD_FILE cannot be read.", "Name a file with the password in it."
                ) from error
        return cls(
            host,
            _number(environ, "DATASPACE_SMTP_PORT", 587),
            environ.get("DATASPACE_SMTP_PERSON", ""),
            Secret(password),
            environ.get("DATASPACE_SMTP_FROM", "") or (f"dataspace@{host}" if host else ""),
            environ.get("DATASPACE_SMTP_CA", ""),
        )


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
    flight_port: int | None = None
    """Flight SQL; None opens none, 0 takes a free one."""
    answers_mb: int = 1024
    """Memory for answers that are held for their readers."""
    answer_mb: int = 4096
    """The largest answer."""
    temporary_mb: int = 128
    """Memory for the temporary results of one session; part of what its engine may use."""
    temporaries: int = 32
    """How many temporary results one session may have; 0: none."""
    policy_stewards: int = 1
    """How many stewards have to agree on a policy: 1, or 2 who are never the same."""
    roots: tuple[str, ...] = ()
    """What may be read in place: everything beneath these folders and addresses; empty: any address, no folder."""
    reviewers: int = 1
    """How many stewards have to be in favour of an application before it can be granted: 1 or 2."""
    bases: tuple[str, ...] = ("contract",)
    """What its permits may rest on. A health data access body says `ehds`; nobody else may."""
    mail: MailSettings = MailSettings()
    token_seconds: float = 8 * 3600.0
    round_seconds: int = 600
    """The longest that a site is waited for in one round of a run."""
    sign_in_seconds: float = 7 * 86_400.0
    """How long a sign-in lasts while its tokens are renewed in silence."""
    store_url: Secret = Secret("")  # noqa: RUF009 - it never changes
    """PostgreSQL; empty for a file in the home. From the environment only: it may hold a password."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], home: Path | None = None) -> Self:
        """The settings of a home that `init_hub` made. Raises SetupError with the places searched."""
        place = home or _home(environ, "hub")
        kept = cls(
            place,
            **_kept(
                place / HUB_FILE,
                "hub",
                ("name", "host", "port", "names", "link_port", "policy_stewards", "roots"),
            ),
        )
        names = tuple(name.strip() for name in environ.get("DATASPACE_NAMES", "").split(",") if name.strip())
        return replace(
            kept,
            host=environ.get("DATASPACE_HOST", kept.host),
            port=_port(environ, "DATASPACE_PORT", kept.port),
            names=names or tuple(kept.names),
            link_port=_port(environ, "DATASPACE_LINK_PORT", kept.link_port),
            cut_mb=_number(environ, "DATASPACE_CUT_MB", kept.cut_mb),
            upload_mb=_number(environ, "DATASPACE_UPLOAD_MB", kept.upload_mb),
            flight_port=_port(environ, "DATASPACE_FLIGHT_PORT", 0)
            if environ.get("DATASPACE_FLIGHT_PORT")
            else None,
            answers_mb=_number(environ, "DATASPACE_ANSWERS_MB", kept.answers_mb),
            answer_mb=_number(environ, "DATASPACE_ANSWER_MB", kept.answer_mb),
            temporary_mb=_number(environ, "DATASPACE_TEMPORARY_MB", kept.temporary_mb),
            temporaries=_number(environ, "DATASPACE_TEMPORARIES", kept.temporaries),
            # The stricter of the two: a variable that was forgotten must not do away with the second steward.
            policy_stewards=max(kept.policy_stewards, _number(environ, "DATASPACE_POLICY_STEWARDS", 1)),
            roots=_listed(environ, "DATASPACE_ROOTS") or kept.roots,
            round_seconds=_number(environ, "DATASPACE_ROUND_SECONDS", kept.round_seconds),
            reviewers=_reviewers(environ),
            bases=_listed(environ, "DATASPACE_BASES") or kept.bases,
            mail=MailSettings.from_environment(environ),
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
            "policy_stewards": self.policy_stewards,
        } | ({"roots": list(self.roots)} if self.roots else {})
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
class PinnedIssuer:
    """An issuer of permits besides the hub joined, that this site takes the word of."""

    name: str
    key: bytes
    """32 raw bytes (Ed25519)."""
    hub: str = ""
    """Where it says which of its permits hold, https; empty: nothing can be told, and each of them is refused."""
    hub_ca: str = ""
    """PEM, empty where the public authorities vouch for it."""


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """One site: its home, what it pinned, and its house rules."""

    home: Path
    pinned: Pinned
    limits: SiteLimits
    cut_mb: int = 512
    roots: tuple[str, ...] = ()
    """Folders that data may be added from; empty: any that whoever runs the command may read."""
    issuers: tuple[PinnedIssuer, ...] = ()
    """Further issuers of permits: `dataspace site trust` pins one."""
    syslog: str = ""
    """Where each record of the site's log is told too: `/dev/log`, `udp://host:514` or `tcp://host:601`."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], home: Path | None = None) -> Self:
        """The settings of a home that `dataspace site join` made. Raises SetupError with the places searched."""
        place = home or _home(environ, "site")
        kept = _kept(place / SITE_FILE, "site", ("pinned", "limits", "roots", "issuers", "syslog"))
        try:
            pinned = from_json(Pinned, kept["pinned"])
            limits = from_json(SiteLimits, kept.get("limits", {}))
            issuers = tuple(from_json(PinnedIssuer, one) for one in kept.get("issuers", ()))
        except (KeyError, ValueError) as error:
            raise SetupError(
                f"'{place / SITE_FILE}' cannot be read: {error}.", "Restore it, or join again."
            ) from error
        roots = _listed(environ, "DATASPACE_ROOTS") or kept.get("roots", ())
        syslog = environ.get("DATASPACE_SYSLOG", "") or str(kept.get("syslog", ""))
        return cls(place, pinned, limits, _number(environ, "DATASPACE_CUT_MB", 512), roots, issuers, syslog)

    def write(self) -> None:
        """Keep what was pinned."""
        kept: dict[str, Any] = {"pinned": to_json(self.pinned), "limits": to_json(self.limits)}
        if self.roots:
            kept["roots"] = list(self.roots)
        if self.issuers:
            kept["issuers"] = [to_json(issuer) for issuer in self.issuers]
        if self.syslog:
            kept["syslog"] = self.syslog
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


def _reviewers(environ: Mapping[str, str]) -> int:
    number = _number(environ, "DATASPACE_REVIEWERS", 1)
    if number not in (1, 2):
        raise SetupError("DATASPACE_REVIEWERS is not 1 or 2.", "Set it to one of them.")
    return number


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


def _listed(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    """What stands between the commas."""
    return tuple(part.strip() for part in environ.get(name, "").split(",") if part.strip())


def _port(environ: Mapping[str, str], name: str, otherwise: int) -> int:
    number = _number(environ, name, otherwise)
    if number > 65_535:
        raise SetupError(
            f"{name} is {number}, which is no port.", "A port is 0 to 65535; 0 takes a free one."
        )
    return number


def _number(environ: Mapping[str, str], name: str, otherwise: int) -> int:
    text = environ.get(name, "")
    if not text:
        return otherwise
    if not text.isascii() or not text.isdigit():
        raise SetupError(f"{name} is not a whole number.", "Set it to one, or unset it.")
    return int(text)
