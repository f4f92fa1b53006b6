"""What a newcomer meets first: a hub without a steward, invitations gone astray, rights of files, plain outcomes."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dataspace.adapters.incoming import InvitationFiles
from dataspace.bootstrap import build_hub, init_hub
from dataspace.cli.logs import _ended
from dataspace.cli.main import main
from dataspace.connecting import create_hub, open_hub
from dataspace.errors import InvalidRequest
from dataspace.model.datasets import Dataset
from dataspace.model.names import HUB, DatasetName, PrincipalId, SiteName
from dataspace.model.principals import Principal, Role
from dataspace.model.records import JSON, Record, RecordKind
from dataspace.settings import HubSettings

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def open_to_others(home: Path) -> list[Path]:
    return [path for path in home.rglob("*") if path.stat().st_mode & 0o077]


def test_a_hub_without_a_steward_says_how_to_add_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = str(tmp_path / "hub")
    assert main(["hub", "init", "--home", home]) == 0
    assert f"dataspace hub add-person sam --role steward --home {home}" in capsys.readouterr().out
    assert main(["hub", "init", "--home", str(tmp_path / "other"), "--steward", "sam"]) == 0
    assert "add-person" not in capsys.readouterr().out


def test_the_help_of_init_names_the_folder_that_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hub", "init", "--help"]) == 0
    assert "~/.local/share/dataspace/hub" in "".join(capsys.readouterr().out.split()).replace("│", "")


def test_what_a_hub_writes_its_owner_alone_reads(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        assert main(["hub", "init", "--home", str(tmp_path / "hub"), "--steward", "sam"]) == 0
        create_hub(tmp_path / "embedded", {"sam": "steward"})
        open_hub(tmp_path / "embedded", "sam").close()
        assert open_to_others(tmp_path / "hub") == []
        assert open_to_others(tmp_path / "embedded") == []
        assert os.umask(0o022) == 0o022, "whoever called gets the rights of new files back as they were"
    finally:
        os.umask(before)


def test_an_invitation_for_another_address_is_found_while_it_is_open(tmp_path: Path) -> None:
    files, site = InvitationFiles(tmp_path), SiteName("hospital-a")
    assert files.elsewhere("https://hub:1", NOW) == {}
    files.put(site, "digest", NOW + timedelta(days=7))
    files.addressed(site, "https://hub:8443")
    assert files.elsewhere("https://hub:8443", NOW) == {}
    assert files.elsewhere("https://hub:1", NOW) == {site: "https://hub:8443"}
    assert files.elsewhere("https://hub:1", NOW + timedelta(days=8)) == {}
    assert files.take(site, "digest", NOW)
    assert files.elsewhere("https://hub:1", NOW) == {}
    assert list((tmp_path / "invitations").iterdir()) == []


def test_a_hub_that_starts_elsewhere_warns_of_open_invitations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataspace.http import serving

    home, invite = ("--home", str(tmp_path / "hub")), str(tmp_path / "invite.json")
    assert main(["hub", "init", *home, "--steward", "sam"]) == 0
    assert main(["hub", "invite", "hospital-a", "--output", invite, *home]) == 0
    address = json.loads(Path(invite).read_text())["hub"]
    for url, warned in ((address, False), ("https://localhost:1", True)):
        said = serving.Address(url, "ca.crt", "")
        monkeypatch.setattr(serving, "serve", lambda settings, told, *_, said=said: told(said))
        capsys.readouterr()
        assert main(["hub", "start", "--port", "0", *home]) == 0
        error = capsys.readouterr().err
        assert (f"hospital-a ({address})" in error, error.count("\n")) == (warned, int(warned))


def test_a_run_over_data_that_no_site_holds_is_not_sent_to_wait(tmp_path: Path) -> None:
    init_hub(HubSettings(tmp_path / "hub"))
    services = build_hub(HubSettings(tmp_path / "hub"))
    ana = Principal(PrincipalId("ana"), "Ana", frozenset({Role.RESEARCHER}))
    services.browsing.catalog.put(Dataset(DatasetName("stays"), "", "", (), None, None, published=True))
    try:
        with pytest.raises(InvalidRequest, match=r"No site holds 'stays'.*dataspace hub sites") as refused:
            services.running.ordering.order(ana, None, DatasetName("stays"), {}, minimum=1)
    finally:
        services.close()
    assert "later" not in str(refused.value)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"outcome": "request.invalid"}, "ended: request.invalid, nothing was delivered"),
        ({"outcome": "abandoned", "rows": 12}, "ended: abandoned, 12 rows were delivered before"),
        ({"outcome": "complete"}, "ended: complete, the answer was delivered"),
        ({}, ""),
    ],
)
def test_how_a_question_ended_is_said_plainly(facts: dict[str, JSON], said: str) -> None:
    assert _ended(Record(RecordKind.QUERY_DELIVERED, NOW, HUB, None, facts)) == said
    assert _ended(Record(RecordKind.QUERY_REFUSED, NOW, HUB, None, facts)) == ""


@pytest.mark.slow
def test_a_hub_that_is_stopped_ends_in_one_sentence(tmp_path: Path) -> None:
    assert main(["hub", "init", "--home", str(tmp_path / "hub"), "--steward", "sam"]) == 0
    start = [sys.executable, "-m", "dataspace.cli", "hub", "start", "--port", "0", "--no-federated"]
    with subprocess.Popen(
        [*start, "--home", str(tmp_path / "hub")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as hub:
        assert hub.stdout is not None and hub.stderr is not None
        while "Ctrl-C ends it." not in hub.stdout.readline():
            assert hub.poll() is None
        hub.send_signal(signal.SIGINT)
        said, complaints = hub.communicate(timeout=60)
    assert said.splitlines()[-1].endswith("has ended.")
    assert complaints == ""
