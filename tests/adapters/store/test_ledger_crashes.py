"""Crashes between any two steps of the ledger: never overspent, and nothing that was acknowledged is lost."""

import os
import random
import signal
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from dataspace.adapters.memory import ManualClock
from dataspace.adapters.store.database import Database
from dataspace.adapters.store.ledger import SqlLedger
from dataspace.adapters.store.opening import FILE, open_database
from dataspace.adapters.store.shared_sync import Run, SharedSync, SharedWriter, Values
from dataspace.errors import Conflict, SetupError, SourceError
from dataspace.model.charges import Charge, Limits, Overspent, Reservation
from dataspace.model.names import PermitId
from dataspace.testing.examples import example_charge
from dataspace.testing.ledgers import STAYS

LIMITS = Limits(lineage=1.0, permit=0.5)
LARGEST = Fraction(1)
STEPS = 7
"""More than the statements of any act: the last ones mean that the act was done and its acknowledgement lost."""
T = TypeVar("T")


class Crashed(BaseException):
    """The process is gone, as far as the ledger is concerned."""


class Crashing(SqlLedger):
    """Dies before the statement of this number; past the last one, after the outcome is on the disk."""

    dies_at: int | None = None
    die: Callable[[], None]

    def _write(self, work: Callable[[Run], T]) -> T:
        left = self.dies_at

        def counted(run: Run) -> T:
            def step(statement: str, values: Values) -> Sequence[Sequence[Any]]:
                nonlocal left
                if left == 0:
                    self.die()
                left = None if left is None else left - 1
                return run(statement, values)

            done = work(step)
            if left == 0:
                self.die()  # everything is written and nothing committed
            return done

        outcome = super()._write(counted)
        if self.dies_at is not None:
            self.die()
        return outcome


def crash() -> None:
    raise Crashed


def opened(database: Database, dies_at: int | None = None, die: Callable[[], None] = crash) -> Crashing:
    ledger = Crashing(database, ManualClock())
    ledger.dies_at, ledger.die = dies_at, die
    return ledger


@dataclass
class Known:
    """What was acknowledged of one key, and what might have happened since."""

    charge: Charge
    states: frozenset[str]
    reservation: Reservation | None


