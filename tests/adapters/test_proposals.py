"""Proposals that wait for a second steward: the same in memory and in the control store, also after a start."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dataspace.adapters.memory import MemoryProposals
from dataspace.adapters.store.opening import open_database
from dataspace.adapters.store.proposals import SqlProposals
from dataspace.model.names import PolicyId, PrincipalId
from dataspace.model.publishing import Proposal
from dataspace.ports import Proposals

Opened = Callable[[], Proposals]


def proposal(policy: str, hour: int, text: str = "policy: x\n") -> Proposal:
    at = datetime(2026, 11, 22, hour, tzinfo=UTC)
    return Proposal(PolicyId(policy), "d" * 64, text, "b" * 64, PrincipalId("sam"), at)


@pytest.fixture(params=["memory", "sql"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opened]:
    if request.param == "memory":
        kept = MemoryProposals()
        yield lambda: kept
        return
    database = open_database(tmp_path, "")
    yield lambda: SqlProposals(database)
    database.close()


def test_what_is_put_waits_oldest_first_until_it_is_removed(opened: Opened) -> None:
    late, early = proposal("a", 12), proposal("b", 9, "")
    opened().put(late)
    opened().put(early)
    assert list(opened().all()) == [early, late]
    assert opened().get(PolicyId("b")) == early
    opened().remove(PolicyId("b"))
    opened().remove(PolicyId("b"))
    assert opened().get(PolicyId("b")) is None
    assert list(opened().all()) == [late]


def test_a_later_proposal_for_the_same_policy_takes_the_place_of_the_earlier_one(opened: Opened) -> None:
    opened().put(proposal("a", 9))
    opened().put(proposal("a", 10, "policy: y\n"))
    (left,) = opened().all()
    assert left.text == "policy: y\n"
