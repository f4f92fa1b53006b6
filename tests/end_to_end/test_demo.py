"""The whole demo as a newcomer runs it: from the command line, with an empty home, over TLS and Flower."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.ci]

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 240.0
"""Seconds for one demo here: other tests may keep the machine busy. The benchmark measures what it takes alone."""


@dataclass(frozen=True, slots=True)
class Place:
    """An empty home, an empty folder for temporary files, and where the report goes."""

    home: Path
    temporary: Path
    output: Path

    def environ(self, more: Mapping[str, str]) -> dict[str, str]:
        return {**os.environ, "HOME": str(self.home), "TMPDIR": str(self.temporary), "COLUMNS": "200", **more}

    def start(self, *options: str, **more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "dataspace.cli", "demo", "--output", str(self.output), *options]
        return subprocess.Popen(
            command,
            env=self.environ(more),
            cwd=self.home,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def left(self) -> list[str]:
        """What lies in the home and in the temporary folder."""
        return [str(path) for folder in (self.home, self.temporary) for path in folder.rglob("*")]

    def processes(self) -> list[psutil.Process]:
        """Processes that have this place as their temporary folder, which all children inherit."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("TMPDIR") == str(self.temporary) and process.status() != "zombie":
                    found.append(process)
            except psutil.Error:
                continue
        return found


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    if not (os.environ.get("DATASPACE_MEDPAR") or (ROOT / ".cache" / "medpar.csv").is_file()):
        pytest.skip("the medpar stays are not there: run `make setup`")
    with made(tmp_path) as one:
        yield one


@contextmanager
def made(folder: Path) -> Iterator[Place]:
    one = Place(folder / "home", folder / "tmp", folder / "demo-output")
    one.home.mkdir(parents=True)
    one.temporary.mkdir()
    yield one
    for process in one.processes():
        process.kill()


