"""One walk through the front door, twice: with a hub in this process, and with one behind HTTPS in another."""

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import dataspace
from dataspace.bootstrap import add_person, init_hub, issue_token
from dataspace.client.hub import Hub
from dataspace.client.views import PermitView
from dataspace.errors import (
    AccessDenied,
    InvalidRequest,
    NotAllowed,
    RequestError,
    UnknownName,
    VerificationFailed,
)
from dataspace.model.principals import Role
from dataspace.settings import HubSettings
from dataspace.testing.examples import RECORD

pytestmark = pytest.mark.slow

BY_TYPE = "SELECT type, count(*) AS n FROM stays GROUP BY type"
SECRET_SQL = "SELECT type FROM stays_draft"
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
    limits: {cohort: 10, epsilon per question: 0.5, mask: {ward: hash}, rows: los <= 50}
    because: Research under a permit, in counts.
  - rule: rows
    for: service optimisation
    who: permit holders
    answers: rows
    because: The hospital's own rows, for its own operations.
"""


@dataclass
class World:
    """A hub in which a steward has published one dataset, and a way to ask it as somebody."""

    ask: Callable[[str], Hub]
    csv: Path
    permit: PermitView


def stays(path: Path) -> Path:
    """500 invented stays; three of type 9."""
    draw = random.Random(7)  # noqa: S311 - invented data, not a key
    lines = ["los,died,type,ward"]
    for i in range(500):
        kind = 9 if i < 3 else draw.choice([1, 1, 2])
        lines.append(f"{draw.randint(1, 60)},{int(draw.random() < 0.3)},{kind},w{draw.randint(1, 4)}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module", params=["embedded", "https"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The same world both ways."""
    folder = tmp_path_factory.mktemp(request.param)
    settings = HubSettings(folder / "hub", port=0)
    init_hub(settings)
    for id, role in (("sam", Role.STEWARD), ("ana", Role.RESEARCHER), ("ben", Role.RESEARCHER)):
        add_person(settings, id, id.title(), {role}, "University")
    with ExitStack() as held:
        if request.param == "https":
            url = held.enter_context(Served(settings))
            ca = settings.home / "authority" / "ca.crt"

            @cache
            def ask(person: str) -> Hub:
                return held.enter_context(dataspace.connect(url, issue_token(settings, person), ca))
        else:

            @cache
            def ask(person: str) -> Hub:
                return held.enter_context(dataspace.open(settings.home, person))

        yield prepared(ask, stays(folder / "stays.csv"))


