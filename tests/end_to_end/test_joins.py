"""Noisy answers over several datasets: joined on the person or by a lookup, bounded, charged to each that protects."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import dataspace
from dataspace.bootstrap import add_person, init_hub
from dataspace.client.hub import Hub
from dataspace.errors import AccessDenied, BudgetExceeded, DataspaceError, UnsupportedQuery
from dataspace.model.principals import Role
from dataspace.settings import HubSettings
from dataspace.testing.examples import RECORD

pytestmark = pytest.mark.slow

POLICY = """
policy: {name}
title: Invented {name}
owner: the data steward of the hub
on: {name}
allow:
  - rule: noisy
    for: scientific research
    who: permit holders
    answers: {kind}
    limits: {{epsilon per question: 0.5, epsilon per permit: 1}}
    because: Research under a permit, with noise.
"""

PERSONS = 600


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, Hub]]:
    """600 persons with three stays each and some of nobody; every second one has two samples; nine wards with beds."""
    folder: Path = tmp_path_factory.mktemp("joins")
    stays = ["person,los,ward"]
    stays += [f"p{at % PERSONS},{at % 30},{'w' + str(at % PERSONS % 9)}" for at in range(3 * PERSONS)]
    stays += [",5,w1" for _ in range(40)]
    samples = ["patient,sodium,sex"]
    samples += [
        f"p{at},{130 + at % 20},{'m' if at % 4 == 0 else 'f'}" for at in range(0, PERSONS, 2) for _ in "ab"
    ]
    samples += [",140,m" for _ in range(30)] + [f"other{at},140,m" for at in range(50)]
    wards = ["ward,beds"] + [f"w{at},{10 * at}" for at in range(8)]
    settings = HubSettings(folder / "hub", port=0)
    init_hub(settings)
    for person, role in (("sam", Role.STEWARD), ("ana", Role.RESEARCHER)):
        add_person(settings, person, person.title(), {role}, "University")
    with dataspace.open(settings.home, "sam") as steward, dataspace.open(settings.home, "ana") as ana:
        for name, lines in (("stays", stays), ("samples", samples), ("wards", wards), ("secret", wards)):
            path = folder / f"{name}.csv"
            path.write_text("\n".join(lines) + "\n")
            unit = {"stays": "person", "samples": "patient"}.get(name, "")
            steward.register(
                path, name, title=name, privacy_unit=unit, synthetic=True, publish=True, fields=RECORD
            )
            kind = "rows" if name == "wards" else "noisy"
            steward.publish_policy(POLICY.format(name=name, kind=kind))
        yield steward, ana


@pytest.fixture
def asked(world: tuple[Hub, Hub]) -> tuple[Hub, str]:
    """The researcher, and a permit for all four that nothing was spent of."""
    steward, ana = world
    wanted = ana.apply(
        ["stays", "samples", "wards", "secret"],
        purpose="scientific research",
        kinds=["noisy", "rows"],
        ethics="24-1",
    )
    return ana, steward.grant(wanted).id


def spent(hub: Hub, name: str) -> float:
    return sum(entry.charge.epsilon for entry in hub.ledger(name).charges())


BOTH = "SELECT count(*) AS n FROM stays JOIN samples ON stays.person = samples.patient"


def test_persons_in_both_count_once_and_both_accounts_are_charged(asked: tuple[Hub, str]) -> None:
    ana, permit = asked
    before = spent(ana, "stays"), spent(ana, "samples")
    expected = ana.explain(BOTH, permit=permit, epsilon=0.5).expected
    answer = ana.sql(BOTH, permit=permit, epsilon=0.5)
    (row,) = answer.to_arrow().to_pylist()
    assert abs(row["n"] - PERSONS / 2) <= 60, "300 persons are in both, with six pairs of rows each"
    assert expected is not None and row["n_high"] - row["n"] == expected.errors["n"]
    assert spent(ana, "stays") - before[0] == pytest.approx(0.5)
    assert spent(ana, "samples") - before[1] == pytest.approx(0.5)
    assert [name.split("@")[0] for name in answer.note.datasets] == ["stays", "samples"]
    again = ana.sql(BOTH, permit=permit, epsilon=0.5)
    assert again.note.repeated
    assert spent(ana, "samples") - before[1] == pytest.approx(0.5)


def test_columns_of_both_group_narrow_and_are_measured(asked: tuple[Hub, str]) -> None:
    ana, permit = asked
    rows = ana.sql(
        "SELECT CASE WHEN sex = 'm' THEN 'men' ELSE 'others' END AS who, count(*) AS n "
        "FROM stays s JOIN samples t ON t.patient = s.person WHERE t.sodium >= 130 AND s.los < 99 GROUP BY 1",
        permit=permit,
        epsilon=0.5,
    ).to_arrow()
    found = dict(zip(rows["who"].to_pylist(), rows["n"].to_pylist(), strict=True))
    assert abs(found["men"] - 150) <= 60 and abs(found["others"] - 150) <= 60


def test_a_lookup_in_rows_that_may_be_read_costs_its_own_account_nothing(asked: tuple[Hub, str]) -> None:
    ana, permit = asked
    rows = ana.sql(
        "SELECT CASE WHEN w.beds >= 40 THEN 'large' ELSE 'small' END AS size, count(*) AS n "
        "FROM stays JOIN wards w USING (ward) GROUP BY 1",
        permit=permit,
        epsilon=0.5,
    ).to_arrow()
    found = dict(zip(rows["size"].to_pylist(), rows["n"].to_pylist(), strict=True))
    assert abs(found["small"] - 4 * PERSONS / 9) <= 60 and abs(found["large"] - 4 * PERSONS / 9) <= 60
    assert spent(ana, "wards") == 0
    left = (
        "SELECT count(*) AS n FROM stays LEFT JOIN wards ON stays.ward = wards.ward WHERE wards.beds IS NULL"
    )
    (row,) = ana.sql(left, permit=permit, epsilon=0.5).to_arrow().to_pylist()
    assert abs(row["n"] - PERSONS / 9) <= 60, "those of the ninth ward, which is not listed"


def test_who_may_not_read_the_rows_may_not_look_them_up(asked: tuple[Hub, str]) -> None:
    ana, permit = asked
    before = spent(ana, "stays")
    sql = "SELECT count(*) AS n FROM stays JOIN secret ON stays.ward = secret.ward"
    with pytest.raises(AccessDenied):
        ana.sql(sql, permit=permit, epsilon=0.1)
    assert (spent(ana, "stays"), spent(ana, "secret")) == (before, 0)


def test_where_one_account_has_too_little_left_none_is_charged(asked: tuple[Hub, str]) -> None:
    ana, permit = asked
    ana.sql("SELECT count(sodium) AS n FROM samples", permit=permit, epsilon=0.5)
    ana.sql("SELECT count(sex) AS n FROM samples", permit=permit, epsilon=0.4)
    before = spent(ana, "stays"), spent(ana, "samples")
    sql = "SELECT count(los) AS n FROM stays JOIN samples ON person = patient"
    for ask in (ana.explain, ana.sql):
        with pytest.raises(BudgetExceeded):
            ask(sql, permit=permit, epsilon=0.2)
    assert (spent(ana, "stays"), spent(ana, "samples")) == before


REFUSED = {
    "neither a unit nor a lookup": "SELECT count(*) FROM stays JOIN samples ON stays.ward = samples.patient",
    "one's unit with another column": "SELECT count(*) FROM stays JOIN samples ON stays.person = samples.sex",
    "no condition": "SELECT count(*) FROM stays, samples",
    "a cross join": "SELECT count(*) FROM stays CROSS JOIN samples",
    "an inequality": "SELECT count(*) FROM stays JOIN samples ON stays.person <> samples.patient",
    "more than one condition": "SELECT count(*) FROM stays JOIN samples ON person = patient AND los = sodium",
    "a full join": "SELECT count(*) FROM stays FULL JOIN samples ON person = patient",
    "a left join on the unit": "SELECT count(*) FROM stays LEFT JOIN samples ON person = patient",
    "types that would be cast": "SELECT count(*) FROM stays JOIN wards ON stays.los = wards.ward",
    "a dataset with itself": "SELECT count(*) FROM stays a JOIN stays b ON a.person = b.person",
    "the same one twice": "SELECT count(*) FROM stays JOIN samples a ON person = patient "
    "JOIN samples b ON person = b.patient",
    "a subquery": "SELECT count(*) FROM stays JOIN (SELECT patient FROM samples) t ON person = t.patient",
    "named elsewhere": "SELECT count(*) FROM stays WHERE person IN (SELECT patient FROM samples)",
    "the unit of the other": "SELECT patient, count(*) FROM stays JOIN samples ON person = patient GROUP BY patient",
    "a name that both have": "SELECT ward, count(*) FROM stays JOIN wards ON stays.ward = wards.ward GROUP BY ward",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_keep_the_unit_is_refused_with_the_nearest_form_and_costs_nothing(
    asked: tuple[Hub, str], name: str
) -> None:
    ana, permit = asked
    before = spent(ana, "stays"), spent(ana, "samples")
    with pytest.raises(UnsupportedQuery) as refusal:
        ana.sql(REFUSED[name], permit=permit, epsilon=0.1)
    assert refusal.value.hint
    assert (spent(ana, "stays"), spent(ana, "samples")) == before


def test_without_noise_datasets_are_asked_one_at_a_time(asked: tuple[Hub, str]) -> None:
    ana, permit = asked
    with pytest.raises(DataspaceError, match="2 datasets"):
        ana.sql(BOTH, permit=permit)
