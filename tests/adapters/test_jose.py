"""Permits, revocation lists and tokens: what a pinned issuer signed is believed, and nothing else."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from dataspace.adapters.agreements import agreement
from dataspace.adapters.jose import PERMIT_TYPE, JosePermitSeal, JoseTokens
from dataspace.adapters.memory import ManualClock, MemorySigner
from dataspace.adapters.sealed_json import MAX_CHARACTERS, SealedJson, thumbprint
from dataspace.errors import InvalidRequest, NotAuthenticated, SetupError, VerificationFailed
from dataspace.model.codec import to_json
from dataspace.model.names import PermitId, PrincipalId
from dataspace.model.permits import PermitStatus
from dataspace.model.principals import Fact, Principal, Role
from dataspace.testing.examples import AT, example_permit

HUB = "hub.example"
SIGNER = MemorySigner(bytes(range(32)))
STRANGER = MemorySigner(bytes(range(1, 33)))
PERMIT = example_permit()


def hub(signer: MemorySigner = SIGNER, now: datetime = AT) -> JosePermitSeal:
    return JosePermitSeal(signer, HUB, {}, ManualClock(now))


def site(now: datetime = AT, **pinned: bytes) -> JosePermitSeal:
    """A site, which signs nothing and has pinned the hub."""
    return JosePermitSeal(None, "hospital-a", {HUB: SIGNER.public_key(), **pinned}, ManualClock(now))


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def signed(header: object, payload: object, signer: MemorySigner = SIGNER) -> str:
    """A JWS with any header and payload and a genuine signature over them; bytes are taken as they are."""
    first, second = (
        encode(part if isinstance(part, bytes) else json.dumps(part).encode()) for part in (header, payload)
    )
    return f"{first}.{second}.{encode(signer.sign(f'{first}.{second}'.encode()))}"


def header(**changes: object) -> dict[str, object]:
    return {"alg": "Ed25519", "typ": PERMIT_TYPE, "kid": thumbprint(SIGNER.public_key()), **changes}


def payload(**changes: object) -> dict[str, Any]:
    return {**json.loads(decode(hub().sign(PERMIT).split(".")[1])), **changes}


def test_a_permit_signed_at_the_hub_verifies_at_a_site_that_pinned_it() -> None:
    text = hub().sign(PERMIT)
    assert site().verify(text) == PERMIT
    assert hub().verify(text) == PERMIT


def test_the_header_is_ed25519_by_its_new_name_and_names_the_key() -> None:
    assert json.loads(decode(hub().sign(PERMIT).split(".")[0])) == header()


def test_what_is_signed_reads_as_an_odrl_agreement() -> None:
    agreement = payload()["odrl"]
    assert (agreement["@type"], agreement["uid"]) == ("Agreement", "urn:dataspace:permit:P-1")
    assert agreement["assignee"] == ["urn:dataspace:person:ana", "urn:dataspace:person:ben%40example.org"]
    [permission] = agreement["permission"]
    assert permission["target"] == "urn:dataspace:dataset:medpar:latest"
    assert permission["action"] == ["ds:aggregate", "ds:noisy"]
    assert permission["constraint"][0]["rightOperand"] == "scientific research"


def test_an_issuer_that_is_not_pinned_is_refused() -> None:
    with pytest.raises(VerificationFailed, match="not pinned"):
        site().verify(hub(STRANGER).sign(PERMIT))


def test_a_pinned_issuer_cannot_speak_for_another() -> None:
    other = JosePermitSeal(STRANGER, "plant.example", {}, ManualClock(AT))
    text = other.sign(replace(PERMIT, issued_by="plant.example"))
    pinned = JosePermitSeal(
        None, "x", {HUB: SIGNER.public_key(), "plant.example": STRANGER.public_key()}, ManualClock(AT)
    )
    assert pinned.verify(text).issued_by == "plant.example"
    forged = signed(header(kid=thumbprint(STRANGER.public_key())), payload(), STRANGER)
    with pytest.raises(VerificationFailed, match="another issuer"):
        pinned.verify(forged)
    forged = signed(header(kid=thumbprint(STRANGER.public_key())), payload(iss="plant.example"), STRANGER)
    with pytest.raises(VerificationFailed, match="another issuer"):
        pinned.verify(forged)


def test_an_issuer_signs_in_its_own_name_only() -> None:
    with pytest.raises(InvalidRequest):
        hub().sign(replace(PERMIT, issued_by="other.example"))
    with pytest.raises(SetupError):
        JosePermitSeal(None, HUB, {}, ManualClock(AT)).sign(PERMIT)
    with pytest.raises(InvalidRequest):
        hub().sign_status(PermitStatus("other.example", frozenset(), "n", AT))


def with_secret_of_the_public_key() -> str:
    """The classic confusion: HMAC, keyed with the public key that everybody has."""
    key = OctKey.import_key(SIGNER.public_key())
    return jws.serialize_compact(header(alg="HS256"), json.dumps(payload()), key, algorithms=["HS256"])


def respelled(part: int) -> str:
    """The same bytes in a second base64url spelling: the unused bits of the last character are not zero."""
    parts = hub().sign(PERMIT).split(".")
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for permit in range(20):
        parts = hub().sign(replace(PERMIT, title="x" * permit)).split(".")
        if len(parts[part]) % 4:
            break
    last = parts[part][-1]
    parts[part] = parts[part][:-1] + letters[letters.index(last) ^ 1]
    assert decode(parts[part]) is not None
    return ".".join(parts)


def flipped(part: int) -> str:
    parts = hub().sign(PERMIT).split(".")
    data = bytearray(decode(parts[part]))
    data[len(data) // 2] ^= 1
    parts[part] = encode(bytes(data))
    return ".".join(parts)


HEADERS: Mapping[str, object] = {
    "the old name EdDSA": header(alg="EdDSA"),
    "no algorithm": header(alg="none"),
    "no algorithm, in capitals": header(alg="None"),
    "another curve": header(alg="Ed448"),
    "an algorithm that is a list": header(alg=["Ed25519"]),
    "another type": header(typ="dataspace-status+jws"),
    "no type": {key: value for key, value in header().items() if key != "typ"},
    "no key id": {key: value for key, value in header().items() if key != "kid"},
    "a key id that is a list": header(kid=["x"]),
    "another key's id": header(kid=thumbprint(STRANGER.public_key())),
    "a key inside": header(jwk={"kty": "OKP", "crv": "Ed25519", "x": encode(STRANGER.public_key())}),
    "a key elsewhere": header(jku="https://attacker.example/keys"),
    "an unencoded payload": header(b64=False, crit=["b64"]),
    "a critical extension": header(crit=["exp"]),
    "an array": [1, 2],
    "duplicate keys": b'{"alg":"none","alg":"Ed25519","typ":"dataspace-permit+jws","kid":"'
    + thumbprint(SIGNER.public_key()).encode()
    + b'"}',
    "no JSON": b"\xff\xfe",
}


@pytest.mark.parametrize("why", HEADERS)
def test_a_header_that_is_not_exactly_ours_is_refused_although_the_signature_holds(why: str) -> None:
    with pytest.raises(VerificationFailed):
        site().verify(signed(HEADERS[why], payload()))


PAYLOADS: Mapping[str, Callable[[], object]] = {
    "another issuer": lambda: payload(iss="other.example"),
    "no issuer": lambda: payload(iss=None),
    "no permit": lambda: payload(permit=None),
    "a permit with an unknown field": lambda: payload(permit={**payload()["permit"], "admin": True}),
    "an agreement about more": lambda: payload(odrl={**payload()["odrl"], "permission": []}),
    "no agreement": lambda: payload(odrl=None),
    "another start": lambda: payload(nbf=1),
    "another end": lambda: payload(exp=2**33),
    "a start that is true": lambda: payload(nbf=True),
    "duplicate keys": lambda: b'{"iss":"x",' + json.dumps(payload()).encode()[1:],
    "an array": lambda: [payload()],
    "no JSON": lambda: b"{",
}


@pytest.mark.parametrize("why", PAYLOADS)
def test_a_payload_that_contradicts_itself_is_refused_although_the_signature_holds(why: str) -> None:
    with pytest.raises(VerificationFailed):
        site().verify(signed(header(), PAYLOADS[why]()))


def test_a_payload_that_is_genuine_passes_the_same_way() -> None:
    """So that the two tests above fail for the reason that they name."""
    assert site().verify(signed(header(), payload())) == PERMIT


FORGERIES: Mapping[str, Callable[[], str]] = {
    "a flipped bit in the header": lambda: flipped(0),
    "a flipped bit in the payload": lambda: flipped(1),
    "a flipped bit in the signature": lambda: flipped(2),
    "a second spelling of the payload": lambda: respelled(1),
    "a second spelling of the signature": lambda: respelled(2),
    "a signature by somebody else": lambda: signed(header(), payload(), STRANGER),
    "an HMAC with the public key": with_secret_of_the_public_key,
    "no signature": lambda: ".".join([*hub().sign(PERMIT).split(".")[:2], ""]),
    "padding": lambda: hub().sign(PERMIT) + "==",
    "a blank at the end": lambda: hub().sign(PERMIT) + " ",
    "a line break inside": lambda: hub().sign(PERMIT).replace(".", ".\n", 1),
    "a fourth part": lambda: hub().sign(PERMIT) + ".e30",
    "two parts": lambda: "e30.e30",
    "nothing": lambda: "",
    "the letters of standard base64": lambda: "+/+/.e30.e30",
    "letters beyond ASCII": lambda: "é" + hub().sign(PERMIT),
}


@pytest.mark.parametrize("why", FORGERIES)
def test_a_forged_or_respelled_text_is_refused(why: str) -> None:
    with pytest.raises(VerificationFailed):
        site().verify(FORGERIES[why]())


@pytest.mark.parametrize("part", [1, 2])
def test_a_second_spelling_is_refused_before_any_signature_is_looked_at(part: int) -> None:
    with pytest.raises(VerificationFailed, match="canonical base64url"):
        site().verify(respelled(part))


def test_what_is_too_long_is_neither_signed_nor_read() -> None:
    with pytest.raises(InvalidRequest, match="too long"):
        hub().sign(replace(PERMIT, title="x" * MAX_CHARACTERS))
    with pytest.raises(VerificationFailed, match="too long"):
        site().verify("x" * (MAX_CHARACTERS + 1))


def test_a_permit_of_the_future_is_refused_but_for_a_minute_of_clock() -> None:
    text = hub().sign(PERMIT)
    assert site(AT - timedelta(seconds=59)).verify(text) == PERMIT
    with pytest.raises(VerificationFailed, match="not valid yet"):
        site(AT - timedelta(seconds=61)).verify(text)


@pytest.mark.parametrize("days", [0, -1, 3654, 36_500])
def test_a_permit_that_outlasts_ten_years_is_neither_signed_nor_believed(days: int) -> None:
    long = replace(PERMIT, expires=PERMIT.not_before + timedelta(days=days))
    with pytest.raises(VerificationFailed, match="10 years"):
        hub().sign(long)
    genuine = payload(permit=to_json(long), odrl=agreement(long), exp=int(long.expires.timestamp()))
    with pytest.raises(VerificationFailed, match="10 years"):
        site().verify(signed(header(), genuine))


def test_two_issuers_cannot_share_a_key() -> None:
    with pytest.raises(ValueError, match="same key"):
        SealedJson("t", "thing", {"a": SIGNER.public_key(), "b": SIGNER.public_key()})


def test_a_revocation_list_verifies_and_is_no_permit() -> None:
    status = PermitStatus(HUB, frozenset({PermitId("P-1"), PermitId("P-9")}), "nonce", AT)
    text = hub().sign_status(status)
    assert site().verify_status(text) == status
    with pytest.raises(VerificationFailed):
        site().verify(text)
    with pytest.raises(VerificationFailed):
        site().verify_status(hub().sign(PERMIT))


def test_a_revocation_list_of_the_future_is_refused() -> None:
    status = PermitStatus(HUB, frozenset(), "nonce", AT + timedelta(minutes=2))
    with pytest.raises(VerificationFailed, match="future"):
        site().verify_status(hub().sign_status(status))


ANA = Principal(
    PrincipalId("ana"),
    "Ana",
    frozenset({Role.RESEARCHER, Role.STEWARD}),
    "Université de Liège",
    claims={"affiliation": Fact(("uliege",), "hub")},
)


def tokens(
    clock: ManualClock, audience: str = "hub.example/api", signer: MemorySigner = SIGNER
) -> JoseTokens:
    return JoseTokens(signer, HUB, audience, clock)


def test_a_token_gives_back_the_principal_until_it_expires() -> None:
    clock = ManualClock()
    token = tokens(clock).issue(ANA, 60)
    assert tokens(clock).principal(token) == ANA
    clock.advance(timedelta(seconds=59))
    assert tokens(clock).principal(token) == ANA
    clock.advance(timedelta(seconds=1))
    with pytest.raises(NotAuthenticated, match="expired"):
        tokens(clock).principal(token)


def test_a_token_says_what_any_reader_of_jwt_expects() -> None:
    claims = json.loads(decode(tokens(ManualClock()).issue(ANA, 60).split(".")[1]))
    assert (claims["iss"], claims["aud"], claims["sub"]) == (HUB, "hub.example/api", "ana")
    assert claims["roles"] == ["researcher", "steward"]
    assert claims["exp"] - claims["iat"] == 60
    assert datetime.fromtimestamp(claims["iat"], UTC) == ManualClock().now()


def test_no_two_tokens_are_the_same() -> None:
    issuer = tokens(ManualClock())
    assert issuer.issue(ANA, 60) != issuer.issue(ANA, 60)


def test_a_token_for_another_service_or_by_another_key_does_not_hold() -> None:
    clock = ManualClock()
    for token in (
        tokens(clock, audience="elsewhere").issue(ANA, 60),
        tokens(clock, signer=STRANGER).issue(ANA, 60),
        hub().sign(PERMIT),
        "",
        "x.y.z",
    ):
        with pytest.raises(NotAuthenticated):
            tokens(clock).principal(token)


def test_a_permit_cannot_be_used_as_a_token_nor_a_token_as_a_permit() -> None:
    with pytest.raises(VerificationFailed):
        site().verify(tokens(ManualClock()).issue(ANA, 60))


@pytest.mark.parametrize(
    "change",
    [
        {"sub": "root"},
        {"roles": ["administrator"]},
        {"exp": None},
        {"exp": "9"},
        {"iat": 2**39},
        {"iat": None},
    ],
)
def test_a_token_that_contradicts_itself_does_not_hold(change: dict[str, object]) -> None:
    clock = ManualClock()
    parts = tokens(clock).issue(ANA, 60).split(".")
    claims = {**json.loads(decode(parts[1])), **change}
    with pytest.raises(NotAuthenticated):
        tokens(clock).principal(signed(json.loads(decode(parts[0])), claims))


@pytest.mark.parametrize("seconds", [0, -1, 86_401, float("nan"), float("inf")])
def test_a_token_holds_for_a_day_at_most(seconds: float) -> None:
    with pytest.raises(InvalidRequest):
        tokens(ManualClock()).issue(ANA, seconds)
