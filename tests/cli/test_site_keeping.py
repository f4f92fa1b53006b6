"""What a site's people look at and set, by commands: house rules, a rehearsal, the page of a month, a unit."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dataspace.adapters.memory import MemorySigner
from dataspace.bootstrap import build_site
from dataspace.cli.sites import app
from dataspace.errors import AccessDenied, InvalidRequest
from dataspace.model.limits import SiteLimits
from dataspace.model.names import SiteName
from dataspace.model.records import JSON, Record, RecordKind
from dataspace.settings import Pinned, SiteSettings

pytestmark = pytest.mark.slow
POLICY = """
policy: stays
title: Invented stays
owner: the data steward
on: stays
allow:
  rule: models
  for: scientific research
  answers: train
  because: Research.
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SiteSettings:
    """A site that has joined a hub which is not there, with one dataset of two columns."""
    for name in ("DATASPACE_ROOTS", "DATASPACE_SYSLOG", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "site"
    home.mkdir(mode=0o700)
    key = MemorySigner(b"k" * 32).public_key()
    pinned = Pinned("hospital-a", "https://hub.invalid", "", "", "", "hub", key, "", 0)
    settings = SiteSettings(home, pinned, SiteLimits())
    settings.write()
    rows = "".join(f"{n % 9},{n % 2}\n" for n in range(200))
    (tmp_path / "stays.csv").write_text("los,died\n" + rows)
    said(settings, "data", "add", str(tmp_path / "stays.csv"), "--name", "stays", "--no-offer")
    return settings


def said(settings: SiteSettings, *words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, [*words, "--home", str(settings.home)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.output


def kinds(settings: SiteSettings) -> list[RecordKind]:
    services = build_site(settings, lambda _: "")
    try:
        return [record.kind for _, record in services.log.records()]
    finally:
        services.close()


def test_house_rules_are_kept_and_recorded_and_shown(site: SiteSettings) -> None:
    assert "foreign apps never · at any hour" in said(site, "limits")
    assert RecordKind.LIMITS_SET not in kinds(site)
    shown = said(site, "limits", "--template", "hospital", "--hours", "21:00-05:00", "--memory-mb", "1024")
    assert (
        shown
        == "k ≥ 10 · ≥ 3 sites · foreign apps never · 21:00-05:00 · 2 cores · 1,024 MB · time as usual\n"
    )
    assert said(site, "limits", "--round-seconds", "90").endswith(" · 90 s a round\n")
    kept = SiteSettings.from_environment({}, site.home)
    assert (kept.limits.hours, kept.limits.minimum_sites, kept.limits.memory_mb) == ("21:00-05:00", 3, 1024)
    assert kinds(site).count(RecordKind.LIMITS_SET) == 2
    with pytest.raises(InvalidRequest, match="round_seconds is not negative"):
        said(site, "limits", "--round-seconds", "-1")
    with pytest.raises(InvalidRequest, match="never below 5"):
        said(site, "limits", "--cohort", "2")


def test_a_rehearsal_says_what_would_leave_or_why_nothing_would(site: SiteSettings, tmp_path: Path) -> None:
    asked = ("rehearse", "stays", "--target", "died", "--feature", "los", "--purpose", "scientific research")
    with pytest.raises(AccessDenied):
        said(site, *asked)
    (tmp_path / "policy.yaml").write_text(POLICY)
    said(site, "policy", "add", str(tmp_path / "policy.yaml"))
    before = kinds(site)
    told = said(site, *asked)
    assert "Would read died, los of 200 rows of stays; no row leaves." in told
    assert "Would send 11 numbers a round (gradient 2, hessian 2×2, and 5 single ones); 0 rows." in told
    assert "Noise: none is added" in told
    assert "Refused below 50 units, 10 events, 3 sites." in told
    said(site, "limits", "--minimum-sites", "4")
    assert "4 sites." in said(site, *asked)
    with pytest.raises(AccessDenied):
        said(site, *asked[:-1], "marketing")
    with pytest.raises(InvalidRequest, match="no column 'age'"):
        said(site, *asked, "--feature", "age")
    assert [kind for kind in kinds(site) if kind is not RecordKind.LIMITS_SET] == before


def test_where_a_permit_is_demanded_and_none_is_shown_the_rehearsal_supposes_one_and_says_so(
    site: SiteSettings, tmp_path: Path
) -> None:
    asked = ("rehearse", "stays", "--target", "died", "--feature", "los", "--purpose")
    bases = "  who: permit holders\n  when: {legal basis: Art. 9 basis}\n"
    (tmp_path / "policy.yaml").write_text(POLICY.replace("  answers: train\n", "  answers: train\n" + bases))
    said(site, "policy", "add", str(tmp_path / "policy.yaml"))
    told = said(site, *asked, "scientific research")
    assert "As if under a permit for exactly this" in told and "gdpr:A9-2-j" in told
    with pytest.raises(AccessDenied):  # what is supposed is a permit, not another answer
        said(site, *asked, "marketing")
    (tmp_path / "policy.yaml").write_text(POLICY)
    said(site, "policy", "add", str(tmp_path / "policy.yaml"))
    assert "As if" not in said(site, *asked, "scientific research")


def test_the_page_of_a_month_counts_what_left_and_what_was_refused(site: SiteSettings) -> None:
    services = build_site(site, lambda _: "")
    try:
        replies: list[dict[str, JSON]] = [
            {"run": "R-1", "refused": "", "numbers": 29},
            {"run": "R-1", "refused": "", "numbers": 29},
            {"run": "R-2", "refused": "permit.revoked", "numbers": 0},
        ]
        for day, facts in enumerate(replies, 1):
            at = datetime(2024, 2, day, tzinfo=UTC)
            services.log.append(Record(RecordKind.SITE_REPLY, at, SiteName("hospital-a"), None, facts))
        late = datetime(2024, 3, 1, tzinfo=UTC)
        services.log.append(Record(RecordKind.SITE_REPLY, late, SiteName("hospital-a"), None, {"numbers": 7}))
    finally:
        services.close()
    page = said(site, "report", "--month", "2024-02")
    assert "| answers | 2 |" in page
    assert "| numbers of models | 58 |" in page
    assert "| permit.revoked | 1 |" in page
    assert "— hospital-a/log " in page
    assert "| numbers of models | 7 |" in said(site, "report", "--month", "2024-03")
    assert "Nothing." in said(site, "report", "--month", "2023-12")
    assert "3 answers with 65 numbers of models; 1 refusals; 0 rows" in said(site, "status")
    with pytest.raises(InvalidRequest, match="no month"):
        said(site, "report", "--month", "February")


def test_a_unit_and_a_container_file_hold_the_limits_and_no_inbound_port(site: SiteSettings) -> None:
    said(site, "limits", "--cores", "2", "--memory-mb", "1024")
    unit = said(site, "unit")
    assert f'site run --home "{site.home}"' in unit
    assert "CPUQuota=200%" in unit
    assert "MemoryMax=2048M" in unit
    assert "User=root" not in unit
    container = said(site, "containerfile")
    assert "USER site" in container
    assert "--cpus 2 --memory 2048m" in container
    assert "EXPOSE" not in container
    assert "--publish" not in container


def test_the_doctor_speaks_json_and_ends_with_one_where_something_fails(site: SiteSettings) -> None:
    found = json.loads(said(site, "doctor", "--json", code=1))
    by_name = {finding["name"]: finding for finding in found}
    assert by_name["name"]["verdict"] == "FAIL"
    assert "allow outbound TCP" in by_name["name"]["request"]
    assert by_name["schema"]["verdict"] == "WARN"
    assert "To the firewall team:" in said(site, "doctor", code=1)