class Crashes(RuleBasedStateMachine):
    """Acts that may die anywhere. `open` gives another process's view of the same store."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[str, Known] = {}
        self.database = self.open()
        self.ledger = opened(self.database)

    def open(self) -> Database:
        raise NotImplementedError

    def attempt(self, act: Callable[[SqlLedger], object], dies_at: int | None) -> object:
        """The outcome, or None where the process died: then another one goes on."""
        ledger = opened(self.database, dies_at)
        try:
            return act(ledger)
        except Crashed:
            ledger.close()
            self.database.close()
            self.database = self.open()
            self.ledger = opened(self.database)
            return None
        finally:
            ledger.close()

    @rule(
        key=st.sampled_from("abcdefgh"),
        epsilon=st.sampled_from([0.1, 0.2, 0.3]),
        permit=st.sampled_from(["P-1", "P-2", "P-3"]),
        dies_at=st.none() | st.integers(0, STEPS),
    )
    def reserve(self, key: str, epsilon: float, permit: str, dies_at: int | None) -> None:
        charge, known = example_charge(epsilon, permit), self.keys.get(key)
        if known is not None and known.states != {"absent"} and known.charge != charge:
            if known.states == {"forfeited"} or "absent" in known.states or "forfeited" in known.states:
                return
            with pytest.raises(Conflict):
                self.ledger.reserve(STAYS, charge, key, LIMITS)
            return
        made = self.attempt(lambda ledger: ledger.reserve(STAYS, charge, key, LIMITS), dies_at)
        if isinstance(made, Overspent):
            return
        if isinstance(made, Reservation):
            states = known.states - {"absent", "forfeited"} if known and made.repeated else frozenset()
            self.keys[key] = Known(charge, frozenset(states or {"reserved"}), replace(made, repeated=False))
        else:
            before = known.states if known else frozenset({"absent"})
            kept = known.reservation if known else None
            self.keys[key] = Known(charge, before | {"reserved"}, kept if before == {"committed"} else None)
            if before <= {"reserved", "committed"} and known:
                self.keys[key] = known  # it was there already: dying changed nothing

    @precondition(lambda self: any(known.reservation for known in self.keys.values()))
    @rule(data=st.data(), commits=st.booleans(), dies_at=st.none() | st.integers(0, STEPS))
    def end(self, data: st.DataObject, commits: bool, dies_at: int | None) -> None:
        key = data.draw(st.sampled_from(sorted(key for key, known in self.keys.items() if known.reservation)))
        known = self.keys[key]
        reservation = known.reservation
        assert reservation is not None
        state = "committed" if commits else "forfeited"

        def act(ledger: SqlLedger) -> object:
            try:
                ledger.commit(reservation, known.charge) if commits else ledger.forfeit(reservation)
            except Conflict:
                return "conflict"
            return "done"

        outcome = self.attempt(act, dies_at)
        if outcome == "done":
            assert state in known.states or "reserved" in known.states
            self.keys[key] = Known(known.charge, frozenset({state}), reservation if commits else None)
        elif outcome == "conflict":
            assert known.states != {"reserved"}
            self.keys[key] = Known(known.charge, known.states - {"reserved", state}, reservation)
        elif "reserved" in known.states:
            self.keys[key] = Known(known.charge, known.states | {state}, reservation)

    @invariant()
    def nothing_is_lost_and_nothing_overspent(self) -> None:
        entries = self.ledger.charges(STAYS)
        counted = [entry.charge for entry, state in entries if state != "forfeited"]
        spent = sum((Fraction(repr(charge.epsilon)) for charge in counted), Fraction(0))
        assert spent <= LARGEST
        assert self.ledger.balance(STAYS, LIMITS).spent == float(spent), "sums and entries are one"
        for permit in ("P-1", "P-2", "P-3"):
            mine = sum((Fraction(repr(c.epsilon)) for c in counted if c.permit == permit), Fraction(0))
            assert mine <= Fraction(1, 2)
            assert self.ledger.balance(STAYS, LIMITS, PermitId(permit)).spent == float(mine)
        by_id = {entry.id: state for entry, state in entries}
        for known in self.keys.values():
            if known.reservation is not None:
                assert by_id[known.reservation.id] in known.states

    def teardown(self) -> None:
        self.ledger.close()
        self.database.close()


class FileCrashes(Crashes):
    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        super().__init__()

    def open(self) -> Database:
        return open_database(Path(self.folder.name))

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


TestFileCrashes = pytest.mark.slow(FileCrashes.TestCase)
TestFileCrashes.settings = settings(max_examples=15, stateful_step_count=25, deadline=None)


@pytest.mark.slow
def test_crashes_on_a_server_neither_overspend_nor_lose(
    database_url: Callable[[], str], tmp_path: Path
) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    class ServerCrashes(Crashes):
        def __init__(self) -> None:
            self.folder = tempfile.TemporaryDirectory(dir=tmp_path)
            self.url = database_url()
            super().__init__()

        def open(self) -> Database:
            return open_database(Path(self.folder.name), self.url)

    run_state_machine_as_test(
        ServerCrashes, settings=settings(max_examples=4, stateful_step_count=15, deadline=None)
    )


def forked(work: Callable[[], None]) -> int:
    """Run `work` in a process of its own and return how that ended, as `os.waitpid` says it."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


