"""The client renews its token in silence, and never asks in vain again and again."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from dataspace.adapters.clock import UtcClock
from dataspace.adapters.jose import JoseTokens
from dataspace.adapters.keys import FileSigner
from dataspace.client import bearer
from dataspace.client.bearer import Bearer
from dataspace.model.names import PrincipalId
from dataspace.model.principals import Principal

ANA = Principal(PrincipalId("ana"), "Ana", frozenset())


class Time:
    """Both clocks of the client, moved by hand."""

    def __init__(self, now: float) -> None:
        self._start = self.now = now

    def time(self) -> float:
        """Of the wall."""
        return self.now

    def monotonic(self) -> float:
        """Since some moment."""
        return self.now - self._start


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Iterator[Time]:
    """It stands still."""
    moved = Time(UtcClock().now().timestamp())
    monkeypatch.setattr(bearer, "time", moved)
    yield moved


@pytest.fixture
def token(tmp_path: Path) -> str:
    """One that holds for an hour."""
    return JoseTokens(FileSigner(tmp_path, "issuer"), "hub", "hub", UtcClock()).issue(ANA, 3600)


def client(answers: Callable[[], httpx.Response], asked: list[str]) -> httpx.Client:
    """A hub that gives these answers, and what it was asked with."""

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["Authorization"].removeprefix("Bearer "))
        return answers()

    return httpx.Client(base_url="https://hub.example", transport=httpx.MockTransport(handle))


def test_a_token_is_renewed_once_half_its_life_is_gone(token: str, time: Time) -> None:
    asked: list[str] = []
    bearer = Bearer(
        client(lambda: httpx.Response(200, json={"token": "next", "seconds": 3600.0}), asked), token
    )
    assert (bearer(), asked) == (token, [])
    time.now += 1900
    assert (bearer(), bearer(), asked) == ("next", "next", [token])
    time.now += 1900
    bearer()
    assert asked == [token, "next"]


def test_a_hub_that_is_away_is_asked_again_later_and_the_token_at_hand_is_used(
    token: str, time: Time
) -> None:
    def away() -> httpx.Response:
        raise httpx.ConnectError("away")

    asked: list[str] = []
    bearer = Bearer(client(away, asked), token)
    time.now += 1900
    assert [bearer() for _ in range(5)] == [token] * 5
    assert len(asked) == 1
    time.now += 31
    bearer()
    assert len(asked) == 2


@pytest.mark.parametrize("status", [401, 404])
def test_a_hub_that_does_not_renew_is_not_asked_again(token: str, time: Time, status: int) -> None:
    asked: list[str] = []
    bearer = Bearer(client(lambda: httpx.Response(status), asked), token)
    time.now += 3500
    assert bearer() == token
    time.now += 3500
    bearer()
    assert len(asked) == 1


@pytest.mark.parametrize("reply", [b"no JSON", b"[]", b'{"token": "x"}'])
def test_a_strange_answer_changes_nothing(token: str, time: Time, reply: bytes) -> None:
    bearer = Bearer(client(lambda: httpx.Response(200, content=reply), []), token)
    time.now += 1900
    assert bearer() == token


@pytest.mark.parametrize("strange", ["", "opaque", "a.b.c", "a.e30.c"])
def test_a_token_of_another_form_is_used_as_it_is(strange: str, time: Time) -> None:
    asked: list[str] = []
    bearer = Bearer(client(lambda: httpx.Response(500), asked), strange)
    time.now += 1e9
    assert (bearer(), asked) == (strange, [])


def test_no_repr_shows_a_token(token: str, time: Time) -> None:
    assert token not in repr(Bearer(client(lambda: httpx.Response(500), []), token))
