"""`dataspace app` and `dataspace site approve`, as they are typed: packed, scanned, tried, reviewed, approved."""

import stat
from pathlib import Path

import pytest

from dataspace.adapters.apps.packing import unpacked
from dataspace.adapters.memory import MemorySigner
from dataspace.cli.main import main
from dataspace.model.limits import SiteLimits
from dataspace.model.records import RecordKind
from dataspace.settings import Pinned, SiteSettings, environment
from dataspace.site.own_apps import difference
from dataspace.site.will import FileWill
from tests.adapters.apps.test_packing import FILES, written

HUB = MemorySigner()
CODE = "import numpy as np\ndef train(w, x, y, s):\n    return w\ndef scores(w, x):\n    return np.zeros((len(x), 2))\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "site"
    place.mkdir(mode=0o700)
    pinned = Pinned("hospital-a", "https://hub.invalid", "", "", "", "hub", HUB.public_key(), "", 0)
    SiteSettings(place, pinned, SiteLimits()).write()
    return place


def pack(place: Path, version: str = "1.0", code: str = CODE, key: str = "lab") -> tuple[str, str]:
    """The hash and the archive of an app that was packed on the command line."""
    folder = place / f"app-{version}"
    manifest = FILES["pyproject.toml"].replace('"1.0"', f'"{version}"')
    written(folder, {**FILES, "pyproject.toml": manifest, "ward_net.py": code})
    archive = place / f"{version}-{key}.app"
    said = ["--key", key, "--keys", str(place / "researcher"), "--output", str(archive)]
    assert main(["app", "pack", str(folder), *said]) == 0
    return unpacked(archive.read_bytes()).hash, str(archive)


def test_an_app_is_packed_scanned_and_tried_on_the_researchers_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hash, archive = pack(tmp_path, code="import ctypes\n" + CODE)
    out = capsys.readouterr().out
    assert hash in out
    assert "ward_net.py:1 imports ctypes, which calls into memory and the system" in out
    key = tmp_path / "researcher" / "keys" / "lab.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert main(["app", "scan", archive]) == 0
    assert "imports ctypes" in capsys.readouterr().out
    assert main(["app", "try", archive, "--features", "2"]) == 0
    assert "train: 6 finite numbers" in capsys.readouterr().out
    broken, _ = pack(tmp_path, "1.1", CODE.replace("return w", "return 1 / 0"))
    assert broken != hash
    assert main(["app", "try", str(tmp_path / "app-1.1")]) == 2
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_site_sees_what_changed_before_it_approves_and_both_stand_in_its_log(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, archive = pack(tmp_path)
    where = ["--home", str(home)]
    capsys.readouterr()
    assert main(["site", "approve", first, "--file", archive, *where]) == 2
    told = capsys.readouterr()
    assert "Never approved before. All of it:" in told.out
    assert "Nobody is here to be asked" in told.err
    assert not FileWill(home).approved(first)
    assert main(["site", "approve", first, "--file", archive, "--yes", *where]) == 0
    assert "site limits --foreign-apps" in capsys.readouterr().out
    assert FileWill(home).approved(first)
    second, newer = pack(tmp_path, "1.1", CODE.replace("return w", "return {'a': x}"))
    assert main(["site", "approve", second, "--file", newer, "--yes", *where]) == 0
    out = capsys.readouterr().out
    assert "Since version 1.0:" in out
    assert "-    return w" in out
    assert "+    return {'a': x}" in out
    assert main(["site", "disapprove", first, *where]) == 0
    assert main(["site", "disapprove", first, *where]) == 2
    capsys.readouterr()
    assert main(["site", "apps", *where]) == 0
    out = capsys.readouterr().out
    assert second in out
    assert first not in out
    with_log = SiteSettings.from_environment(environment(), home)
    from dataspace.bootstrap import build_site

    site = build_site(with_log, lambda nonce: "")
    try:
        kinds = [(r.kind, r.facts["app"]) for _, r in site.log.records() if r.kind.value.startswith("app.")]
    finally:
        site.close()
    approved, withdrawn = RecordKind.APP_APPROVED, RecordKind.APP_WITHDRAWN
    assert kinds == [(approved, first), (approved, second), (withdrawn, first)]


def test_a_version_that_another_key_signed_is_not_approved_by_mistake(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, archive = pack(tmp_path)
    where = ["--home", str(home)]
    assert main(["site", "approve", first, "--file", archive, "--yes", *where]) == 0
    second, newer = pack(tmp_path, "1.1", key="stranger")
    assert main(["site", "approve", second, "--file", newer, "--yes", *where]) == 1
    assert "--new-signer" in capsys.readouterr().err
    assert not FileWill(home).approved(second)
    assert main(["site", "approve", second, "--file", newer, "--yes", "--new-signer", *where]) == 0
    assert FileWill(home).approved(second)


def test_another_app_than_the_hash_names_is_not_approved(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, archive = pack(tmp_path)
    second, newer = pack(tmp_path, "1.1")
    capsys.readouterr()
    assert main(["site", "approve", first[:4], "--file", archive, "--yes", "--home", str(home)]) == 2
    assert "64 digits" in capsys.readouterr().err
    assert main(["site", "approve", first, "--file", newer, "--yes", "--home", str(home)]) == 1
    assert "another app than the hash names" in capsys.readouterr().err
    assert not FileWill(home).approved(first)
    assert not FileWill(home).approved(second)


def test_what_a_reviewer_reads_gives_the_terminal_no_orders(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hidden = CODE + "# \x1b[2K\x1b[1A nothing to see \u202e here\n"
    hash, archive = pack(tmp_path, code=hidden)
    capsys.readouterr()
    assert main(["site", "approve", hash, "--file", archive, "--yes", "--home", str(home)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "\\x1b[2K" in out


def test_a_difference_names_files_that_came_and_went(tmp_path: Path) -> None:
    _, archive = pack(tmp_path)
    before = unpacked(Path(archive).read_bytes())
    folder = tmp_path / "app-2.0"
    folder.mkdir()
    (folder / "more.py").write_text("x = 1\n")
    _, newer = pack(tmp_path, "2.0")
    lines = difference(before, unpacked(Path(newer).read_bytes()))
    assert "+++ b/more.py" in lines
    assert "+x = 1" in lines
    assert not [line for line in lines if "LICENSE" in line]
