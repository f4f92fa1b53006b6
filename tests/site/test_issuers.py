"""Several pinned issuers at one site: each key for its own name, each list for its own permits, numbers kept apart."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dataspace.adapters.jose import JosePermitSeal
from dataspace.adapters.memory import ManualClock, MemorySigner
from dataspace.errors import InvalidRequest, VerificationFailed
from dataspace.model.limits import SiteLimits
from dataspace.model.names import PermitId
from dataspace.model.permits import PermitStatus
from dataspace.settings import Pinned, PinnedIssuer, SiteSettings
from dataspace.site.issuers import IssuerLists, as_known_here, key_of, pinned_keys, trusting
from dataspace.site.line import HubLine
from dataspace.site.status import standing
from dataspace.testing.examples import AT, example_permit

CLOCK = ManualClock(AT)
HUB, BODY = MemorySigner(), MemorySigner(b"\x07" * 32)
KEY = BODY.public_key()
ISSUER = PinnedIssuer("body", KEY, "https://body.example")
PERMIT = replace(example_permit(issuer="body"), id=PermitId("P-1"))
AT_BODY = JosePermitSeal(BODY, "body", {}, CLOCK)


def settings(home: Path, *issuers: PinnedIssuer) -> SiteSettings:
    pinned = Pinned("hospital-a", "https://hub", "", "", "", "hub", HUB.public_key(), "", 0)
    return SiteSettings(home, pinned, SiteLimits(), issuers=issuers)


def lists(
    site: SiteSettings, seal: JosePermitSeal, revoked: frozenset[PermitId] = frozenset()
) -> IssuerLists:
    def answer(request: httpx.Request) -> httpx.Response:
        status = PermitStatus("body", revoked, request.url.params["nonce"], CLOCK.now())
        return httpx.Response(200, text=AT_BODY.sign_status(status))

    return IssuerLists.of(site, seal, lambda url, ca: HubLine(url, ca, httpx.MockTransport(answer)))


def test_a_permit_of_a_further_issuer_stands_by_that_issuers_own_list(tmp_path: Path) -> None:
    site = settings(tmp_path, ISSUER)
    seal = JosePermitSeal(None, "", pinned_keys(site), CLOCK)
    assert seal.verify(AT_BODY.sign(PERMIT)) == PERMIT
    known = lists(site, seal)
    assert standing(PERMIT, "d", *known.sources["body"].status()) is None
    gone = lists(site, seal, frozenset({PERMIT.id}))
    assert (standing(PERMIT, "d", *gone.sources["body"].status()) or ("",))[0] == "permit.revoked"
    # What was revoked once stays so, also for a list of this issuer that has forgotten it.
    again = lists(site, seal)
    assert (standing(PERMIT, "d", *again.sources["body"].status()) or ("",))[0] == "permit.revoked"
    for each in (known, gone, again):
        each.close()


def test_without_an_address_nothing_can_be_told_and_the_hubs_list_does_not_stand_in(tmp_path: Path) -> None:
    site = settings(tmp_path, replace(ISSUER, hub=""))
    assert IssuerLists.of(site, AT_BODY).sources == {}
    hubs = PermitStatus("hub", frozenset(), "n", AT)
    assert (standing(PERMIT, "d", hubs, 0.0) or ("",))[0] == "permit.status-stale"


def test_an_issuer_that_is_not_pinned_is_refused(tmp_path: Path) -> None:
    seal = JosePermitSeal(None, "", pinned_keys(settings(tmp_path)), CLOCK)
    with pytest.raises(VerificationFailed, match="not pinned"):
        seal.verify(AT_BODY.sign(PERMIT))


def test_a_pinned_issuer_cannot_speak_for_the_hub(tmp_path: Path) -> None:
    seal = JosePermitSeal(None, "", pinned_keys(settings(tmp_path, ISSUER)), CLOCK)
    with pytest.raises(VerificationFailed, match="another issuer"):
        seal.verify(JosePermitSeal(BODY, "hub", {}, CLOCK).sign(replace(PERMIT, issued_by="hub")))


def test_the_same_number_of_two_issuers_is_two_permits_at_a_site() -> None:
    own = replace(PERMIT, issued_by="hub")
    assert as_known_here(own, "hub").id == "P-1"
    foreign = [as_known_here(replace(PERMIT, issued_by=name), "hub").id for name in ("body", "other")]
    assert len({"P-1", *foreign}) == 3


def test_what_was_pinned_is_kept_and_replaced_under_its_name_alone(tmp_path: Path) -> None:
    site = trusting(settings(tmp_path), ISSUER)
    site.write()
    assert SiteSettings.from_environment({}, tmp_path).issuers == (ISSUER,)
    later = replace(ISSUER, key=MemorySigner(b"\x08" * 32).public_key())
    assert trusting(site, later).issuers == (later,)


@pytest.mark.parametrize(
    "issuer",
    [
        replace(ISSUER, name="hub"),
        replace(ISSUER, name="other", key=HUB.public_key()),
        replace(ISSUER, name="other"),
        replace(ISSUER, name=""),
        replace(ISSUER, name="a\nb"),
        replace(ISSUER, hub="http://body.example"),
    ],
    ids=["the hub joined", "its key", "a key pinned twice", "no name", "a name of two lines", "no https"],
)
def test_what_cannot_be_pinned_is_refused(tmp_path: Path, issuer: PinnedIssuer) -> None:
    with pytest.raises(InvalidRequest):
        trusting(settings(tmp_path, PinnedIssuer("first", KEY)), issuer)


def test_a_key_is_read_as_pem_base64_jwk_or_a_set_of_one() -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32).public_key()
    raw = key.public_bytes_raw()
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
    x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": x}
    texts = [pem, base64.b64encode(raw).decode(), x, json.dumps(jwk), json.dumps({"keys": [jwk]})]
    assert {key_of(text) for text in texts} == {raw}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no key",
        "AAAA",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        '{"kty": "OKP", "crv": "X25519", "x": "AAAA"}',
        '{"kty": "OKP", "crv": "Ed25519", "d": "AAAA", "x": "' + "A" * 43 + '"}',
        '{"keys": []}',
        '{"keys": [{}, {}]}',
        '{"keys": 1}',
        "{",
    ],
)
def test_what_is_not_one_public_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="not one Ed25519 public key"):
        key_of(text)
