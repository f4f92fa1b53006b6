"""Noisy answers through the front door: what they cost, what is found on the way, and what cannot be had for less."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import dataspace
from dataspace.bootstrap import add_person, init_hub
from dataspace.client.hub import Hub
from dataspace.errors import BudgetExceeded, InvalidRequest, UnsupportedQuery
from dataspace.model.principals import Role
from dataspace.settings import HubSettings
from dataspace.testing.examples import RECORD

pytestmark = pytest.mark.slow

POLICY = """
policy: stays
title: Invented stays
owner: the data steward of the hub
on: stays
allow:
  - rule: noisy
    for: scientific research
    who: permit holders
    answers: noisy
    limits: {epsilon per question: 0.5, epsilon per permit: 1}
    because: Research under a permit, with noise.
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, Hub]]:
    """A steward and a researcher: 9,000 persons with two stays each, one with 600, and 200 stays of nobody."""
    folder: Path = tmp_path_factory.mktemp("noisy")
    lines = ["person,los,ward,died"]
    for at in range(18_000):
        lines.append(f"p{at % 9_000},{at % 50},{'w' + str(at % 3)},{at % 10 == 0}")
    lines += [f"owner,{at % 50},{'alone'},true" for at in range(600)]
    lines += [f",{at % 50},{'nobody'},false" for at in range(200)]
    path = folder / "stays.csv"
    path.write_text("\n".join(lines) + "\n")
    settings = HubSettings(folder / "hub", port=0)
    init_hub(settings)
    for person, role in (("sam", Role.STEWARD), ("ana", Role.RESEARCHER)):
        add_person(settings, person, person.title(), {role}, "University")
    with dataspace.open(settings.home, "sam") as steward, dataspace.open(settings.home, "ana") as ana:
        steward.register(
            path,
            "stays",
            title="Invented stays",
            privacy_unit="person",
            synthetic=True,
            publish=True,
            fields=RECORD,
        )
        steward.publish_policy(POLICY)
        yield steward, ana


@pytest.fixture
def asked(world: tuple[Hub, Hub]) -> tuple[Hub, str]:
    """The researcher, and a permit of ε 1 that nothing was spent of."""
    steward, ana = world
    wanted = ana.apply("stays", purpose="scientific research", kinds=["noisy"], ethics="24-1")
    return ana, steward.grant(wanted).id


COUNT = "SELECT count(*) AS n FROM stays"


def spent(hub: Hub) -> float:
    return sum(entry.charge.epsilon for entry in hub.ledger("stays").charges())


def test_an_explanation_tells_cost_and_error_before_anything_is_spent(asked: tuple[Hub, str]) -> None:
    ana, permit = asked
    expected = ana.explain(COUNT, permit=permit, epsilon=0.5).expected
    assert expected is not None
    assert (expected.epsilon, expected.delta, expected.repeated) == (0.5, 0.0, False)
    answer = ana.sql(COUNT, permit=permit, epsilon=0.5)
    (row,) = answer.to_arrow().to_pylist()
    assert row["n_high"] - row["n"] == expected.errors["n"]
    assert abs(row["n"] - 9_001) <= 60
    assert answer.note.costs == {"n": (0.5, 0.0)}
    again = ana.explain(COUNT, permit=permit, epsilon=0.5).expected
    assert again is not None
    assert again.repeated
    assert again.epsilon == 0.0


def test_the_same_question_again_costs_nothing_and_gives_the_same(asked: tuple[Hub, str]) -> None:
    ana, permit = asked
    sql = "SELECT count(*) FILTER (WHERE died) AS n FROM stays"
    first = ana.sql(sql, permit=permit, epsilon=0.3)
    for _ in range(5):
        again = ana.sql(sql, permit=permit, epsilon=0.3)
        assert again.to_arrow().to_pylist() == first.to_arrow().to_pylist()
        assert again.note.repeated
        assert again.note.epsilon == 0.0
    assert ana.sql(sql, permit=permit, epsilon=0.31).note.epsilon == pytest.approx(0.31)


def test_for_a_wished_error_the_least_epsilon_is_found_and_spent(asked: tuple[Hub, str]) -> None:
    ana, permit = asked
    sql = "SELECT count(died) AS n FROM stays"
    expected = ana.explain(sql, permit=permit, error=20).expected
    assert expected is not None
    answer = ana.sql(sql, permit=permit, error=20)
    (row,) = answer.to_arrow().to_pylist()
    assert row["n_high"] - row["n"] <= 20
    assert answer.note.epsilon == expected.epsilon
    assert 0.1 < answer.note.epsilon < 0.2
    with pytest.raises(UnsupportedQuery, match="an error as small as"):
        ana.sql(sql, permit=permit, error=0.001)
    with pytest.raises(InvalidRequest, match="exclude"):
        ana.sql(sql, permit=permit, epsilon=0.1, error=20)


