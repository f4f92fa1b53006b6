"""Answers are compared with all earlier ones, by the confined clerk; what it remembers lies sealed in the home."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dataspace.adapters.answered import FilePast
from dataspace.adapters.duckdb.cuts import DuckdbCuts
from dataspace.adapters.duckdb.engine import ConfinedEngine
from dataspace.adapters.duckdb.reader import DuckdbReader
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.errors import AnswerTooClose, NoAnswer
from dataspace.model.datasets import Column, ColumnType, Dataset, Version
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import Asked, CellsPlan, CutRecipe
from dataspace.model.policies import AnswerKind
from dataspace.planning.differencing import MAXIMUM_REFUSALS

STAYS = DatasetName("stays")
PERSON = ColumnName("person")
KEY = b"0123456789abcdef0123456789abcdef"
COLUMNS = tuple(ColumnName(n) for n in ("sex", "age", "rare", "los"))


def table(persons: range) -> pa.Table:
    """Two stays each; ages 20 to 79; person 7 alone is rare; the second stay of each is on ward 2."""
    rows = [(i, ward) for i in persons for ward in (1, 2)]
    return pa.table(
        {
            "person": [f"p{i}" for i, _ in rows],
            "sex": [i % 2 for i, _ in rows],
            "age": [20 + i % 60 for i, _ in rows],
            "rare": [int(i == 7) for i, _ in rows],
            "ward": [ward for _, ward in rows],
            "los": [1 + (i * 7 + ward) % 40 for i, ward in rows],
        }
    )


DATASET = Dataset(
    STAYS,
    "Stays",
    "",
    (
        Column(PERSON, ColumnType.TEXT),
        Column(ColumnName("sex"), ColumnType.INTEGER, values=(0, 1)),
        Column(ColumnName("age"), ColumnType.INTEGER),
        Column(ColumnName("rare"), ColumnType.INTEGER, values=(0, 1)),
        Column(ColumnName("ward"), ColumnType.INTEGER),
        Column(ColumnName("los"), ColumnType.INTEGER),
    ),
    PERSON,
    None,
)


class World:
    """One hub's engine over versions of one lineage."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.reader = folder, DuckdbReader()
        self.vault = ParquetVault(folder / "vault")
        self.cuts = DuckdbCuts(self.vault, 64 * 2**20, lambda _: KEY)
        self.number = 0
        self.start()

    def start(self) -> None:
        self.engine = ConfinedEngine(
            self.folder / "log", seconds=60.0, past=FilePast(self.folder, lambda: KEY)
        )

    def stop(self) -> None:
        self.engine.stop()
        self.cuts.close()

    def version(self, persons: range) -> Version:
        rows = table(persons)
        return self.vault.write(STAYS, rows.to_batches(), rows.schema)

    def ask(
        self,
        sql: str,
        version: Version,
        who: str = "ana",
        permit: str = "P-1",
        project: str = "",
        across: tuple[str, ...] = (),
        unit: ColumnName | None = PERSON,
        population: str = "",
    ) -> list[dict[str, Any]]:
        self.number += 1
        recipe = CutRecipe(version.ref, tuple(c.name for c in DATASET.columns[1:]), privacy_unit=unit)
        with self.cuts.lease(recipe) as lease:
            asked = Asked(
                who,
                permit,
                project,
                sql,
                self.number,
                across,
                {c.name: c.values for c in DATASET.columns if c.values},
            )
            plan = self.reader.aggregate(sql, replace(DATASET, privacy_unit=unit))
            cells = CellsPlan(plan, lease.cut, AnswerKind.AGGREGATE, asked=asked, population=population)
            shown, self.note = self.engine.cells(f"{who}/{permit}", cells, [lease])
            rows: list[dict[str, Any]] = shown.to_pylist()
            return rows


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def stays(world: World) -> Version:
    return world.version(range(600))


def count(where: str) -> str:
    return "SELECT count(*) AS n FROM stays WHERE " + where  # noqa: S608 - our own


def test_one_person_cannot_be_told_by_leaving_them_out(world: World, stays: Version) -> None:
    world.ask(count("sex = 1"), stays)
    with pytest.raises(AnswerTooClose) as refused:
        world.ask(count("sex = 1 AND rare = 0"), stays)
    assert refused.value.earlier == 1
    assert "sex = 1)" in str(refused.value), "it was the asker's own question"


def test_the_same_holds_the_other_way_round(world: World, stays: Version) -> None:
    world.ask(count("sex = 1 AND age < 75 OR sex = 1 AND rare = 0"), stays)
    with pytest.raises(AnswerTooClose):
        world.ask(count("sex = 1"), stays)


