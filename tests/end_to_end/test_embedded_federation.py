"""A hub with people, and a hub with sites, made in one call each: what a notebook starts from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import dataspace
from dataspace.connecting import EmbeddedFederation
from dataspace.errors import InvalidRequest, SetupError, UnknownName

pytestmark = pytest.mark.slow


@pytest.fixture
def federation(tmp_path: Path) -> Iterator[EmbeddedFederation]:
    made = EmbeddedFederation(tmp_path, {"sven": "steward"}, ["hospital-a", "hospital-b"])
    yield made
    made.close()


def test_a_hub_knows_the_people_it_was_made_with_and_nobody_else(tmp_path: Path) -> None:
    dataspace.create(tmp_path / "hub", {"sven": "steward", "ana": "researcher"})
    with dataspace.open(tmp_path / "hub", "sven") as sven, dataspace.open(tmp_path / "hub", "ana") as ana:
        assert list(sven.policies()) == []
        with pytest.raises(dataspace.DataspaceError, match="Only a steward"):
            ana.publish_policy("policy: mine")
    with pytest.raises(UnknownName):
        dataspace.open(tmp_path / "hub", "eve")


def test_a_hub_is_not_made_over_another(tmp_path: Path) -> None:
    dataspace.create(tmp_path / "hub", {"sven": "steward"})
    with pytest.raises(SetupError, match="already"):
        dataspace.create(tmp_path / "hub", {"eve": "steward"})


def test_a_role_that_is_none_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="steward, researcher"):
        dataspace.create(tmp_path / "hub", {"sven": "king"})
    assert not (tmp_path / "hub").exists()


def test_each_site_pins_the_hub_and_has_a_log_and_keys_of_its_own(federation: EmbeddedFederation) -> None:
    a, b = federation.sites["hospital-a"], federation.sites["hospital-b"]
    assert a.settings.pinned.issuer_key == b.settings.pinned.issuer_key
    assert a.settings.pinned.hub_log_key == federation.hub("sven").log.key
    assert a.log.verifier_key() != b.log.verifier_key()


def test_the_hub_knows_who_holds_what_and_who_is_connected(federation: EmbeddedFederation) -> None:
    federation.offer("hospital-a", ["medpar"])
    states = {site["name"]: site for site in federation.hub("sven").sites()}
    assert states["hospital-a"]["datasets"] == ["medpar"]
    assert states["hospital-a"]["online"]


def test_a_stranger_cannot_ask_the_hub(federation: EmbeddedFederation) -> None:
    with pytest.raises(UnknownName):
        federation.hub("eve")