def test_bounds_that_nobody_declared_are_found_and_charged_with_the_answer(asked: tuple[Hub, str]) -> None:
    ana, permit = asked
    answer = ana.sql("SELECT sum(los) AS s, avg(los) AS a FROM stays", permit=permit, epsilon=0.5)
    (row,) = answer.to_arrow().to_pylist()
    assert answer.note.epsilon == 0.5
    assert any("found privately" in rule for rule in answer.note.rules)
    assert any(" to 64 were" in rule for rule in answer.note.rules)
    assert abs(row["a"] - 24.5) < 5
    assert sum(epsilon for epsilon, _ in answer.note.costs.values()) == pytest.approx(0.375)


def test_a_group_key_that_names_a_person_is_not_shown_and_is_charged(asked: tuple[Hub, str]) -> None:
    ana, permit = asked
    answer = ana.sql("SELECT ward, count(*) AS n FROM stays GROUP BY ward", permit=permit, epsilon=0.5)
    assert [row["ward"] for row in answer.to_arrow().to_pylist()] == ["w0", "w1", "w2"]
    assert answer.note.delta > 0
    one = "SELECT CASE WHEN person = 'owner' THEN 'owner' ELSE 'others' END AS who, count(*) AS n FROM stays GROUP BY 1"
    rows = ana.sql(one, permit=permit, epsilon=0.5).to_arrow().to_pylist()
    assert {row["who"] for row in rows} == {"owner", "others"}
    assert all(row["n_high"] - row["n_low"] >= 3 or row["n"] < 4 for row in rows)
    with pytest.raises(UnsupportedQuery, match="privacy unit"):
        ana.sql("SELECT person, count(*) FROM stays GROUP BY person", permit=permit, epsilon=0.5)


HOSTILE = {
    "noise that cancels": "SELECT count(*) - count(*) AS z FROM stays",
    "a repeated subquery": "SELECT (SELECT count(*) FROM stays) AS a, (SELECT count(*) FROM stays) AS b",
    "a subquery that groups": "SELECT count(*) FROM (SELECT person, count(*) FROM stays GROUP BY person) s",
    "a condition on a count": "SELECT ward, count(*) FROM stays GROUP BY ward HAVING count(*) = 1",
    "one person chosen by order": "SELECT count(*) FROM (SELECT * FROM stays ORDER BY los LIMIT 1) s",
    "an expression that fails on a row": "SELECT sum(1 / los) FROM stays",
    "a cast that fails on a row": "SELECT count(*) FROM stays WHERE CAST(person AS INTEGER) = 1",
    "a join that multiplies": "SELECT count(*) FROM stays a JOIN stays b ON a.ward = b.ward",
    "values listed": "SELECT list(los) FROM stays",
    "a union": "SELECT count(*) FROM stays UNION ALL SELECT count(*) FROM stays",
    "a million bands": "SELECT floor(los / 0.00001) AS b, count(*) FROM stays GROUP BY 1",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_bounded_is_refused_and_costs_nothing(asked: tuple[Hub, str], name: str) -> None:
    ana, permit = asked
    before = spent(ana)
    with pytest.raises(UnsupportedQuery) as refusal:
        ana.sql(HOSTILE[name], permit=permit, epsilon=0.5)
    assert refusal.value.hint
    assert spent(ana) == before


@pytest.mark.parametrize("epsilon", [0.0, -1.0, 1e-300])
def test_an_epsilon_that_is_none_or_tells_nothing_is_no_free_look(
    asked: tuple[Hub, str], epsilon: float
) -> None:
    ana, permit = asked
    before = spent(ana)
    with pytest.raises(dataspace.errors.DataspaceError):
        ana.sql("SELECT count(los) AS n FROM stays", permit=permit, epsilon=epsilon)
    assert epsilon > 0 or spent(ana) == before


def test_more_than_one_question_may_cost_is_refused(asked: tuple[Hub, str]) -> None:
    ana, permit = asked
    with pytest.raises(BudgetExceeded):
        ana.sql(COUNT, permit=permit, epsilon=0.6)


def test_two_measures_of_the_same_name_of_thing_are_both_paid_for(asked: tuple[Hub, str]) -> None:
    ana, permit = asked
    before = spent(ana)
    answer = ana.sql("SELECT count(*) AS a, count(*) AS b FROM stays", permit=permit, epsilon=0.2)
    assert answer.note.costs == {"a": (0.1, 0.0), "b": (0.1, 0.0)}
    assert spent(ana) - before == pytest.approx(0.2)