def test_all_but_one_of_the_dataset_is_too_close_to_the_whole(world: World, stays: Version) -> None:
    with pytest.raises(AnswerTooClose):
        world.ask(count("rare = 0"), stays)


def test_a_refusal_does_not_tell_a_group_of_one_from_an_empty_one(world: World, stays: Version) -> None:
    world.ask(count("sex = 0"), stays)
    world.ask(count("sex = 1"), stays)
    words = []
    for sex in (0, 1):  # the one rare person has sex 1: with sex 0 the difference is nobody
        with pytest.raises(AnswerTooClose) as refused:
            world.ask(count(f"sex = {sex} AND rare = 0"), stays)
        words.append(str(refused.value).replace(f"question {sex + 1} ", "").replace(f"sex = {sex}", ""))
    assert words[0] == words[1]


def test_a_tracker_over_three_answers_is_refused_though_each_pair_is_far_apart(
    world: World, stays: Version
) -> None:
    """Denning's tracker: count(C or T) + count(C or not T) - count(all) is the count of C."""
    world.ask(count("age < 50 OR sex = 1 AND rare = 1"), stays)
    with pytest.raises(AnswerTooClose):
        world.ask(count("age >= 50 OR sex = 1 AND rare = 1"), stays)


def test_a_tracker_with_factors_is_refused_though_each_sum_and_difference_is_about_many(
    world: World, stays: Version
) -> None:
    """Four groups with the one person in each, less the groups without: four times the one person."""
    bands = [(40 + 10 * at, 50 + 10 * at) for at in range(4)]
    for low, high in bands:
        (row,) = world.ask(count(f"age >= {low} AND age < {high} OR rare = 1"), stays)
        assert row == {"n": 101}
    with pytest.raises(AnswerTooClose):
        world.ask(count("age >= 40 AND rare = 0"), stays)


def test_cells_of_a_line_add_up_to_what_a_total_is_compared_with(world: World, stays: Version) -> None:
    world.ask("SELECT sex, count(*) AS n FROM stays WHERE age < 70 GROUP BY sex", stays)
    with pytest.raises(AnswerTooClose):
        world.ask(count("age < 70 AND rare = 0"), stays)


def test_totals_of_what_was_shown_and_the_same_question_again_are_answered(
    world: World, stays: Version
) -> None:
    first = world.ask("SELECT sex, count(*) AS n FROM stays WHERE age < 70 GROUP BY sex", stays)
    assert world.ask("SELECT sex, count(*) AS n FROM stays WHERE age < 70 GROUP BY sex", stays) == first
    (total,) = world.ask(count("age < 70"), stays)
    assert total["n"] == sum(row["n"] for row in first)
    assert world.ask(count("sex = 1 AND age < 70"), stays)[0]["n"] == first[1]["n"]


def test_groups_that_differ_by_enough_are_answered(world: World, stays: Version) -> None:
    world.ask(count("age < 70"), stays)
    assert world.ask(count("age < 69"), stays)[0]["n"] == 490, "ten persons are 69"


def test_a_sum_over_the_same_persons_with_other_rows_is_refused(world: World, stays: Version) -> None:
    world.ask("SELECT sum(los) AS days FROM stays WHERE age < 60", stays)
    with pytest.raises(AnswerTooClose):
        world.ask("SELECT sum(los) AS days FROM stays WHERE age < 60 AND (rare = 0 OR ward = 1)", stays)


def test_units_that_left_between_two_versions_cannot_be_told(world: World, stays: Version) -> None:
    later = world.version(range(1, 600))
    world.ask(count("sex = 0"), stays)
    with pytest.raises(AnswerTooClose):
        world.ask(count("sex = 0"), later)
    much_later = world.version(range(100, 600))
    assert world.ask(count("sex = 0"), much_later)[0]["n"] == 250


def test_another_permit_is_looked_at_where_policy_says_so(world: World, stays: Version) -> None:
    world.ask(count("sex = 1"), stays, permit="P-1", project="x")
    close = count("sex = 1 AND rare = 0")
    for across, who in ((("principal",), "ana"), (("project",), "ben")):
        with pytest.raises(AnswerTooClose) as refused:
            world.ask(close, stays, who=who, permit="P-2", project="x", across=across)
        assert (refused.value.earlier is None) is (who == "ben"), (
            "whose question it was is not told to others"
        )
    assert world.ask(close, stays, permit="P-2", project="x"), "nothing links these two permits"


