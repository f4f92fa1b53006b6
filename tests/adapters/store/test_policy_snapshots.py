"""A snapshot made from what changed is the one that is read from scratch, whoever changed what in between."""

from pathlib import Path
from random import Random

import pytest

from dataspace.adapters.memory import ManualClock, MemorySigner
from dataspace.adapters.store.store import open_store
from dataspace.errors import UnknownName
from dataspace.model.names import DatasetName, PolicyId, RuleId
from dataspace.model.policies import Effect, Obligations, Policy, Rule, Target
from dataspace.policy.digest import policy_set
from dataspace.ports import PolicyStore

SIGNER = MemorySigner(bytes(range(32)))
NAMES = [PolicyId(name) for name in ("age", "beds", "costs")]


def policy(name: PolicyId, cohort: int) -> Policy:
    rule = Rule(
        RuleId("r"),
        Effect.PERMIT,
        Target(frozenset({DatasetName("a")})),
        obligations=Obligations(cohort=cohort),
    )
    return Policy(name, "T", "O", (rule,))


@pytest.mark.parametrize("seed", range(6))
def test_two_processes_see_what_is_in_force_however_they_take_turns(tmp_path: Path, seed: int) -> None:
    with (
        open_store(tmp_path / "home", ManualClock(), SIGNER, "hub.example/log", "") as first,
        open_store(tmp_path / "home", ManualClock(), SIGNER, "hub.example/log", "") as second,
    ):
        take_turns(Random(seed), [first.policies, second.policies])  # noqa: S311 - the same turns each time


def take_turns(random: Random, stores: list[PolicyStore]) -> None:
    in_force: dict[PolicyId, Policy] = {}
    for step in range(25):
        store, name = random.choice(stores), random.choice(NAMES)
        if random.random() < 0.6:
            in_force[name] = policy(name, 5 + step)
            store.publish(in_force[name], "text")
        elif name in in_force:
            del in_force[name]
            store.withdraw(name)
        else:
            with pytest.raises(UnknownName):
                store.withdraw(name)
        if random.random() < 0.6:  # sometimes several changes are met at once
            assert random.choice(stores).current() == policy_set(in_force.values())
    assert [store.current() for store in stores] == [policy_set(in_force.values())] * 2
