"""Forged permits at each edge: the hub's route, a site's countersignature, its guard. Each is refused and recorded."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from dataspace.adapters.jose import JosePermitSeal
from dataspace.adapters.memory import MemorySigner
from dataspace.adapters.sealed_json import thumbprint
from dataspace.bootstrap import HubServices, SiteServices, build_site
from dataspace.errors import DataspaceError
from dataspace.model.codec import to_json
from dataspace.model.datasets import Column, ColumnType, Dataset, VersionRef
from dataspace.model.limits import SiteLimits
from dataspace.model.names import (
    ApplicationId,
    ColumnName,
    DatasetName,
    PermitId,
    PrincipalId,
    RunId,
    SiteName,
)
from dataspace.model.permits import Basis, DatasetGrant, Permit
from dataspace.model.plans import CountPlan
from dataspace.model.policies import AnswerKind, Obligations
from dataspace.model.records import RecordKind
from dataspace.model.runs import SiteMessage, Step
from dataspace.ports import PermitSeal, Signer
from dataspace.settings import Pinned, SiteSettings
from dataspace.site.countersign import permit_to_accept

STAYS, HERE, APP = DatasetName("stays"), SiteName("hospital-a"), "a" * 64
STRANGER = MemorySigner(b"\x09" * 32)
Forging = Callable[["House"], str]


@dataclass(frozen=True, slots=True)
class House:
    """A hub and a site that pinned it; `genuine` is a permit that would pass."""

    hub: HubServices
    site: SiteServices
    permit: Permit
    genuine: str

    def key(self) -> Signer:
        seal: Any = self.hub.permitting.seal
        signer: Signer = seal._signer
        return signer

    def header(self, **changes: object) -> dict[str, object]:
        own = {"alg": "Ed25519", "typ": "dataspace-permit+jws", "kid": thumbprint(self.key().public_key())}
        return own | changes

    def payload(self, **changes: object) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(decoded(self.genuine.split(".")[1]))
        return said | changes


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def signed(header: Mapping[str, object], payload: object, key: Signer) -> str:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    head = encoded(json.dumps(header).encode()) + "." + encoded(body)
    return f"{head}.{encoded(key.sign(head.encode()))}"


@pytest.fixture(scope="module")
def house(hub: HubServices, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home: Path = tmp_path_factory.mktemp("forged") / "site"
    home.mkdir(mode=0o700)
    pinned = Pinned(HERE, "https://hub", "", "", "", hub.issuer, hub.issuer_key, hub.log.verifier_key(), 1)
    site = build_site(SiteSettings(home, pinned, SiteLimits()), hub.permitting.status)
    site.will.approve(APP)
    column = Column(ColumnName("los"), ColumnType.INTEGER)
    site.catalog.put(Dataset(STAYS, "", "", (column,), None, VersionRef(STAYS, "0" * 64)))
    now = hub.clock.now()
    permit = Permit(
        id=PermitId("P-77"),
        application=ApplicationId("A-77"),
        basis=Basis.CONTRACT,
        issued_by=hub.issuer,
        persons=frozenset({PrincipalId("ana")}),
        organisation="",
        title="",
        purpose="dpv:ScientificResearch",
        legal_basis=(),
        ethics_vote="",
        datasets=(DatasetGrant(STAYS),),
        kinds=frozenset({AnswerKind.AGGREGATE}),
        obligations=Obligations(),
        not_before=now,
        expires=now + timedelta(days=30),
    )
    yield House(hub, site, permit, hub.permitting.seal.sign(permit))
    site.close()


def other_hub(house: House, claims: str) -> str:
    seal: PermitSeal = JosePermitSeal(STRANGER, claims, {}, house.hub.clock)
    return seal.sign(replace(house.permit, issued_by=claims))


def by_hmac(house: House) -> str:
    key = OctKey.import_key(house.key().public_key())
    return jws.serialize_compact(
        house.header(alg="HS256"), json.dumps(house.payload()), key, algorithms=["HS256"]
    )


def doubled(house: House, claim: str) -> str:
    body = json.dumps(house.payload()).encode()
    return signed(house.header(), b'{"%s":1,' % claim.encode() + body[1:], house.key())


def of_the_future(house: House, begins: int, lasts: int) -> str:
    """By the hub's own key, so that nothing but the dates is wrong."""
    begin = house.permit.not_before + timedelta(days=begins)
    permit = replace(house.permit, not_before=begin, expires=begin + timedelta(days=lasts))
    from dataspace.adapters.agreements import agreement

    return signed(
        house.header(),
        house.payload(
            nbf=int(begin.timestamp()),
            exp=int(permit.expires.timestamp()),
            permit=to_json(permit),
            odrl=agreement(permit),
        ),
        house.key(),
    )


