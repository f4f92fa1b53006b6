"""The queue in front of the engines: bounded, and fair between principals."""

import pytest

from dataspace.errors import Busy
from dataspace.model.names import PrincipalId
from dataspace.service.turns import Turn, Turns

ANA, BEN = PrincipalId("ana"), PrincipalId("ben")


def granted(turns: list[Turn]) -> list[bool]:
    return [turn.granted.done() for turn in turns]


def test_a_crowd_of_one_does_not_keep_another_waiting() -> None:
    turns = Turns(running=2, each=2)
    crowd = [turns.ask(ANA) for _ in range(10)]
    one = turns.ask(BEN)
    assert granted(crowd) == [True, True] + [False] * 8
    crowd[0].end()
    assert granted([crowd[2], one]) == [True, False]  # Ana was first in the round
    crowd[1].end()
    assert one.granted.done()
    assert not crowd[3].granted.done()


def test_one_principal_never_has_more_than_a_share() -> None:
    turns = Turns(running=4, each=2)
    crowd = [turns.ask(ANA) for _ in range(5)]
    assert granted(crowd) == [True, True, False, False, False]
    assert turns.ask(BEN).granted.done()


def test_what_does_not_fit_is_refused_at_once_with_the_seconds_to_wait() -> None:
    turns = Turns(running=1, each=1, waiting=5, each_waiting=3)
    for _ in range(4):
        turns.ask(ANA)
    with pytest.raises(Busy, match="of yours") as mine:
        turns.ask(ANA)
    assert 1 <= mine.value.retry_after <= 60
    turns.ask(BEN)
    turns.ask(BEN)
    with pytest.raises(Busy) as whole:
        turns.ask(PrincipalId("eve"))
    assert "of yours" not in str(whole.value)


def test_a_place_that_is_given_up_is_free_again() -> None:
    turns = Turns(running=1, each=1, waiting=1, each_waiting=1)
    running, waiting = turns.ask(ANA), turns.ask(ANA)
    waiting.end()
    waiting.end()
    again = turns.ask(ANA)
    running.end()
    running.end()
    assert again.granted.done()


def test_whoever_waits_too_long_gives_up_the_place() -> None:
    turns = Turns(running=1, each=1, waiting=1)
    turns.ask(ANA)
    with pytest.raises(Busy):
        turns.ask(BEN).wait(0.01)
    assert not turns.ask(BEN).granted.done()


def test_a_turn_that_nobody_waits_for_is_not_lost() -> None:
    turns = Turns(running=1, each=1)
    running, gone, next_one = turns.ask(ANA), turns.ask(BEN), turns.ask(ANA)
    gone.granted.cancel()
    running.end()
    gone.end()
    assert next_one.granted.done()