def until(there: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if there():
            return True
        time.sleep(0.1)
    return there()


def read_until(stream: Any, text: str) -> None:
    for line in stream:
        if text in line:
            return
    raise AssertionError(f"ended without {text!r}")


def command_of(process: psutil.Process) -> str:
    """Its command line, empty where it has ended meanwhile."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def facts_of(told: Mapping[str, Any], number: int) -> Any:
    return told["steps"][number - 1]["facts"]


def test_two_demos_at_the_same_time_tell_all_ten_steps_and_leave_nothing_behind(
    place: Place, tmp_path: Path
) -> None:
    with made(tmp_path / "second") as second:
        demos = [one.start("--json") for one in (place, second)]
        ended = [demo.communicate(timeout=PATIENCE) for demo in demos]
        for demo, one, (said, complaints) in zip(demos, (place, second), ended, strict=True):
            assert demo.returncode == 0, complaints
            check_facts(json.loads(said))
            assert [path.name for path in one.output.iterdir()] == ["report.html"]
            assert one.left() == []
            assert one.processes() == []


def check_facts(told: Mapping[str, Any]) -> None:
    assert [step["number"] for step in told["steps"]] == list(range(1, 11))
    assert 0 < told["peak_pss_bytes"] <= 4 * 2**30
    registered, policies, refused, permit = (facts_of(told, number) for number in (1, 2, 3, 4))
    assert registered["rows"] == 299 and registered["privacy_unit"] == "row" and registered["findings"]
    assert {site["site"]: site["synthetic"] for site in registered["sites"]}["plant-1"] is True
    assert sum(site["rows"] for site in registered["sites"]) == 1495 - 299 + 10_000
    assert policies["in_force"]["hospital-d"][-1] == "hospital-no-training"
    assert refused["rule"] == "hub-medpar-extract/research"
    assert "permit" in refused["missing"] and refused["who_can_change"] == "you" and refused["nearest"]
    assert permit["basis"] == "contract" and permit["verified_with"]
    check_answers(told)
    check_training(facts_of(told, 8))
    revoked, proved = facts_of(told, 9), facts_of(told, 10)
    assert "revoked" in revoked["question_refused"]
    # The hub ends the run at once; a hospital that the next round reached before that refused it by itself.
    refused_by = {one["code"] for one in revoked["round_refused"]}
    assert refused_by <= {"permit.revoked"} and len(revoked["round_refused"]) <= 3
    assert 2 <= revoked["rounds_before"] < 100
    assert "the permit does not hold any more" in revoked["ended"] or "sites answered" in revoked["ended"]
    assert proved["logs"][0]["name"] == "hub" and len(proved["logs"]) == 6
    assert all(log["size"] > 0 and re.fullmatch(r"[0-9a-f]{64}", log["root"]) for log in proved["logs"])
    assert proved["receipt_record"] == facts_of(told, 5)["record"] and proved["answer_matches"] is True


def check_answers(told: Mapping[str, Any]) -> None:
    extract, across, noisy = (facts_of(told, number) for number in (5, 6, 7))
    hidden = {(cell["row"], cell["column"]) for cell in extract["withheld"]}
    assert hidden and all(extract["rows"][row][column] is None for row, column in hidden)
    assert {row["type"] for row in extract["rows"] if row["stays"] is None} >= {3}
    assert extract["filtered"] == ["medpar_extract.los"] and "medpar_extract.provnum" in extract["masked"]
    hospitals = {row["site"] for row in across["hospitals"]["rows"]}
    assert hospitals == {"hospital-a", "hospital-b", "hospital-c", "hospital-d"}
    assert any(row["n"] is None for row in across["hospitals"]["rows"])
    assert all(row["n"] is None or row["n"] >= 10 for row in across["hospitals"]["rows"])
    assert {row["site"] for row in across["plant"]["rows"]} == {"plant-1"}
    assert noisy["low"] < noisy["value"] < noisy["high"]
    assert noisy["epsilon"] == 0.25 and noisy["left"] == pytest.approx(0.75)


def check_training(trained: Any) -> None:
    assert trained["sites"] == ["hospital-a", "hospital-b", "hospital-c"]
    assert [one["site"] for one in trained["refused"]] == ["hospital-d"]
    assert (
        trained["refused"][0]["code"] == "policy.forbidden" and "forbids" in trained["refused"][0]["reason"]
    )
    assert len(trained["rounds"]) == 6
    assert trained["largest_difference_from_pooled"] < 1e-6
    assert [one["site"] for one in trained["auc"]] == ["hospital-a", "hospital-b", "hospital-c", "hospital-d"]
    shown_by_sites = trained["rounds"][-1]["auc"]
    for one in trained["auc"]:
        assert one["federated"] == pytest.approx(one["pooled"], abs=1e-9)
        if one["took_part"]:  # what the site measured itself is what was computed here
            assert shown_by_sites[one["site"]] == pytest.approx(one["federated"], abs=6e-4)


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_whenever_the_demo_is_ended_everything_it_started_ends_too(
    place: Place, sent: signal.Signals, code: int
) -> None:
    with place.start() as demo:
        assert demo.stdout is not None
        read_until(demo.stdout, "Query the extract")
        started = place.processes()
        assert len(started) > 6
        demo.send_signal(sent)
        _, complaints = demo.communicate(timeout=60)
    assert demo.returncode == code, complaints
    assert until(lambda: place.processes() == [], 60), [command_of(process) for process in place.processes()]
    assert not place.output.exists()
    if sent is not signal.SIGKILL:  # the next demo sweeps what that one could not
        assert place.left() == []


@pytest.mark.parametrize(("victim", "name"), [("hub start", "hub"), ("site run", "hospital-a")])
def test_a_killed_child_ends_the_demo_with_one_sentence_that_names_it(
    place: Place, victim: str, name: str
) -> None:
    with place.start() as demo:
        assert demo.stdout is not None
        read_until(demo.stdout, "the hospitals count")
        for process in place.processes():
            if re.search(rf"{victim} --home \S+/{name}$", command_of(process)):
                process.kill()
        _, complaints = demo.communicate(timeout=90)
    assert demo.returncode == 1
    assert complaints.startswith(f"The demo stopped: {name} ended by itself (code -9).")
    assert complaints.count("\n") == 1 and "Run the demo again" in complaints
    assert until(lambda: place.processes() == [])
    assert place.left() == [] and not place.output.exists()


@pytest.mark.parametrize(
    ("more", "spoilt", "says"),
    [
        ({"DATASPACE_MEDPAR": "/nowhere/medpar.csv"}, "", "make setup"),
        ({}, "output", "--output"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_started(
    place: Place, more: dict[str, str], spoilt: str, says: str
) -> None:
    if spoilt:
        place.output.write_text("a file, not a folder")
    began = time.monotonic()
    with place.start(**more) as demo:
        said, complaints = demo.communicate(timeout=60)
    assert demo.returncode == 1 and time.monotonic() - began < 20
    assert complaints.startswith("The demo stopped: ") and says in complaints and complaints.count("\n") == 1
    assert said == "" and place.left() == []


def test_a_full_disk_is_one_sentence(place: Place) -> None:
    limit = shutil.which("prlimit")
    if limit is None:
        pytest.skip("prlimit, which stands in for a full disk here, is not installed")
    command = [
        limit,
        "--fsize=20000",
        sys.executable,
        "-m",
        "dataspace.cli",
        "demo",
        "--output",
        str(place.output),
    ]
    ended = subprocess.run(
        command,
        env=place.environ({}),
        cwd=place.home,
        text=True,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("The demo stopped: ") and ended.stderr.count("\n") == 1
    assert place.left() == [] and place.processes() == [] and not place.output.exists()


def test_a_kept_hub_can_be_opened_and_ended_as_the_demo_says(place: Place) -> None:
    with place.start("--keep") as demo:
        said, complaints = demo.communicate(timeout=PATIENCE)
    assert demo.returncode == 0, complaints
    found = re.search(r"^  hub = (connect\(.*\))$", said, re.MULTILINE)
    end = re.search(r"^  (kill .*)$", said, re.MULTILINE)
    assert found is not None and end is not None
    program = f"from dataspace import connect; print(*(d.name for d in {found[1]}.datasets()))"
    opened = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert set(opened.stdout.split()) == {"machines", "medpar", "medpar_extract"}
    subprocess.run(["/bin/sh", "-c", end[1]], check=True, timeout=60)
    assert until(lambda: place.processes() == [], 60)
    assert place.left() == []
