"""Counts and training across three sites in this process, through the HTTP contract and the client."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dataspace
from dataspace.client.hub import Hub
from dataspace.client.views import PermitView
from dataspace.connecting import EmbeddedFederation
from dataspace.errors import InvalidRequest, NotAllowed, SiteUnavailable, UnknownName
from dataspace.model.names import PermitId
from dataspace.service.registering import Registration
from dataspace.site.will import document_digest
from dataspace.testing.examples import RECORD
from dataspace.testing.stays import stays_dictionary, stays_policy

pytestmark = pytest.mark.slow

SITES = ("hospital-a", "hospital-b", "hospital-c", "hospital-d")
DICTIONARY = stays_dictionary("died", "age80", "type")
COUNTS = stays_policy("[aggregate, train]")
NO_TRAINING = (
    COUNTS.replace("[aggregate, train]", "aggregate")
    + """
forbid:
  rule: no-training
  answers: train
  because: This hospital does not train models.
"""
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmbeddedFederation, PermitView]]:
    """Four hospitals with 300 invented stays each; the last one forbids training."""
    folder = tmp_path_factory.mktemp("runs")
    people = {"sam": "steward", "ana": "researcher", "ben": "researcher"}
    federation = EmbeddedFederation(folder, people, SITES)
    steward = federation.hub("sam")
    steward.load_dictionary(DICTIONARY)
    steward.describe_federated("stays", "stays", fields=RECORD)
    steward.publish_policy(COUNTS)
    for number, name in enumerate(SITES):
        site = federation.sites[name]
        site.publishing.dictionary(site.steward, DICTIONARY)
        said = Registration("stays", dictionary="stays", publish=True)
        site.depositing.register(site.steward, stays(folder / f"{name}.csv", number), said)
        site.publishing.publish(site.steward, NO_TRAINING if name == SITES[-1] else COUNTS)
        federation.offer(name, ["stays"])
    asked = federation.hub("ana").apply("stays", purpose="scientific research", kinds=["aggregate", "train"])
    permit = steward.grant(asked)
    for site in federation.sites.values():
        site.will.accept(PermitId(permit.id), document_digest(permit.jws))
    yield federation, permit
    federation.close()


def stays(path: Path, seed: int) -> Path:
    draw = random.Random(seed)  # noqa: S311 - invented data, not a key
    lines = ["died,age80,type"]
    for _ in range(300):
        age80, kind = int(draw.random() < 0.4), draw.choice([1, 1, 2, 3])
        lines.append(f"{int(draw.random() < 0.25 + 0.25 * age80)},{age80},{kind}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def ana(world: tuple[EmbeddedFederation, PermitView]) -> Hub:
    return world[0].hub("ana")


@pytest.fixture
def permit(world: tuple[EmbeddedFederation, PermitView]) -> PermitView:
    return world[1]


def test_each_site_counts_for_itself_and_the_answer_has_a_receipt(ana: Hub, permit: PermitView) -> None:
    answer = ana.count("type = 3", by=["site", "died"], permit=permit)
    assert {row["site"] for row in answer.to_pylist()} == set(SITES)
    assert answer.receipt.verify().record.facts["outcome"] == "complete"
    total = ana.count("type = 3", permit=permit).to_pylist()[0]["n"]
    assert total == sum(row["n"] for row in answer.to_pylist())


def test_a_fit_goes_on_without_the_site_that_refuses_and_names_it(ana: Hub, permit: PermitView) -> None:
    told: list[Any] = []
    fit = ana.glm("died ~ age80 + type", permit=permit, rounds=4, progress=told.append)
    assert fit.sites == SITES[:3]
    assert "does not train" in fit.refused["hospital-d"]
    assert fit.terms == ("(intercept)", "age80", "type=2", "type=3")
    ratio, low, high = fit.odds_ratios()["age80"]
    assert 1 < low < ratio < high
    assert told[0]["kind"] == "started"
    assert len(fit.auc_by_round()) == 5
    assert "3 of 4 sites" in repr(fit)


def test_every_watcher_sees_all_events_and_strangers_none(
    world: tuple[EmbeddedFederation, PermitView], ana: Hub, permit: PermitView
) -> None:
    run = ana.runs.start(
        dataset="stays",
        target="died",
        features=["age80"],
        permit=permit.id,
        purpose="scientific research",
        rounds=2,
    )
    first, second = list(ana.runs.events(run)), list(world[0].hub("sam").runs.events(run))
    assert first == second
    assert first[-1]["kind"] == "finished"
    with pytest.raises(NotAllowed, match="somebody else"):
        list(world[0].hub("ben").runs.events(run))
    with pytest.raises(NotAllowed):
        world[0].hub("ben").runs.stop(run)
    with pytest.raises(UnknownName):
        list(ana.runs.events("R-0"))


def test_how_a_run_stands_is_told_to_its_owner_and_the_hosts_and_to_nobody_else(
    world: tuple[EmbeddedFederation, PermitView], ana: Hub, permit: PermitView
) -> None:
    plan = {"dataset": "stays", "target": "died", "features": ["age80"], "purpose": "scientific research"}
    run = ana.runs.start(**plan, permit=permit.id, rounds=2)
    list(ana.runs.events(run))
    said = ana.runs.status(run)
    assert (said["state"], said["cause"], said["round"]) == ("finished", "", 2)
    assert said["answered"] == list(SITES[:3])
    assert set(said["refused"]) == {"hospital-d"}
    assert said["refused"]["hospital-d"]["code"] == "policy.forbidden"
    assert "does not train" in said["refused"]["hospital-d"]["reason"]
    assert world[0].hub("sam").runs.status(run) == said
    assert run in [one["run"] for one in ana.runs.all()]
    assert world[0].hub("ben").runs.all() == []
    with pytest.raises(NotAllowed, match="somebody else"):
        world[0].hub("ben").runs.status(run)
    with pytest.raises(UnknownName):
        ana.runs.status("R-0")


def test_a_run_that_too_few_sites_answer_fails_with_its_cause(ana: Hub, permit: PermitView) -> None:
    with pytest.raises(SiteUnavailable, match="3 of 4 sites answered, 4 are needed"):
        ana.glm("died ~ age80", permit=permit, rounds=1, minimum_sites=4)


def test_a_researcher_sets_the_deadline_of_a_round_within_the_hubs_bounds(
    ana: Hub, permit: PermitView
) -> None:
    plan: dict[str, Any] = {"dataset": "stays", "target": "died", "features": ["age80"], "permit": permit.id}
    run = ana.runs.start(**plan, rounds=1, round_seconds=30)
    first, *_ = list(ana.runs.events(run))
    assert first["facts"]["round_seconds"] == ana.runs.status(run)["round_seconds"] == 30
    usual = ana.runs.start(**plan, rounds=1)
    list(ana.runs.events(usual))
    assert ana.runs.status(usual)["round_seconds"] == 600
    for wrong in (0, 4.9, 601, -1):
        with pytest.raises(InvalidRequest, match="5 to 600 s"):
            ana.runs.start(**plan, rounds=1, round_seconds=wrong)


def test_without_a_permit_nothing_starts(ana: Hub) -> None:
    with pytest.raises(dataspace.AccessDenied):
        ana.glm("died ~ age80", dataset="stays", purpose="scientific research")
    with pytest.raises(dataspace.DataspaceError, match="Which dataset"):
        ana.glm("died ~ age80")


def test_the_end_of_a_run_is_recorded(
    world: tuple[EmbeddedFederation, PermitView], ana: Hub, permit: PermitView
) -> None:
    before = ana.log.size
    ana.glm("died ~ age80", permit=permit, rounds=1)
    auditor = world[0].hub("sam")
    kinds = [auditor.receipt(index).record["kind"] for index in range(before, auditor.log.size)]
    assert kinds == ["run.intended", "run.finished"]


def test_what_is_granted_for_some_sites_alone_is_asked_of_them_alone_and_the_answer_says_what_is_owed(
    world: tuple[EmbeddedFederation, PermitView], ana: Hub, permit: PermitView
) -> None:
    steward = world[0].hub("sam")
    limits = (
        "  limits: {sites: [%s], retention days: 30, no onward sharing: yes, duties: [Publish within a year]}"
    )
    try:
        steward.publish_policy(COUNTS + limits % "hospital-a, hospital-b")
        answer = ana.count("type = 3", by=["site"], permit=permit)
        assert {row["site"] for row in answer.to_pylist()} == {"hospital-a", "hospital-b"}
        assert {
            "Owed: kept for at most 30 days",
            "Owed: not handed on",
            "Owed: Publish within a year",
        } <= set(answer.note.rules)
        steward.publish_policy(COUNTS + limits % "hospital-z")
        with pytest.raises(InvalidRequest, match="only at hospital-z: none of them holds it"):
            ana.count("type = 3", permit=permit)
    finally:
        steward.publish_policy(COUNTS)
