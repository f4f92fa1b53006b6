"""A hub and three sites as process trees of their own over TLS, each with its own home, policies, ledger and log: one
refuses, one is killed and started again, one is stopped by its own people; and none of that disturbs the others."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from dataspace.settings import SiteSettings
from dataspace.testing.examples import RECORD
from tests.end_to_end.test_site_commands import DICTIONARY, dataspace, until

pytestmark = [pytest.mark.slow, pytest.mark.ci, pytest.mark.timeout(560)]

WELL, REFUSING, STOPPED = "hospital-a", "hospital-b", "hospital-c"
PURPOSES = {WELL: "scientific research", REFUSING: "predictive maintenance", STOPPED: "scientific research"}
POLICY = """
policy: stays
title: Invented stays
owner: the data steward
on: stays
allow:
  - rule: counts
    for: {purpose}
    who: permit holders
    answers: aggregate
    because: Research under a permit.
  - rule: models
    for: {purpose}
    who: permit holders
    answers: train
    limits: {{minimum sites: 1}}
    because: Research under a permit.
"""


@dataclass
class House:
    """One site: its home, and the tree of processes that is online for it."""

    name: str
    home: Path
    process: subprocess.Popen[bytes] | None = None
    logs: list[Path] = field(default_factory=list)

    def start(self, *words: str) -> None:
        log = self.home.parent / f"{self.name}-{len(self.logs)}.out"
        self.logs.append(log)
        with log.open("wb") as output:
            command = [sys.executable, "-m", "dataspace.cli", "site", "run", *words, "--home", str(self.home)]
            self.process = subprocess.Popen(command, stdout=output, stderr=output)

    def tree(self) -> list[psutil.Process]:
        assert self.process is not None
        return psutil.Process(self.process.pid).children(recursive=True)

    def workers(self) -> list[psutil.Process]:
        """The confined processes that see rows: forked from ours, not from Flower's launcher."""
        return [p for p in self.tree() if "flower" not in " ".join(p.cmdline())]

    def kill(self) -> None:
        assert self.process is not None
        children = self.tree()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        _, alive = psutil.wait_procs(children, timeout=15)
        assert alive == [], "nothing of a site outlives it"

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)


@dataclass
class World:
    """The hub's home, its people as options of a command, and the three houses."""

    hub: Path
    houses: Mapping[str, House]

    def by(self, person: str) -> tuple[str, ...]:
        return ("--home", str(self.hub), "--as", person)

    def online(self) -> set[str]:
        lines = dataspace("hub", "sites", *self.by("sam")).splitlines()
        return {name for name in self.houses for line in lines if name in line and "online" in line}

    def count(self) -> tuple[dict[str, int], dict[str, str]]:
        """What each site counted, and by site why another did not."""
        words = ("--by", "site", "--permit", "P-1", "--format", "json", *self.by("ana"))
        answer = json.loads(dataspace("count", "stays", *words))
        said = [rule.split(" refused: ") for rule in answer["note"]["rules"] if " refused: " in rule]
        return {row["site"]: row["n"] for row in answer["rows"]}, dict(said)

    def train(self) -> dict[str, Any]:
        words = ("--permit", "P-1", "--minimum-sites", "1", "--rounds", "4", "--json", *self.by("ana"))
        words = (*words, "--round-seconds", "300")
        found: dict[str, Any] = json.loads(
            dataspace("train", "died ~ los + age", "--dataset", "stays", *words)
        )
        return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("three")
    hub = folder / "hub"
    made = World(hub, {name: House(name, folder / name) for name in PURPOSES})
    (folder / "dictionary.yaml").write_text(
        DICTIONARY.replace("columns:", "columns:\n  - {name: age, type: integer, title: Age}")
    )
    dataspace("hub", "init", "--home", str(hub), "--steward", "sam")
    dataspace("hub", "add-person", "ana", "--role", "researcher", "--home", str(hub))
    with ExitStack() as held:
        with (folder / "hub.out").open("wb") as output:
            command = [
                sys.executable,
                "-m",
                "dataspace.cli",
                "hub",
                "start",
                "--port",
                "0",
                "--home",
                str(hub),
            ]
            server = subprocess.Popen(command, stdout=output, stderr=output)
        held.callback(server.wait, 30)
        held.callback(server.terminate)
        until((hub / "address.json").exists)
        sam = made.by("sam")
        dataspace("dataset", "dictionary", str(folder / "dictionary.yaml"), *sam)
        fields = [
            f"--field={name}={text}"
            for name, said in RECORD.items()
            for text in ([said] if isinstance(said, str) else said)
        ]
        dataspace("dataset", "federated", "stays", "--dictionary", "stays", *fields, *sam)
        (folder / "hub.yaml").write_text(POLICY.format(purpose="scientific research"))
        dataspace("policy", "publish", str(folder / "hub.yaml"), *sam)
        for number, house in enumerate(made.houses.values()):
            _set_up(folder, house, number, sam)
            house.start()
            held.callback(house.end)
        until(lambda: made.online() == set(PURPOSES), 90)
        kinds = ("--kind", "aggregate", "--kind", "train")
        dataspace("permit", "apply", "stays", "--purpose", "scientific research", *kinds, *made.by("ana"))
        dataspace("permit", "grant", "A-1", *sam)
        yield made


