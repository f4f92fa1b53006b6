"""A hub and three sites as process trees, a training that costs privacy, and what each account says of it."""

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from dataspace.adapters.clock import UtcClock
from dataspace.adapters.flower.addresses import free_port
from dataspace.adapters.keys import FileSigner
from dataspace.adapters.store.store import Store, open_store
from dataspace.client.hub import Hub
from dataspace.connecting import connect
from dataspace.errors import DataspaceError
from dataspace.model.charges import Account, Limits
from dataspace.model.names import DatasetName
from dataspace.model.records import RecordKind
from dataspace.privacy.purses import epsilon_of
from dataspace.testing.examples import RECORD
from tests.end_to_end.test_site_commands import DICTIONARY, dataspace, until
from tests.end_to_end.test_three_sites import POLICY, House

SITES = ("hospital-a", "hospital-b", "hospital-c")
ROUNDS = 14
EPSILON = 0.2
PURPOSE = "scientific research"


@dataclass
class KillWorld:
    """The hub's home and its process, and the three houses, which all answer."""

    folder: Path
    port: int
    houses: Mapping[str, House]
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0
    runs: list[str] = field(default_factory=list)

    @property
    def hub(self) -> Path:
        return self.folder / "hub"

    def start(self) -> None:
        """Start the hub at its usual address, and wait until it answers."""
        (self.hub / "address.json").unlink(missing_ok=True)
        self.starts += 1
        command = [sys.executable, "-m", "dataspace.cli", "hub", "start", "--port", str(self.port)]
        with (self.folder / f"hub-{self.starts}.out").open("wb") as output:
            self.process = subprocess.Popen([*command, "--home", str(self.hub)], stdout=output, stderr=output)
        until(self._answers, 90)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / f"hub-{self.starts}.out").read_text()
        return (self.hub / "address.json").exists()

    def kill(self) -> None:
        """SIGKILL, to the hub's process alone."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        """In order, as an operator does."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def child(self, word: str) -> psutil.Process:
        """The hub's child of that role: superlink or superexec."""
        assert self.process is not None
        [found] = [p for p in psutil.Process(self.process.pid).children() if word in p.cmdline()]
        return found

    def coordinator(self, run: str) -> psutil.Process:
        """The server app of a run."""
        return psutil.Process(int((self.hub / "flower" / "runs" / run / "serverapp.pid").read_text()))

    def by(self, person: str) -> tuple[str, ...]:
        return ("--home", str(self.hub), "--as", person)

    def online(self) -> set[str]:
        lines = dataspace("hub", "sites", *self.by("sam")).splitlines()
        return {name for name in self.houses for line in lines if name in line and "online" in line}

    def ana(self) -> Hub:
        token = dataspace("hub", "token", "ana", "--home", str(self.hub)).strip()
        ca = self.hub / "authority" / "ca.crt"
        return connect(f"https://localhost:{self.port}", token, ca)

    def disturbed(self, at_round: int, act: Callable[[str], None], minimum: int = 2) -> Mapping[str, Any]:
        """How a training stands in the end, with `act` done in its middle, once this round was told."""
        with self.ana() as hub:
            run = hub.runs.start(
                dataset="stays",
                target="died",
                features=["los"],
                permit="P-1",
                rounds=ROUNDS,
                minimum_sites=minimum,
                scaling="declared",
                scales={"los": [4, 4]},
                privacy={"epsilon": EPSILON},
            )
            self.runs.append(run)
            until(lambda: hub.runs.status(run)["round"] >= at_round, 90)
            act(run)
        return self.ended(run)

    def ended(self, run: str) -> Mapping[str, Any]:
        """The run's status, once it has ended."""
        deadline = time.monotonic() + 300
        with self.ana() as hub:
            while True:
                with suppress(DataspaceError):
                    status = hub.runs.status(run)
                    if status["state"] in ("finished", "failed"):
                        return status
                assert time.monotonic() < deadline, "the run has no end"
                time.sleep(0.5)

    def last_records(self, run: str) -> list[Mapping[str, Any]]:
        """What the hub's log says of the end of a run; it verifies, too."""
        with opened(self.hub, "hub") as store:
            store.log.verify()
            records = [record for _, record in store.log.records()]
        return [r.facts for r in records if r.kind is RecordKind.RUN_FINISHED and r.facts["run"] == run]


