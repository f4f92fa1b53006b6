"""When the reader of an answer is called, and what becomes of one whose reader has left."""

from collections.abc import Callable

import pyarrow as pa
import pytest

from dataspace.errors import NoAnswer
from dataspace.model.names import PrincipalId
from dataspace.model.principals import Principal
from dataspace.model.requests import Query
from dataspace.service.held import Begun, Held
from dataspace.service.spool import Limits, Room, Spool


@pytest.fixture
def held() -> Held:
    query = Query(Principal(PrincipalId("ana"), "Ana", frozenset(), ""), "SELECT 1")
    return Held("id", query, pa.schema([]), Spool(Room(1 << 20), len, Limits()), "bytes")


@pytest.fixture
def begun() -> tuple[Begun, list[Held]]:
    stopped = list[Held]()
    return Begun(stopped.append), stopped


def test_a_short_answer_is_handed_over_once_it_is_whole(begun: tuple[Begun, list[Held]], held: Held) -> None:
    start, _ = begun
    start.holds(held)
    held.spool.put(b"a little")
    start.grown(held)
    assert not start.ready.done()
    held.spool.finish()
    start.told(held)
    assert start.ready.result(0) is held


def test_of_a_long_answer_a_good_deal_is_enough(begun: tuple[Begun, list[Held]], held: Held) -> None:
    start, _ = begun
    start.holds(held)
    held.spool.put(b"x" * 100_000)
    start.grown(held)
    assert start.ready.result(0) is held
    assert held.spool.state == "open"


@pytest.mark.parametrize("order", ["hurried first", "grown first"])
def test_whoever_has_waited_takes_the_first_piece(
    begun: tuple[Begun, list[Held]], held: Held, order: str
) -> None:
    start, _ = begun
    start.holds(held)

    def grows() -> None:
        held.spool.put(b"a")
        start.grown(held)

    steps: list[Callable[[], None]] = [start.hurry, grows]
    for step in steps if order == "hurried first" else reversed(steps):
        assert not start.ready.done()
        step()
    assert start.ready.result(0) is held


@pytest.mark.parametrize("early", [True, False])
def test_what_nobody_waits_for_is_stopped_also_where_it_begins_later(
    begun: tuple[Begun, list[Held]], held: Held, early: bool
) -> None:
    start, stopped = begun
    for step in (start.give_up, lambda: start.holds(held))[:: 1 if early else -1]:
        step()
    assert stopped == [held]


def test_only_the_first_outcome_counts(begun: tuple[Begun, list[Held]], held: Held) -> None:
    start, _ = begun
    start.told(NoAnswer())
    start.told(held)
    with pytest.raises(NoAnswer):
        start.ready.result(0)
