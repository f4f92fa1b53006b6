"""How a hospital or a plant becomes a site: invited by the hub's steward, with keys that it made itself."""

import base64
import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from dataspace.errors import Conflict, InvalidRequest, NotAllowed, NotAuthenticated, SetupError, UnknownName
from dataspace.model.names import DatasetName, PrincipalId, SiteName, dataset_name, site_name
from dataspace.model.principals import Principal, Role
from dataspace.model.records import RecordKind
from dataspace.model.sites import Site
from dataspace.ports import Catalog, Clock, Invitations, Log, Nodes, Signer, Sites, Tokens
from dataspace.service.enforcing import Enforcement

INVITATION = timedelta(days=7)
TOKEN_SECONDS = 3600.0
CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a site's IT is given; whoever has the secret can join once under that name."""

    site: SiteName
    secret: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """What a site says when it joins. Keys are public halves; `proof` signs the invitation with `signing_key`."""

    name: str
    invite: str
    node_public_key: str
    """PEM, as Flower wants it."""
    signing_key: bytes
    proof: bytes
    log_key: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a site pins when it joins: where its node connects, and the keys that it will believe."""

    node: int
    superlink: str
    superlink_ca: str
    issuer: str
    issuer_key: bytes
    log_key: str
    app_hash: str


@dataclass(frozen=True, slots=True)
class SiteState:
    """One site as people at the hub see it."""

    name: SiteName
    title: str
    online: bool
    joined: datetime | None
    datasets: tuple[DatasetName, ...]
    dictionary: str


@dataclass(frozen=True, slots=True)
class Joining:
    """Sites of this hub. `nodes` is None where the hub was opened without its federation."""

    sites: Sites
    catalog: Catalog
    invitations: Invitations
    tokens: Tokens
    clock: Clock
    log: Log
    enforcement: Enforcement
    issuer: str
    issuer_signer: Signer
    nodes: Nodes | None
    signed: Callable[[bytes, bytes, bytes], bool]
    """Whether the Ed25519 key (32 raw bytes) made that signature of that message."""

    def invite(self, principal: Principal, name: str) -> Invitation:
        """A single-use invitation, good for a week."""
        if not principal.roles & {Role.STEWARD, Role.ADMINISTRATOR}:
            raise NotAllowed("Only a steward or an administrator invites sites.", "Ask one.")
        site, secret = _site(name), secrets.token_urlsafe(32)
        expires = self.clock.now() + INVITATION
        self.enforcement.record(
            RecordKind.SITE_INVITED, principal, {"site": site, "expires": expires.isoformat()}
        )
        self.invitations.put(site, _digest(secret), expires)
        return Invitation(site, secret, expires)

    def join(self, asked: JoinRequest) -> Welcome:
        """Admit a site by its invitation. Raises NotAuthenticated where that does not hold (any more)."""
        site, nodes = _site(asked.name), self._nodes()
        self._check(asked.signing_key, asked.proof, join_message(site, asked.invite))
        if not self.invitations.take(site, _digest(asked.invite), self.clock.now()):
            raise NotAuthenticated(
                "The invitation does not hold (any more).", "Ask the hub's steward for a new one."
            )
        node = nodes.register(site, asked.node_public_key.encode())
        known = self.sites.get(site) or Site(site)
        joined = replace(
            known,
            title=asked.title or known.title,
            node=node,
            signing_key=asked.signing_key,
            node_key=asked.node_public_key.encode(),
            joined=self.clock.now(),
        )
        facts = {
            "site": site,
            "node_key": hashlib.sha256(joined.node_key).hexdigest(),
            "signing_key": base64.b64encode(joined.signing_key).decode(),
            "log_key": asked.log_key,
        }
        self.enforcement.record(RecordKind.SITE_JOINED, None, facts)
        self.sites.put(joined)
        return Welcome(
            node,
            nodes.address,
            nodes.ca_pem.decode(),
            self.issuer,
            self.issuer_signer.public_key(),
            self.log.verifier_key(),
            nodes.app_hash,
        )

    def token(self, name: str, at: datetime, signature: bytes) -> str:
        """A short-lived token for a site that signs the hour with its own key."""
        site = self._known(name)
        if abs(self.clock.now() - at) > CLOCK_TOLERANCE:
            raise NotAuthenticated(
                "The clocks of hub and site differ by more than 5 minutes.", "Set them by NTP."
            )
        self._check(site.signing_key, signature, token_message(site.name, at))
        return self.tokens.issue(
            Principal(site_principal(site.name), site.title or site.name, frozenset({Role.SITE})),
            TOKEN_SECONDS,
        )

    def offer(self, principal: Principal, name: str, datasets: Sequence[str], dictionary: str = "") -> Site:
        """A site says which described datasets it holds rows of."""
        site = self._known(name)
        if principal.id != site_principal(site.name) or Role.SITE not in principal.roles:
            raise NotAllowed(
                "Only the site itself says what it holds.", "Run `dataspace site data add` there."
            )
        asked = [_dataset(text) for text in datasets]
        for dataset in asked:
            self._federated(dataset)
        names = tuple(sorted({*site.datasets, *asked}))
        offering = replace(site, datasets=names, dictionary=dictionary or site.dictionary)
        self.enforcement.record(
            RecordKind.DATASET_CHANGED, principal, {"site": site.name, "datasets": list(names)}
        )
        self.sites.put(offering)
        return offering

    def _federated(self, name: DatasetName) -> None:
        """Raise unless the hub described it for the sites. A draft is nothing that a site may know of."""
        described = self.catalog.get(name)
        if described is None or not described.published:
            raise UnknownName(
                "federated dataset",
                name,
                [d.name for d in self.catalog.all() if d.published and d.latest is None],
                f"The hub's steward describes it first: `dataspace dataset federated {name} --dictionary NAME`; "
                "then the site adds its data again.",
            )
        if described.latest is not None:
            raise Conflict(
                f"'{name}' is not federated: the hub holds its rows itself.",
                "Ask the hub's steward which name the sites' data are described under, and add them by that name.",
            )

    def states(self, online: Sequence[SiteName]) -> Sequence[SiteState]:
        """All sites by name, and whether each is connected now."""
        return [
            SiteState(s.name, s.title, s.name in online, s.joined, s.datasets, s.dictionary)
            for s in sorted(self.sites.all(), key=lambda site: site.name)
        ]

    def _nodes(self) -> Nodes:
        if self.nodes is None:
            raise SetupError(
                "This hub was opened without its federation.", "Start it: `dataspace hub start`."
            )
        return self.nodes

    def _check(self, key: bytes, signature: bytes, message: bytes) -> None:
        if not self.signed(key, signature, message):
            raise NotAuthenticated(
                "The signature does not fit the site's signing key.", "Join again with a new invitation."
            )

    def _known(self, name: str) -> Site:
        site = self.sites.get(_site(name))
        if site is None or site.joined is None:
            raise UnknownName("site", name)
        return site


def join_message(site: SiteName, invite: str) -> bytes:
    """What a site signs to show that the signing key is its own."""
    return f"dataspace-join/1\n{site}\n{_digest(invite)}\n".encode()


def token_message(site: SiteName, at: datetime) -> bytes:
    """What a site signs to be given a token."""
    return f"dataspace-site-token/1\n{site}\n{at.astimezone(UTC).isoformat()}\n".encode()


def site_principal(site: SiteName) -> PrincipalId:
    """How a site is named as the one who asks."""
    return PrincipalId(f"site:{site}")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _site(name: str) -> SiteName:
    try:
        site = site_name(name)
    except ValueError as error:
        raise InvalidRequest(f"'{name}' cannot name a site: {error}.", "Choose another name.") from error
    if site == "hub":
        raise InvalidRequest("'hub' names the hub itself.", "Choose another name.")
    return site


def _dataset(name: str) -> DatasetName:
    try:
        return dataset_name(name)
    except ValueError as error:
        raise InvalidRequest(f"'{name}' cannot name a dataset: {error}.", "Choose another name.") from error
