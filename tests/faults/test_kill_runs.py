"""Runs whose processes are killed with SIGKILL: they go on after the last round that was over, with the same numbers,
or end with a named cause, and never silently."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
import pytest

from dataspace.adapters.clock import UtcClock
from dataspace.adapters.flower import orders
from dataspace.adapters.flower.guard_loop import serve
from dataspace.adapters.flower.link import FlowerLink
from dataspace.adapters.flower.node import FlowerNode
from dataspace.adapters.flower.node_key import make_node_key
from dataspace.adapters.local_federation import LocalExchange
from dataspace.adapters.memory_runs import MemoryJournal
from dataspace.adapters.tls import Authority
from dataspace.errors import SourceError
from dataspace.model.codec import to_json
from dataspace.model.names import ColumnName, DatasetName, RunId, SiteName
from dataspace.model.plans import Family, TrainingPlan
from dataspace.model.runs import RunEvent, RunOrder, SiteMessage, SiteReply, float_array
from dataspace.planning.logistic import fit_statistics
from dataspace.service.coordinate import coordinate

pytestmark = [pytest.mark.slow, pytest.mark.ci, pytest.mark.timeout(300)]

A, B, C = (SiteName(f"hospital-{letter}") for letter in "abc")
ROUNDS = 6
PLAN = TrainingPlan(
    DatasetName("stays"),
    Family.LOGISTIC,
    ColumnName("died"),
    (ColumnName("age"), ColumnName("sex")),
    {},
    "research",
    rounds=ROUNDS,
)


def hospital(name: SiteName, seed: int, seconds: float) -> Callable[[SiteMessage], SiteReply]:
    rng = np.random.default_rng(seed)
    x = float_array(np.column_stack([np.ones(200), rng.normal(size=(200, 2))]))
    y = float_array(rng.random(200) < 1 / (1 + np.exp(-(x @ np.array([-0.5, 0.8, -0.4])))))

    def handle(message: SiteMessage) -> SiteReply:
        time.sleep(seconds)
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


def undisturbed() -> list[float]:
    """The coefficients of the very run where nothing was killed, in one process."""
    sites = {A: hospital(A, 1, 0), B: hospital(B, 2, 0), C: hospital(C, 3, 0)}
    order = RunOrder(RunId("R-0"), to_json(PLAN), "", {}, dict.fromkeys(sites, 0), 3, 20.0)
    told = MemoryJournal()
    coordinate(order, LocalExchange(sites), told, UtcClock())
    return list(told.events[-1].facts["beta"])


@dataclass
class World:
    """A hub with three sites whose answers take a moment, so that there is a middle of a round."""

    link: FlowerLink
    nodes: dict[SiteName, FlowerNode] = field(default_factory=dict)

    def follow(self, run: str, minimum: int, at_round: int, act: Callable[[], None]) -> list[RunEvent]:
        """All events of a run; `act` once, when this round was told."""
        order = RunOrder(RunId(run), to_json(PLAN), "", {}, self.link.sites(), minimum, 60.0, 200.0)
        self.link.submit(order)
        events: list[RunEvent] = []
        for event in self.link.events(order.run):
            events.append(event)
            if (event.kind, event.round) == ("round", at_round) and act is not None:
                time.sleep(0.15)  # the next round is on its way
                act()
        return events

    def coordinator(self, run: str) -> int:
        return int((self.link.home / "runs" / run / orders.PROCESS).read_text())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    stop, guards = threading.Event(), []
    with FlowerLink(tmp_path / "hub", Authority.create(tmp_path / "ca")) as link:
        made = World(link)
        for number, site in enumerate((A, B, C), 1):
            home = tmp_path / site
            key = make_node_key(home / "node.key")
            link.register(site, key)
            node = FlowerNode(home, link.address, link.ca_pem, home / "node.key")
            node.start()
            made.nodes[site] = node
            arguments = (hospital(site, number, 0.3), node, stop)
            guards.append(threading.Thread(target=guard, args=arguments))
            guards[-1].start()
        connected(link, {A, B, C})
        yield made
        stop.set()
        for node in made.nodes.values():
            node.stop()
        for thread in guards:
            thread.join(20)


def guard(handle: Callable[[SiteMessage], SiteReply], node: FlowerNode, stop: threading.Event) -> None:
    serve(handle, lambda: node.runtime_address, node.secret, stop)


def connected(link: FlowerLink, sites: set[SiteName], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if set(link.sites()) >= sites:
                return
        except SourceError:
            pass
        assert time.monotonic() < deadline, "the sites did not come back"
        time.sleep(0.2)


def rounds(events: list[RunEvent]) -> list[int]:
    return [event.round for event in events if event.kind == "round"]


def kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def test_a_coordinator_that_is_killed_is_followed_by_one_that_goes_on(world: World) -> None:
    events = world.follow("r-app", 3, 2, lambda: kill(world.coordinator("r-app")))
    assert events[-1].kind == "finished", events[-1]
    [resumed] = [event for event in events if event.kind == "resumed"]
    assert (resumed.facts["cause"], resumed.facts["sites"]) == ("coordinator-died", [A, B, C])
    assert resumed.round >= 2
    assert rounds(events) == list(range(1, ROUNDS + 1)), "no round is lost, none is told twice"
    np.testing.assert_allclose(events[-1].facts["beta"], undisturbed(), rtol=0, atol=1e-12)


def test_after_the_superlink_is_killed_the_sites_come_back_and_the_run_goes_on(world: World) -> None:
    events = world.follow("r-link", 3, 2, lambda: kill(world.link.pids["superlink"]))
    assert events[-1].kind == "finished", events[-1]
    causes = {event.facts["cause"] for event in events if event.kind == "resumed"}
    assert causes <= {"superlink-died", "coordinator-died"}
    assert causes
    assert rounds(events) == list(range(1, ROUNDS + 1))
    np.testing.assert_allclose(events[-1].facts["beta"], undisturbed(), rtol=0, atol=1e-12)


def test_a_node_that_is_killed_is_named_and_the_others_go_on(world: World) -> None:
    events = world.follow("r-node", 2, 2, lambda: kill(world.nodes[C].pid))
    assert events[-1].kind == "finished", events[-1]
    named = [event.facts for event in events if event.kind == "refused"]
    assert {(facts["site"], facts["code"]) for facts in named} == {(C, "no-answer")}
    assert {A, B} <= set(events[-1].facts["sites"])
    connected(world.link, {A, B, C})


def test_a_run_that_was_stopped_does_not_come_back(world: World) -> None:
    events = world.follow("r-stop", 3, 1, lambda: world.link.stop_run(RunId("r-stop")))
    assert (events[-1].kind, events[-1].facts["cause"]) == ("failed", "stopped")
    pid = world.coordinator("r-stop")
    psutil.wait_procs([psutil.Process(pid)] if psutil.pid_exists(pid) else [], timeout=10)
    time.sleep(3)
    assert [event.kind for event in world.link.events(RunId("r-stop"))][-1] == "failed"


def test_a_checkpoint_that_was_changed_is_not_gone_on_from(world: World) -> None:
    def act() -> None:
        kill(world.coordinator("r-changed"))
        file = world.link.home / "runs" / "r-changed" / "checkpoint"
        held = bytearray(file.read_bytes())
        held[-1] ^= 1
        file.write_bytes(held)

    events = world.follow("r-changed", 3, 2, act)
    assert (events[-1].kind, events[-1].facts["cause"]) == ("failed", "checkpoint-damaged")
