"""Processes that are killed with SIGKILL: what they acknowledged is there, what they had started still counts."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from dataspace.adapters.keys import FileSigner
from dataspace.adapters.memory import ManualClock
from dataspace.adapters.store.store import Store, open_store
from dataspace.model.charges import Limits, Overspent, Reservation
from dataspace.model.names import PermitId
from dataspace.testing.examples import example_charge, example_record
from dataspace.testing.ledgers import STAYS

pytestmark = pytest.mark.slow

OPEN = """
import os
import sys
from pathlib import Path
from dataspace.adapters.keys import FileSigner
from dataspace.adapters.memory import ManualClock
from dataspace.adapters.store.store import open_store
from dataspace.model.charges import Limits
from dataspace.testing.examples import example_charge, example_record
from dataspace.testing.ledgers import STAYS
home = Path(sys.argv[1])
print("imported", flush=True)
sys.stdin.readline()
store = open_store(home, ManualClock(), FileSigner(home, "log"), "hub.example/log")
"""


def opened(home: Path) -> Store:
    return open_store(home, ManualClock(), FileSigner(home, "log"), "hub.example/log")


@contextmanager
def child(home: Path, script: str) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """A process that has imported everything and now runs the script on the store of this home."""
    process = subprocess.Popen(
        [sys.executable, "-c", OPEN + script, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "imported\n"
        process.stdin.write("go\n")
        process.stdin.flush()
        yield process, process.stdout
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def test_a_reservation_of_a_killed_process_counts_as_spent(tmp_path: Path) -> None:
    script = """
outcome = store.ledger.reserve(STAYS, example_charge(0.7), "question 1", Limits())
print(outcome.id, flush=True)
sys.stdin.readline()  # the engine would run now, and commit follow
"""
    with child(tmp_path, script) as (process, output):
        id = output.readline().strip()
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    with opened(tmp_path) as store:
        [(entry, state)] = store.ledger.charges()
        assert (entry.id, state) == (id, "reserved")
        assert store.ledger.balance(STAYS, Limits(), PermitId("P-1")).left == pytest.approx(0.3)
        assert isinstance(store.ledger.reserve(STAYS, example_charge(0.4), "question 2", Limits()), Overspent)
        again = store.ledger.reserve(STAYS, example_charge(0.7), "question 1", Limits())
        assert isinstance(again, Reservation)
        assert (again.id, again.repeated) == (id, True)


def test_every_record_that_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    script = """
from threading import Thread
def work():
    while True:
        os.write(1, f"{store.log.append(example_record())}\\n".encode())  # one write: threads must not mix
for _ in range(4):
    Thread(target=work).start()
"""
    with child(tmp_path, script) as (process, output):
        lines = [output.readline() for _ in range(60)]
        process.send_signal(signal.SIGKILL)
        process.wait()
        lines += output.readlines()
    acknowledged = {int(line) for line in lines if line.endswith("\n") and line.strip().isdigit()}
    with opened(tmp_path) as store:
        size = store.log.verify()
        assert acknowledged <= set(range(size))
        assert store.log.append(example_record()) == size
        assert store.log.verify() == size + 1


def test_processes_that_append_at_the_same_time_share_one_log(tmp_path: Path) -> None:
    script = """
for _ in range(40):
    print(store.log.append(example_record()), flush=True)
"""
    with child(tmp_path, script) as (_, one), child(tmp_path, script) as (_, two):
        numbers = [int(line) for output in (one, two) for line in output.readlines()]
    assert sorted(numbers) == list(range(80))
    with opened(tmp_path) as store:
        assert store.log.verify() == 80


def test_processes_that_spend_at_the_same_time_never_overspend(tmp_path: Path) -> None:
    script = """
for turn in range(20):
    print(type(store.ledger.reserve(STAYS, example_charge(0.07), f"{os.getpid()}-{turn}", Limits())).__name__)
"""
    with child(tmp_path, script) as (_, one), child(tmp_path, script) as (_, two):
        outcomes = [line.strip() for output in (one, two) for line in output.readlines()]
    assert outcomes.count("Reservation") == 14
    assert outcomes.count("Overspent") == 26
    with opened(tmp_path) as store:
        assert store.ledger.balance(STAYS, Limits()).spent == 0.98


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.1, 0.2])
def test_a_store_whose_first_opening_was_killed_opens(tmp_path: Path, delay: float) -> None:
    with child(tmp_path, "sys.stdin.readline()") as (process, _):
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with opened(tmp_path) as store:
        assert store.log.append(example_record()) == 0


def test_processes_that_open_a_new_home_at_the_same_time_both_succeed(tmp_path: Path) -> None:
    script = "print(store.log.append(example_record()), store.log.verifier_key(), flush=True)"
    with child(tmp_path, script) as (_, one), child(tmp_path, script) as (_, two):
        answers = [output.readline().split() for output in (one, two)]
    assert sorted(number for number, _ in answers) == ["0", "1"]
    assert answers[0][1] == answers[1][1]
