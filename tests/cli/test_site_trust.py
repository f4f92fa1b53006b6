"""`dataspace site trust`, and a permit of a pinned issuer countersigned, used and withdrawn, as it is typed."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dataspace.adapters.clock import UtcClock
from dataspace.adapters.jose import JosePermitSeal
from dataspace.adapters.memory import MemorySigner
from dataspace.bootstrap import build_site
from dataspace.cli.main import main
from dataspace.errors import SourceError
from dataspace.model.datasets import Dataset, VersionRef
from dataspace.model.limits import SiteLimits
from dataspace.model.names import DatasetName, PermitId
from dataspace.model.permits import DatasetGrant
from dataspace.model.records import RecordKind
from dataspace.settings import Pinned, SiteSettings
from dataspace.site.issuers import local_number
from dataspace.site.will import FileWill, document_digest
from dataspace.testing.examples import example_permit
from tests.http.test_forged_permits import message

HUB, BODY = MemorySigner(), MemorySigner(b"\x07" * 32)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "site"
    place.mkdir(mode=0o700)
    pinned = Pinned("hospital-a", "https://hub.invalid", "", "", "", "hub", HUB.public_key(), "", 0)
    SiteSettings(place, pinned, SiteLimits()).write()
    return place


def keys(home: Path, signer: MemorySigner = BODY) -> str:
    x = base64.urlsafe_b64encode(signer.public_key()).rstrip(b"=").decode()
    file = home.parent / "keys.json"
    file.write_text(json.dumps({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x}]}))
    return str(file)


def test_a_permit_of_a_pinned_issuer_can_be_countersigned_and_without_its_list_is_refused_as_stale(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_hub(_: str) -> str:
        raise SourceError("The hub cannot be reached.", "It is not asked about permits of others.")

    where = ["--home", str(home)]
    assert main(["site", "trust", "body", "--jwks", keys(home), *where]) == 0
    assert "cannot be told" in capsys.readouterr().out
    assert main(["site", "issuers", *where]) == 0
    assert "body · " in capsys.readouterr().out
    now = datetime.now(UTC).replace(microsecond=0)
    stays = DatasetName("stays")
    permit = replace(
        example_permit(issuer="body"),
        id=PermitId("P-1"),
        sites=frozenset(),
        datasets=(DatasetGrant(stays),),
        not_before=now,
        expires=now + timedelta(days=9),
    )
    jws = JosePermitSeal(BODY, "body", {}, UtcClock()).sign(permit)
    (home.parent / "P-1.jws").write_text(jws)
    settings = SiteSettings.from_environment({}, home)
    site = build_site(settings, no_hub)
    site.catalog.put(Dataset(stays, "", "", (), None, VersionRef(stays, "0" * 64)))
    site.close()
    assert main(["site", "accept", "P-1", "--file", str(home.parent / "P-1.jws"), "--yes", *where]) == 0
    will, number = FileWill(home), local_number(permit.id, "body")
    assert will.accepted(number, document_digest(jws))
    assert not will.accepted(permit.id, document_digest(jws)), "the hub's own P-1 is another permit"
    site = build_site(settings, no_hub)
    site.will.approve("a" * 64)
    asked = message(jws)
    who = {**asked.document["principal"], "id": min(permit.persons)}
    refused = site.guard.handle(replace(asked, document={**asked.document, "principal": who}))
    kinds = [record.kind for _, record in site.log.records()]
    site.close()
    assert refused.refused == "permit.status-stale", refused
    assert RecordKind.ISSUER_PINNED in kinds
    assert main(["site", "withdraw", "P-1", "--issuer", "body", *where]) == 0
    assert not FileWill(home).accepted(number, document_digest(jws))


def test_a_key_that_is_not_one_and_the_hubs_own_name_are_refused(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--home", str(home)]
    assert main(["site", "trust", "hub", "--jwks", keys(home), *where]) != 0
    assert main(["site", "trust", "body", *where]) != 0
    (home.parent / "no.pem").write_text("no key")
    assert main(["site", "trust", "body", "--key", str(home.parent / "no.pem"), *where]) != 0
    assert "not one Ed25519 public key" in capsys.readouterr().err
    assert SiteSettings.from_environment({}, home).issuers == ()
