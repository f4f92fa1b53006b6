"""Attacks on noisy answers, over HTTP: whoever asks in other words pays again, until nothing is left to pay with."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from dataspace.client.answers import Answer
from dataspace.errors import BudgetExceeded
from tests.attacks.test_differencing import World

pytestmark = pytest.mark.slow

EPSILON = 0.1


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with ExitStack() as held:
        yield World(tmp_path_factory.mktemp("noisy"), held)


def asked(world: World, where: str, what: str = "count(*)") -> Answer:
    sql = f"SELECT {what} AS n FROM stays WHERE {where}"  # noqa: S608 - an attack
    return world.ask("ana").sql(sql, permit=world.permit.id, epsilon=EPSILON)


def spent(world: World) -> float:
    (own,) = [b for b in world.ask("ana").ledger("stays").balances if b.name == world.permit.id]
    return own.spent


def test_averaging_the_same_question_in_other_words_is_paid_each_time_and_ends(world: World) -> None:
    before, given = spent(world), 0
    with pytest.raises(BudgetExceeded) as refused:
        for bound in range(1000, 1100):  # nobody is as old: the same persons each time
            answer = asked(world, f"sex = 1 AND age < {bound}")
            given += 1
            assert not answer.note.repeated
            assert spent(world) - before == pytest.approx(given * EPSILON)
    assert 1 <= given <= 10
    assert refused.value.left < EPSILON
    assert spent(world) <= 1.0 + 1e-9


def test_leaving_one_person_out_tells_nothing_that_was_not_paid_for(world: World) -> None:
    before = spent(world)
    everybody, others = asked(world, "sex = 1"), asked(world, "sex = 1 AND rare = 0")
    assert spent(world) - before == pytest.approx(2 * EPSILON)
    for answer in (everybody, others):
        (row,) = answer.to_pylist()
        assert row["n_high"] - row["n_low"] > 20, "the noise of each hides one person many times over"


def test_a_tracker_of_overlapping_questions_pays_for_each_of_them(world: World) -> None:
    before = spent(world)
    for where in ("age < 50 OR sex = 1 AND rare = 1", "age >= 50 OR sex = 1 AND rare = 1", "age < 1000"):
        assert asked(world, where).note.epsilon == EPSILON
    assert spent(world) - before == pytest.approx(3 * EPSILON)


def test_a_question_of_nobody_costs_as_much_as_one_of_everybody(world: World) -> None:
    before = spent(world)
    answers = asked(world, "age > 1000"), asked(world, "age < 1001")
    assert [answer.note.epsilon for answer in answers] == [EPSILON, EPSILON]
    assert spent(world) - before == pytest.approx(2 * EPSILON)
