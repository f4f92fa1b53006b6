"""The coordinator: federated sums give the pooled fit, refusals are named, too few sites end a run."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pytest

from dataspace.adapters.local_federation import LocalExchange, LocalFederation
from dataspace.model.codec import to_json
from dataspace.model.names import ColumnName, DatasetName, RunId, SiteName
from dataspace.model.plans import CountPlan, Family, TrainingPlan
from dataspace.model.runs import RunEvent, RunOrder, SiteMessage, SiteReply
from dataspace.planning.logistic import combine, fit_statistics, newton_step
from dataspace.service.coordinate import coordinate

Floats = npt.NDArray[np.float64]
Handle = Callable[[SiteMessage], SiteReply]
A, B, C, D = (SiteName(f"hospital-{letter}") for letter in "abcd")
PLAN = TrainingPlan(
    DatasetName("stays"),
    Family.LOGISTIC,
    ColumnName("died"),
    (ColumnName("age"), ColumnName("sex")),
    {},
    "research",
)


class Fixed:
    """A clock that stands still."""

    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC)


class Told(list[RunEvent]):
    """A journal in a list."""


def rows(seed: int, n: int = 200) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    y = (rng.random(n) < 1 / (1 + np.exp(-(x @ np.array([-0.5, 0.8, -0.4]))))).astype(np.float64)
    return x, y


def hospital(name: SiteName, seed: int) -> Handle:
    x, y = rows(seed)

    def handle(message: SiteMessage) -> SiteReply:
        sums = fit_statistics(x, y, message.arrays["beta"])
        said = {
            "n": sums.n,
            "events": sums.events,
            "log_likelihood": sums.log_likelihood,
            "auc": None,
            "held_out": None,
        }
        return SiteReply(name, said, {"gradient": sums.gradient, "hessian": sums.hessian})

    return handle


def refusing(name: SiteName, code: str, seen: list[int] | None = None) -> Handle:
    def handle(message: SiteMessage) -> SiteReply:
        if seen is not None:
            seen.append(message.round)
        return SiteReply(name, refused=code, reason="our policy forbids training")

    return handle


def run(handles: dict[SiteName, Handle], minimum: int = 3, seconds: float = 5.0) -> Told:
    order = RunOrder(RunId("R-1"), to_json(PLAN), "", {}, dict.fromkeys(handles, 0), minimum, seconds)
    told = Told()
    coordinate(order, LocalExchange(handles), told, Fixed())
    return told


def test_the_federated_fit_equals_the_fit_on_pooled_rows() -> None:
    told = run({A: hospital(A, 1), B: hospital(B, 2), C: hospital(C, 3)})
    pooled = [rows(seed) for seed in (1, 2, 3)]
    x, y = np.vstack([x for x, _ in pooled]), np.concatenate([y for _, y in pooled])
    beta = np.zeros(3)
    for _ in range(PLAN.rounds):
        beta = newton_step(beta, combine([fit_statistics(x, y, beta)]), 0.0)
    assert told[-1].kind == "finished"
    np.testing.assert_allclose(told[-1].facts["beta"], beta, rtol=0, atol=1e-9)


def test_a_site_that_refuses_is_named_once_and_not_asked_again_and_the_others_go_on() -> None:
    seen: list[int] = []
    handles = {
        A: hospital(A, 1),
        B: hospital(B, 2),
        C: hospital(C, 3),
        D: refusing(D, "policy.forbidden", seen),
    }
    told = run(handles)
    assert told[-1].kind == "finished"
    assert told[-1].facts["refused"][D]["reason"] == "our policy forbids training"
    assert sorted(told[-1].facts["sites"]) == [A, B, C]
    assert seen == [1]


def test_a_run_ends_by_name_where_too_few_sites_answer() -> None:
    told = run({A: hospital(A, 1), B: hospital(B, 2), D: refusing(D, "policy.forbidden")})
    assert told[-1].kind == "failed"
    assert told[-1].facts["cause"] == "2 of 3 sites answered, 3 are needed"


def test_a_silent_site_is_named_at_the_deadline_and_asked_again_in_the_next_round() -> None:
    rounds: list[int] = []

    def sleepy(message: SiteMessage) -> SiteReply:
        rounds.append(message.round)
        if message.round == 1:
            time.sleep(0.6)
        return hospital(D, 4)(message)

    told = run({A: hospital(A, 1), B: hospital(B, 2), C: hospital(C, 3), D: sleepy}, seconds=0.3)
    first = next(event for event in told if event.kind == "refused")
    assert (first.facts["site"], first.facts["code"]) == (D, "no-answer")
    assert rounds[:2] == [1, 2]
    assert D in told[-1].facts["sites"]


def test_a_count_brings_the_cells_of_each_site_and_who_refused() -> None:
    def counting(name: SiteName) -> Handle:
        return lambda message: SiteReply(name, {"cells": [{"key": [1], "n": 31}], "intent": 0})

    plan = to_json(CountPlan(DatasetName("stays"), "type = 3", ("died",), "research"))
    handles = {A: counting(A), D: refusing(D, "policy.forbidden")}
    federation = LocalFederation(handles, Fixed())
    federation.submit(RunOrder(RunId("R-2"), plan, "", {}, federation.sites()))
    last = list(federation.events(RunId("R-2")))[-1]
    assert last.facts["cells"] == {A: {"cells": [{"key": [1], "n": 31}], "intent": 0}}
    assert D in last.facts["refused"]


def test_a_stopped_run_is_refused_from_then_on() -> None:
    federation = LocalFederation({A: hospital(A, 1)}, Fixed())
    federation.stop(RunId("R-3"))
    federation.submit(RunOrder(RunId("R-3"), to_json(PLAN), "", {}, federation.sites()))
    last = list(federation.events(RunId("R-3")))[-1]
    assert last.kind == "failed"
    assert last.facts["refused"][A]["code"] == "site.stopped"


@pytest.mark.parametrize("broken", [RuntimeError("secret value 59")])
def test_what_breaks_inside_a_run_ends_it_by_class_and_tells_no_text(broken: Exception) -> None:
    def handle(message: SiteMessage) -> SiteReply:
        raise broken

    federation = LocalFederation({A: handle}, Fixed())
    federation.submit(RunOrder(RunId("R-4"), to_json(PLAN), "", {}, federation.sites()))
    last = list(federation.events(RunId("R-4")))[-1]
    assert last.kind == "failed"
    assert "59" not in str(last.facts)
