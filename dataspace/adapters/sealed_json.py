"""Signed JSON that travels: compact JWS with Ed25519 (RFC 9864) and no other algorithm.

Read in this order, so that nothing unverified is believed and nothing has a second meaning:
1. No longer than `MAX_CHARACTERS`; three parts in canonical base64url.
2. The header is JSON without duplicate keys and has exactly `alg`, `typ` and `kid`: `Ed25519`, the one expected
   type, and the RFC 7638 thumbprint of a key that is pinned here. The key is never taken from the message.
3. The signature holds.
4. The payload is JSON without duplicate keys, and `iss` is the issuer that the key is pinned for.

A document that passed is remembered with what was read from it, since a permit comes with every message of a run.
When it comes again, to the letter, its signature is verified again; only the reading is spared.
"""

import base64
import binascii
import string
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, TypeVar, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import OKPKey

from dataspace.errors import InvalidRequest, VerificationFailed
from dataspace.ports import Signer
from dataspace.transparency.canonical import canonical_json, strict_json

ALGORITHM = "Ed25519"
MAX_CHARACTERS = 65_536
CLOCK_LEEWAY = timedelta(seconds=60)
"""How far the clocks of two houses may be apart."""

MOST_REMEMBERED = 256
"""Documents; the oldest give way."""

T = TypeVar("T")
_DIGITS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_LAST = (_DIGITS, "", _DIGITS[::16], _DIGITS[::4])
"""The last character of base64url, by what its length leaves over after division by four: 0, 4 or 2 bits are unused,
and a length that leaves one is none."""
_ASK_AGAIN = "Ask its issuer for it again, and compare the fingerprint of the issuer's key."


