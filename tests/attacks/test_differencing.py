"""Attacks on aggregates through the whole path: from a notebook to the confined clerk, and the airlock behind it."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

import dataspace
from dataspace.bootstrap import add_person, init_hub
from dataspace.cli.main import app
from dataspace.client.hub import Hub
from dataspace.client.releases import grid_of
from dataspace.client.views import PermitView
from dataspace.errors import AnswerTooClose, Conflict, InvalidRequest, NotAllowed, UnknownName
from dataspace.model.principals import Role
from dataspace.model.records import RecordKind
from dataspace.service.notes import table_digest
from dataspace.settings import HubSettings
from dataspace.testing.examples import RECORD

pytestmark = pytest.mark.slow

POLICY = """
policy: stays
title: Invented stays
owner: the data steward of the hub
on: stays
allow:
  - rule: counts
    for: scientific research
    who: permit holders
    answers: [aggregate, noisy]
    because: Research under a permit, in counts.
"""
PEOPLE = {
    "sam": Role.STEWARD,
    "eva": Role.STEWARD,
    "ida": Role.STEWARD,
    "ana": Role.RESEARCHER,
    "ben": Role.RESEARCHER,
}


class World:
    """A hub with 600 persons of two stays each; person 7 alone is rare."""

    def __init__(self, folder: Path, held: ExitStack) -> None:
        settings = HubSettings(folder / "hub", port=0)
        self.home = settings.home
        init_hub(settings)
        for id, role in PEOPLE.items():
            add_person(settings, id, id.title(), {role}, "University")
        self.ask = cache(lambda person: held.enter_context(dataspace.open(settings.home, person)))
        lines = ["person,sex,age,rare,los"]
        lines += [f"p{i},{i % 2},{20 + i % 60},{int(i == 7)},{1 + i % 40}" for i in range(600) for _ in "12"]
        path = folder / "stays.csv"
        path.write_text("\n".join(lines) + "\n")
        sam: Hub = self.ask("sam")
        sam.register(path, "stays", "Stays", publish=True, privacy_unit="person", fields=RECORD)
        sam.publish_policy(POLICY)
        ana: Hub = self.ask("ana")
        applied = ana.apply(
            "stays", purpose="scientific research", kinds=["aggregate", "noisy"], ethics="24-1"
        )
        self.permit: PermitView = sam.grant(applied)

    def count(self, where: str) -> int:
        sql = f"SELECT count(*) AS n FROM stays WHERE {where}"  # noqa: S608 - an attack
        (row,) = self.ask("ana").sql(sql, permit=self.permit.id).to_pylist()
        return int(row["n"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with ExitStack() as held:
        yield World(tmp_path_factory.mktemp("attack"), held)


def test_leaving_one_person_out_is_refused_and_names_ones_own_earlier_question(world: World) -> None:
    assert world.count("sex = 1") == 300
    with pytest.raises(AnswerTooClose, match="your question") as refused:
        world.count("sex = 1 AND rare = 0")
    assert refused.value.code == "request.too-close"


def test_one_who_is_there_and_one_who_is_not_get_the_same_refusal(world: World) -> None:
    world.count("sex = 0 AND age < 60")
    world.count("sex = 1 AND age < 60")
    said = []
    for sex in (0, 1):
        with pytest.raises(AnswerTooClose) as refused:
            world.count(f"sex = {sex} AND age < 60 AND rare = 0")
        said.append(str(refused.value).partition("(")[0].split(" your question")[0])
    assert said[0] == said[1]


def test_a_tracker_over_three_questions_is_refused(world: World) -> None:
    world.count("age < 50 OR sex = 1 AND rare = 1")
    with pytest.raises(AnswerTooClose):
        world.count("age >= 50 OR sex = 1 AND rare = 1")


def test_repeating_an_aggregate_and_a_noisy_answer_averages_nothing_away(world: World) -> None:
    assert len({world.count("age < 40") for _ in range(3)}) == 1
    ana = world.ask("ana")
    sql = "SELECT count(*) AS n FROM stays WHERE age < 45"
    first = ana.sql(sql, permit=world.permit.id, epsilon=0.05)
    again = [ana.sql(sql, permit=world.permit.id, epsilon=0.05) for _ in range(3)]
    assert {one.to_pylist()[0]["n"] for one in again} == {first.to_pylist()[0]["n"]}
    assert all(one.note.repeated and one.note.epsilon == 0 for one in again)


def test_a_file_leaves_when_two_others_have_let_it_out_and_carries_its_record(world: World) -> None:
    ana, sam, eva, ida = (world.ask(name) for name in ("ana", "sam", "eva", "ida"))
    answer = ana.sql("SELECT sex, count(*) AS n FROM stays GROUP BY sex", permit=world.permit.id)
    asked = answer.request_release("Table 2", "adults of one hospital, 2026", "n")
    assert asked.release.form.units == (300, 300)
    with pytest.raises(NotAllowed):
        ana.approve_release(asked.id)
    with pytest.raises(Conflict, match="2 people have to approve it, by"):
        ana.released(asked.id)
    assert [one.id for one in sam.releases()] == [asked.id]
    assert sam.approve_release(asked.id).release.state == "waiting"
    with pytest.raises(Conflict, match="One more person has to approve it, by"):
        ana.released(asked.id)
    with pytest.raises(Conflict, match="approved"):
        sam.approve_release(asked.id)
    released = eva.approve_release(asked.id).release
    assert released.state == "released"
    assert released.record is not None
    with pytest.raises(Conflict):
        ida.refuse_release(asked.id, "too late")
    assert ana.released(asked.id) == answer.to_stream()
    receipt = ana.receipt(released.record).verify()
    assert receipt.record.kind is RecordKind.ANSWER_RELEASED
    assert receipt.record.facts["answer"] == answer.receipt.verify().record.facts["answer"]
    assert "SHA-256" in answer.cite()


def test_a_title_is_enough_where_the_answer_says_the_rest(world: World) -> None:
    ana, sam = world.ask("ana"), world.ask("sam")
    sql = "SELECT sex, count(*) AS n FROM stays GROUP BY sex"
    asked = ana.sql(sql, permit=world.permit.id).request_release("Table 7")
    form = asked.release.form
    assert form.units == (300, 300)
    assert "stays" in form.description
    assert form.population
    assert asked.release.question == sql
    (seen,) = [one for one in sam.releases() if one.id == asked.id]
    assert sql in repr(seen)
    assert "due " in repr(seen)
    assert "units behind each row: 300, 300" in repr(seen)
    sam.refuse_release(asked.id, "only a test")
    unclear = ana.sql("SELECT avg(los) AS days FROM stays", permit=world.permit.id)
    with pytest.raises(InvalidRequest, match="counts the units"):
        unclear.request_release("Table 8")


def test_an_answer_of_somebody_else_or_one_that_was_changed_is_not_taken(world: World) -> None:
    ana, ben = world.ask("ana"), world.ask("ben")
    answer = ana.sql("SELECT sex, count(*) AS n FROM stays GROUP BY sex", permit=world.permit.id)
    theirs = ben.releases()
    assert theirs == []
    answer._wire = ben._wire
    with pytest.raises(InvalidRequest, match="no answer of yours"):
        answer.request_release("Table 3", "adults", "n")
    with pytest.raises(UnknownName):
        ben.released("R-1")


def test_a_refusal_is_told_to_the_asker_with_its_reason(world: World) -> None:
    ana, sam = world.ask("ana"), world.ask("sam")
    answer = ana.sql("SELECT sex, count(*) AS n FROM stays GROUP BY sex", permit=world.permit.id)
    asked = answer.request_release("Table 4", "adults", [300, 300], reason="a figure of the paper")
    with pytest.raises(InvalidRequest, match="reason"):
        sam.refuse_release(asked.id, " ")
    sam.refuse_release(asked.id, "Say which hospital.")
    with pytest.raises(Conflict, match="which hospital"):
        ana.released(asked.id)
    assert next(one for one in ana.releases() if one.id == asked.id).release.state == "refused"


def test_a_declared_population_is_told_as_far_as_it_can_be_and_never_refused(world: World) -> None:
    ana = world.ask("ana")
    for name, where in (("stayed", "los > 2"), ("stayed, without the rare", "los > 2 AND rare = 0")):
        said = ana.declare_population(
            name,
            f"SELECT count(*) AS n FROM stays WHERE {where}",  # noqa: S608 - an attack
            permit=world.permit.id,
        )
        assert said.to_pylist() == [{"population": name}]
        assert said.receipt.verify().record.kind is RecordKind.QUERY_DELIVERED
    assert world.count("los > 2") == 570
    answer = ana.sql("SELECT count(*) AS n FROM stays WHERE los > 2 AND rare = 0", permit=world.permit.id)
    assert answer.to_pylist() == [{"n": None}]
    assert "too close" in repr(answer)
    with pytest.raises(InvalidRequest, match="does not name a population"):
        ana.declare_population(
            "by sex", "SELECT sex, count(*) FROM stays GROUP BY sex", permit=world.permit.id
        )
    with pytest.raises(InvalidRequest, match="line of text"):
        ana.declare_population("\n", "SELECT count(*) AS n FROM stays", permit=world.permit.id)


def test_the_file_that_is_fetched_carries_the_receipt_of_its_release(world: World, tmp_path: Path) -> None:
    ana = world.ask("ana")
    answer = ana.sql("SELECT sex, count(*) AS n FROM stays GROUP BY sex", permit=world.permit.id)
    asked = answer.request_release("Table 5", "adults", "n")
    assert "0 min" in grid_of(world.ask("sam").releases(), datetime.now(UTC)).text()
    for name in ("sam", "eva"):
        world.ask(name).approve_release(asked.id)
    file = tmp_path / "table5.arrow"
    fetched = CliRunner().invoke(
        app, ["release", "fetch", asked.id, str(file), "--home", str(world.home), "--as", "ana"]
    )
    assert fetched.exit_code == 0, fetched.output
    with pa.ipc.open_stream(file) as reader:
        table = reader.read_all()
    inside = json.loads(table.schema.metadata[b"dataspace.receipt"])
    assert inside == json.loads(file.with_name("table5.arrow.receipt.json").read_text())
    assert inside["record"]["kind"] == RecordKind.ANSWER_RELEASED.value
    assert table_digest(table) == inside["record"]["facts"]["answer"]


def test_what_was_asked_before_an_amendment_is_answered_after_it_and_attacks_fail_as_before(
    world: World,
) -> None:
    before = world.count("sex = 1 AND age < 30")
    world.ask("sam").amend(world.permit.id, "not needed", withheld=["los"])
    assert world.count("sex = 1 AND age < 30") == before
    with pytest.raises(AnswerTooClose):
        world.count("sex = 1 AND age < 30 AND rare = 0")
