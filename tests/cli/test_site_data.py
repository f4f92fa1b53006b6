"""What a site holds, by commands: added from allowed folders only, curated further, withdrawn, erased."""

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dataspace.adapters.memory import MemorySigner
from dataspace.bootstrap import build_site
from dataspace.cli.sites import app
from dataspace.errors import Conflict, DataspaceError, InvalidRequest, SourceUnreadable
from dataspace.model.limits import SiteLimits
from dataspace.model.names import HUB, ColumnName, DatasetName, PrincipalId
from dataspace.model.policies import AnswerKind
from dataspace.model.principals import Principal, Role
from dataspace.service.access_requests import access_request
from dataspace.settings import Pinned, SiteSettings

MARK = "Zebediah-Marker"
pytestmark = pytest.mark.slow


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SiteSettings:
    """A site that has joined a hub which is not there, with one dataset of two columns."""
    monkeypatch.delenv("DATASPACE_ROOTS", raising=False)
    home = tmp_path / "site"
    home.mkdir(mode=0o700)
    key = MemorySigner(b"k" * 32).public_key()
    pinned = Pinned("hospital-a", "https://hub.invalid", "", "", "", "hub", key, "", 0)
    settings = SiteSettings(home, pinned, SiteLimits())
    settings.write()
    data = tmp_path / "data"
    data.mkdir()
    (data / "stays.csv").write_text("los,name\n" + "".join(f"{n % 9},{MARK} {n}\n" for n in range(200)))
    said(settings, "add", str(data / "stays.csv"), "--name", "stays", "--no-offer")
    return settings


def said(settings: SiteSettings, *words: str) -> str:
    done = CliRunner().invoke(app, ["data", *words, "--home", str(settings.home)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def on_disk(settings: SiteSettings) -> list[str]:
    import pyarrow.parquet as pq

    found = []
    for path in settings.home.rglob("*.parquet"):
        found += [str(path)] if MARK in str(pq.read_table(path).to_pydict()) else []
    return found


def test_a_column_is_dropped_and_the_version_that_held_it_erased(site: SiteSettings) -> None:
    assert on_disk(site)
    assert "200 rows, 1 columns" in said(site, "fix", "stays", "--drop", "name")
    assert on_disk(site)
    assert "erased" in said(site, "erase", "stays", "1", "--reason", "Names were left in.", "--yes")
    assert not on_disk(site)
    listed = said(site, "versions", "stays")
    assert "erased" in listed and "Names were left in." in listed


def test_a_site_maps_its_own_columns_and_codes_to_a_dictionary(site: SiteSettings, tmp_path: Path) -> None:
    (tmp_path / "data" / "wards.csv").write_text("Ward,days\nNord,1\nS,2\n")
    (tmp_path / "wards.yaml").write_text(
        "dictionary: wards\nversion: 1\ntitle: Wards\nunit: visit\ncolumns:\n"
        "  - {name: ward, type: text, codes: {n: north, s: south}}\n"
    )
    follows = ("--dictionary", str(tmp_path / "wards.yaml"))
    added = said(site, "add", str(tmp_path / "data" / "wards.csv"), "--name", "wards", *follows, "--no-offer")
    assert "wards@1: 0 of 1 match" in added
    assert "to map it: `dataspace site data check wards --dictionary wards@1" in added
    told = said(site, "check", "wards", *follows, "--codes", "ward=Nord:n", "--apply")
    assert "'Nord' as n" in told and "2 rows, 2 columns" in told


def test_what_a_site_withdrew_is_answered_by_nobody(site: SiteSettings) -> None:
    said(site, "withdraw", "stays", "1", "--reason", "Wrong ward")
    services = build_site(site, lambda _: "")
    try:
        dataset = services.catalog.get(DatasetName("stays"))
        assert dataset is not None
        ana = Principal(PrincipalId("ana"), "Ana", frozenset({Role.RESEARCHER}), "university")
        with pytest.raises(Conflict, match="Wrong ward"):
            access_request(ana, AnswerKind.AGGREGATE, "", dataset, frozenset({ColumnName("los")}), None, HUB)
    finally:
        services.close()


def test_a_version_never_comes_back(site: SiteSettings) -> None:
    said(site, "deprecate", "stays", "1")
    said(site, "withdraw", "stays", "1")
    with pytest.raises(Conflict, match="never back"):
        said(site, "deprecate", "stays", "1")


def test_data_are_added_from_allowed_folders_only(site: SiteSettings, tmp_path: Path) -> None:
    allowed, outside = tmp_path / "allowed", tmp_path / "outside"
    for folder in (allowed, outside):
        folder.mkdir()
        (folder / "more.csv").write_text("los\n1\n2\n")
    (allowed / "link.csv").symlink_to(outside / "more.csv")
    (allowed / "way").symlink_to(outside)
    replace(site, roots=(str(allowed),)).write()
    said(site, "add", str(allowed / "more.csv"), "--name", "more", "--no-offer")
    for path in (
        outside / "more.csv",
        allowed / "link.csv",
        allowed / "way" / "more.csv",
        allowed / ".." / "outside" / "more.csv",
    ):
        with pytest.raises(SourceUnreadable, match=r"outside the folders|symbolic link"):
            said(site, "add", str(path), "--name", "other", "--no-offer")


def test_a_failed_registration_leaves_no_row_behind(site: SiteSettings, tmp_path: Path) -> None:
    before = on_disk(site)
    with pytest.raises(DataspaceError):
        said(
            site,
            "add",
            str(tmp_path / "data" / "stays.csv"),
            "--name",
            "other",
            "--no-offer",
            "--unit",
            "ward",
        )
    assert on_disk(site) == before


def test_rows_that_stay_in_a_folder_are_described_and_not_taken(site: SiteSettings) -> None:
    place = f"file://{site.home.parent / 'data'}"
    for old in site.home.rglob("*.parquet"):
        old.unlink()
    told = said(
        site, "add", place, "--item", "stays", "--name", "away", "--in-place", "--drop", "name", "--no-offer"
    )
    assert "200 rows, 1 columns" in told
    assert not list(site.home.rglob("*.parquet"))
    assert "200 rows" in said(
        site, "fix", "away", "--label", "los=quasi-identifier", "--generalise", "los=10"
    )
    assert "2  " in said(site, "versions", "away")
    assert not list(site.home.rglob("*.parquet"))
    assert "withdrawn here" in said(site, "withdraw", "away", "1", "--reason", "Wrong ward")


def test_an_address_is_copied_where_nobody_says_that_the_rows_stay(site: SiteSettings) -> None:
    place = f"file://{site.home.parent / 'data'}"
    said(site, "add", place, "--item", "stays", "--name", "copied", "--no-offer")
    assert "1  " in said(site, "versions", "copied")
    assert on_disk(site)
    assert not (site.home / "places" / "copied.json").exists()


def test_a_folder_outside_the_roots_of_a_site_is_not_read_in_place(site: SiteSettings) -> None:
    replace(site, roots=(str(site.home.parent / "nowhere"),)).write()
    with pytest.raises(DataspaceError, match="outside"):
        said(
            site,
            "add",
            f"file://{site.home.parent / 'data'}",
            "--name",
            "stays2",
            "--item",
            "stays",
            "--in-place",
        )
    with pytest.raises(InvalidRequest, match="Only an address"):
        said(site, "add", str(site.home.parent / "data" / "stays.csv"), "--name", "stays3", "--in-place")
