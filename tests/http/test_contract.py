"""The HTTP contract: who may ask what, how errors travel, and what is never told."""

import json
import logging
from collections.abc import Callable

import httpx
import pytest
from fastapi import FastAPI

from dataspace.bootstrap import HubServices
from dataspace.http import problems
from dataspace.http.app import create_app
from dataspace.http.bodies import LARGEST_BODY
from dataspace.http.inprocess import InProcessTransport
from dataspace.transparency.notes import parse_verifier_key

Asked = Callable[[str], httpx.Client]
PUBLIC = {
    ("GET", "/health"),
    ("GET", "/log/checkpoint"),
    ("GET", "/log/key"),
    ("GET", "/permits/status"),
    ("GET", "/dictionaries/{name}"),
    ("GET", "/.well-known/jwks.json"),
    ("POST", "/sites/join"),
    ("POST", "/sites/{name}/token"),
}


def every_path(hub: HubServices) -> list[tuple[str, str]]:
    paths = create_app(hub).openapi()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


def test_every_path_that_is_not_public_wants_a_token(hub: HubServices, asked_by: Asked) -> None:
    paths = every_path(hub)
    assert set(paths) >= PUBLIC
    for method, path in paths:
        url = path.replace("{index}", "0").replace("{intent}", "0")
        response = asked_by("").request(method, url, params={"filename": "x.csv", "said": "{}"})
        expected = (method, path) in PUBLIC
        assert (response.status_code != 401) is expected or path.endswith("/token"), (method, path)
        if not expected:
            assert response.json()["code"] == "request.unauthenticated"
            assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer nonsense", "Basic c2FtOnNhbQ==", "bearer a.b.c"]
)
def test_a_token_that_does_not_hold_is_refused(asked_by: Asked, header: str) -> None:
    response = asked_by("").get("/datasets", headers={"Authorization": header})
    assert response.status_code == 401
    assert response.headers["content-type"] == problems.MEDIA


def test_health_says_which_hub_and_what_time(asked_by: Asked) -> None:
    said = asked_by("").get("/health").json()
    assert said["hub"] == "hub"
    assert said["now"].endswith("+00:00")


def test_a_path_that_is_not_there_is_a_problem_document(asked_by: Asked) -> None:
    response = asked_by("sam").get("/nothing")
    assert (response.status_code, response.headers["content-type"]) == (404, problems.MEDIA)
    assert response.json()["code"] == "request.invalid"
    assert asked_by("sam").put("/datasets").status_code == 405


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "not JSON"),
        (b"[]", r"\$: expected an object"),
        (b"{}", "'sql' is missing"),
        (b'{"sql": 3}', r"\$\.sql: expected str"),
        (b'{"sql": "x", "sudo": true}', "unknown field 'sudo'"),
        (b'{"sql": "x", "epsilon": NaN}', "not JSON"),
        (b'{"sql": "x", "kind": "everything"}', r"\$\.kind"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_body_that_does_not_fit_is_named_by_its_path(asked_by: Asked, body: bytes, told: str) -> None:
    response = asked_by("ana").post("/query", content=body)
    assert response.status_code == 400
    assert pytest.importorskip("re").search(told, response.json()["detail"])


def test_a_value_of_a_body_is_not_repeated_in_its_error(asked_by: Asked) -> None:
    response = asked_by("ana").post("/query", json={"sql": "x", "kind": "123-45-6789"})
    assert "123-45-6789" not in response.text


def test_more_than_a_megabyte_is_not_read(asked_by: Asked) -> None:
    sent: list[int] = []

    def pieces() -> object:
        for _ in range(64):
            sent.append(LARGEST_BODY // 4)
            yield b" " * (LARGEST_BODY // 4)

    response = asked_by("ana").post("/query", content=pieces())  # type: ignore[arg-type]
    assert response.status_code == 413
    assert sum(sent) < 4 * LARGEST_BODY


def test_a_role_that_does_not_cover_the_act_is_told_so(asked_by: Asked) -> None:
    refused = asked_by("ana").post("/policies", content=b"policy: x")
    assert (refused.status_code, refused.json()["code"]) == (403, "request.not-allowed")
    upload = asked_by("ana").post(
        "/datasets", params={"filename": "x.csv", "said": '{"name": "x"}'}, content=b"a\n1\n"
    )
    assert (upload.status_code, upload.json()["code"]) == (403, "request.not-allowed")


def test_what_may_not_be_seen_does_not_exist(asked_by: Asked) -> None:
    for path in ("/datasets/secret", "/permits/P-99", "/ledger/secret"):
        response = asked_by("ana").get(path)
        assert (response.status_code, response.json()["code"]) == (404, "request.unknown"), path


def test_a_receipt_is_for_whom_it_concerns(hub: HubServices, asked_by: Asked) -> None:
    first = asked_by("ana").get("/receipts/0")
    assert (first.status_code, first.json()["code"]) == (403, "request.not-allowed")
    assert asked_by("aud").get("/receipts/0").json()["record"]["kind"] == "log.opened"
    assert asked_by("aud").get("/receipts/999999").status_code == 404
    assert asked_by("aud").get("/receipts/-1").status_code == 404
    assert asked_by("aud").get("/receipts/ten").status_code == 400


def test_the_log_is_public_and_verifies(asked_by: Asked) -> None:
    key = parse_verifier_key(asked_by("").get("/log/key").json()["key"])
    assert key.name == "hub/log"
    assert asked_by("").get("/log/checkpoint").text.startswith("hub/log\n")
    assert asked_by("aud").get("/log/verify").json()["size"] >= 1


def test_the_issuers_key_is_published(hub: HubServices, asked_by: Asked) -> None:
    (key,) = asked_by("").get("/.well-known/jwks.json").json()["keys"]
    assert (key["kty"], key["crv"], key["alg"]) == ("OKP", "Ed25519", "Ed25519")


@pytest.mark.parametrize("nonce", ["", "short", "x" * 129])
def test_a_revocation_list_is_for_a_nonce_of_some_length(asked_by: Asked, nonce: str) -> None:
    assert asked_by("").get("/permits/status", params={"nonce": nonce}).status_code == 400


def test_what_nobody_foresaw_tells_nothing_and_is_logged(
    hub: HubServices, caplog: pytest.LogCaptureFixture
) -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/broken")
    def broken() -> None:
        raise KeyError("patient 4711")

    with (
        caplog.at_level(logging.ERROR, "dataspace.http"),
        httpx.Client(base_url="http://hub.invalid", transport=InProcessTransport(app)) as client,
    ):
        response = client.get("/broken")
    assert response.status_code == 500
    assert json.loads(response.content)["code"] == "internal"
    assert "4711" not in response.text
    assert any(record.exc_info for record in caplog.records)