def kill_me() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize("act", ["reserve", "commit", "forfeit"])
def test_a_process_killed_before_any_step_leaves_all_of_an_act_or_nothing(
    place: tuple[Path, str], act: str
) -> None:
    home, url = place
    database = open_database(home, url)
    ledger = opened(database)
    charge = example_charge(0.01)
    for step in range(STEPS):
        key = f"{act}-{step}"
        held = ledger.reserve(STAYS, charge, key, LIMITS) if act != "reserve" else None
        before = ledger.balance(STAYS, LIMITS).spent

        def work(step: int = step, key: str = key, held: object = held) -> None:
            dying = opened(open_database(home, url), step, kill_me)
            if act == "reserve":
                dying.reserve(STAYS, charge, key, LIMITS)
            elif isinstance(held, Reservation):
                dying.commit(held, charge) if act == "commit" else dying.forfeit(held)

        assert os.WTERMSIG(forked(work)) == signal.SIGKILL
        states = [state for _, state in ledger.charges(STAYS)]
        after = ledger.balance(STAYS, LIMITS).spent
        assert after == pytest.approx(0.01 * sum(state != "forfeited" for state in states))
        if act == "commit":
            assert after == before
        again = ledger.reserve(STAYS, charge, key, LIMITS)
        assert isinstance(again, Reservation), "whoever comes next is not held up"
    ledger.close()
    database.close()


@pytest.mark.slow
def test_processes_that_are_killed_at_random_never_overspend_together(place: tuple[Path, str]) -> None:
    home, url = place
    open_database(home, url).close()
    reading, writing = os.pipe()

    def work(number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - only says where to die
        ledger = opened(open_database(home, url))
        for turn in range(12):
            ledger.dies_at = chance.randrange(STEPS) if turn >= 6 and chance.random() < 0.5 else None
            ledger.die = kill_me
            made = ledger.reserve(STAYS, example_charge(0.03, f"P-{number}"), f"{number}-{turn}", LIMITS)
            if isinstance(made, Reservation):
                ledger.commit(made, made.charge)
                os.write(writing, f"{made.id}\n".encode())

    children = []
    for number in range(6):
        child = os.fork()
        if child == 0:
            try:
                work(number)
            finally:
                os._exit(0)
        children.append(child)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read().split()
    killed = [os.waitpid(child, 0)[1] for child in children]
    assert any(os.WIFSIGNALED(status) for status in killed)
    database = open_database(home, url)
    ledger = opened(database)
    states = {entry.id: state for entry, state in ledger.charges(STAYS)}
    assert {states.get(id) for id in told} == {"committed"}
    assert len(told) >= 6
    spent = ledger.balance(STAYS, LIMITS).spent
    assert spent == pytest.approx(0.03 * len(states))
    assert spent <= 1.0
    ledger.close()
    database.close()


@pytest.fixture
def filed(tmp_path: Path) -> SqlLedger:
    return SqlLedger(open_database(tmp_path), ManualClock())


def test_a_clock_that_is_moved_back_gives_nothing_back(tmp_path: Path) -> None:
    clock = ManualClock()
    ledger = SqlLedger(open_database(tmp_path), clock)
    assert isinstance(ledger.reserve(STAYS, example_charge(0.5), "a", LIMITS), Reservation)
    clock.advance(timedelta(days=-400))
    assert isinstance(ledger.reserve(STAYS, example_charge(0.1), "b", LIMITS), Overspent)
    again = ledger.reserve(STAYS, example_charge(0.5), "a", LIMITS)
    assert isinstance(again, Reservation)
    assert again.repeated
    assert ledger.balance(STAYS, LIMITS).spent == 0.5


def test_a_full_disk_is_told_and_nothing_is_counted_or_released(filed: SqlLedger, tmp_path: Path) -> None:
    held = filed.reserve(STAYS, example_charge(0.1), "a", LIMITS)
    assert isinstance(held, Reservation)
    shared = filed._shared
    assert shared is not None
    limit = shared._open()._connection
    pages = limit.execute("PRAGMA page_count").fetchone()[0]
    limit.execute(f"PRAGMA max_page_count = {pages}")
    wide = replace(example_charge(0.01), question="q" * 20_000)
    with pytest.raises(SetupError, match="no space left"):
        for number in range(50):
            filed.reserve(STAYS, wide, f"wide {number}", LIMITS)
    spent = filed.balance(STAYS, LIMITS).spent
    assert spent == pytest.approx(0.1 + 0.01 * (len(filed.charges(STAYS)) - 1))
    limit.execute("PRAGMA max_page_count = 1000000")
    filed.commit(held, held.charge)
    assert isinstance(filed.reserve(STAYS, wide, "again", LIMITS), Reservation)


def test_what_the_disk_did_not_take_is_acknowledged_to_nobody(
    filed: SqlLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(filed.reserve(STAYS, example_charge(0.1), "a", LIMITS), Reservation)

    def fails(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fails)
        with pytest.raises(SetupError):
            filed.reserve(STAYS, example_charge(0.1), "b", LIMITS)
    # It may be there or not; what counts is that the next one is really on the disk: in the file itself.
    assert isinstance(filed.reserve(STAYS, example_charge(0.1), "c", LIMITS), Reservation)
    assert 0.2 <= filed.balance(STAYS, LIMITS).spent <= 0.3
    filed.close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute("SELECT count(*) FROM charges WHERE key = 'c'").fetchone() == (1,)
    connection.close()


def test_who_waited_for_a_sync_that_failed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "target").touch()
    one, other = (SharedSync(tmp_path / "target", tmp_path / "counts") for _ in range(2))
    mark = other.begun()

    def fails(_: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fails)
        with pytest.raises(OSError, match="Input"):
            one.wait(one.begun())
    with pytest.raises(SourceError):
        other.wait(mark)
    assert other.broken
    one.mended()
    other.wait(other.begun())
    assert not other.broken


def test_one_sync_serves_all_who_committed_before_it_and_none_who_came_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "target").touch()
    one, other = (SharedSync(tmp_path / "target", tmp_path / "counts") for _ in range(2))
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    early = other.begun()
    one.wait(one.begun())
    late = other.begun()
    other.wait(early)
    assert len(synced) == 1
    other.wait(late)
    assert len(synced) == 2


