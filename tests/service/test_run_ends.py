"""A run that the log announces has one end there, also where the hub died, was closed, or never started the run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dataspace.adapters.memory import (
    ManualClock,
    MemoryLog,
    MemoryPermitStore,
    MemoryPolicyStore,
    MemorySigner,
)
from dataspace.adapters.memory_runs import MemoryOpenRuns
from dataspace.adapters.open_runs import FileOpenRuns
from dataspace.errors import SetupError
from dataspace.model.names import HUB, PermitId, PrincipalId, RunId, SiteName
from dataspace.model.permits import SignedPermit
from dataspace.model.principals import Principal, Role
from dataspace.model.records import RecordKind
from dataspace.model.runs import OpenRun, RunEvent, RunOrder
from dataspace.ports import Log, OpenRuns
from dataspace.service.enforcing import Enforcement
from dataspace.service.following import Following
from dataspace.service.run_ends import HUB_CLOSED, HUB_DIED, RunEnds
from dataspace.service.running import PERMIT_ENDED, Running
from dataspace.testing.examples import AT, example_permit

ANA = Principal(PrincipalId("ana"), "Ana", frozenset({Role.RESEARCHER}))
RUN, OTHER = RunId("R-1"), RunId("R-2")


@dataclass
class Kept:
    """A federation whose runs outlive its process where they are named; it remembers what was stopped."""

    outlive: frozenset[RunId] = frozenset()
    stopped: list[RunId] = field(default_factory=list)

    def sites(self) -> Mapping[SiteName, int]:
        return {}

    def submit(self, order: RunOrder) -> None:
        raise NotImplementedError

    def events(self, run: RunId) -> Iterator[RunEvent]:
        yield RunEvent(run, "started", 0, AT, {"sites": []})
        if run in self.stopped:
            yield RunEvent(run, "failed", 0, AT, {"cause": "stopped"})
        else:
            yield RunEvent(run, "finished", 1, AT, {"beta": [1.0]})

    def stop(self, run: RunId) -> None:
        self.stopped.append(run)

    def kept(self, run: RunId) -> bool:
        return run in self.outlive


@pytest.fixture
def log() -> Log:
    return MemoryLog(MemorySigner())


def ends(log: Log, unended: OpenRuns, federation: Kept) -> RunEnds:
    return RunEnds(unended, federation, Enforcement(HUB, ManualClock(), MemoryPolicyStore(), log))


def announced(ends: RunEnds, run: RunId, training: bool = True) -> int:
    return ends.announced(run, ANA, PermitId("P-1"), {"run": run}, training)


def finished(log: Log) -> list[tuple[str, Any, Any]]:
    """Run, cause and who asked, of each end."""
    records = [record for _, record in log.records() if record.kind is RecordKind.RUN_FINISHED]
    return [(str(r.facts["run"]), r.facts.get("cause"), r.principal) for r in records]


def test_an_end_is_recorded_once_and_names_its_intent(log: Log) -> None:
    unended = MemoryOpenRuns()
    here = ends(log, unended, Kept())
    intent = announced(here, RUN)
    number = here.ended(RUN, {"outcome": "complete"})
    assert here.ended(RUN, {"outcome": "failed"}) is None
    assert number is not None
    [(_, record)] = log.records(number)
    assert (record.facts["intent"], record.facts["outcome"]) == (intent, "complete")
    assert unended.all() == ()


def test_after_a_hub_that_died_what_is_kept_goes_on_and_the_end_of_the_rest_is_recorded(log: Log) -> None:
    unended = MemoryOpenRuns()
    before = ends(log, unended, Kept())
    intent = announced(before, RUN)
    announced(before, OTHER)
    after = ends(log, unended, Kept(frozenset({RUN})))
    [left] = after.take_up()
    assert (left.run, left.principal, left.permit, left.intent) == (RUN, "ana", "P-1", intent)
    assert finished(log) == [(OTHER, HUB_DIED, "ana")]
    assert after.ended(RUN, {"outcome": "complete"}) is not None
    assert [run for run, _, _ in finished(log)] == [OTHER, RUN]
    assert unended.all() == ()


def test_a_count_that_nobody_waits_for_any_more_is_ended_in_the_federation_too(log: Log) -> None:
    unended, federation = MemoryOpenRuns(), Kept(frozenset({RUN}))
    announced(ends(log, unended, Kept()), RUN, training=False)
    assert list(ends(log, unended, federation).take_up()) == []
    assert federation.stopped == [RUN]
    assert finished(log) == [(RUN, HUB_DIED, "ana")]


def test_a_hub_that_died_between_the_record_of_an_end_and_forgetting_the_run_records_no_second_one(
    log: Log,
) -> None:
    unended = MemoryOpenRuns()
    before = ends(log, unended, Kept())
    announced(before, RUN)
    [was] = unended.all()
    before.ended(RUN, {"outcome": "complete"})
    unended.put(was)
    assert list(ends(log, unended, Kept(frozenset({RUN}))).take_up()) == []
    assert len(finished(log)) == 1
    assert unended.all() == ()


def test_a_run_that_the_log_never_announced_has_no_end_either(log: Log) -> None:
    unended = MemoryOpenRuns()
    unended.put(OpenRun(RUN, ANA.id, None, 0, True))
    assert list(ends(log, unended, Kept(frozenset({RUN}))).take_up()) == []
    assert finished(log) == []
    assert unended.all() == ()


def test_a_hub_that_is_closed_leaves_what_is_kept_to_the_next_and_ends_the_rest(log: Log) -> None:
    unended = MemoryOpenRuns()
    here = ends(log, unended, Kept(frozenset({RUN})))
    announced(here, RUN)
    announced(here, OTHER)
    here.close()
    assert here.ended(RUN, {"outcome": "abandoned"}) is None, (
        "its follower ends with the hub, the run does not"
    )
    assert finished(log) == [(OTHER, HUB_CLOSED, "ana")]
    assert [run.run for run in unended.all()] == [RUN]


def test_another_sites_record_of_the_same_run_is_not_taken_for_its_end(log: Log) -> None:
    unended = MemoryOpenRuns()
    announced(ends(log, unended, Kept()), RUN)
    elsewhere = Enforcement(SiteName("hospital-a"), ManualClock(), MemoryPolicyStore(), log)
    elsewhere.record(RecordKind.RUN_FINISHED, ANA, {"run": RUN})
    [left] = ends(log, unended, Kept(frozenset({RUN}))).take_up()
    assert left.run == RUN


def test_open_runs_in_files_outlive_whoever_wrote_them(tmp_path: Path) -> None:
    run = OpenRun(RUN, ANA.id, None, 7, False)
    FileOpenRuns(tmp_path).put(run)
    FileOpenRuns(tmp_path).put(OpenRun(OTHER, ANA.id, PermitId("P-1"), 9, True))
    again = FileOpenRuns(tmp_path)
    assert list(again.all()) == [run, OpenRun(OTHER, ANA.id, PermitId("P-1"), 9, True)]
    again.drop(RUN)
    again.drop(RUN)
    assert [each.run for each in FileOpenRuns(tmp_path).all()] == [OTHER]
    assert list(FileOpenRuns(tmp_path / "new").all()) == []


def test_a_file_that_is_no_open_run_is_named(tmp_path: Path) -> None:
    FileOpenRuns(tmp_path).put(OpenRun(RUN, ANA.id, None, 7, False))
    (tmp_path / "open-runs" / "R-1.json").write_text("{")
    with pytest.raises(SetupError, match=r"R-1\.json"):
        FileOpenRuns(tmp_path).all()


def taken_up(log: Log, unended: OpenRuns, federation: Kept, permits: MemoryPermitStore) -> Following:
    """What a hub that comes after follows; of the catalogue and the rest nothing is asked."""
    nothing: Any = None
    enforcement = Enforcement(HUB, ManualClock(AT), MemoryPolicyStore(), log)
    here = RunEnds(unended, federation, enforcement)
    running = Running(nothing, permits, nothing, nothing, enforcement, federation, here, nothing)
    following = Following(running, federation, nothing)
    following.take_up()
    return following


@pytest.mark.parametrize("revoked", [False, True])
def test_a_training_is_followed_to_its_end_for_its_owner_unless_its_permit_ended_meanwhile(
    log: Log, revoked: bool
) -> None:
    unended, federation, permits = MemoryOpenRuns(), Kept(frozenset({RUN})), MemoryPermitStore()
    permits.put_permit(SignedPermit(example_permit(), "jws"))
    announced(ends(log, unended, Kept()), RUN)
    if revoked:
        permits.revoke(PermitId("P-1"), AT)
    following = taken_up(log, unended, federation, permits)
    told = [event for event in following.events(ANA, RUN) if event is not None]
    status = following.status(ANA, RUN)
    if revoked:
        assert federation.stopped == [RUN]
        assert (status.state, status.cause) == ("failed", PERMIT_ENDED)
        assert finished(log) == [(RUN, PERMIT_ENDED, "ana")]
    else:
        assert [event.kind for event in told] == ["started", "finished"]
        assert finished(log) == [(RUN, None, "ana")]
    assert unended.all() == ()
