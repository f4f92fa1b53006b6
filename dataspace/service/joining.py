"""How a hospital or a plant becomes a site: invited by the hub's steward, with keys that it made itself."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dataspace.errors import (
    Conflict,
    InvalidRequest,
    NotAllowed,
    NotAuthenticated,
    SetupError,
    UnknownName,
)
from dataspace.model.names import DatasetName, PrincipalId, SiteName, dataset_name
from dataspace.model.principals import Principal, Role
from dataspace.model.records import JSON, RecordKind
from dataspace.model.sites import Candidate, Site
from dataspace.ports import Catalog, Clock, Invitations, Log, Nodes, Signer, Sites, Tokens
from dataspace.service.discovering import discoverable, may_discover
from dataspace.service.enforcing import Enforcement
from dataspace.service.join_requests import (
    JoinRequest,
    Waiting,
    Welcome,
    candidate_of,
    digest_of,
    fingerprint,
    join_message,
    joinable,
    key_facts,
    keys_of,
    token_message,
)

AT_ONCE = "at-once."
"""How the secret of an invitation begins that admits without a second look: its digest covers that word too."""
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
class SiteState:
    """One site as people at the hub see it."""

    name: SiteName
    title: str
    online: bool
    joined: datetime | None
    datasets: tuple[DatasetName, ...]
    dictionary: str
    waiting: bool = False
    """A request of this site to join waits for the hub's administrator."""
    ended: datetime | None = None
    because: str = ""


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

    def invite(self, principal: Principal, name: str, at_once: bool = False) -> Invitation:
        """A single-use invitation, good for a week; `at_once` admits its bearer without comparing a fingerprint."""
        check_host(principal, "invites sites")
        site, secret = joinable(name), (AT_ONCE if at_once else "") + secrets.token_urlsafe(32)
        expires = self.clock.now() + INVITATION
        facts: dict[str, JSON] = {"site": site, "expires": expires.isoformat(), "at_once": at_once}
        self.enforcement.record(RecordKind.SITE_INVITED, principal, facts)
        self.invitations.put(site, digest_of(secret), expires)
        return Invitation(site, secret, expires)

    def join(self, asked: JoinRequest) -> Welcome | Waiting:
        """Use an invitation up. Whoever asks again with the same keys is told how it stands.

        Raises NotAuthenticated where the invitation does not hold (any more), or was used with other keys.
        """
        site = joinable(asked.name)
        self.link()
        self._check(asked.signing_key, asked.proof, join_message(site, asked.invite))
        candidate = candidate_of(site, asked, self.clock.now())
        if not self.invitations.take(site, candidate.invite, candidate.at):
            return self._again(self.sites.get(site), candidate)
        known = self.sites.get(site) or Site(site)
        if asked.invite.startswith(AT_ONCE):
            return self.admit(None, known, candidate)
        said = fingerprint(site, candidate)
        self.enforcement.record(
            RecordKind.SITE_ASKED, None, key_facts(site, candidate) | {"fingerprint": said}
        )
        self.sites.put(replace(known, candidate=candidate))
        return Waiting(said)

    def admit(self, principal: Principal | None, known: Site, candidate: Candidate) -> Welcome:
        """Let a site in with the keys of its request, in the place of those that it had before."""
        nodes = self.link()
        if known.joined is not None and known.node_key != candidate.node_key:
            nodes.expel(known.name, known.node_key)
        joined = replace(
            known,
            title=candidate.title or known.title,
            node=nodes.register(known.name, candidate.node_key),
            signing_key=candidate.signing_key,
            node_key=candidate.node_key,
            log_key=candidate.log_key,
            invite=candidate.invite,
            joined=self.clock.now(),
            candidate=None,
            ended=None,
            because="",
        )
        self.enforcement.record(RecordKind.SITE_JOINED, principal, key_facts(known.name, candidate))
        self.sites.put(joined)
        return self._welcome(joined)

    def _again(self, known: Site | None, candidate: Candidate) -> Welcome | Waiting:
        same = keys_of(candidate)
        if known is not None and known.candidate is not None and keys_of(known.candidate) == same:
            return Waiting(fingerprint(known.name, candidate))
        if known is not None and known.joined is not None and keys_of(known) == same:
            return self._welcome(known)
        raise NotAuthenticated(
            "The invitation does not hold (any more).", "Ask the hub's steward for a new one."
        )

    def _welcome(self, site: Site) -> Welcome:
        nodes = self.link()
        return Welcome(
            site.node,
            nodes.address,
            nodes.ca_pem.decode(),
            self.issuer,
            self.issuer_signer.public_key(),
            self.log.verifier_key(),
            nodes.app_hash,
        )

    def token(self, name: str, at: datetime, signature: bytes) -> str:
        """A short-lived token for a site that signs the hour with its own key."""
        site = self.member(name)
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
        site = self.member(name)
        if principal.id != site_principal(site.name) or Role.SITE not in principal.roles:
            raise NotAllowed(
                "Only the site itself says what it holds.", "Run `dataspace site data add` there."
            )
        asked = [_dataset(text) for text in datasets]
        for dataset in asked:
            self._federated(dataset, principal)
        names = tuple(sorted({*site.datasets, *asked}))
        offering = replace(site, datasets=names, dictionary=dictionary or site.dictionary)
        self.enforcement.record(
            RecordKind.DATASET_CHANGED, principal, {"site": site.name, "datasets": list(names)}
        )
        self.sites.put(offering)
        return offering

    def _federated(self, name: DatasetName, site: Principal) -> None:
        """Raise unless the hub described it for the sites, and this one may know of it. No site knows of drafts."""
        described = self.catalog.get(name)
        if described is None or not may_discover(described, site, self.enforcement):
            raise UnknownName(
                "federated dataset",
                name,
                [d.name for d in discoverable(self.catalog, site, self.enforcement) if d.latest is None],
                f"The hub's steward describes it first (`dataspace dataset federated {name} --dictionary …`), and "
                f"publishes it (`dataspace dataset publish {name}`); then the site adds its data again.",
            )
        if described.latest is not None:
            raise Conflict(
                f"'{name}' is not federated: the hub holds its rows itself.",
                "Ask the hub's steward which name the sites' data are described under, and add them by that name.",
            )

    def states(self, online: Sequence[SiteName]) -> Sequence[SiteState]:
        """All sites by name, and whether each is connected now."""
        return [
            SiteState(
                s.name,
                s.title,
                s.name in online,
                s.joined,
                s.datasets,
                s.dictionary,
                s.candidate is not None,
                s.ended,
                s.because,
            )
            for s in sorted(self.sites.all(), key=lambda site: site.name)
        ]

    def link(self) -> Nodes:
        """Where sites connect to. Raises SetupError where the hub was opened without."""
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

    def member(self, name: str) -> Site:
        """A site that has joined and not ended. Raises UnknownName."""
        site = self.sites.get(joinable(name))
        if site is None or site.joined is None:
            raise UnknownName("site", name)
        return site


def check_host(principal: Principal, does: str) -> None:
    """Raise NotAllowed unless it is one of the hub's own people who decides on sites."""
    if not principal.roles & {Role.STEWARD, Role.ADMINISTRATOR}:
        raise NotAllowed(f"Only a steward or an administrator {does}.", "Ask one.")


def site_principal(site: SiteName) -> PrincipalId:
    """How a site is named as the one who asks."""
    return PrincipalId(f"site:{site}")


def _dataset(name: str) -> DatasetName:
    try:
        return dataset_name(name)
    except ValueError as error:
        raise InvalidRequest(f"'{name}' cannot name a dataset: {error}.", "Choose another name.") from error
