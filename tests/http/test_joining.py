"""A site joins over HTTP: once, by its invitation, with keys that it can show to be its own."""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from dataspace.adapters.memory import MemorySigner
from dataspace.bootstrap import HubServices
from dataspace.model.codec import to_json
from dataspace.model.datasets import Dataset, VersionRef
from dataspace.model.names import DatasetName, SiteName
from dataspace.model.records import RecordKind
from dataspace.service.joining import JoinRequest, join_message, token_message

Asked = Callable[[str], httpx.Client]
PEM = "-----BEGIN PUBLIC KEY-----\n"


def invited(asked_by: Asked, name: str) -> str:
    return str(asked_by("sam").post("/sites/invite", json={"site": name}).json()["secret"])


def joining(name: str, secret: str, signer: MemorySigner, **other: Any) -> Any:
    proof = signer.sign(join_message(SiteName(name), secret))
    request = JoinRequest(name, secret, PEM, signer.public_key(), proof, f"{name}/log+00+00")
    return {**to_json(request), **other}


def token(asked_by: Asked, name: str, signer: MemorySigner, at: datetime) -> httpx.Response:
    signature = base64.b64encode(signer.sign(token_message(SiteName(name), at))).decode()
    return asked_by("").post(f"/sites/{name}/token", json={"at": at.isoformat(), "signature": signature})


def test_an_invited_site_joins_and_learns_what_to_pin(hub: HubServices, asked_by: Asked) -> None:
    signer = MemorySigner()
    body = joining("hospital-a", invited(asked_by, "hospital-a"), signer)
    welcome = asked_by("").post("/sites/join", json=body)
    assert welcome.status_code == 201
    said = welcome.json()
    assert said["superlink"] == "hub.example:9092"
    assert base64.b64decode(said["issuer_key"]) == hub.issuer_key
    assert said["log_key"] == hub.log.verifier_key()
    assert [r.kind for _, r in hub.log.records()][-1] is RecordKind.SITE_JOINED
    states = {site["name"]: site for site in asked_by("ana").get("/sites").json()}
    assert states["hospital-a"]["online"] is False


def test_an_invitation_holds_once(asked_by: Asked) -> None:
    secret = invited(asked_by, "hospital-b")
    assert (
        asked_by("").post("/sites/join", json=joining("hospital-b", secret, MemorySigner())).status_code
        == 201
    )
    again = asked_by("").post("/sites/join", json=joining("hospital-b", secret, MemorySigner()))
    assert (again.status_code, again.json()["code"]) == (401, "request.unauthenticated")


@pytest.mark.parametrize("secret", ["", "guessed", "x" * 43])
def test_a_guess_does_not_join_and_does_not_use_the_invitation_up(asked_by: Asked, secret: str) -> None:
    good = invited(asked_by, "hospital-c")
    assert (
        asked_by("").post("/sites/join", json=joining("hospital-c", secret, MemorySigner())).status_code
        == 401
    )
    assert (
        asked_by("").post("/sites/join", json=joining("hospital-c", good, MemorySigner())).status_code == 201
    )


def test_an_invitation_is_for_one_name(asked_by: Asked) -> None:
    secret = invited(asked_by, "hospital-d")
    assert (
        asked_by("").post("/sites/join", json=joining("hospital-e", secret, MemorySigner())).status_code
        == 401
    )


def test_a_key_that_is_not_the_sites_own_does_not_join(asked_by: Asked) -> None:
    secret = invited(asked_by, "hospital-f")
    theirs = base64.b64encode(MemorySigner().public_key()).decode()
    body = joining("hospital-f", secret, MemorySigner(), signing_key=theirs)
    assert asked_by("").post("/sites/join", json=body).status_code == 401


@pytest.mark.parametrize("name", ["hub", "Hospital", "a/../b", ""])
def test_a_name_has_a_grammar_and_is_not_the_hubs(asked_by: Asked, name: str) -> None:
    assert asked_by("sam").post("/sites/invite", json={"site": name}).status_code == 400


def test_only_stewards_invite(asked_by: Asked) -> None:
    assert asked_by("ana").post("/sites/invite", json={"site": "hospital-x"}).status_code == 403


def test_a_site_is_given_a_token_for_its_signature_and_speaks_for_itself_alone(
    hub: HubServices, asked_by: Asked
) -> None:
    signers = {}
    for name in ("plant-1", "plant-2"):
        signers[name] = MemorySigner()
        asked_by("").post("/sites/join", json=joining(name, invited(asked_by, name), signers[name]))
    now = hub.clock.now()
    bearer = token(asked_by, "plant-1", signers["plant-1"], now).json()["token"]
    headers = {"Authorization": f"Bearer {bearer}"}
    nothing: dict[str, Any] = {"datasets": []}
    assert asked_by("").post("/sites/plant-1/datasets", json=nothing, headers=headers).status_code == 200
    other = asked_by("").post("/sites/plant-2/datasets", json=nothing, headers=headers)
    assert (other.status_code, other.json()["code"]) == (403, "request.not-allowed")
    unknown = asked_by("").post("/sites/plant-1/datasets", json={"datasets": ["nothing"]}, headers=headers)
    assert unknown.status_code == 404
    assert asked_by("").get("/log/verify", headers=headers).status_code == 200
    assert asked_by("").post("/policies", content=b"x", headers=headers).status_code == 403


def test_a_site_offers_what_the_hub_described_for_the_sites_and_nothing_else(
    hub: HubServices, asked_by: Asked
) -> None:
    signer = MemorySigner()
    asked_by("").post("/sites/join", json=joining("plant-4", invited(asked_by, "plant-4"), signer))
    bearer = token(asked_by, "plant-4", signer, hub.clock.now()).json()["token"]
    headers = {"Authorization": f"Bearer {bearer}"}
    ref = VersionRef(DatasetName("own"), "a" * 64)
    catalog = hub.joining.catalog
    catalog.put(Dataset(DatasetName("own"), "", "", (), None, ref, published=True))
    catalog.put(Dataset(DatasetName("kept"), "", "", (), None, replace(ref, dataset=DatasetName("kept"))))
    catalog.put(Dataset(DatasetName("shared"), "", "", (), None, None, published=True))

    def offered(name: str) -> httpx.Response:
        return asked_by("").post("/sites/plant-4/datasets", json={"datasets": [name]}, headers=headers)

    assert offered("own").status_code == 409
    assert "the hub holds its rows itself" in offered("own").json()["detail"]
    # A draft is told apart from nothing by no word.
    for name in ("kept", "nothing"):
        refused = offered(name)
        assert refused.status_code == 404
        assert f"No federated dataset named '{name}'" in refused.json()["detail"]
        assert "dataspace dataset federated" in refused.json()["hint"]
    assert offered("shared").json()["datasets"] == ["shared"]
    unseen = asked_by("").get("/permits/P-77", headers=headers)
    assert (unseen.status_code, "this site offers" in unseen.json()["hint"]) == (404, True)


def test_a_signature_is_of_this_hour_and_by_this_site(hub: HubServices, asked_by: Asked) -> None:
    signer = MemorySigner()
    asked_by("").post("/sites/join", json=joining("plant-3", invited(asked_by, "plant-3"), signer))
    now = datetime.now(UTC)
    assert token(asked_by, "plant-3", signer, now - timedelta(minutes=6)).status_code == 401
    assert token(asked_by, "plant-3", MemorySigner(), now).status_code == 401
    assert token(asked_by, "plant-9", signer, now).status_code == 404
    assert token(asked_by, "plant-3", signer, now).status_code == 201
