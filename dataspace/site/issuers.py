"""Issuers of permits that a site pinned besides the hub that it joined: their keys, and where their lists are.

Two issuers may give the same number to different permits, so a permit of another issuer has a longer number at this
site: its countersignature, its ε account, its mask key and its cuts are never those of the hub's own permit.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dataspace.errors import InvalidRequest
from dataspace.model.names import PermitId
from dataspace.model.permits import Permit
from dataspace.ports import PermitSeal, StatusSource
from dataspace.settings import PinnedIssuer, SiteSettings
from dataspace.site.line import HubLine
from dataspace.site.status import FileMemory, HubStatus

LONGEST_NAME = 200
_MARK = 16
"""Characters of the issuer's digest in the number of its permits."""


def as_known_here(permit: Permit, home_issuer: str) -> Permit:
    """The permit under the number that it has at this site: its own where the hub joined issued it."""
    if permit.issued_by == home_issuer or not home_issuer:
        return permit
    return replace(permit, id=local_number(permit.id, permit.issued_by))


def local_number(permit: PermitId, issuer: str) -> PermitId:
    """The number at this site of a permit of another issuer."""
    return PermitId(f"{permit}.{hashlib.sha256(issuer.encode()).hexdigest()[:_MARK]}")


def of_another_issuer(permit: PermitId) -> bool:
    """Whether this number at this site is that of a permit of another issuer."""
    _, dot, mark = permit.rpartition(".")
    return bool(dot) and len(mark) == _MARK and all(letter in "0123456789abcdef" for letter in mark)


def pinned_keys(settings: SiteSettings) -> Mapping[str, bytes]:
    """The key of every issuer pinned here. The hub joined comes last: nothing pinned later replaces its key."""
    others = {issuer.name: issuer.key for issuer in settings.issuers}
    return {**others, settings.pinned.issuer: settings.pinned.issuer_key}


def trusting(settings: SiteSettings, issuer: PinnedIssuer) -> SiteSettings:
    """The settings with an issuer pinned, in place of one of the same name.

    Raises InvalidRequest for the hub joined, whose key never changes, for a key that somebody else is pinned with, and
    for a name or an address that cannot be one.
    """
    others = tuple(one for one in settings.issuers if one.name != issuer.name)
    if not 0 < len(issuer.name) <= LONGEST_NAME or not issuer.name.isprintable():
        raise InvalidRequest("That is no name of an issuer.", "Take the one under `iss` in its permits.")
    if issuer.name == settings.pinned.issuer:
        raise InvalidRequest(
            f"'{issuer.name}' is the hub that this site joined: its key was pinned then.",
            "Where its key changed, join again.",
        )
    taken = {one.key for one in others} | {settings.pinned.issuer_key}
    if issuer.key in taken:
        raise InvalidRequest("That key is pinned for another issuer.", "Each issuer has a key of its own.")
    if issuer.hub and not issuer.hub.startswith("https://"):
        raise InvalidRequest(f"'{issuer.hub}' is not an https address.", "Ask the issuer for it.")
    return replace(settings, issuers=(*others, issuer))


def key_of(text: str) -> bytes:
    """The raw public key in a text: a JWK, a set of one of them, PEM, or base64. Raises InvalidRequest."""
    try:
        if text.lstrip().startswith("{"):
            return _of_jwk(json.loads(text))
        if "-----BEGIN" in text:
            key = serialization.load_pem_public_key(text.encode())
            if not isinstance(key, Ed25519PublicKey):
                raise ValueError("another kind of key")
            return key.public_bytes_raw()
        return _raw(text.strip())
    except (ValueError, KeyError, TypeError, AttributeError, UnsupportedAlgorithm, RecursionError) as error:
        raise InvalidRequest(
            "This is not one Ed25519 public key.",
            "A hub shows its own at /.well-known/jwks.json; PEM and base64 can be read too.",
        ) from error


def _of_jwk(document: Mapping[str, Any]) -> bytes:
    if "keys" in document:
        (document,) = document["keys"]  # of several keys, which one is meant is for people to say
    if (document["kty"], document["crv"]) != ("OKP", "Ed25519") or "d" in document:
        raise ValueError("another kind of key, or a private one")
    return _raw(document["x"])


def _raw(text: str) -> bytes:
    try:
        key = base64.b64decode(
            text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True
        )
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if len(key) != 32:
        raise ValueError("another length")
    return key


@dataclass(frozen=True, slots=True)
class IssuerLists:
    """Where a site learns which permits of its further issuers hold. An issuer without an address has no list."""

    sources: Mapping[str, StatusSource]
    lines: tuple[HubLine, ...] = ()

    @classmethod
    def of(
        cls,
        settings: SiteSettings,
        seal: PermitSeal,
        line: Callable[[str, str], HubLine] = HubLine,
    ) -> "IssuerLists":
        """One line for each issuer with an address; nothing is asked yet."""
        reached = [(issuer, line(issuer.hub, issuer.hub_ca)) for issuer in settings.issuers if issuer.hub]
        sources = {
            issuer.name: HubStatus(
                asked.status,
                seal,
                issuer.name,
                settings.limits.status_seconds,
                memory=FileMemory(settings.home, f"revoked-{_digest(issuer.name)}"),
            )
            for issuer, asked in reached
        }
        return cls(sources, tuple(asked for _, asked in reached))

    def close(self) -> None:
        """Let go of the connections."""
        for line in self.lines:
            line.close()


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:_MARK]
