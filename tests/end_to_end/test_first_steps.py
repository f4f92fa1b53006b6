"""Where a newcomer stumbles: each mistake is told by what was wrong, and by what to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import dataspace
from dataspace.cli.main import main
from dataspace.client.hub import Hub
from dataspace.client.wire import HubWarning
from dataspace.errors import (
    AccessDenied,
    BudgetExceeded,
    InvalidRequest,
    PolicyUnreadable,
    SetupError,
    SourceUnreadable,
    UnknownColumn,
    UnknownName,
    UnsupportedQuery,
)
from dataspace.testing.examples import RECORD

pytestmark = pytest.mark.slow

COUNT = "SELECT count(*) AS n FROM stays"
POLICY = """
policy: stays
title: Invented stays
owner: the data steward
on: stays
allow:
  - rule: counts
    for: scientific research
    who: permit holders
    answers: [aggregate, noisy]
    limits: {cohort: 10, epsilon per question: 0.5, mask: {ward: hash}}
  - rule: rows
    for: service optimisation
    who: permit holders
    answers: rows
"""


class World:
    """A hub in this process, asked by a steward and a researcher who holds P-1."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "hub"
        dataspace.create(self.home, {"sam": "steward", "ana": "researcher"})
        self.sam: Hub = dataspace.open(self.home, "sam")
        self.ana: Hub = dataspace.open(self.home, "ana")
        rows = "\n".join(f"{i % 40},{int(i % 3 == 0)},w{i % 4},{i % 100}" for i in range(400))
        (folder / "stays.csv").write_text(f"los,died,ward,room\n{rows}\n")
        self.sam.register(folder / "stays.csv", "stays", publish=True, fields=RECORD)
        self.sam.publish_policy(POLICY)
        asked = self.ana.apply("stays", purpose="scientific research", kinds=["aggregate", "noisy"])
        self.sam.grant(asked, epsilon_total=0.6)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("first"))
    yield made
    made.ana.close()
    made.sam.close()


def test_an_explanation_says_what_the_question_would_be_told(world: World) -> None:
    size = world.ana.log.size
    assert world.ana.explain(COUNT, permit="P-1", epsilon=0.5).allowed
    with pytest.raises(BudgetExceeded, match="the limit for one question"):
        world.ana.explain(COUNT, permit="P-1", epsilon=5)
    with pytest.raises(InvalidRequest, match="positive"):
        world.ana.explain(COUNT, permit="P-1", epsilon=-1)
    for undeclared in (
        "SELECT sum(los) AS n FROM stays",
        "SELECT room, count(*) AS n FROM stays GROUP BY room",
    ):
        told = world.ana.explain(undeclared, permit="P-1", epsilon=0.1)
        assert told.allowed and told.expected
    with pytest.raises(UnsupportedQuery, match="count"):
        world.ana.explain("SELECT count(*) - count(*) AS n FROM stays", permit="P-1", epsilon=0.1)
    assert world.ana.log.size == size


def test_an_explanation_knows_what_is_left_of_the_budget(world: World) -> None:
    world.ana.sql(COUNT, permit="P-1", epsilon=0.4)
    other = "SELECT count(*) AS n FROM stays WHERE died = 1"
    with pytest.raises(BudgetExceeded) as told:
        world.ana.explain(other, permit="P-1", epsilon=0.4)
    assert told.value.left == pytest.approx(0.2)
    assert world.ana.explain(other, permit="P-1", epsilon=0.2).allowed
    assert world.ana.explain(COUNT, permit="P-1", epsilon=0.4).allowed, "the same answer again costs nothing"
    asked = [
        "explain",
        other,
        "--permit",
        "P-1",
        "--epsilon",
        "0.4",
        "--home",
        str(world.home),
        "--as",
        "ana",
    ]
    assert main(asked) == 1


