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
from dataspace.model.runs import Checkpoint, RunEvent, RunOrder, SiteMessage, SiteReply
from dataspace.planning.logistic import combine, fit_statistics, newton_step
from dataspace.service import waiting as waiting_round
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


class Kept:
    """Checkpoints in memory."""

    def __init__(self, held: Checkpoint | None = None) -> None:
        self.held = held

    def keep(self, checkpoint: Checkpoint) -> None:
        self.held = checkpoint

    def last(self) -> Checkpoint | None:
        return self.held


class Killed(Exception):
    """Stands for the end of a process."""


class UntilRound(Told):
    """A journal whose process ends when a round is to be told."""

    def __init__(self, last: int) -> None:
        self._last = last

    def append(self, event: RunEvent) -> None:
        if (event.kind, event.round) == ("round", self._last):
            raise Killed
        super().append(event)


def test_a_coordinator_that_follows_one_that_was_lost_goes_on_after_the_last_round_and_gives_the_same_fit() -> (
    None
):
    handles = {A: hospital(A, 1), B: hospital(B, 2), C: hospital(C, 3), D: refusing(D, "policy.forbidden")}
    whole = run(handles)
    order = RunOrder(RunId("R-1"), to_json(PLAN), "", {}, dict.fromkeys(handles, 0), 3, 5.0)
    kept, asked = Kept(), list[int]()
    with pytest.raises(Killed):
        coordinate(order, LocalExchange(handles), UntilRound(3), Fixed(), kept)
    assert kept.held is not None
    assert kept.held.event.round == 3, "it is kept before it is told"
    handles[D] = refusing(D, "policy.forbidden", asked)
    told = Told()
    coordinate(order, LocalExchange(handles), told, Fixed(), kept)
    assert [event.round for event in told if event.kind == "round"] == list(range(4, PLAN.rounds + 1))
    assert told[-1].facts["beta"] == whole[-1].facts["beta"]
    assert asked == [], "who refused for good is not asked again by the next one"
    assert set(told[-1].facts["refused"]) == {D}


def test_whoever_is_late_is_named_while_the_round_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_round, "WAITING_SECONDS", 0.1)

    def slow(message: SiteMessage) -> SiteReply:
        time.sleep(0.35)
        return hospital(C, 3)(message)

    told = run({A: hospital(A, 1), B: hospital(B, 2), C: slow}, seconds=3.0)
    late = [event.facts for event in told if event.kind == "waiting" and event.round == 1]
    assert late
    assert all(facts["sites"] == [C] for facts in late)
    assert late[0]["left"] < 3.0


def test_a_site_that_lets_two_rounds_pass_is_not_waited_for_any_more() -> None:
    asked: list[int] = []

    def silent(message: SiteMessage) -> SiteReply:
        asked.append(message.round)
        time.sleep(1.0)
        return hospital(D, 4)(message)

    told = run({A: hospital(A, 1), B: hospital(B, 2), C: hospital(C, 3), D: silent}, seconds=0.3)
    assert told[-1].kind == "finished"
    assert asked == [1, 2]
    assert told[-1].facts["refused"][D]["code"] == "no-answer"


def test_who_holds_the_data_and_was_not_connected_is_named_and_not_asked() -> None:
    handles = {A: hospital(A, 1), B: hospital(B, 2), C: hospital(C, 3)}
    order = RunOrder(RunId("R-1"), to_json(PLAN), "", {}, dict.fromkeys(handles, 0), 3, 5.0, absent=(D,))
    told = Told()
    coordinate(order, LocalExchange(handles), told, Fixed())
    assert told[-1].kind == "finished"
    assert told[-1].facts["refused"][D]["reason"] == "The site was not connected when the run began."
    assert [event.facts["site"] for event in told if event.kind == "refused"] == [D]
