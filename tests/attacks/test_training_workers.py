"""A training worker that was taken over: it reaches nothing, and at its worst its site has no answer by name.

The hostile code stands in the real worker's place, in the process that was confined as workers are.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dataspace.adapters.duckdb.engine import ConfinedEngine
from dataspace.client.hub import Hub
from dataspace.client.views import PermitView
from dataspace.connecting import EmbeddedFederation
from dataspace.model.codec import to_json
from dataspace.model.names import ColumnName, DatasetName, RunId
from dataspace.model.plans import CutRecipe, Family, TrainingPlan
from dataspace.model.runs import SiteMessage, Step, float_array
from dataspace.testing.examples import RECORD
from tests.end_to_end.test_embedded_runs import COUNTS, DICTIONARY, stays
from tests.federated_world import held_by_all

pytestmark = pytest.mark.slow

SITES = ("hospital-a", "hospital-b", "hospital-c", "hospital-d")
HOSTILE = """
import os, socket, sys, json, time
from dataspace.adapters.duckdb import training, worker
parent = json.loads(sys.argv[1])["parent"]
honest = training.Training.step

def attempt(what):
    try:
        what()
    except BaseException as error:
        return type(error).__name__
    return "done"

def step(self, order, arrays):
    mood = order["plan"]["ridge"]
    if mood == 1.0:
        return {name: attempt(what) for name, what in ATTEMPTS.items()}, {}
    if mood == 2.0:
        kept = []
        while True:
            kept.append(bytearray(64 * 2**20))
    if mood == 3.0:
        while True:
            time.sleep(1)
    said, numbers = honest(self, order, arrays)
    if mood == 4.0:
        numbers = {name: values * float("nan") for name, values in numbers.items()}
    if mood == 5.0:
        numbers = {name: values[:-1] for name, values in numbers.items()}
    if mood == 6.0:
        numbers = dict(numbers, rows=self._prepared[1][0].x)
    if mood == 7.0:
        said = dict(said, first_row=self._prepared[1][0].x[0].tolist())
    if mood == 8.0:
        raise ValueError("the first patient is " + str(self._prepared[1][0].x[0]))
    return said, numbers

ATTEMPTS = {
    "network": lambda: socket.create_connection(("127.0.0.1", 9), 1),
    "name": lambda: socket.getaddrinfo("example.org", 443),
    "files": lambda: open("SECRET").read(),
    "folder": lambda: os.listdir("FOLDER"),
    "home": lambda: open(os.path.expanduser("~/.bashrc")).read(),
    "passwords": lambda: open("/etc/passwd").read(),
    "parent's memory": lambda: open(f"/proc/{parent}/mem", "rb").read(1),
    "parent's environment": lambda: open(f"/proc/{parent}/environ").read(),
    "parent itself": lambda: os.kill(parent, 0),
    "a child": lambda: os.fork(),
    "a file to leave": lambda: open("/tmp/left-behind", "w"),
    "own secrets": lambda: os.environ["HOME"],
    "nothing": lambda: None,
}
training.Training.step = step
worker.main()
"""

World = tuple[EmbeddedFederation, PermitView]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Four hospitals; whatever worker the last one starts is hostile, as the ridge of the plan tells it."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "secret").write_text("rows")
    program = HOSTILE.replace("SECRET", str(folder / "secret")).replace("FOLDER", str(folder))
    honest = subprocess.Popen

    def started(command: list[str], **options: Any) -> Any:
        if "dataspace.adapters.duckdb.worker" in command and SITES[-1] in str(options["stderr"].name):
            command = [sys.executable, "-I", "-c", program, command[-1]]
        return honest(command, **options)

    patch = pytest.MonkeyPatch()
    patch.setattr("dataspace.adapters.duckdb.pair.subprocess.Popen", started)
    federation = EmbeddedFederation(folder, {"sam": "steward", "ana": "researcher"}, SITES)
    permit = held_by_all(
        federation,
        "stays",
        (DICTIONARY, COUNTS),
        RECORD,
        lambda name, number: stays(folder / f"{name}.csv", number),
        ["train"],
    )
    for site in federation.sites.values():
        assert isinstance(site.guard.engine, ConfinedEngine)
    yield federation, permit
    federation.close()
    patch.undo()


@pytest.fixture
def ana(world: World) -> Hub:
    return world[0].hub("ana")


@pytest.fixture
def impatient(world: World) -> Iterator[None]:
    engine = world[0].sites[SITES[-1]].guard.engine
    assert isinstance(engine, ConfinedEngine)
    before, engine._seconds = engine._seconds, 5.0
    yield
    engine._seconds = before


def test_a_worker_tries_network_parent_files_and_secrets_and_gets_none(world: World) -> None:
    guard = world[0].sites[SITES[-1]].guard
    dataset = guard.catalog.get(DatasetName("stays"))
    assert dataset is not None and dataset.latest is not None
    names = (ColumnName("died"), ColumnName("age80"))
    plan = TrainingPlan(dataset.name, Family.LOGISTIC, names[0], names[1:], {}, "research", ridge=1.0)
    message = SiteMessage(
        RunId("R-x"), 1, Step.FIT, {"plan": to_json(plan)}, {"beta": float_array([0.0, 0.0])}
    )
    with guard.cuts.lease(CutRecipe(dataset.latest, names)) as lease:
        found, _ = guard.engine.step("run/R-x", message, [lease])
    guard.engine.close("run/R-x")
    assert isinstance(guard.engine, ConfinedEngine)
    if guard.engine.isolation != "A":
        pytest.skip(f"this kernel reaches isolation level {guard.engine.isolation}, not A")
    allowed = {"nothing": "done", "name": "gaierror", "own secrets": "KeyError"}
    assert found == {name: allowed.get(name, "PermissionError") for name in found}
    assert len(found) == 13
    assert not Path("/tmp/left-behind").exists()


@pytest.mark.parametrize(
    ("mood", "reason"),
    [
        (2.0, "ran out of time or memory"),
        (3.0, "ran out of time or memory"),
        (4.0, "does not converge"),
        (5.0, "No answer from this site"),
        (6.0, "No answer from this site"),
        (8.0, "ran out of time or memory"),
    ],
)
def test_its_site_refuses_by_name_and_the_others_go_on(
    ana: Hub, world: World, impatient: None, mood: float, reason: str
) -> None:
    fit = ana.glm("died ~ age80", permit=world[1], rounds=1, ridge=mood)
    assert fit.sites == SITES[:-1]
    assert reason in fit.refused[SITES[-1]]
    assert "patient" not in fit.refused[SITES[-1]]


@pytest.mark.ci
def test_a_worker_that_never_returns_is_ended_in_time_for_the_round_and_its_site_says_so(
    ana: Hub, world: World
) -> None:
    fit = ana.glm("died ~ age80", permit=world[1], rounds=1, ridge=3.0, round_seconds=20)
    assert fit.sites == SITES[:-1]
    assert "ran out of time or memory" in fit.refused[SITES[-1]], "and not that the site was silent"


def test_numbers_that_nobody_asked_for_stay_at_the_site(ana: Hub, world: World) -> None:
    told: list[Any] = []
    fit = ana.glm("died ~ age80", permit=world[1], rounds=1, ridge=7.0, progress=told.append)
    assert fit.sites == SITES
    assert "first_row" not in str(told)


def test_after_the_worst_the_site_answers_again(ana: Hub, world: World) -> None:
    assert ana.glm("died ~ age80", permit=world[1], rounds=1).sites == SITES
