"""The coordinator's half of a training: what a site sent is looked at, and who signed it; a lost round is taken up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dataspace.adapters.local_federation import LocalExchange
from dataspace.model.codec import to_json
from dataspace.model.names import ColumnName, DatasetName, RunId, SiteName
from dataspace.model.plans import Family, TrainingPlan
from dataspace.model.runs import Checkpoint, RunEvent, RunOrder, SiteMessage, SiteReply, Step
from dataspace.model.training import Network, Scaling, TrainingPrivacy
from dataspace.planning import network
from dataspace.planning.logistic import fit_statistics
from dataspace.service.coordinate import coordinate
from dataspace.service.signed_replies import reply_digest, stands

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
MLP = replace(PLAN, family=Family.MLP, rounds=3, network=Network(hidden=(3,), steps=5))
NOISY = replace(PLAN, rounds=3, privacy=TrainingPrivacy(epsilon=2.0))
KEYS = {site: Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n, site in enumerate((A, B, C, D))}
PUBLIC = {site: key.public_key().public_bytes_raw().hex() for site, key in KEYS.items()}


class Fixed:
    """A clock that stands still."""

    def now(self) -> datetime:
        return datetime(2026, 11, 22, tzinfo=UTC)


class Kept:
    """Checkpoints in memory."""

    def __init__(self, last: Checkpoint | None = None) -> None:
        self.every = [last] if last else []

    def keep(self, checkpoint: Checkpoint) -> None:
        self.every.append(replace(checkpoint, arrays={n: a.copy() for n, a in checkpoint.arrays.items()}))

    def last(self) -> Checkpoint | None:
        return self.every[-1] if self.every else None


def rows(seed: int, n: int = 200):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(seed)
    x = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    return x, (rng.random(n) < 1 / (1 + np.exp(-(x @ np.array([-0.5, 0.8, -0.4]))))).astype(np.float64)


def hospital(name: SiteName, seed: int, plan: TrainingPlan = PLAN, **changes: Any) -> Handle:
    """An honest site; `changes` are what it answers instead."""
    x, y = rows(seed)

    def handle(message: SiteMessage) -> SiteReply:
        said: dict[str, Any] = {"n": len(y), "events": int(y.sum()), "auc": 0.7, "held_out": 60}
        numbers: dict[str, Any] = {}
        if message.step.value == "fit":
            sums = fit_statistics(x, y, message.arrays["beta"])
            said["log_likelihood"] = sums.log_likelihood
            numbers = {"gradient": sums.gradient, "hessian": sums.hessian}
        elif message.step.value == "local":
            moved = network.local_update(x, y, message.arrays["weights"], plan, message.round)
            numbers = {"update": moved}
        elif message.step.value == "noisy":
            total = network.clipped_sum(
                x, y, np.arange(len(y)), message.arrays["weights"], network.shapes(plan), 1.0
            )
            said, numbers = {"units": 200} if message.round == 1 else {}, {"gradient": total}
        elif plan.privacy is not None:
            said = {"right": 41.5, "held_out": 60}
        reply = SiteReply(name, said | changes.get("said", {}), numbers | changes.get("numbers", {}))
        key = changes.get("key", KEYS[name])
        signed = replace(reply, signature=key.sign(reply_digest(message, reply)).hex())
        return replace(signed, **changes.get("after", {}))

    return handle


def run(
    handles: dict[SiteName, Handle], plan: TrainingPlan = PLAN, kept: Kept | None = None
) -> list[RunEvent]:
    order = RunOrder(RunId("R-1"), to_json(plan), "", {}, dict.fromkeys(handles, 0), 3, 5.0, keys=PUBLIC)
    told: list[RunEvent] = []
    coordinate(order, LocalExchange(handles), told, Fixed(), kept)
    return told


def with_d(**changes: Any) -> dict[SiteName, Handle]:
    return {A: hospital(A, 1), B: hospital(B, 2), C: hospital(C, 3), D: hospital(D, 4, **changes)}


def honest(plan: TrainingPlan) -> dict[SiteName, Handle]:
    return {site: hospital(site, n, plan) for n, site in enumerate((A, B, C), start=1)}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"numbers": {"gradient": np.array([np.nan, 0, 0])}}, "reply.malformed"),
        ({"numbers": {"gradient": np.array([np.inf, 0, 0])}}, "reply.malformed"),
        ({"numbers": {"gradient": np.zeros(4)}}, "reply.malformed"),
        ({"numbers": {"hessian": np.zeros((3, 4))}}, "reply.malformed"),
        ({"said": {"n": "many"}}, "reply.malformed"),
        ({"said": {"n": 3}}, "reply.malformed"),
        ({"key": KEYS[A]}, "reply.unsigned"),
        ({"after": {"signature": ""}}, "reply.unsigned"),
        ({"after": {"signature": "no hex"}}, "reply.unsigned"),
        ({"after": {"arrays": {"gradient": np.zeros(3), "hessian": np.eye(3)}}}, "reply.unsigned"),
    ],
)
def test_an_answer_that_is_none_is_named_and_the_others_go_on(changes: dict[str, Any], code: str) -> None:
    told = run(with_d(**changes))
    assert told[-1].kind == "finished"
    assert sorted(told[-1].facts["sites"]) == [A, B, C]
    assert told[-1].facts["refused"][D]["code"] == code


def test_an_honest_fourth_takes_part() -> None:
    assert sorted(run(with_d())[-1].facts["sites"]) == [A, B, C, D]


def test_an_answer_to_another_round_does_not_stand_for_this_one() -> None:
    message = SiteMessage(RunId("R-1"), 1, Step.FIT, {}, {"beta": np.zeros(3)})
    reply = hospital(A, 1)(message)
    assert stands(message, reply, PUBLIC[A])
    assert not stands(replace(message, round=2), reply, PUBLIC[A])
    assert not stands(replace(message, run=RunId("R-2")), reply, PUBLIC[A])
    assert not stands(replace(message, arrays={"beta": np.ones(3)}), reply, PUBLIC[A])
    assert not stands(message, replace(reply, document={**reply.document, "n": 1}), PUBLIC[A])


@pytest.mark.parametrize(
    "plan", [PLAN, MLP, replace(PLAN, scaling=Scaling.DECLARED, scales={ColumnName("age"): (1.0, 2.0)})]
)
def test_a_run_that_was_lost_goes_on_to_the_very_same_model(plan: TrainingPlan) -> None:
    kept = Kept()
    whole = run(honest(plan), plan, kept)
    again = run(honest(plan), plan, Kept(kept.every[1]))
    assert whole[-1].facts["model"] == again[-1].facts["model"]
    assert [event.kind for event in again].count("round") == plan.rounds - 2


def test_a_private_run_tells_what_its_steps_cost_and_counts_only_those_that_were_taken() -> None:
    kept = Kept()
    told = run(honest(NOISY), NOISY, kept)
    privacy = told[-1].facts["privacy"]
    assert 1.9 < privacy["epsilon"] <= 2.0
    assert told[-1].facts["evaluation"][A] == {"accuracy": 0.692, "n": 60}
    assert run(honest(NOISY), NOISY, Kept(kept.every[0]))[-1].facts["privacy"] == privacy
    leaving = honest(NOISY)
    stay = hospital(D, 4, NOISY)
    leaving[D] = lambda message: (
        stay(message) if message.round < 3 else SiteReply(D, refused="site.stopped", reason="stopped")
    )
    less = run(leaving, NOISY)[-1].facts["privacy"]["by_site"]
    assert less[D] < less[A] == privacy["by_site"][A]


def test_what_no_rows_can_tell_ends_the_run_in_words() -> None:
    def constant(name: SiteName) -> Handle:
        zero = {"gradient": np.zeros(3), "hessian": np.zeros((3, 3))}
        return hospital(name, 1, numbers=zero)

    told = run({site: constant(site) for site in (A, B, C)})
    assert told[-1].kind == "failed"
    assert "drop a feature" in told[-1].facts["cause"]
