"""What a site says when it joins, what it is told, and the fingerprint of its keys that people read aloud."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from dataspace.errors import InvalidRequest, VerificationFailed
from dataspace.model.names import SiteName, site_name
from dataspace.model.records import JSON
from dataspace.model.sites import Candidate, Site
from dataspace.transparency.notes import parse_verifier_key

FINGERPRINT_GROUPS = 4


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
class Waiting:
    """The request is in, and waits for the hub's administrator, to whom the site's people read `fingerprint` aloud."""

    fingerprint: str


def fingerprint(site: SiteName, candidate: Candidate) -> str:
    """What is read aloud: 53 bits over the name and all keys, in digits, which every language has.

    Somebody who holds the invitation and wants keys of their own to have the site's fingerprint has to try some 2^53.
    """
    keys = (candidate.node_key, candidate.signing_key, candidate.log_key.encode(), candidate.invite.encode())
    digests = b"".join(hashlib.sha256(key).digest() for key in keys)
    number = int.from_bytes(
        hashlib.sha256(b"dataspace-fingerprint/1\n" + site.encode() + b"\n" + digests).digest()
    )
    digits = f"{number % 10 ** (4 * FINGERPRINT_GROUPS):0{4 * FINGERPRINT_GROUPS}d}"
    return "-".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def fingerprint_of(asked: JoinRequest) -> str:
    """The same, worked out at the site from what it sent itself. Raises InvalidRequest."""
    site = joinable(asked.name)
    return fingerprint(site, candidate_of(site, asked, datetime.min))


def key_facts(site: SiteName, candidate: Candidate) -> dict[str, JSON]:
    """What a record says of the keys of a request."""
    return {
        "site": site,
        "node_key": hashlib.sha256(candidate.node_key).hexdigest(),
        "signing_key": base64.b64encode(candidate.signing_key).decode(),
        "log_key": candidate.log_key,
    }


def keys_of(known: Site | Candidate) -> tuple[str, bytes, bytes, str]:
    """What has to be the same for a request to be the same again."""
    return known.invite, known.node_key, known.signing_key, known.log_key


def candidate_of(site: SiteName, asked: JoinRequest, now: datetime) -> Candidate:
    """The request as the hub keeps it. Raises InvalidRequest where the log key is none, or another\'s."""
    try:
        origin = parse_verifier_key(asked.log_key).name
    except VerificationFailed as error:
        raise InvalidRequest("The key of the site's log cannot be read.", error.hint) from error
    if origin != f"{site}/log":
        raise InvalidRequest(f"The key of the site's log is of '{origin}'.", f"It has to be of '{site}/log'.")
    node_key = asked.node_public_key.encode()
    return Candidate(digest_of(asked.invite), node_key, asked.signing_key, asked.log_key, asked.title, now)


def join_message(site: SiteName, invite: str) -> bytes:
    """What a site signs to show that the signing key is its own."""
    return f"dataspace-join/1\n{site}\n{digest_of(invite)}\n".encode()


def token_message(site: SiteName, at: datetime) -> bytes:
    """What a site signs to be given a token."""
    return f"dataspace-site-token/1\n{site}\n{at.astimezone(UTC).isoformat()}\n".encode()


def digest_of(secret: str) -> str:
    """SHA-256 of a secret, in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()


def joinable(name: str) -> SiteName:
    """The name of a site; raises InvalidRequest for what cannot be one."""
    try:
        site = site_name(name)
    except ValueError as error:
        raise InvalidRequest(f"'{name}' cannot name a site: {error}.", "Choose another name.") from error
    if site == "hub":
        raise InvalidRequest("'hub' names the hub itself.", "Choose another name.")
    return site