def test_a_sync_whose_process_died_covers_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "target").touch()
    one, other = (SharedSync(tmp_path / "target", tmp_path / "counts") for _ in range(2))
    mark = other.begun()

    def dies(_: int) -> None:
        raise Crashed

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", dies)
        with pytest.raises(Crashed):
            one.wait(one.begun())
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    other.wait(mark)
    assert len(synced) == 1


def test_a_writer_that_was_forked_opens_the_file_anew(tmp_path: Path) -> None:
    database = open_database(tmp_path)
    writer = SharedWriter(tmp_path / FILE)
    ledger = SqlLedger(database, ManualClock())
    ledger._shared = writer
    ledger.reserve(STAYS, example_charge(0.1), "a", LIMITS)

    def work() -> None:
        ledger.reserve(STAYS, example_charge(0.1), "b", LIMITS)

    assert forked(work) == 0
    ledger.reserve(STAYS, example_charge(0.1), "c", LIMITS)
    assert ledger.balance(STAYS, LIMITS).spent == pytest.approx(0.3)
    ledger.close()
    database.close()


@pytest.mark.parametrize("act", ["reserve", "commit", "forfeit"])
def test_nobody_else_writes_between_what_is_summed_and_what_is_written(tmp_path: Path, act: str) -> None:
    """Also not somebody who knows nothing of the turns that ledgers take: the database itself keeps them out."""
    other = sqlite3.connect(tmp_path / FILE, timeout=0, isolation_level=None)
    kept_out = list[str]()

    class Watched(SqlLedger):
        def _write(self, work: Callable[[Run], T]) -> T:
            def watched(run: Run) -> T:
                # What somebody else writes from here on would not be in the sums.
                try:
                    other.execute("BEGIN IMMEDIATE")
                    other.execute("COMMIT")
                except sqlite3.OperationalError as error:
                    kept_out.append(str(error))
                return work(run)

            return super()._write(watched)

    database = open_database(tmp_path)
    ledger = Watched(database, ManualClock())
    held = ledger.reserve(STAYS, example_charge(0.1), "a", LIMITS)
    assert isinstance(held, Reservation)
    if act == "commit":
        ledger.commit(held, example_charge(0.2))
    elif act == "forfeit":
        ledger.forfeit(held)
    assert kept_out == ["database is locked"] * (1 if act == "reserve" else 2)
    other.close()
    ledger.close()
    database.close()
