"""A training that costs privacy, and SIGKILL for each process that takes part: the run goes on or ends with a named
cause, the log has its end once, and every site's account is what that site sent: nothing lost, nothing double."""

from collections.abc import Iterator

import pytest

from tests.end_to_end.test_site_commands import until
from tests.faults.kill_world import (
    SITES,
    KillWorld,
    account_after_a_kill,
    kill_world,
    undisturbed_account,
)

pytestmark = [pytest.mark.slow, pytest.mark.ci, pytest.mark.timeout(900)]

A, B, C = SITES


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KillWorld]:
    with kill_world(tmp_path_factory.mktemp("kills")) as made:
        yield made


def test_1_a_worker_that_is_killed(world: KillWorld) -> None:
    def act(_: str) -> None:
        for worker in world.houses[A].workers():
            worker.kill()

    status = world.disturbed(3, act)
    assert status["state"] == "finished", status
    [last] = world.last_records(status["run"])
    assert last["outcome"] == "complete"
    account_after_a_kill(world.houses[A], status["run"])
    undisturbed_account(world.houses[B], status["run"])
    undisturbed_account(world.houses[C], status["run"])


def test_2_a_server_app_that_is_killed(world: KillWorld) -> None:
    status = world.disturbed(3, lambda run: world.coordinator(run).kill(), minimum=3)
    assert (status["state"], status["resumed"]) == ("finished", 1), status
    [last] = world.last_records(status["run"])
    assert last["outcome"] == "complete"
    for house in world.houses.values():
        undisturbed_account(house, status["run"])


def test_3_a_superlink_that_is_killed(world: KillWorld) -> None:
    status = world.disturbed(3, lambda _: world.child("superlink").kill(), minimum=3)
    assert status["state"] == "finished", status
    assert status["resumed"] >= 1
    [last] = world.last_records(status["run"])
    assert last["outcome"] == "complete"
    for house in world.houses.values():
        undisturbed_account(house, status["run"])


def test_4_a_hub_that_is_killed_and_started_again(world: KillWorld) -> None:
    def act(_: str) -> None:
        world.kill()
        world.start()

    status = world.disturbed(3, act, minimum=3)
    assert (status["state"], status["resumed"]) == ("finished", 1), status
    [last] = world.last_records(status["run"])
    assert last["outcome"] == "complete", "the run has one end, recorded by the hub that came after"
    for house in world.houses.values():
        undisturbed_account(house, status["run"])
    assert not list((world.hub / "open-runs").glob("*.json"))


def test_5_a_hub_that_was_stopped_in_order_goes_on_with_what_it_left(world: KillWorld) -> None:
    def act(_: str) -> None:
        world.end()
        world.start()

    status = world.disturbed(3, act, minimum=3)
    assert (status["state"], status["resumed"]) == ("finished", 1), status
    [last] = world.last_records(status["run"])
    assert last["outcome"] == "complete"
    for house in world.houses.values():
        undisturbed_account(house, status["run"])


def test_6_a_node_that_is_killed(world: KillWorld) -> None:
    def act(_: str) -> None:
        [node] = [p for p in world.houses[C].tree() if "supernode" in p.cmdline()]
        node.kill()

    status = world.disturbed(3, act)
    assert status["state"] == "finished", status
    [last] = world.last_records(status["run"])
    assert last["outcome"] == "complete"
    undisturbed_account(world.houses[A], status["run"])
    account_after_a_kill(world.houses[C], status["run"])
    until(lambda: world.online() == set(SITES), 120)


def test_7_a_guard_that_is_killed_with_its_whole_house(world: KillWorld) -> None:
    status = world.disturbed(3, lambda _: world.houses[B].kill())
    assert status["state"] == "finished", status
    assert B in status["refused"]
    [last] = world.last_records(status["run"])
    assert last["outcome"] == "complete"
    undisturbed_account(world.houses[A], status["run"])
    account_after_a_kill(world.houses[B], status["run"])