@contextmanager
def opened(home: Path, name: str) -> Iterator[Store]:
    with open_store(home, UtcClock(), FileSigner(home, "log"), f"{name}/log") as store:
        yield store


@dataclass(frozen=True)
class Paid:
    """What one site sent in a run, and what it charged for that, by round."""

    sent: Mapping[int, int]
    """Different updates."""
    charged: Mapping[int, int]


def paid(house: House, run: str) -> Paid:
    """Read from the site's own log and ledger; the whole account must be what its entries come to."""
    with opened(house.home, house.name) as store:
        store.log.verify()
        replies = [r.facts for _, r in store.log.records() if r.kind is RecordKind.SITE_REPLY]
        entries = [(e.charge, state) for e, state in store.ledger.charges() if state != "forfeited"]
        spent = store.ledger.balance(Account(DatasetName("stays"), None), Limits()).spent
    events = [event for charge, _ in entries for event in charge.events]
    assert spent == pytest.approx(epsilon_of(tuple(events), Limits().lineage_delta), rel=1e-3)
    mine = [facts for facts in replies if facts["run"] == run and not facts["refused"]]
    sent = {(int(str(facts["round"])), str(facts["arrays"])) for facts in mine}
    asked = [charge.question for charge, _ in entries if charge.question.startswith(f"run {run} round ")]
    return Paid(
        Counter(number for number, _ in sent), Counter(int(question.split()[-1]) for question in asked)
    )


def undisturbed_account(house: House, run: str) -> None:
    """Each update paid for once, and no other."""
    found = paid(house, run)
    assert found.charged == found.sent == dict.fromkeys(range(1, ROUNDS + 2), 1)


def account_after_a_kill(house: House, run: str, kills: int = 1) -> None:
    """What was sent is paid for; beyond it stands at most what was at work when it was killed: nothing double."""
    found = paid(house, run)
    assert found.sent
    for number, times in found.sent.items():
        assert found.charged[number] >= times, f"round {number} was sent and not paid for"
    beyond = sum(found.charged.values()) - sum(found.sent.values())
    assert 0 <= beyond <= kills, found


@contextmanager
def kill_world(folder: Path) -> Iterator[KillWorld]:
    """A hub, its people, a permit for training, and three sites that are online."""
    world = KillWorld(folder, free_port("127.0.0.1"), {name: House(name, folder / name) for name in SITES})
    (folder / "dictionary.yaml").write_text(DICTIONARY)
    dataspace("hub", "init", "--home", str(world.hub), "--steward", "sam", "--port", str(world.port))
    dataspace("hub", "add-person", "ana", "--role", "researcher", "--home", str(world.hub))
    with ExitStack() as held:
        held.callback(world.end)
        world.start()
        sam = world.by("sam")
        dataspace("dataset", "dictionary", str(folder / "dictionary.yaml"), *sam)
        fields = [
            f"--field={name}={text}"
            for name, said in RECORD.items()
            for text in ([said] if isinstance(said, str) else said)
        ]
        dataspace("dataset", "federated", "stays", "--dictionary", "stays", *fields, *sam)
        (folder / "policy.yaml").write_text(POLICY.format(purpose=PURPOSE))
        dataspace("policy", "publish", str(folder / "policy.yaml"), *sam)
        for number, house in enumerate(world.houses.values()):
            _set_up(folder, house, number, sam)
            house.start()
            held.callback(house.end)
        until(lambda: world.online() == set(SITES), 90)
        kinds = ("--kind", "aggregate", "--kind", "train")
        dataspace("permit", "apply", "stays", "--purpose", PURPOSE, *kinds, *world.by("ana"))
        dataspace("permit", "grant", "A-1", *sam)
        yield world


def _set_up(folder: Path, house: House, number: int, sam: tuple[str, ...]) -> None:
    at = ("--home", str(house.home))
    invite, rows = folder / f"{house.name}.json", folder / f"{house.name}.csv"
    dataspace("hub", "invite", house.name, "--at-once", "--output", str(invite), *sam)
    dataspace("site", "join", str(invite), "--by-policy", *at)
    # So many that the noise on their number never makes them too few for a model.
    lines = [f"{i % 9},{int((i * 7 + number) % 11 < 4)}" for i in range(6_000 + number)]
    rows.write_text("los,died\n" + "\n".join(lines) + "\n")
    dataspace("site", "data", "add", str(rows), "--name", "stays", "--dictionary", "stays", *at)
    dataspace("site", "policy", "add", str(folder / "policy.yaml"), *at)