class Served:
    """`dataspace hub start` in a process of its own, without a federation."""

    def __init__(self, settings: HubSettings) -> None:
        command = [sys.executable, "-m", "dataspace.cli", "hub", "start", "--home", str(settings.home)]
        self._process = subprocess.Popen(
            [*command, "--port", "0", "--no-federated"], stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        assert self._process.wait(20) == 0


def prepared(ask: Callable[[str], Hub], csv: Path) -> World:
    steward = ask("sam")
    made = steward.register(csv, "stays", title="Invented stays", synthetic=True, publish=True, fields=RECORD)
    assert made.version.rows == 500
    steward.register(csv, "stays_draft")
    assert steward.publish_policy(POLICY) == "stays"
    purposes = ["scientific research", "service optimisation"]
    asked = ask("ana").apply("stays", purpose=purposes, kinds=["aggregate", "noisy", "rows"], ethics="24-1")
    granted = steward.grant(asked, epsilon_total=0.8)
    return World(ask, csv, granted)


def test_without_a_permit_the_refusal_says_what_to_do(world: World) -> None:
    with pytest.raises(dataspace.AccessDenied, match=r"\[stays/counts\]") as raised:
        world.ask("ana").sql(BY_TYPE)
    assert f"You hold {world.permit.id}" in str(raised.value)
    with pytest.raises(dataspace.AccessDenied) as stranger:
        world.ask("ben").sql(BY_TYPE)
    assert "hub.apply(" in str(stranger.value)
    assert [operand.value for operand in raised.value.decision.missing]
    assert raised.value.decision.reasons[0].policy == "stays"


def test_an_explanation_decides_without_reading(world: World) -> None:
    ana = world.ask("ana")
    before = ana.log.size
    assert not ana.explain(BY_TYPE).allowed
    explained = ana.explain(BY_TYPE, permit=world.permit)
    assert explained.allowed
    assert "masked: ward (hash)" in repr(explained)
    assert ana.log.size == before


def test_a_small_cell_is_withheld_and_the_answer_has_a_receipt(world: World) -> None:
    ana = world.ask("ana")
    answer = ana.sql(BY_TYPE, permit=world.permit.id)
    by_type = {row["type"]: row["n"] for row in answer.to_pylist()}
    assert by_type[1] > 10
    assert by_type.get(9) is None
    assert "stays.los" in repr(answer)
    proved = answer.receipt.verify()
    assert proved.record.principal == "ana"
    assert proved.record.facts["outcome"] == "complete"
    assert f"record {proved.index} of the log hub/log" in answer.cite()


def test_a_receipt_does_not_vouch_for_another_answer(world: World) -> None:
    ana = world.ask("ana")
    one = ana.sql(BY_TYPE, permit=world.permit)
    two = ana.sql("SELECT died, count(*) AS n FROM stays GROUP BY died", permit=world.permit)
    exchanged = type(one.receipt)(
        two.receipt.document, one.receipt.key, one.receipt.verifier, one.receipt.answer
    )
    with pytest.raises(VerificationFailed, match="not the one expected"):
        exchanged.verify()


def test_rows_are_streamed_and_their_receipt_exists_when_they_were_read(world: World) -> None:
    answer = world.ask("ana").sql(
        "SELECT los, ward FROM stays WHERE died = 1",
        permit=world.permit,
        purpose="service optimisation",
        kind="rows",
    )
    assert len(answer) > 50
    assert answer.to_arrow().column_names == ["los", "ward"]
    assert answer.receipt.verify().record.facts["rows"] == len(answer)


def test_noise_costs_and_the_ledger_says_what_is_left(world: World) -> None:
    ana = world.ask("ana")
    question = "SELECT count(*) AS deaths FROM stays WHERE died = 1"
    answer = ana.sql(question, permit=world.permit, epsilon=0.5)
    (row,) = answer.to_pylist()
    low, high = answer.note.intervals["deaths"]
    assert row[low] <= row["deaths"] <= row[high]
    assert "±" in repr(answer)
    assert answer.note.left == pytest.approx(0.3)
    assert ana.ledger("stays").balances[0].left == pytest.approx(0.3)
    again = ana.sql(question, permit=world.permit, epsilon=0.5)
    assert again.note.repeated
    assert again.to_pylist() == answer.to_pylist()
    with pytest.raises(dataspace.BudgetExceeded) as raised:
        ana.sql("SELECT count(*) AS alive FROM stays WHERE died = 0", permit=world.permit, epsilon=0.4)
    assert raised.value.left == pytest.approx(0.3)


def test_a_draft_and_anothers_permit_do_not_exist(world: World) -> None:
    ana, ben = world.ask("ana"), world.ask("ben")
    assert [view.name for view in ana.datasets()] == ["stays"]
    assert [view.name for view in ana.datasets("invented ward")] == ["stays"]
    assert len(ana.datasets("nothing of the kind")) == 0
    for seek in (
        lambda: ana.sql(SECRET_SQL),
        lambda: ana.dataset("stays_draft"),
        lambda: ben.permit(world.permit.id),
    ):
        with pytest.raises(UnknownName) as raised:
            seek()
        assert "stays_draft" not in str(raised.value).replace("named 'stays_draft'", "")
    assert len(ben.permits()) == 0


def test_a_catalogue_record_is_rdf(world: World) -> None:
    turtle = world.ask("ana").describe("stays")
    assert "dcat:Dataset" in turtle
    assert '"Invented stays"' in turtle


def test_a_researcher_is_no_steward(world: World) -> None:
    ana = world.ask("ana")
    with pytest.raises(NotAllowed):
        ana.publish_policy(POLICY)
    with pytest.raises(NotAllowed):
        ana.register(world.csv, "mine")
    with pytest.raises(NotAllowed):
        ana.revoke(world.permit)


def test_a_file_that_cannot_be_registered_leaves_nothing(world: World, tmp_path: Path) -> None:
    steward = world.ask("sam")
    broken = tmp_path / "broken.csv"
    broken.write_text("a,b\n1\n")
    with pytest.raises(dataspace.DataspaceError):
        steward.register(broken, "broken")
    with pytest.raises(InvalidRequest, match="cannot name a dataset"):
        steward.register(world.csv, "Not A Name")
    assert "broken" not in [view.name for view in steward.datasets()]


def test_what_the_hub_holds_itself_is_counted_like_a_site_of_its_own(world: World) -> None:
    ana = world.ask("ana")
    counted = ana.count("died = 0", by=["site", "type"], permit=world.permit, purpose="scientific research")
    asked = ana.sql("SELECT type, count(*) AS n FROM stays WHERE died = 0 GROUP BY type", permit=world.permit)
    by_type = {row["type"]: row["n"] for row in asked.to_arrow().to_pylist()}
    rows = counted.to_arrow().to_pylist()
    assert {row["type"]: row["n"] for row in rows} == by_type
    assert {row["site"] for row in rows} == {"hub"}
    assert counted.receipt.verify().record.facts["outcome"] == "complete"
    whole = ana.count("died = 0 -- or more", dataset="stays", permit=world.permit).to_arrow()
    assert (whole.column_names, whole.num_rows) == (["n"], 1)


def test_a_count_at_the_hub_obeys_the_rules_of_any_answer(world: World) -> None:
    ana = world.ask("ana")
    rare = ana.count("", by=["type"], permit=world.permit).to_arrow().to_pylist()
    assert {row["type"]: row["n"] for row in rare}.get(9) is None
    with pytest.raises(AccessDenied):
        world.ask("ben").count("died = 1", dataset="stays", purpose="marketing")
    with pytest.raises(RequestError):
        ana.count("1 = 1) OR (1 = 1", permit=world.permit)
    with pytest.raises(RequestError):
        ana.count("", by=["nobody"], permit=world.permit)


def test_the_log_verifies_from_outside(world: World) -> None:
    state = world.ask("sam").log.verify()
    assert state["size"] == world.ask("ben").log.size
    assert len(state["root"]) == 64


def test_a_revoked_permit_ends_at_once(world: World) -> None:
    steward = world.ask("sam")
    asked = world.ask("ben").apply("stays", purpose="scientific research")
    permit = steward.grant(asked)
    assert len(world.ask("ben").sql(BY_TYPE, permit=permit)) == 1
    assert steward.revoke(permit, "over").noun.revoked is not None
    with pytest.raises(dataspace.AccessDenied, match="revoked"):
        world.ask("ben").sql(BY_TYPE, permit=permit)


def test_an_outcome_is_for_whom_its_question_concerns(world: World) -> None:
    answer = world.ask("ana").sql(BY_TYPE, permit=world.permit)
    assert answer.note.intent is not None
    with pytest.raises(NotAllowed, match="somebody else"):
        world.ask("ben").log.receipt_of(answer.note.intent)
    assert world.ask("ana").log.receipt_of(answer.note.intent).index == answer.receipt.index


def test_a_policy_that_is_withdrawn_permits_nothing(world: World) -> None:
    steward = world.ask("sam")
    steward.withdraw_policy("stays")
    try:
        with pytest.raises(dataspace.AccessDenied, match="default"):
            world.ask("ana").sql(BY_TYPE, permit=world.permit)
        with pytest.raises(UnknownName, match="policy"):
            steward.withdraw_policy("stays")
    finally:
        steward.publish_policy(POLICY)


def test_an_unknown_person_is_nobody(tmp_path: Path) -> None:
    settings = HubSettings(tmp_path / "hub")
    init_hub(settings)
    with pytest.raises(UnknownName, match="person"):
        dataspace.open(settings.home, "eve")