def test_a_policy_for_a_dataset_that_is_not_there_is_in_force_with_a_warning(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = POLICY.replace("policy: stays", "policy: typo").replace("on: stays", "on: staies")
    with pytest.warns(HubWarning, match="no dataset named 'staies' here; did you mean 'stays'"):
        world.sam.publish_policy(text)
    assert "typo" in [policy["id"] for policy in world.sam.policies()]
    file = tmp_path / "typo.yaml"
    file.write_text(text)
    for verb in ("check", "publish"):
        assert main(["policy", verb, str(file), "--home", str(world.home), "--as", "sam"]) == 0
        assert "did you mean 'stays'" in capsys.readouterr().err
    world.sam.withdraw_policy("typo")


@pytest.mark.parametrize(
    "limits",
    ["{rows: lous <= 5}", "{mask: {lous: hash}}", "{withhold: [lous]}"],
    ids=["filter", "mask", "hide"],
)
def test_a_policy_that_names_a_column_that_is_not_there_is_not_put_in_force(
    world: World, limits: str
) -> None:
    text = POLICY.replace("policy: stays", "policy: typo").replace(
        "{cohort: 10, epsilon per question: 0.5, mask: {ward: hash}}", limits
    )
    with pytest.raises(PolicyUnreadable, match=r"typo/counts.*'lous' in stays; did you mean 'los'"):
        world.sam.publish_policy(text)
    assert "typo" not in [policy["id"] for policy in world.sam.policies()]


def test_a_filter_that_does_not_fit_the_data_does_not_tell_its_column(world: World, tmp_path: Path) -> None:
    early = POLICY.replace("policy: stays", "policy: early").replace("on: stays", "on: later")
    early = early.replace("mask: {ward: hash}", "rows: secret = 5")
    with pytest.warns(HubWarning, match="later"):
        world.sam.publish_policy(early)
    (tmp_path / "later.csv").write_text("los\n" + "5\n" * 50)
    world.sam.register(tmp_path / "later.csv", "later", publish=True, fields=RECORD)
    permit = world.sam.grant(world.ana.apply("later", purpose="scientific research"))
    with pytest.raises(SetupError) as told:
        world.ana.sql("SELECT count(*) AS n FROM later", permit=permit)
    assert "secret" not in str(told.value)
    assert "secret" in (world.home / "hub.log").read_text()
    world.sam.withdraw_policy("early")


def test_a_file_that_cannot_be_read_is_told_to_who_named_it(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SourceUnreadable, match=r"'nope\.csv' cannot be read"):
        world.sam.register(tmp_path / "nope.csv", "nope")
    words = ["dataset", "register", str(tmp_path / "nope.csv"), "--name", "nope"]
    assert main([*words, "--home", str(world.home), "--as", "sam"]) == 1
    assert "'nope.csv' cannot be read" in capsys.readouterr().err


def test_a_hub_made_twice_says_how_to_open_it(world: World) -> None:
    with pytest.raises(SetupError, match=r"dataspace\.open\(.*remove the folder"):
        dataspace.create(world.home, {"sam": "steward"})


def test_what_is_wrong_with_the_shape_is_told_where_rows_are_not_given(world: World) -> None:
    with pytest.raises(UnsupportedQuery, match="HAVING"):
        world.ana.sql("SELECT died, count(*) FROM stays GROUP BY died HAVING count(*) > 3", permit="P-1")
    with pytest.raises(UnsupportedQuery, match="without count, sum or avg"):
        world.ana.sql("SELECT died FROM stays", permit="P-1")
    with pytest.raises(UnsupportedQuery, match="HAVING"):
        world.ana.sql("SELECT died, count(*) FROM stays GROUP BY died HAVING count(*) > 3")


def test_rows_asked_for_without_a_permit_are_refused_and_recorded(world: World) -> None:
    size = world.ana.log.size
    with pytest.raises(AccessDenied):
        world.ana.sql("SELECT died FROM stays", purpose="service optimisation")
    assert world.ana.log.size == size + 1


def test_rows_are_given_where_they_are_allowed(world: World) -> None:
    asked = world.ana.apply("stays", purpose="service optimisation", kinds=["rows"])
    permit = world.sam.grant(asked)
    answer = world.ana.sql("SELECT los FROM stays ORDER BY los LIMIT 3", permit=permit)
    assert answer.note.kind == "rows"
    assert len(answer) == 3
    world.sam.revoke(permit)


def test_a_column_that_is_not_there_brings_the_nearest_one(world: World) -> None:
    for text in ("SELECT dead FROM stays", "SELECT dead, count(*) FROM stays GROUP BY dead"):
        for options in ({"permit": "P-1"}, {"kind": "rows"}, {"kind": "aggregate"}):
            with pytest.raises(UnknownColumn, match=r"No column 'dead' in stays\."):
                world.ana.sql(text, **options)  # type: ignore[arg-type]
    with pytest.raises(UnknownColumn, match="Did you mean 'ward'"):
        world.ana.sql("SELECT wards, count(*) FROM stays GROUP BY wards", permit="P-1")


@pytest.mark.parametrize("text", ["", "  \n", "-- nothing"])
def test_an_empty_question_is_called_one(world: World, text: str) -> None:
    with pytest.raises(UnsupportedQuery, match="an empty question"):
        world.ana.sql(text, permit="P-1")


def test_a_misspelt_purpose_is_told_before_anything_else(world: World) -> None:
    for ask in (world.ana.sql, world.ana.explain):
        with pytest.raises(UnknownName, match="Did you mean 'scientific research'"):
            ask(COUNT, purpose="scientfic research")


def test_a_permit_that_was_not_named_is_pointed_at(world: World) -> None:
    with pytest.raises(AccessDenied, match=r"You hold P-1: ask with permit='P-1'") as told:
        world.ana.sql(COUNT)
    assert told.value.decision.nearest.startswith("You hold P-1")
    assert "You hold P-1" in repr(world.ana.explain(COUNT))
    with pytest.raises(AccessDenied) as others:
        world.sam.sql(COUNT, purpose="scientific research")
    assert "P-1" not in str(others.value)


def test_an_epsilon_that_is_text_is_told(world: World) -> None:
    with pytest.raises(InvalidRequest, match="epsilon is a number"):
        world.ana.sql(COUNT, permit="P-1", epsilon="a little")  # type: ignore[arg-type]


def test_an_answer_without_a_cell_says_what_to_do(world: World) -> None:
    answer = world.ana.sql("SELECT room, count(*) AS n FROM stays GROUP BY room", permit="P-1")
    assert all(row["n"] is None for row in answer.to_pylist())
    assert answer.note.rules[-1] == "No cell is shown: group by fewer columns, or ask with ε."
    few = world.ana.sql("SELECT died, count(*) AS n FROM stays WHERE room = 3 GROUP BY died", permit="P-1")
    assert "No cell is shown: group by fewer columns, or ask with ε." in few.note.rules
    shown = world.ana.sql("SELECT died, count(*) AS n FROM stays GROUP BY died", permit="P-1")
    assert not any("No cell" in rule for rule in shown.note.rules)


def test_every_mask_of_what_was_asked_is_listed_whether_its_column_was_read_or_not(world: World) -> None:
    unread = world.ana.sql("SELECT died, count(*) AS n FROM stays GROUP BY died", permit="P-1").note.masked
    read = world.ana.sql("SELECT ward, count(*) AS n FROM stays GROUP BY ward", permit="P-1").note.masked
    assert list(unread) == list(read) == ["stays.ward"]


def test_one_measure_is_one_measure(world: World) -> None:
    answer = world.ana.sql(COUNT, permit="P-1", epsilon=0.4)
    assert any("over 1 measure." in rule for rule in answer.note.rules)


def test_a_command_that_is_not_there_is_suggested_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "chck"]) == 2
    assert capsys.readouterr().err.count("Did you mean") == 1


def test_a_policy_that_cannot_be_read_comes_before_its_missing_scenarios(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "typo.yaml").write_text("policy: x\nallows: {}\n")
    assert main(["policy", "test", str(tmp_path / "typo.yaml")]) == 1
    assert "typo.yaml, line 2" in capsys.readouterr().err


def test_a_hub_that_was_closed_keeps_no_engine_also_after_an_error(tmp_path: Path) -> None:
    import gc

    import duckdb

    from dataspace.bootstrap import build_hub, init_hub
    from dataspace.settings import HubSettings

    def held() -> int:
        gc.collect()
        return sum(isinstance(thing, duckdb.DuckDBPyConnection) for thing in gc.get_objects())

    settings = HubSettings(tmp_path / "hub")
    init_hub(settings)
    before = held()
    services = build_hub(settings)
    with pytest.raises(UnsupportedQuery) as told:
        services.asking.reader.relations("SELECT x(")
    assert held() > before
    services.close()
    services.close()
    assert held() == before
    assert told.value.__traceback__ is not None
