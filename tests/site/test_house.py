"""House rules: at what hours, for how many sites, for whose code; and what cannot be a rule."""

from datetime import UTC, datetime, time

import pytest

from dataspace.errors import InvalidRequest
from dataspace.model.limits import SiteLimits
from dataspace.site.house import against, hours, least, open_at
from dataspace.site.setting import changed, described

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "hour", "minute", "open_then"),
    [
        ("", 3, 0, True),
        ("08:00-18:00", 8, 0, True),
        ("08:00-18:00", 17, 59, True),
        ("08:00-18:00", 18, 0, False),
        ("20:00-06:00", 23, 0, True),
        ("20:00-06:00", 5, 59, True),
        ("20:00-06:00", 6, 0, False),
        ("20:00-06:00", 12, 0, False),
    ],
)
def test_hours_hold_from_the_first_minute_to_before_the_last_also_over_midnight(
    text: str, hour: int, minute: int, open_then: bool
) -> None:
    assert open_at(text, NOON.replace(hour=hour, minute=minute), UTC) is open_then


@pytest.mark.parametrize(
    "text", ["8-18", "24:00-06:00", "08:00-08:00", "08:00 - 18:00", "08:00-18:60", "at night"]
)
def test_other_forms_are_no_hours(text: str) -> None:
    with pytest.raises(InvalidRequest, match="no hours"):
        hours(text)
    with pytest.raises(InvalidRequest):
        changed(SiteLimits(), "", {"hours": text})


def test_hours_are_read_as_two_times() -> None:
    assert hours("20:00-06:30") == (time(20), time(6, 30))


def test_a_message_is_refused_outside_the_hours_for_too_few_sites_and_for_foreign_code() -> None:
    rules = SiteLimits(minimum_sites=3)
    asked = {"sites": ["a", "b", "c"]}
    assert against(rules, "own", asked, {"own"}, NOON) is None
    for few in ({}, {"sites": ["a", "b"]}, {"sites": ["a", "b", "b"]}, {"sites": "abc"}):
        assert (against(rules, "own", few, {"own"}, NOON) or ("", ""))[0] == "site.few"
    assert (against(rules, "other", asked, {"own"}, NOON) or ("", ""))[0] == "app.foreign"
    assert against(SiteLimits(foreign_apps=True), "other", {}, {"own"}, NOON) is None
    assert against(SiteLimits(), "in-process", {}, (), NOON) is None
    closed = SiteLimits(hours="00:00-00:01") if NOON.astimezone().hour else SiteLimits(hours="01:00-02:00")
    assert (against(closed, "own", asked, {"own"}, NOON) or ("", ""))[0] == "site.hours"


def test_the_house_can_only_tighten() -> None:
    assert least(SiteLimits()) == type(least(SiteLimits()))()
    assert least(SiteLimits(cohort=20)).cohort == 20


def test_a_template_is_where_one_begins_and_what_is_said_wins() -> None:
    rules = changed(SiteLimits(), "hospital", {"hours": ""})
    assert described(rules) == (
        "k ≥ 10 · ≥ 3 sites · foreign apps never · at any hour · 2 cores · 4,096 MB · time as usual"
    )
    for wrong in ({"cohort": 4}, {"cores": -1}, {"memory_mb": 100}):
        with pytest.raises(InvalidRequest):
            changed(SiteLimits(), "", wrong)
    with pytest.raises(InvalidRequest, match="hospital, plant"):
        changed(SiteLimits(), "school", {})
