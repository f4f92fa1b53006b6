"""How a site joins: keys made here, an invitation used up, and what the hub said pinned once and for all."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataspace.adapters.clock import UtcClock
from dataspace.adapters.flower import fab as fabs
from dataspace.adapters.flower.node_key import make_node_key, node_public_key
from dataspace.adapters.keys import FileSigner
from dataspace.adapters.store.store import open_store
from dataspace.errors import InvalidRequest, SetupError, VerificationFailed
from dataspace.model.limits import SiteLimits
from dataspace.model.names import SiteName, site_name
from dataspace.model.records import Record, RecordKind
from dataspace.service.join_requests import JoinRequest, Waiting, Welcome, fingerprint_of, join_message
from dataspace.settings import SITE_FILE, Pinned, SiteSettings
from dataspace.site.line import HubLine
from dataspace.site.will import FileWill

FORMAT = "dataspace-invite/1"
NODE_KEY = "node.key"
WAIT_SECONDS, LOOK_SECONDS = 900.0, 2.0
"""How long a site waits for the hub's administrator, and between two looks."""


@dataclass(frozen=True, slots=True)
class InviteFile:
    """What the hub's steward hands over, out of band. Whoever holds it can join once under that name."""

    site: str
    hub: str
    hub_ca: str
    secret: str
    expires: str

    def text(self) -> str:
        """As the file that travels."""
        fields = {"site": self.site, "hub": self.hub, "ca": self.hub_ca, "secret": self.secret}
        return json.dumps({"format": FORMAT, **fields, "expires": self.expires}, indent=1) + "\n"


def read_invite(text: str) -> InviteFile:
    """Read the file; raises InvalidRequest where it is none."""
    try:
        document: Mapping[str, Any] = json.loads(text)
        if document["format"] != FORMAT:
            raise ValueError("another format")
        fields = [str(document[name]) for name in ("site", "hub", "ca", "secret", "expires")]
        site_name(fields[0])
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidRequest(
            "This is not an invitation.", "Ask the hub's steward for the file, whole."
        ) from error
    return InviteFile(*fields)


def join(
    home: Path,
    invite: InviteFile,
    limits: SiteLimits | None = None,
    title: str = "",
    line: HubLine | None = None,
    waiting: Callable[[str], None] = lambda fingerprint: None,
    wait_seconds: float = WAIT_SECONDS,
) -> SiteSettings:
    """Join, and write what was pinned. A home that was half made by an attempt that failed can be used again.

    `waiting` is told the fingerprint that the site's people read to the hub's administrator. Raises SetupError where
    nobody let the site in within `wait_seconds`: the same call goes on later. The code package that this site
    approves is the one that its own software would build, whatever the hub runs.
    """
    if (home / SITE_FILE).exists():
        raise SetupError(
            f"'{home}' has joined a hub already.", "Run it: `dataspace site run`; or name another --home."
        )
    site = SiteName(invite.site)
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        home.chmod(0o700)
    except OSError as error:
        raise SetupError(f"The home '{home}' cannot be made ({error.strerror}).", "Name another.") from error
    key = home / NODE_KEY
    node_public = node_public_key(key) if key.exists() else make_node_key(key)
    signer, log_signer, clock = FileSigner(home, "signing"), FileSigner(home, "log"), UtcClock()
    with open_store(home, clock, log_signer, f"{site}/log") as store:
        if store.log.size() == 0:
            store.log.append(Record(RecordKind.LOG_OPENED, clock.now(), site, None, {"site": site}))
        asked = JoinRequest(
            site,
            invite.secret,
            node_public.decode(),
            signer.public_key(),
            signer.sign(join_message(site, invite.secret)),
            store.log.verifier_key(),
            title,
        )
        welcome = _let_in(line or HubLine(invite.hub, invite.hub_ca), asked, waiting, wait_seconds)
        facts = {
            "hub": invite.hub,
            "issuer": welcome.issuer,
            "issuer_key": hashlib.sha256(welcome.issuer_key).hexdigest(),
            "hub_log_key": welcome.log_key,
        }
        store.log.append(Record(RecordKind.SITE_JOINED, clock.now(), site, None, facts))
    FileWill(home).approve(fabs.app_hash(fabs.pack(fabs.app_files())))
    settings = SiteSettings(home, _pinned(invite, welcome), limits or SiteLimits())
    settings.write()
    return settings


def _let_in(
    line: HubLine, asked: JoinRequest, waiting: Callable[[str], None], wait_seconds: float
) -> Welcome:
    """Ask, and ask again until the hub's administrator has compared the fingerprint."""
    until, told = time.monotonic() + wait_seconds, ""
    while isinstance(answer := line.join(asked), Waiting):
        own = fingerprint_of(asked)
        if answer.fingerprint != own:
            raise VerificationFailed(
                "The hub received other keys than this site made.",
                "Something between here and the hub changed them: `dataspace site doctor`, then a new invitation.",
            )
        if told != own:
            waiting(told := own)
        if time.monotonic() >= until:
            raise SetupError(
                f"Nobody has let this site in yet. Its fingerprint: {own}",
                "Read it to the hub's administrator, then run the same command again: it goes on.",
            )
        time.sleep(min(LOOK_SECONDS, max(0.0, until - time.monotonic())))
    return answer


def _pinned(invite: InviteFile, welcome: Welcome) -> Pinned:
    return Pinned(
        site=invite.site,
        hub=invite.hub,
        hub_ca=invite.hub_ca,
        superlink=welcome.superlink,
        superlink_ca=welcome.superlink_ca,
        issuer=welcome.issuer,
        issuer_key=welcome.issuer_key,
        hub_log_key=welcome.log_key,
        node=welcome.node,
    )