class SealedJson:
    """Signs JSON objects of one type, and opens those of pinned issuers. `typ` keeps one use from another."""

    def __init__(self, typ: str, what: str, pinned: Mapping[str, bytes]) -> None:
        self._typ = typ
        self._what = what
        self._pinned = {
            thumbprint(key): (issuer, Ed25519PublicKey.from_public_bytes(key))
            for issuer, key in pinned.items()
        }
        if len(self._pinned) != len(pinned):
            raise ValueError("two issuers cannot be pinned with the same key")
        self._known: dict[str, tuple[Ed25519PublicKey, bytes, object]] = {}
        self._headers: dict[str, tuple[str, Ed25519PublicKey]] = {}
        self._changing = Lock()

    def seal(self, payload: Mapping[str, Any], signer: Signer) -> str:
        """The compact JWS; the key stays where the signer keeps it. Raises InvalidRequest for what cannot be signed."""
        public = signer.public_key()
        header = {"alg": ALGORITHM, "typ": self._typ, "kid": thumbprint(public)}
        registry = _Signing(signer)
        try:
            text = jws.serialize_compact(header, canonical_json(payload), _public(public), registry=registry)
        except (JoseError, ValueError) as error:
            raise InvalidRequest(f"The {self._what} has no signed form: {error}.", "Change it.") from error
        if len(text) > MAX_CHARACTERS:
            raise InvalidRequest(f"The {self._what} is too long to travel.", "Shorten it.")
        return text

    def open(self, text: str) -> tuple[str, Mapping[str, Any]]:
        """The issuer and the payload, by the four steps above. Raises VerificationFailed with the step."""
        issuer, claims, _ = self._opened(text)
        return issuer, claims

    def read(self, text: str, reading: Callable[[str, Mapping[str, Any]], T]) -> T:
        """What `reading` makes of issuer and payload, after the four steps. It has to be pure, and the same function
        for each seal: its result is remembered, what it raises is not. Raises like `open`."""
        if (known := self._known.get(text)) is not None:
            key, signature, result = known
            self._check(key, signature, text)
            return cast(T, result)
        issuer, claims, (key, signature) = self._opened(text)
        made = reading(issuer, claims)
        with self._changing:
            self._known[text] = (key, signature, made)
            while len(self._known) > MOST_REMEMBERED:
                del self._known[next(iter(self._known))]
        return made

    def _opened(self, text: str) -> tuple[str, Mapping[str, Any], tuple[Ed25519PublicKey, bytes]]:
        if len(text) > MAX_CHARACTERS or len(parts := text.split(".")) != 3:  # 1
            raise self._refused("is too long, or not a compact JWS")
        issuer, key = self._headers.get(parts[0]) or self._signer(parts[0])  # 2
        payload, signature = self._decoded(parts[1]), self._decoded(parts[2])
        self._check(key, signature, text)  # 3
        if len(self._headers) < MOST_REMEMBERED:
            self._headers[parts[0]] = issuer, key  # to the letter, as written by a holder of the key
        claims = self._object(payload, "payload")  # 4
        if claims.get("iss") != issuer:
            raise self._refused("names another issuer than the one whose key signed it")
        return issuer, claims, (key, signature)

    def _signer(self, part: str) -> tuple[str, Ed25519PublicKey]:
        """The issuer that a header names, and its key."""
        header = self._object(self._decoded(part), "header")
        if set(header) != {"alg", "typ", "kid"} or header["alg"] != ALGORITHM:
            raise self._refused(f"is not signed with {ALGORITHM}, the one algorithm that is taken")
        if header["typ"] != self._typ:
            raise self._refused(f"is something else: its type is not '{self._typ}'")
        known = self._pinned.get(header["kid"]) if isinstance(header["kid"], str) else None
        if known is None:
            raise self._refused("is signed with a key that is not pinned here")
        return known

    def _check(self, key: Ed25519PublicKey, signature: bytes, text: str) -> None:
        """RFC 7515, section 5.2, step 8, for the one algorithm: the header that it reads was checked before."""
        try:
            key.verify(signature, text.rpartition(".")[0].encode())
        except InvalidSignature as error:
            raise self._refused("has a signature that does not hold") from error

    def _decoded(self, part: str) -> bytes:
        # The unused bits of the last character must be zero, or one signature would have several spellings.
        if part and part[-1] in _LAST[len(part) % 4]:
            with suppress(ValueError):  # a character of another alphabet
                written = part.encode("ascii")
                if not any(other in written for other in b"+/="):
                    plain = written.replace(b"-", b"+").replace(b"_", b"/")
                    return binascii.a2b_base64(plain + b"=" * (-len(part) % 4), strict_mode=True)
        raise self._refused("is not in canonical base64url")

    def _object(self, data: bytes, part: str) -> Mapping[str, Any]:
        try:
            document = strict_json(data)
        except ValueError as error:
            raise self._refused(f"has a {part} that is not JSON with one meaning") from error
        if not isinstance(document, dict):
            raise self._refused(f"has a {part} that is not a JSON object")
        return document

    def _refused(self, why: str) -> VerificationFailed:
        return VerificationFailed(f"The {self._what} {why}.", _ASK_AGAIN)


class _ByProvider(JWSAlgModel):
    """`Ed25519` with the signature made by a `Signer`, so that JOSE never sees the private key."""

    name = ALGORITHM
    description = "Ed25519, signed by the key's own provider"
    key_type = "OKP"

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def sign(self, msg: bytes, key: Any) -> bytes:
        return self._signer.sign(msg)

    def verify(self, msg: bytes, sig: bytes, key: Any) -> bool:
        raise NotImplementedError("messages are verified by the library's own algorithm")


class _Signing(jws.JWSRegistry):
    def __init__(self, signer: Signer) -> None:
        super().__init__(algorithms=[ALGORITHM])
        self._provider = _ByProvider(signer)

    def get_alg(self, name: str) -> JWSAlgModel:
        return self._provider


def thumbprint(public: bytes) -> str:
    """The name of an Ed25519 public key (32 raw bytes): its RFC 7638 thumbprint. Raises ValueError for no key."""
    return _public(public).thumbprint()


def seconds(moment: datetime) -> int:
    """A moment as NumericDate of RFC 7519, without its fraction."""
    return int(moment.timestamp())


def moment(claims: Mapping[str, Any], name: str) -> datetime | None:
    """The moment that a NumericDate claim states, or None where it states none."""
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**40:
        return None
    return datetime.fromtimestamp(value, UTC) if value < 253_402_300_800 else None


def _public(raw: bytes) -> OKPKey:
    if len(raw) != 32:
        raise ValueError("an Ed25519 public key has 32 bytes")
    x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})
