"""Settings: the home's own file, then the environment; a secret is never shown."""

import json
from pathlib import Path

import pytest

from dataspace.errors import SetupError
from dataspace.model.limits import Acceptance, SiteLimits
from dataspace.settings import ClientSettings, HubSettings, Pinned, Secret, SiteSettings, home_of

PINNED = Pinned(
    "hospital-a", "https://hub.example", "", "hub.example:9092", "PEM", "hub", bytes(32), "hub/log+0+0", 3
)


def test_a_secret_is_never_shown() -> None:
    secret = Secret("s3cret")
    assert "s3cret" not in f"{secret} {secret!r} {[secret]} {ClientSettings('', secret, '')}"
    assert secret.reveal() == "s3cret"
    assert secret
    assert not Secret("")


def test_a_hub_keeps_its_settings_and_the_environment_wins(tmp_path: Path) -> None:
    HubSettings(tmp_path, name="hub.example", names=("hub.example",), port=9000).write()
    kept = HubSettings.from_environment({"DATASPACE_HOME": str(tmp_path)})
    assert (kept.name, kept.names, kept.port) == ("hub.example", ("hub.example",), 9000)
    environ = {"DATASPACE_PORT": "1234", "DATASPACE_NAMES": "a.example, 10.0.0.1", "DATASPACE_CUT_MB": "64"}
    changed = HubSettings.from_environment(environ, tmp_path)
    assert (changed.port, changed.names, changed.cut_mb) == (1234, ("a.example", "10.0.0.1"), 64)
    assert changed.name == "hub.example"


@pytest.mark.parametrize("port", ["-1", "8.5", "eight", "٨"])
def test_a_number_is_a_number(tmp_path: Path, port: str) -> None:
    HubSettings(tmp_path).write()
    with pytest.raises(SetupError, match="DATASPACE_PORT is not a whole number"):
        HubSettings.from_environment({"DATASPACE_PORT": port}, tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"policy": "allow everything"}'])
def test_a_file_that_cannot_be_understood_is_not_ignored(tmp_path: Path, text: str) -> None:
    (tmp_path / "hub.json").write_text(text)
    with pytest.raises(SetupError, match=r"hub\.json"):
        HubSettings.from_environment({}, tmp_path)


def test_a_site_keeps_what_it_pinned(tmp_path: Path) -> None:
    SiteSettings(tmp_path, PINNED, SiteLimits(acceptance=Acceptance.BY_POLICY)).write()
    kept = SiteSettings.from_environment({}, tmp_path)
    assert kept.pinned == PINNED
    assert kept.limits.acceptance is Acceptance.BY_POLICY


def test_a_site_without_its_pins_does_not_start(tmp_path: Path) -> None:
    SiteSettings(tmp_path, PINNED, SiteLimits()).write()
    document = json.loads((tmp_path / "site.json").read_text())
    del document["pinned"]["issuer_key"]
    (tmp_path / "site.json").write_text(json.dumps(document))
    with pytest.raises(SetupError, match="issuer_key"):
        SiteSettings.from_environment({}, tmp_path)


def test_the_folder_is_named_or_stands_under_the_accounts_own(tmp_path: Path) -> None:
    assert home_of({"DATASPACE_HOME": "/somewhere"}, "hub") == Path("/somewhere")
    assert home_of({"XDG_DATA_HOME": str(tmp_path)}, "site") == tmp_path / "dataspace" / "site"
    assert home_of({}, "hub").is_relative_to(Path.home())


def test_a_client_reads_where_its_hub_is() -> None:
    known = ClientSettings.from_environment({"DATASPACE_URL": "https://hub.example", "DATASPACE_TOKEN": "t"})
    assert (known.url, known.token.reveal(), known.ca) == ("https://hub.example", "t", "")
