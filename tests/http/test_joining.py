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
from dataspace.model.codec import from_json, to_json
from dataspace.model.datasets import Dataset, VersionRef
from dataspace.model.names import DatasetName, SiteName
from dataspace.model.records import RecordKind, VerifierKey
from dataspace.service.join_requests import JoinRequest, fingerprint_of, join_message, token_message
from dataspace.transparency.notes import format_verifier_key

Asked = Callable[[str], httpx.Client]
PEM = "-----BEGIN PUBLIC KEY-----\n"


def invited(asked_by: Asked, name: str, at_once: bool = True) -> str:
    return str(
        asked_by("sam").post("/sites/invite", json={"site": name, "at_once": at_once}).json()["secret"]
    )


def joining(name: str, secret: str, signer: MemorySigner, **other: Any) -> Any:
    proof = signer.sign(join_message(SiteName(name), secret))
    log_key = format_verifier_key(VerifierKey(f"{name}/log", signer.public_key()))
    request = JoinRequest(name, secret, PEM, signer.public_key(), proof, log_key)
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


def test_a_request_waits_until_its_fingerprint_was_read_aloud(hub: HubServices, asked_by: Asked) -> None:
    signer = MemorySigner()
    body = joining("plant-5", invited(asked_by, "plant-5", at_once=False), signer)
    asked = asked_by("").post("/sites/join", json=body)
    assert asked.status_code == 202
    aloud = asked.json()["fingerprint"]
    assert token(asked_by, "plant-5", signer, hub.clock.now()).status_code == 404
    (waiting,) = [r for r in asked_by("sam").get("/sites/requests").json() if r["site"] == "plant-5"]
    assert (waiting["fingerprint"], waiting["replaces"]) == (aloud, False)
    assert asked_by("ana").get("/sites/requests").status_code == 403
    assert asked_by("ana").post("/sites/plant-5/admit", json={"fingerprint": aloud}).status_code == 403
    wrong = asked_by("sam").post("/sites/plant-5/admit", json={"fingerprint": "0000-0000-0000-0000"})
    assert (wrong.status_code, "read aloud again" in wrong.json()["hint"]) == (409, True)
    assert asked_by("").post("/sites/join", json=body).status_code == 202
    spoken = aloud.replace("-", " ")
    assert asked_by("sam").post("/sites/plant-5/admit", json={"fingerprint": spoken}).status_code == 200
    assert asked_by("").post("/sites/join", json=body).json()["superlink"] == "hub.example:9092"
    assert token(asked_by, "plant-5", signer, hub.clock.now()).status_code == 201
    kinds = [r.kind for _, r in hub.log.records() if r.facts.get("site") == "plant-5"]
    assert kinds == [RecordKind.SITE_INVITED, RecordKind.SITE_ASKED, RecordKind.SITE_JOINED]


def test_whoever_uses_the_invitation_with_keys_of_their_own_has_another_fingerprint(asked_by: Asked) -> None:
    secret = invited(asked_by, "plant-6", at_once=False)
    stolen = asked_by("").post("/sites/join", json=joining("plant-6", secret, MemorySigner()))
    assert stolen.status_code == 202
    own = joining("plant-6", secret, MemorySigner())
    assert asked_by("").post("/sites/join", json=own).status_code == 401
    aloud = fingerprint_of(from_json(JoinRequest, own))
    assert aloud != stolen.json()["fingerprint"]
    assert asked_by("sam").post("/sites/plant-6/admit", json={"fingerprint": aloud}).status_code == 409
    turned_down = asked_by("sam").post("/sites/plant-6/expel", json={"because": "Not the hospital's keys."})
    assert turned_down.json()["waiting"] is False


def test_an_invitation_that_admits_at_once_cannot_be_made_of_one_that_does_not(asked_by: Asked) -> None:
    secret = invited(asked_by, "plant-7", at_once=False)
    body = joining("plant-7", f"at-once.{secret}", MemorySigner())
    assert asked_by("").post("/sites/join", json=body).status_code == 401


