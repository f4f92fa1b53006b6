"""A hub and a site as processes, with released Flower over TLS between them: invite, join, hold data, stop."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from dataspace.testing.examples import RECORD
from dataspace.testing.stays import stays_dictionary, stays_policy

pytestmark = [pytest.mark.slow, pytest.mark.ci, pytest.mark.timeout(560)]

DICTIONARY = stays_dictionary("los", "died")
POLICY = stays_policy("aggregate")


def dataspace(*words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "dataspace.cli", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout if code == 0 else done.stderr


@contextmanager
def running(log: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "dataspace.cli", *words], stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        assert process.wait(30) == 0, log.read_text()


def _several(said: str | list[str]) -> list[str]:
    return [said] if isinstance(said, str) else said


def until(seen: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.2)


def test_a_site_joins_answers_and_is_stopped(tmp_path: Path) -> None:
    hub, site = tmp_path / "hub", tmp_path / "site"
    at_hub, at_site = ("--home", str(hub)), ("--home", str(site))
    (tmp_path / "stays.csv").write_text(
        "los,died\n" + "".join(f"{i % 9},{int(i % 4 == 0)}\n" for i in range(300))
    )
    (tmp_path / "dictionary.yaml").write_text(DICTIONARY)
    (tmp_path / "policy.yaml").write_text(POLICY)
    dataspace("hub", "init", *at_hub, "--steward", "sam")
    dataspace("hub", "add-person", "ana", "--role", "researcher", *at_hub)
    with ExitStack() as held:
        held.enter_context(running(tmp_path / "hub.out", "hub", "start", "--port", "0", *at_hub))
        until((hub / "address.json").exists)
        sam, ana = (*at_hub, "--as", "sam"), (*at_hub, "--as", "ana")
        assert "running already" in dataspace("hub", "start", "--port", "0", *at_hub, code=1)
        dataspace("dataset", "dictionary", str(tmp_path / "dictionary.yaml"), *sam)
        fields = [f"--field={name}={text}" for name, said in RECORD.items() for text in _several(said)]
        dataspace("dataset", "federated", "stays", "--dictionary", "stays", *fields, *sam)
        dataspace("policy", "publish", str(tmp_path / "policy.yaml"), *sam)
        dataspace("hub", "invite", "hospital-a", "--output", str(tmp_path / "invite.json"), *sam)

        asked = dataspace("site", "join", str(tmp_path / "invite.json"), "--wait", "0", *at_site, code=1)
        aloud = asked.partition("fingerprint: ")[2].split()[0]
        assert aloud in dataspace("hub", "requests", *sam)
        assert "read aloud again" in dataspace("hub", "admit", "hospital-a", "1234", *sam, code=1)
        dataspace("hub", "admit", "hospital-a", aloud, *sam)
        assert "3 keys pinned" in dataspace("site", "join", str(tmp_path / "invite.json"), *at_site)
        assert "has joined a hub already" in dataspace(
            "site", "join", str(tmp_path / "invite.json"), *at_site, code=1
        )
        other = ("--home", str(tmp_path / "thief"))
        assert "does not hold" in dataspace("site", "join", str(tmp_path / "invite.json"), *other, code=2)
        assert not (tmp_path / "thief" / "site.json").exists()
        add = ("site", "data", "add", str(tmp_path / "stays.csv"), "--name", "stays", "--dictionary", "stays")
        unknown = dataspace(*add[:4], "--name", "other", *at_site, code=1)
        assert "No federated dataset named 'other'" in unknown
        assert "dataspace dataset federated other" in unknown
        added = dataspace(*add, *at_site)
        assert "300 rows" in added
        assert "fix: --unit" in added
        assert "not those that the hub describes" not in added
        dataspace("site", "policy", "add", str(tmp_path / "policy.yaml"), *at_site)
        at_work = held.enter_context(running(tmp_path / "site.out", "site", "run", *at_site))
        until(lambda: "online" in dataspace("hub", "sites", *sam))

        dataspace("permit", "apply", "stays", "--purpose", "scientific research", *ana)
        dataspace("permit", "grant", "A-1", *sam)
        count = ("count", "stays", "--by", "site", "--by", "died", "--permit", "P-1", *ana)
        assert "not countersigned P-1" in dataspace(*count, code=1)
        assert "No permit named 'P-77'" in dataspace("site", "accept", "P-77", "--yes", *at_site, code=1)
        assert "--yes" in dataspace("site", "accept", "P-1", *at_site, code=2)
        assert "not countersigned P-1" in dataspace(*count, code=1)
        (tmp_path / "p.jws").write_text(dataspace("permit", "show", "P-1", "--jws", *ana))
        foreign = ("--file", str(tmp_path / "p.jws"), "--yes", *at_site)
        assert "is of P-1, not of P-2" in dataspace("site", "accept", "P-2", *foreign, code=1)
        shown = dataspace("site", "accept", "P-1", "--yes", *at_site)
        assert "who      ana" in shown
        assert "for      scientific research" in shown
        for home in (hub, site):
            open_to_others = [p for p in home.rglob("*") if p.is_file() and p.stat().st_mode & 0o077]
            assert open_to_others == []
        answer = json.loads(dataspace(*count, "--format", "json"))
        assert {row["died"]: row["n"] for row in answer["rows"]} == {0: 225, 1: 75}
        assert "1 answers" in dataspace("site", "status", *at_site)
        assert "FAIL" not in dataspace("site", "doctor", *at_site)

        assert "Stopped." in dataspace("site", "stop", *at_site)
        assert at_work.wait(60) == 0
        assert "kill switch" in dataspace("site", "run", *at_site, code=1)


def test_a_hub_ends_cleanly_with_ctrl_c(tmp_path: Path) -> None:
    hub = tmp_path / "hub"
    dataspace("hub", "init", "--home", str(hub), "--steward", "sam")
    with running(tmp_path / "out", "hub", "start", "--port", "0", "--home", str(hub)) as process:
        until((hub / "address.json").exists)
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(30) == 0
    assert not (hub / "address.json").exists()
