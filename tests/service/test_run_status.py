"""How a run stands is told from its events: whom it waits for, who refused and why, how often it went on."""

from datetime import UTC, datetime
from typing import Any

import pytest

from dataspace.model.names import RunId, SiteName
from dataspace.model.runs import RunEvent, RunStatus
from dataspace.service.run_status import status_of

RUN, AT = RunId("R-1"), datetime(2026, 11, 22, tzinfo=UTC)
A, B, C = (SiteName(f"hospital-{letter}") for letter in "abc")
STARTED: tuple[str, int, dict[str, Any]] = ("started", 0, {"sites": [A, B, C]})
REFUSED = ("refused", 1, {"site": B, "code": "policy.forbidden", "reason": "It forbids the purpose."})
LATE = ("waiting", 1, {"sites": [C], "seconds": 20.0, "left": 40.0})


def status(*events: tuple[str, int, dict[str, Any]], ended: bool = False) -> RunStatus:
    return status_of(RUN, [RunEvent(RUN, kind, n, AT, facts) for kind, n, facts in events], ended)


def test_before_anything_was_told_it_starts() -> None:
    assert (status().state, status(STARTED).state) == ("starting", "running")


def test_who_is_late_and_who_refused_are_named_with_their_cause() -> None:
    now = status(STARTED, REFUSED, LATE)
    assert now.waiting == {C: 20.0}
    assert now.refused == {B: {"code": "policy.forbidden", "reason": "It forbids the purpose.", "round": "1"}}
    assert (now.state, now.sites) == ("running", (A, B, C))


def test_whoever_answers_is_not_late_any_more_and_is_no_refusal() -> None:
    late = ("refused", 1, {"site": C, "code": "no-answer", "reason": "No answer within 60 s."})
    now = status(STARTED, REFUSED, LATE, late, ("round", 1, {"sites": [A]}), ("round", 2, {"sites": [A, C]}))
    assert (now.waiting, set(now.refused), now.answered, now.round) == ({}, {B}, (A, C), 2)


@pytest.mark.parametrize("kind", ["finished", "failed"])
def test_after_its_end_it_waits_for_nobody(kind: str) -> None:
    facts = {"cause": "stopped"} if kind == "failed" else {"sites": [A, B, C]}
    now = status(STARTED, LATE, (kind, 1, facts))
    assert (now.state, now.waiting, now.cause) == (kind, {}, facts.get("cause", ""))


def test_a_count_names_the_sites_of_its_cells() -> None:
    assert status(STARTED, ("finished", 1, {"cells": {A: {}}, "refused": {}})).answered == (A,)


def test_how_often_it_went_on_is_told() -> None:
    again = ("resumed", 1, {"cause": "superlink-died", "sites": [A, B]})
    assert status(STARTED, again, again).resumed == 2


def test_a_run_that_nobody_follows_any_more_has_not_got_stuck() -> None:
    now = status(STARTED, ended=True)
    assert (now.state, now.cause) == ("failed", "the hub does not follow it any more")
