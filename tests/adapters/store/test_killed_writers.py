"""Several processes write to one store and one of them is killed: nothing acknowledged is lost, nobody is held up."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dataspace.adapters.memory import ManualClock, MemorySigner
from dataspace.adapters.store.store import open_store
from dataspace.model.charges import Limits
from dataspace.model.finding import EVERYONE, Wanted
from dataspace.testing.ledgers import STAYS

pytestmark = pytest.mark.slow

WRITERS, EACH, BEFORE_THE_KILL = 3, 60, 25
WRITER = """
import json, sys
from pathlib import Path
from dataspace.adapters.memory import ManualClock, MemorySigner
from dataspace.adapters.store.store import open_store
from dataspace.model.charges import Limits, Reservation
from dataspace.model.names import HUB
from dataspace.model.records import Record, RecordKind
from dataspace.testing.examples import AT, example_charge
from dataspace.testing.finders import entry
from dataspace.testing.ledgers import STAYS

home, url, name, count = sys.argv[1:]
with open_store(Path(home), ManualClock(), MemorySigner(bytes(range(32))), "hub.example/log", url) as store:
    for number in range(int(count)):
        key = f"{name}-{number}"
        facts = {"key": key}
        index = store.log.append(Record(RecordKind.DATASET_CHANGED, AT, HUB, None, facts))
        held = store.ledger.reserve(STAYS, example_charge(0.001), key, Limits(lineage=1000, permit=1000))
        assert isinstance(held, Reservation), held
        store.finder.put([entry(key, f"words of {name}", theme="health")])
        print(json.dumps([index, key]), flush=True)
"""


def writer(home: Path, url: str, name: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", WRITER, str(home), url, name, str(EACH)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def test_what_several_writers_were_told_is_there_is_there_after_one_was_killed(
    place: tuple[Path, str],
) -> None:
    home, url = place
    signer = MemorySigner(bytes(range(32)))
    with open_store(home, ManualClock(), signer, "hub.example/log", url) as store:
        writers = [writer(home, url, f"w{number}") for number in range(WRITERS)]
        victim, *others = writers
        try:
            assert victim.stdout is not None
            told = [victim.stdout.readline() for _ in range(BEFORE_THE_KILL)]
            victim.kill()
            told += victim.communicate(timeout=60)[0].splitlines()
            assert BEFORE_THE_KILL <= len(told) < EACH, "it was killed while it was writing"
            for other in others:
                said, _ = other.communicate(timeout=120)
                assert other.returncode == 0
                assert len(said.splitlines()) == EACH, "nobody waits for the dead"
                told += said.splitlines()
        finally:
            for process in writers:
                process.kill()
                process.wait(10)
        whole = [json.loads(line) for line in told if line.rstrip().endswith("]")]  # the last may be cut
        acknowledged = {key: index for index, key in whole}
        kept = {str(record.facts["key"]): index for index, record in store.log.records()}
        assert {key: kept.get(key) for key in acknowledged} == acknowledged
        assert store.log.verify() == len(kept), "the tree is whole, without a gap"
        # Of what was not acknowledged, at most the one thing that the dead was at.
        assert len(kept) - len(acknowledged) <= 1
        reserved = len(store.ledger.charges(STAYS))
        assert len(acknowledged) <= reserved <= len(kept)
        assert store.ledger.balance(STAYS, Limits(lineage=1000)).spent == pytest.approx(reserved * 0.001)
        found = store.finder.find(Wanted(("words",), (), frozenset({EVERYONE}), size=200))
        assert len(acknowledged) <= found.total <= reserved
        assert {entry.id for entry in found.entries} >= acknowledged.keys()
        every = store.finder.find(Wanted((), (), frozenset({EVERYONE})))
        assert (every.total, every.facets[0].count) == (found.total, found.total), "and the totals agree"
