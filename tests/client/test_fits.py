"""A fit reads as a table of odds ratios, with who took part and who refused."""

import math

import pytest

from dataspace.client.fits import fit_of
from dataspace.errors import SiteUnavailable

FINISHED = {
    "kind": "finished",
    "round": 5,
    "facts": {
        "terms": ["(intercept)", "age80", "type=3"],
        "beta": [-1.0, math.log(2), 0.0],
        "standard_errors": [0.1, 0.1, 0.2],
        "sites": ["a", "b", "c"],
        "refused": {"d": {"code": "policy.forbidden", "reason": "forbids training.", "round": "1"}},
        "n": 1035,
        "events": 354,
        "log_likelihood": -600.0,
        "evaluation": {"a": {"auc": 0.61, "n": 80}},
    },
}


def test_a_fit_shows_odds_ratios_and_who_refused() -> None:
    fit = fit_of("R-1", "died", [{"kind": "started", "round": 0, "facts": {}}, FINISHED])
    assert repr(fit) == (
        "5 rounds · 3 of 4 sites · 1,035 units, 354 with died\n"
        "          OR    95 % CI\n"
        "age80   2.00  1.64–2.43\n"
        "type=3  1.00  0.68–1.48\n"
        "d refused: forbids training.\n"
        "AUC on held-out units: a 0.61\n"
        "No noise; no ε spent. Each site's sums were seen by the coordinator."
    )
    assert fit.auc_by_round() == [{"a": 0.61}]


def test_a_run_that_failed_says_why_and_who_refused() -> None:
    failed = {
        "kind": "failed",
        "round": 1,
        "facts": {"cause": "1 of 3 sites answered", "refused": {"b": {"reason": "forbids it."}}},
    }
    with pytest.raises(SiteUnavailable, match=r"R-1 failed: 1 of 3 sites answered\. b: forbids it\."):
        fit_of("R-1", "died", [failed])


def test_a_run_without_events_never_started() -> None:
    with pytest.raises(SiteUnavailable, match="never started"):
        fit_of("R-1", "died", [])
