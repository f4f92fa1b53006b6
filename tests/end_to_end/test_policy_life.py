"""A policy at a hub: rehearsed on what was asked, published in versions, agreed by two, conditions from DUO codes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import dataspace
from dataspace.cli.main import main
from dataspace.client.hub import Hub
from dataspace.errors import AccessDenied, Conflict, NotAllowed, PolicyUnreadable
from dataspace.model.replays import Effectuation
from dataspace.testing.examples import RECORD

pytestmark = pytest.mark.slow

COUNT = "SELECT died, count(*) AS n FROM stays GROUP BY died"
POLICY = """policy: stays
title: Invented stays
owner: the data steward
on: stays
allow:
  - rule: counts
    for: scientific research
    answers: aggregate
    limits: {cohort: 10}
  - rule: rows
    for: service optimisation
    answers: rows
"""


class World:
    """A hub with two stewards and a researcher, 400 stays, and a policy."""

    def __init__(self, folder: Path, stewards: int = 1) -> None:
        self.home, self.folder = folder / "hub", folder
        dataspace.create(self.home, {"sam": "steward", "tim": "steward", "ana": "researcher"})
        kept = json.loads((self.home / "hub.json").read_text())
        (self.home / "hub.json").write_text(json.dumps(kept | {"policy_stewards": stewards}))
        self.sam, self.tim, self.ana = (dataspace.open(self.home, name) for name in ("sam", "tim", "ana"))
        rows = "\n".join(f"{i % 40},{int(i % 3 == 0)}" for i in range(400))
        (folder / "stays.csv").write_text(f"los,died\n{rows}\n")
        self.sam.register(
            folder / "stays.csv", "stays", publish=True, fields=RECORD, label=["died=special-category"]
        )

    def close(self) -> None:
        for hub in (self.sam, self.tim, self.ana):
            hub.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.sam.publish_policy(POLICY)
    yield made
    made.close()


def ask(hub: Hub, sql: str = COUNT, purpose: str = "scientific research", kind: str | None = None) -> None:
    hub.sql(sql, purpose=purpose, kind=kind).to_arrow()


def test_a_rehearsal_says_who_would_have_gained_and_lost(world: World) -> None:
    ask(world.ana)
    ask(world.ana)
    ask(world.ana, "SELECT los FROM stays", "service optimisation", "rows")
    with pytest.raises(AccessDenied):
        ask(world.ana, purpose="marketing")
    new = POLICY.replace("service optimisation", "marketing").replace("cohort: 10", "cohort: 20")
    found = world.sam.rehearse_policy(new).noun
    assert (found.requests, found.unchanged, dict(found.left_out)) == (4, 1, {})
    by_effect = {line.effect: line for line in found.affected}
    assert set(by_effect) == {Effectuation.LOSES, Effectuation.TIGHTER}
    loses, tighter = by_effect[Effectuation.LOSES], by_effect[Effectuation.TIGHTER]
    assert (loses.principal, loses.kind, loses.times, loses.rows) == ("ana", "rows", 1, 400)
    assert (tighter.times, tighter.cells, tighter.because) == (2, 8, ("cohort",))
    assert (found.smallest_before, found.smallest_after) == (10, 20)
    wider = POLICY.replace("for: scientific research", "for: [scientific research, marketing]")
    (gains,) = world.sam.rehearse_policy(wider).noun.affected
    assert (gains.effect, gains.rows, gains.because) == (Effectuation.GAINS, 400, ("stays/counts",))
    assert [p["title"] for p in world.sam.policies()] == ["Invented stays"]


def test_a_rehearsal_is_for_stewards_and_reads_well(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    ask(world.ana)
    with pytest.raises(NotAllowed):
        world.ana.rehearse_policy(POLICY)
    new = world.folder / "new.yaml"
    new.write_text(POLICY.replace("scientific research", "marketing"))
    assert main(["policy", "rehearse", str(new), "--home", str(world.home), "--as", "sam"]) == 0
    said = capsys.readouterr().out
    assert "1 person would lose: 1 request, which gave 0 rows and 4 cells" in said
    assert "Smallest group that an answer may show: 10 now, none is given then" in said
    assert main(["policy", "rehearse", str(new), "--json", "--home", str(world.home), "--as", "sam"]) == 0
    assert json.loads(capsys.readouterr().out)["affected"][0]["principal"] == "ana"
    assert (
        main(["policy", "rehearse", str(new), "--since", "1y", "--home", str(world.home), "--as", "sam"]) != 0
    )


def test_versions_are_kept_and_shown(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    new = world.folder / "new.yaml"
    new.write_text(POLICY.replace("cohort: 10", "cohort: 12"))
    assert main(["policy", "publish", str(new), "--home", str(world.home), "--as", "tim"]) == 0
    assert main(["policy", "history", "stays", "--home", str(world.home), "--as", "sam"]) == 0
    assert main(["policy", "diff", "stays", "--home", str(world.home), "--as", "sam"]) == 0
    said = capsys.readouterr().out
    assert "+    limits: {cohort: 12}" in said
    assert "in force" in said
    first, second = world.sam.policy_history("stays")
    assert (first.by, second.by, second.in_force) == ("sam", "tim", True)
    assert world.sam.policy_text("stays", 1) == POLICY
    with pytest.raises(Conflict, match="reviewed"):
        world.sam.publish_policy(POLICY, second.digest)


def test_a_change_is_in_force_with_the_next_question(world: World) -> None:
    ask(world.ana)
    world.sam.publish_policy(POLICY.replace("scientific research", "marketing"))
    with pytest.raises(AccessDenied):
        ask(world.ana)
    world.sam.publish_policy(POLICY)
    ask(world.ana)


def test_a_spoilt_policy_disturbs_nothing_also_after_a_start(world: World) -> None:
    for spoilt in (
        "policy: stays\n- x",
        "a: &a [*a, *a]\n",
        POLICY + "on: other\n",
        POLICY.replace("for:", "fro:"),
    ):
        with pytest.raises(PolicyUnreadable):
            world.sam.publish_policy(spoilt)
    world.ana.close()
    world.ana = dataspace.open(world.home, "ana")
    ask(world.ana)
    assert len(world.sam.policy_history("stays")) == 1


def test_duo_codes_take_effect_with_the_data(world: World) -> None:
    ask(world.ana)
    again = world.folder / "stays.csv"
    world.sam.register(again, "stays", duo=["DUO:0000011"], label=["died=special-category"])
    assert "duo-stays" in [policy["id"] for policy in world.sam.policies()]
    with pytest.raises(AccessDenied, match="DUO:0000011"):
        ask(world.ana)
    assert "DUO:0000011" in world.sam.dataset("stays").noun.keywords
    world.sam.use_conditions("stays", ["NRES"])
    ask(world.ana)


def test_two_stewards_agree_at_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = World(tmp_path, stewards=2)
    policy = tmp_path / "stays.yaml"
    policy.write_text(POLICY)
    here = ["--home", str(made.home)]
    try:
        assert main(["policy", "publish", str(policy), *here, "--as", "sam"]) == 0
        assert "stays is proposed." in capsys.readouterr().out
        with pytest.raises(AccessDenied):
            ask(made.ana)
        assert main(["policy", "proposals", *here, "--as", "tim"]) == 0
        assert main(["policy", "review", "stays", *here, "--as", "tim"]) == 0
        said = capsys.readouterr().out
        assert "+policy: stays" in said
        assert "1 person would gain" in said
        digest = made.tim.review_policy("stays").digest
        assert main(["policy", "approve", "stays", digest, *here, "--as", "sam"]) != 0
        assert main(["policy", "approve", "stays", digest[:12], *here, "--as", "tim"]) == 0
        ask(made.ana)
    finally:
        made.close()


def test_no_step_of_curation_takes_a_label_and_its_prohibition_away(world: World) -> None:
    forbids = "policy: health\ntitle: Health\nowner: the law\non: special-category\nforbid: {who: anyone}\n"
    world.sam.publish_policy(forbids)
    world.sam.fix("stays", rename=["died=outcome"])
    with pytest.raises(AccessDenied):
        ask(world.ana, "SELECT outcome, count(*) AS n FROM stays GROUP BY outcome")
    world.sam.fix("stays", cast=["outcome=text"])
    (column,) = (c for c in world.sam.dataset("stays").columns if c.name == "outcome")
    assert column.labels == {"special-category"}
    with pytest.raises(AccessDenied):
        ask(world.ana, "SELECT outcome, count(*) AS n FROM stays GROUP BY outcome")