def test_a_site_that_is_expelled_is_refused_at_once_and_no_other_is_disturbed(
    hub: HubServices, asked_by: Asked
) -> None:
    signers = {name: MemorySigner() for name in ("plant-8", "plant-9")}
    for name, signer in signers.items():
        pem = {"node_public_key": f"{PEM}{name}"}
        asked_by("").post("/sites/join", json=joining(name, invited(asked_by, name), signer, **pem))
    now = hub.clock.now()
    bearer = token(asked_by, "plant-8", signers["plant-8"], now).json()["token"]
    assert asked_by("sam").post("/sites/plant-8/expel", json={"because": " "}).status_code == 400
    assert asked_by("ana").post("/sites/plant-8/expel", json={"because": "x"}).status_code == 403
    ended = asked_by("sam").post("/sites/plant-8/expel", json={"because": "The contract is over."}).json()
    assert (ended["joined"], ended["because"]) == (None, "The contract is over.")
    assert token(asked_by, "plant-8", signers["plant-8"], now).status_code == 404
    headers = {"Authorization": f"Bearer {bearer}"}
    offer = asked_by("").post("/sites/plant-8/datasets", json={"datasets": []}, headers=headers)
    assert offer.status_code == 404
    registered: dict[SiteName, bytes] = hub.joining.nodes.registered  # type: ignore[union-attr]
    assert SiteName("plant-8") not in registered
    assert SiteName("plant-9") in registered
    assert token(asked_by, "plant-9", signers["plant-9"], now).status_code == 201
    assert asked_by("sam").post("/sites/plant-8/expel", json={"because": "twice"}).status_code == 409
    record = [r for _, r in hub.log.records() if r.kind is RecordKind.SITE_EXPELLED][-1]
    assert (record.facts["site"], record.facts["because"]) == ("plant-8", "The contract is over.")


def test_a_site_leaves_by_its_own_word_and_by_no_other(hub: HubServices, asked_by: Asked) -> None:
    signers = {name: MemorySigner() for name in ("plant-10", "plant-11")}
    bearers = {}
    for name, signer in signers.items():
        asked_by("").post("/sites/join", json=joining(name, invited(asked_by, name), signer))
        bearers[name] = token(asked_by, name, signer, hub.clock.now()).json()["token"]
    other = {"Authorization": f"Bearer {bearers['plant-11']}"}
    assert asked_by("").post("/sites/plant-10/leave", json={}, headers=other).status_code == 403
    own = {"Authorization": f"Bearer {bearers['plant-10']}"}
    assert asked_by("").post("/sites/plant-10/leave", json={}, headers=own).status_code == 200
    assert token(asked_by, "plant-10", signers["plant-10"], hub.clock.now()).status_code == 404
    again = joining("plant-10", invited(asked_by, "plant-10"), signers["plant-10"])
    assert asked_by("").post("/sites/join", json=again).status_code == 201


@pytest.mark.parametrize("log_key", ["", "plant-12/log", "other/log+00+00"])
def test_the_key_of_a_sites_log_is_one_and_its_own(asked_by: Asked, log_key: str) -> None:
    body = joining("plant-12", invited(asked_by, "plant-12"), MemorySigner(), log_key=log_key)
    assert asked_by("").post("/sites/join", json=body).status_code == 400


def test_only_the_site_itself_is_told_whether_a_run_goes_on_and_an_unknown_one_does_not(
    hub: HubServices, asked_by: Asked
) -> None:
    signers = {name: MemorySigner() for name in ("plant-13", "plant-14")}
    bearers = {}
    for name, signer in signers.items():
        asked_by("").post("/sites/join", json=joining(name, invited(asked_by, name), signer))
        said = token(asked_by, name, signer, hub.clock.now()).json()["token"]
        bearers[name] = {"Authorization": f"Bearer {said}"}
    own = asked_by("").get("/sites/plant-13/runs/R-1", headers=bearers["plant-13"])
    assert (own.status_code, own.json()) == (200, {"goes_on": False})
    assert asked_by("").get("/sites/plant-13/runs/R-1", headers=bearers["plant-14"]).status_code == 403
    assert asked_by("sam").get("/sites/plant-13/runs/R-1").status_code == 403
    assert asked_by("").get("/sites/plant-13/runs/R-1").status_code == 401


def test_a_site_that_joins_anew_is_known_by_its_new_key_alone(hub: HubServices, asked_by: Asked) -> None:
    old, new = MemorySigner(), MemorySigner()
    asked_by("").post("/sites/join", json=joining("plant-15", invited(asked_by, "plant-15"), old))
    assert token(asked_by, "plant-15", old, hub.clock.now()).status_code == 201
    again = joining("plant-15", invited(asked_by, "plant-15"), new)
    assert asked_by("").post("/sites/join", json=again).status_code == 201
    assert token(asked_by, "plant-15", old, hub.clock.now()).status_code == 401
    assert token(asked_by, "plant-15", new, hub.clock.now()).status_code == 201
    day = hub.clock.now() + timedelta(days=1)
    off = token(asked_by, "plant-15", new, day)
    assert off.status_code == 401
    assert "clocks" in off.json()["detail"]
