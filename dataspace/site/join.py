"""How a site joins: keys made here, an invitation used up, and what the hub said pinned once and for all."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dataspace.adapters.clock import UtcClock
from dataspace.adapters.flower import fab as fabs
from dataspace.adapters.flower.node_key import make_node_key, node_public_key
from dataspace.adapters.keys import FileSigner
from dataspace.adapters.store.store import open_store
from dataspace.errors import InvalidRequest, SetupError
from dataspace.model.limits import SiteLimits
from dataspace.model.names import SiteName, site_name
from dataspace.model.records import Record, RecordKind
from dataspace.service.joining import JoinRequest, Welcome, join_message
from dataspace.settings import SITE_FILE, Pinned, SiteSettings
from dataspace.site.line import HubLine
from dataspace.site.will import FileWill

FORMAT = "dataspace-invite/1"
NODE_KEY = "node.key"


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
) -> SiteSettings:
    """Join, and write what was pinned. A home that was half made by an attempt that failed can be used again.

    The code package that this site approves is the one that its own software would build, whatever the hub runs.
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
        welcome = (line or HubLine(invite.hub, invite.hub_ca)).join(asked)
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