def test_another_person_under_the_same_permit_is_compared_and_not_named(world: World, stays: Version) -> None:
    world.ask(count("sex = 1"), stays)
    with pytest.raises(AnswerTooClose) as refused:
        world.ask(count("sex = 1 AND rare = 0"), stays, who="ben")
    assert refused.value.earlier is None
    assert "sex" not in str(refused.value)


def test_it_is_remembered_when_everything_starts_anew_and_nothing_lies_open(
    world: World, stays: Version
) -> None:
    world.ask(count("sex = 1"), stays)
    world.engine.stop()
    world.start()
    with pytest.raises(AnswerTooClose):
        world.ask(count("sex = 1 AND rare = 0"), stays)
    kept = [path for path in (world.folder / "answered").rglob("*") if path.is_file()]
    assert kept
    assert not any(b"sex" in path.read_bytes() or b"ana" in path.read_bytes() for path in kept)


def test_an_entry_that_was_changed_stops_all_answers(world: World, stays: Version) -> None:
    world.ask(count("sex = 1"), stays)
    told = next(path for path in (world.folder / "answered").rglob("*-told-*"))
    told.write_bytes(told.read_bytes()[:-1] + b"x")
    world.engine.stop()
    world.start()
    with pytest.raises(Exception, match="backup"):
        world.ask(count("age < 60"), stays)


def test_rows_are_units_where_the_dataset_names_no_person(world: World, stays: Version) -> None:
    world.ask(count("sex = 1"), stays, unit=None)
    with pytest.raises(AnswerTooClose):
        world.ask(count("sex = 1 AND rare = 0"), stays, unit=None)


def test_a_session_stays_warm_after_a_refusal(world: World, stays: Version) -> None:
    world.ask(count("sex = 1"), stays)
    before = world.engine._pairs["ana/P-1"][0]
    with pytest.raises(AnswerTooClose):
        world.ask(count("sex = 1 AND rare = 0"), stays)
    assert world.engine._pairs["ana/P-1"][0] is before


def test_an_engine_without_a_past_gives_no_answer_that_would_have_to_be_compared(
    world: World, stays: Version
) -> None:
    world.engine.stop()
    world.engine = ConfinedEngine(world.folder / "log", seconds=60.0)
    with pytest.raises(NoAnswer):
        world.ask(count("sex = 1"), stays)


BY_SEX = "SELECT sex, count(*) AS n FROM stays WHERE {} GROUP BY sex"
BY_AGE = "SELECT age, count(*) AS n FROM stays {} GROUP BY age"


def test_a_sensitivity_analysis_that_was_foreseen_is_answered_as_far_as_it_can_be(world: World) -> None:
    """Of each age 80 persons; of some ages all stay longer than 19 days, of some half of them, of some nobody."""
    stays = world.version(range(4_800))
    for name, where in (("all", ""), ("long", "WHERE los >= 20")):
        sql = f"SELECT count(*) AS n FROM stays {where}"  # noqa: S608 - our own
        assert world.ask(sql, stays, population=name) == [{"population": name}]
    main, again = (
        {row["age"]: row["n"] for row in world.ask(BY_AGE.format(where), stays)}
        for where in ("", "WHERE los >= 20")
    )
    assert main == dict.fromkeys(range(20, 80), 80)
    assert set(again.values()) == {40}, "where nobody is left out, that is told of nobody"
    assert len(again) > 20
    assert any("earlier answers come too close" in rule for rule in world.note.rules)
    with pytest.raises(AnswerTooClose):
        world.ask(BY_AGE.format("WHERE los >= 21"), stays)  # not foreseen


def test_a_group_that_only_the_total_tells_is_withheld_with_the_one_that_differs(
    world: World, stays: Version
) -> None:
    everyone = "age >= 30 OR rare = 1"
    nearly = "age >= 30 AND NOT (rare = 1 OR age = 30)"  # ten of one sex fewer, and one of the other
    for name, where in (("everyone", everyone), ("nearly", nearly)):
        world.ask(count(where), stays, population=name)
    assert [row["n"] for row in world.ask(BY_SEX.format(everyone), stays)] == [250, 251]
    assert [row["n"] for row in world.ask(BY_SEX.format(nearly), stays)] == [None, None]


def test_without_having_been_declared_the_same_is_refused(world: World, stays: Version) -> None:
    world.ask(BY_SEX.format("age >= 30 OR rare = 1"), stays)
    with pytest.raises(AnswerTooClose):
        world.ask(BY_SEX.format("age >= 30 AND NOT (rare = 1 OR age = 30)"), stays)


