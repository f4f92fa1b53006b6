"""A column that a permit withholds: its name is refused before anything runs, by every kind of question."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dataspace
from dataspace.bootstrap import add_person, init_hub
from dataspace.client.hub import Hub
from dataspace.errors import ColumnWithheld
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
  - rule: research
    for: scientific research
    who: permit holders
    answers: [rows, aggregate, noisy]
    limits: {epsilon per question: 0.5, epsilon per permit: 1}
    because: Research under a permit.
"""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, str]]:
    """A researcher, and her permit without the column `sex`."""
    folder: Path = tmp_path_factory.mktemp("withheld")
    path = folder / "stays.csv"
    lines = [f"p{at},{'mf'[at % 2]},w{at % 3},{at % 50}" for at in range(300)]
    path.write_text("person,sex,ward,los\n" + "\n".join(lines) + "\n")
    settings = HubSettings(folder / "hub", port=0)
    init_hub(settings)
    for person, role in (("sam", Role.STEWARD), ("ana", Role.RESEARCHER)):
        add_person(settings, person, person.title(), {role}, "University")
    with dataspace.open(settings.home, "sam") as steward, dataspace.open(settings.home, "ana") as ana:
        steward.register(path, "stays", privacy_unit="person", synthetic=True, publish=True, fields=RECORD)
        steward.publish_policy(POLICY)
        wanted = ana.apply(
            "stays", purpose="scientific research", kinds=["rows", "aggregate", "noisy"], ethics="24-1"
        )
        yield ana, steward.grant(wanted, withheld=["sex"]).id


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("SELECT sex, count(*) AS n FROM stays GROUP BY sex", {}),
        ("SELECT count(*) AS n FROM stays WHERE sex = 'm'", {}),
        ("SELECT sex, count(*) AS n FROM stays GROUP BY sex", {"epsilon": 0.2}),
        ("SELECT sex FROM stays", {"kind": "rows"}),
        ("SELECT ward FROM stays WHERE SEX = 'm'", {"kind": "rows"}),
        ("SELECT s.sex FROM stays s", {"kind": "rows"}),
    ],
)
def test_its_name_is_refused_alike_when_asked_and_explained_and_nothing_is_spent(
    asked: tuple[Hub, str], text: str, options: dict[str, Any]
) -> None:
    ana, permit = asked
    for ask in (ana.sql, ana.explain):
        with pytest.raises(ColumnWithheld, match=r"'sex' of 'stays' is withheld.*steward"):
            ask(text, permit=permit, **options)
    assert ana.ledger("stays").charges() == []


def test_what_is_given_is_answered_as_before(asked: tuple[Hub, str]) -> None:
    ana, permit = asked
    every = ana.sql("SELECT * FROM stays", permit=permit, kind="rows").to_arrow()
    assert "sex" not in every.column_names
    assert ana.sql("SELECT ward AS sex FROM stays", permit=permit, kind="rows").to_arrow().num_rows == 300
    cells = ana.sql("SELECT ward, count(*) AS n FROM stays GROUP BY ward", permit=permit).to_arrow()
    assert cells.column("n").to_pylist() == [100, 100, 100]
