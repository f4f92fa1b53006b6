"""What travels to a hub, and what becomes of its errors."""

from collections.abc import Callable

import httpx
import pytest

from dataspace.client.wire import Wire, checked_url
from dataspace.errors import (
    BudgetExceeded,
    Conflict,
    DataspaceError,
    InvalidRequest,
    NotAuthenticated,
    RequestError,
    SetupError,
    SourceError,
)


def wire(handle: Callable[[httpx.Request], httpx.Response]) -> Wire:
    client = httpx.Client(base_url="http://localhost", transport=httpx.MockTransport(handle))
    return Wire(client, lambda: "secret", "http://localhost")


def answering(status: int, **document: object) -> Wire:
    return wire(lambda _: httpx.Response(status, json=document))


def test_the_token_travels_as_a_bearer() -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={})

    wire(handle).get("/datasets", text="stays", kind=None)
    assert seen[0].headers["authorization"] == "Bearer secret"
    assert str(seen[0].url) == "http://localhost/datasets?text=stays"


@pytest.mark.parametrize(
    "url", ["http://hub.example", "ftp://localhost", "hub.example", "http://127.0.0.1.example"]
)
def test_a_token_does_not_travel_in_the_clear(url: str) -> None:
    with pytest.raises(InvalidRequest, match="https"):
        checked_url(url)


@pytest.mark.parametrize(
    "url", ["https://hub.example", "http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8"]
)
def test_https_and_this_machine_are_fine(url: str) -> None:
    assert checked_url(url + "/") == url


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (409, "request.conflict", Conflict),
        (401, "request.unauthenticated", NotAuthenticated),
        (400, "request.of-a-newer-hub", RequestError),
        (500, "internal", SetupError),
        (503, "source.of-a-newer-hub", SourceError),
    ],
)
def test_an_error_there_is_raised_here(status: int, code: str, kind: type[DataspaceError]) -> None:
    with pytest.raises(kind, match=r"It is so\. Do this\.") as raised:
        answering(status, code=code, detail="It is so.", hint="Do this.").get("/x")
    assert raised.value.hint == "Do this."


def test_a_spent_budget_keeps_its_numbers() -> None:
    with pytest.raises(BudgetExceeded) as raised:
        answering(403, code="request.budget", asked=0.5, left=0.25, limited_by="permit").get("/x")
    assert (raised.value.asked, raised.value.left, raised.value.limited_by) == (0.5, 0.25, "permit")


@pytest.mark.parametrize("decision", [{}, {"reasons": "nonsense"}, {"reasons": [], "later": 1}])
def test_a_decision_that_this_client_cannot_read_still_refuses(decision: object) -> None:
    with pytest.raises(RequestError, match="denied"):
        answering(403, code="request.denied", detail="denied", dataset="x", decision=decision).get("/x")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]"])
def test_an_error_that_is_no_problem_document_is_still_an_error(body: bytes) -> None:
    with pytest.raises(DataspaceError):
        wire(lambda _: httpx.Response(502, content=body)).get("/x")


def test_a_page_that_is_no_hub_is_named() -> None:
    with pytest.raises(SourceError, match="not a hub"):
        wire(lambda _: httpx.Response(200, content=b"<html>")).get("/x")


def test_a_redirect_is_not_followed_with_a_token() -> None:
    moved = wire(lambda _: httpx.Response(307, headers={"location": "https://elsewhere.example"}))
    with pytest.raises(DataspaceError):
        moved.get("/x")


def test_a_hub_that_is_away_is_one_sentence() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[Errno 111] Connection refused", request=request)

    with pytest.raises(SourceError, match=r"cannot be reached\. Is it running\?") as raised:
        wire(away).get("/x")
    assert "111" not in str(raised.value)


def test_a_certificate_that_is_not_trusted_says_how_to_trust_it() -> None:
    def untrusted(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] unable to get issuer", request=request)

    with pytest.raises(SourceError, match="ca="):
        wire(untrusted).get("/x")


def test_each_code_belongs_to_one_class_and_comes_back_as_it() -> None:
    from importlib import import_module

    from dataspace.client.problems import _descendants, error_of

    import_module("dataspace.http.app")  # the other side's classes are there too, as in an embedded hub
    stated = [kind for kind in _descendants(DataspaceError) if "code" in vars(kind)]
    assert len({kind.code for kind in stated}) == len(stated)
    for kind in stated:
        found = error_of(kind.status, {"code": kind.code, "detail": "It is so."})
        assert type(found) is kind
    plain = error_of(400, {"code": "request.invalid", "detail": "It is so."})
    assert type(plain).__name__ == "InvalidRequest"


def test_a_hub_that_hangs_up_on_http_is_asked_over_https() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        raise httpx.RemoteProtocolError("no response", request=request)

    with pytest.raises(SourceError, match=r"hangs up on http\. Use https"):
        wire(handle).get("/datasets")