def test_groups_that_differ_by_enough_are_told_of_both_populations(world: World, stays: Version) -> None:
    wide, narrow = "age >= 30", "age >= 35"
    for name, where in (("wide", wide), ("narrow", narrow)):
        world.ask(count(where), stays, population=name)
    assert [row["n"] for row in world.ask(BY_SEX.format(wide), stays)] == [250, 250]
    assert [row["n"] for row in world.ask(BY_SEX.format(narrow), stays)] == [220, 230]


def test_what_was_declared_is_kept_free_of_questions_that_were_not(world: World, stays: Version) -> None:
    world.ask(count("age < 50"), stays, population="young")
    with pytest.raises(AnswerTooClose):
        world.ask(count("age < 50 OR rare = 0 AND age < 51 AND sex = 2"), stays)
    assert world.ask(count("age < 50"), stays) == [{"n": 300}]


def test_declaring_tells_nothing_and_there_is_an_end_to_it(world: World, stays: Version) -> None:
    one = world.ask(count("rare = 1"), stays, population="one")
    none = world.ask(count("rare = 2"), stays, population="one")
    assert one == none == [{"population": "one"}]
    assert world.ask(count("rare = 1"), stays) == [{"n": None}]
    for at in range(48):
        assert world.ask(count(f"age < {at + 21}"), stays, population="more")
    assert world.ask(count("age < 77"), stays, population="more") == []
    assert world.ask(count("age < 21"), stays, population="again") == [{"population": "again"}]


def test_what_was_declared_is_remembered_when_everything_starts_anew(world: World, stays: Version) -> None:
    everyone, nearly = "age >= 30 OR rare = 1", "age >= 30 AND NOT (rare = 1 OR age = 30)"
    world.ask(count(everyone), stays, population="all")
    world.ask(count(nearly), stays, population="nearly")
    world.engine.stop()
    world.start()
    world.ask(BY_SEX.format(everyone), stays)
    assert [row["n"] is None for row in world.ask(BY_SEX.format(nearly), stays)] == [True, True]


def test_refusals_have_an_end_that_no_differently_put_question_moves(
    world: World, stays: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each refusal tells one bit at most; once they are used up, nothing is told, whatever the data are."""
    world.ask(count("sex = 1"), stays)
    refused = 0
    for at in range(MAXIMUM_REFUSALS + 2):
        with pytest.raises(AnswerTooClose):
            world.ask(count(f"sex = 1 AND NOT (rare = 1 AND los <> {1_000 + at})"), stays)
        refused += 1
    assert refused == MAXIMUM_REFUSALS + 2
    with pytest.raises(AnswerTooClose):
        world.ask(count("sex = 0"), stays)  # far from everything, and still no answer
    assert world.ask(count("sex = 0"), stays, permit="P-2") == [{"n": 300}]
    with pytest.raises(AnswerTooClose):
        world.ask(count("sex = 0"), stays, permit="P-3", across=("principal",))


def test_groups_by_a_key_that_encodes_a_person_show_none(world: World, stays: Version) -> None:
    """The group-key attack: a key with about as many values as persons, or one that marks a person."""
    assert world.ask("SELECT rare, count(*) AS n FROM stays GROUP BY rare", stays) == [
        {"rare": 0, "n": None},
        {"rare": 1, "n": None},
    ]
    with pytest.raises(NoAnswer):
        world.ask("SELECT age, los, ward, sex, count(*) AS n FROM stays GROUP BY age, los, ward, sex", stays)
    by_age = world.ask("SELECT age, rare, count(*) AS n FROM stays GROUP BY age, rare", stays)
    assert all(row["n"] is None for row in by_age if row["rare"] == 1)
    assert [row["n"] for row in by_age if row["age"] == 27] in ([], [None], [None, None])


def test_another_permit_of_the_same_project_is_looked_at_where_policy_says_so(
    world: World, stays: Version
) -> None:
    world.ask(count("sex = 1"), stays, who="ana", permit="P-1", project="heart")
    with pytest.raises(AnswerTooClose) as refused:
        world.ask(count("sex = 1 AND rare = 0"), stays, "ben", "P-2", "heart", ("project",))
    assert refused.value.earlier is None, "somebody else's question is not named"
    assert world.ask(count("sex = 1 AND rare = 0"), stays, "ben", "P-2", "lung", ("project",)) == [{"n": 299}]
