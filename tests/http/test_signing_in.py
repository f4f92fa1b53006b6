"""A token is renewed over HTTP while it holds."""

from collections.abc import Callable

import httpx

from dataspace.bootstrap import HubServices


def test_who_shows_a_token_gets_the_next(hub: HubServices, asked_by: Callable[[str], httpx.Client]) -> None:
    said = asked_by("ana").post("/token")
    assert said.status_code == 200
    assert said.json()["seconds"] == hub.token_seconds
    assert hub.tokens.principal(said.json()["token"]).id == "ana"


def test_who_shows_none_gets_none(asked_by: Callable[[str], httpx.Client]) -> None:
    assert asked_by("").post("/token").status_code == 401