def _set_up(folder: Path, house: House, number: int, sam: tuple[str, ...]) -> None:
    at = ("--home", str(house.home))
    invite, rows = folder / f"{house.name}.json", folder / f"{house.name}.csv"
    dataspace("hub", "invite", house.name, "--at-once", "--output", str(invite), *sam)
    dataspace("site", "join", str(invite), "--by-policy", *at)
    lines = [f"{20 + i % 61},{i % 9},{int((i * 7 + number) % 11 < 4)}" for i in range(400 + number)]
    rows.write_text("age,los,died\n" + "\n".join(lines) + "\n")
    dataspace("site", "data", "add", str(rows), "--name", "stays", "--dictionary", "stays", *at)
    policy = folder / f"{house.name}.yaml"
    policy.write_text(POLICY.format(purpose=PURPOSES[house.name]))
    dataspace("site", "policy", "add", str(policy), *at)


def test_1_two_answer_and_the_one_that_refuses_is_named_with_its_cause(world: World) -> None:
    counted, refused = world.count()
    assert counted == {WELL: 400, STOPPED: 402}
    assert set(refused) == {REFUSING}
    assert "purpose" in refused[REFUSING]
    fit = world.train()
    assert sorted(fit["sites"]) == [WELL, STOPPED]
    assert fit["refused"][REFUSING]["code"] == "policy.forbidden"


def test_2_a_worker_that_is_killed_is_followed_by_another_or_named(world: World) -> None:
    house = world.houses[WELL]
    before = world.train()
    workers = house.workers()
    assert workers
    for worker in workers:
        worker.kill()
    psutil.wait_procs(workers, timeout=10)
    after = world.train()
    assert house.process is not None
    assert house.process.poll() is None, "the guard lives on"
    assert after["beta"] == pytest.approx(before["beta"]), "the same rows, by a new worker"


def test_3_a_site_that_is_killed_with_its_guard_is_named_and_comes_back(world: World) -> None:
    world.houses[WELL].kill()
    counted, refused = world.count()
    assert counted == {STOPPED: 402}
    assert set(refused) == {WELL, REFUSING}
    world.houses[WELL].start()
    # The hub counts a node that was killed as connected for some 20 s: only an answer shows that it is back.
    until(lambda: WELL in world.count()[0], 120)
    assert world.count()[0] == {WELL: 400, STOPPED: 402}


def test_4_a_site_killed_in_the_middle_of_a_run_costs_the_run_nothing_but_its_answers(world: World) -> None:
    house = world.houses[WELL]
    found: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: found.append(world.train()))
    records = _replies(house)
    thread.start()
    until(lambda: _replies(house) > records, 60)
    house.kill()
    thread.join(120)
    assert found, "the run came to its end"
    assert STOPPED in found[0]["sites"]
    house.start()
    # The hub counts a node that was killed as connected for some 20 s: only an answer shows that it is back.
    until(lambda: WELL in world.count()[0], 120)


def test_5_a_site_that_its_own_people_stop_is_gone_within_seconds_and_no_other_notices(world: World) -> None:
    others = {name: house.tree()[0].pid for name, house in world.houses.items() if name != STOPPED}
    house = world.houses[STOPPED]
    children = house.tree()
    started = time.monotonic()
    assert "Stopped." in dataspace("site", "stop", "--home", str(house.home))
    spent = time.monotonic() - started
    assert house.process is not None
    assert house.process.wait(5) == 0
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []
    print(f"site stop: {spent:.1f} s, the start of the command included")
    counted, refused = world.count()
    assert counted == {WELL: 400}
    assert set(refused) == {REFUSING, STOPPED}
    assert {name: h.tree()[0].pid for name, h in world.houses.items() if name != STOPPED} == others
    assert "kill switch" in dataspace("site", "run", "--home", str(house.home), code=1)


def test_6_expelling_a_site_disturbs_no_other(world: World) -> None:
    before = {name: house.tree()[0].pid for name, house in world.houses.items() if name != STOPPED}
    dataspace("hub", "expel", STOPPED, "--because", "The project is over.", *world.by("sam"))
    counted, refused = world.count()
    assert counted == {WELL: 400}
    assert set(refused) == {REFUSING}
    assert {name: h.tree()[0].pid for name, h in world.houses.items() if name != STOPPED} == before


def test_7_every_log_verifies_and_no_site_was_asked_what_another_answered(world: World) -> None:
    from dataspace.cli.demo.site_setup import log_of

    sizes = {}
    for house in world.houses.values():
        house.end()
        settings = SiteSettings.from_environment({}, house.home)
        sizes[house.name] = log_of(settings).size
    assert min(sizes.values()) > 3
    assert len({os.path.realpath(house.home) for house in world.houses.values()}) == 3


def _replies(house: House) -> int:
    """How many answers this site has recorded: what its own people see."""
    line = dataspace("site", "status", "--home", str(house.home)).splitlines()[-1]
    return sum(int(word) for word in line.replace(",", "").split() if word.isdigit())