FORGERIES: Mapping[str, Forging] = {
    "alg none, unsigned": lambda h: ".".join(
        [encoded(json.dumps(h.header(alg="none")).encode()), h.genuine.split(".")[1], ""]
    ),
    "alg none, signed": lambda h: signed(h.header(alg="none"), h.payload(), h.key()),
    "an HMAC with the public key": by_hmac,
    "a swapped key": lambda h: signed(h.header(), h.payload(), STRANGER),
    "a swapped key and its name": lambda h: signed(
        h.header(kid=thumbprint(STRANGER.public_key())), h.payload(), STRANGER
    ),
    "a key inside": lambda h: signed(
        h.header(jwk={"kty": "OKP", "crv": "Ed25519", "x": encoded(STRANGER.public_key())}),
        h.payload(),
        STRANGER,
    ),
    "x5u": lambda h: signed(h.header(x5u="https://attacker.example/cert"), h.payload(), h.key()),
    "x5c": lambda h: signed(h.header(x5c=["AAAA"]), h.payload(), h.key()),
    "jku": lambda h: signed(h.header(jku="https://attacker.example/keys"), h.payload(), h.key()),
    "crit": lambda h: signed(h.header(crit=["exp"]), h.payload(), h.key()),
    "b64": lambda h: signed(h.header(b64=False, crit=["b64"]), h.payload(), h.key()),
    "a doubled issuer": lambda h: doubled(h, "iss"),
    "a doubled end": lambda h: doubled(h, "exp"),
    "a doubled permit": lambda h: doubled(h, "permit"),
    "begins in a hundred years": lambda h: of_the_future(h, 36_500, 30),
    "lasts for a hundred years": lambda h: of_the_future(h, 0, 36_500),
    "the year 9999": lambda h: signed(h.header(), h.payload(exp=253_402_300_799), h.key()),
    "more persons than were signed": lambda h: ".".join(
        [
            h.genuine.split(".")[0],
            encoded(json.dumps(h.payload(permit={**h.payload()["permit"], "persons": ["ben"]})).encode()),
            h.genuine.split(".")[2],
        ]
    ),
    "another hub": lambda h: other_hub(h, "elsewhere"),
    "another hub in this one's name": lambda h: other_hub(h, h.hub.issuer),
}


def message(jws: str) -> SiteMessage:
    document = {
        "plan": to_json(CountPlan(STAYS, "", (), "scientific research")),
        "permit": jws,
        "principal": {"id": "ana", "name": "Ana", "roles": ["researcher"]},
    }
    return SiteMessage(RunId("R-1"), 1, Step.COUNT, document, {}, APP)


def accept(house: House, jws: str) -> Permit:
    guard = house.site.guard
    return permit_to_accept(
        jws, house.permit.id, HERE, guard.seal, house.site.catalog, house.hub.clock.now(), guard.key
    )


def test_the_genuine_one_passes_so_that_the_forgeries_fail_for_what_is_forged(house: House) -> None:
    assert house.hub.permitting.seal.verify(house.genuine) == house.permit
    assert signed(house.header(), house.payload(), house.key())
    assert house.hub.permitting.seal.verify(of_the_future(house, 0, 30)).id == house.permit.id
    assert accept(house, house.genuine) == house.permit
    assert house.site.guard.handle(message(house.genuine)).refused == "permit.not-accepted"


@pytest.mark.parametrize("why", FORGERIES)
def test_a_forged_permit_is_refused_at_every_edge_and_recorded(
    house: House, asked_by: Callable[[str], httpx.Client], why: str
) -> None:
    forged = FORGERIES[why](house)
    answer = asked_by("sam").post("/permits/verify", json={"jws": forged})
    assert answer.status_code in (400, 422), answer.text
    assert list(house.hub.log.records())[-1][1].kind is RecordKind.PERMIT_DOCUMENT_REFUSED
    assert "attacker" not in answer.text
    with pytest.raises(DataspaceError):
        accept(house, forged)
    assert house.site.guard.handle(message(forged)).refused == "permit.invalid"
    last = list(house.site.log.records())[-1][1]
    assert (last.kind, last.facts["refused"]) == (RecordKind.SITE_REPLY, "permit.invalid")
