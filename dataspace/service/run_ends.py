"""Every run that the log announces has its end there too, also where the hub died in between."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dataspace.model.names import PermitId, PrincipalId, RunId
from dataspace.model.principals import Principal
from dataspace.model.records import JSON, Record, RecordKind
from dataspace.model.runs import OpenRun
from dataspace.ports import Federation, OpenRuns
from dataspace.service.enforcing import Enforcement

HUB_DIED = "hub-died"
"""The hub ended, in whatever way, before the run did, and nothing of the run was left to go on with."""
HUB_CLOSED = "hub-closed"


@dataclass(frozen=True, slots=True)
class Left:
    """A run that a hub before this one has left without an end."""

    run: RunId
    principal: PrincipalId
    permit: PermitId | None
    intent: int
    """Number of the record that announced it."""


@dataclass(frozen=True, slots=True)
class RunEnds:
    """Announces runs, and records the end of each exactly once."""

    open_runs: OpenRuns
    federation: Federation
    enforcement: Enforcement
    _mine: dict[RunId, tuple[PrincipalId, int]] = field(default_factory=dict)
    """Runs whose end this process is going to record, with who asked and the number of the intent."""
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _closing: threading.Event = field(default_factory=threading.Event)

    def announced(
        self,
        run: RunId,
        principal: Principal,
        permit: PermitId | None,
        facts: Mapping[str, JSON],
        training: bool,
    ) -> int:
        """Record the intent and return its number; it is known to be open before it is recorded."""
        size = self.enforcement.log.size()
        self.open_runs.put(OpenRun(run, principal.id, permit, size, training))
        intent = self.enforcement.record(RecordKind.RUN_INTENDED, principal, facts)
        self._mine[run] = principal.id, intent
        return intent

    def ended(self, run: RunId, facts: Mapping[str, JSON]) -> int | None:
        """Record the end and return its number; None where it is recorded already, or a hub after this one will."""
        with self._turn:
            if run not in self._mine or (self._closing.is_set() and self.federation.kept(run)):
                return None
            principal, intent = self._mine.pop(run)
        number = self._record(run, principal, intent, facts)
        self.open_runs.drop(run)
        return number

    def take_up(self) -> Sequence[Left]:
        """Runs of a hub before this one that can go on; the end of all others is recorded now, with its cause.

        A count cannot: whoever waited for it is gone.
        """
        found = []
        unended = self.open_runs.all()
        records = self._records_of(unended)
        for run in unended:
            told = records.get(run.run, {})
            if RecordKind.RUN_INTENDED not in told or RecordKind.RUN_FINISHED in told:
                self.open_runs.drop(run.run)  # it never began, or was about to be dropped
                continue
            intent = told[RecordKind.RUN_INTENDED]
            self._mine[run.run] = run.principal, intent
            kept = self.federation.kept(run.run)
            if kept and run.training:
                found.append(Left(run.run, run.principal, run.permit, intent))
                continue
            if kept:
                self.federation.stop(run.run)
            self.ended(run.run, {"outcome": "failed", "cause": HUB_DIED})
        return found

    def close(self) -> None:
        """Leave what can go on to the next hub, and record the end of what cannot."""
        self._closing.set()
        for run in list(self._mine):
            self.ended(run, {"outcome": "abandoned", "cause": HUB_CLOSED})

    def _record(self, run: RunId, principal: PrincipalId, intent: int, facts: Mapping[str, JSON]) -> int:
        closing = {"run": run, "intent": intent, **facts}
        now, site = self.enforcement.clock.now(), self.enforcement.site
        return self.enforcement.log.append(Record(RecordKind.RUN_FINISHED, now, site, principal, closing))

    def _records_of(self, unended: Sequence[OpenRun]) -> dict[RunId, dict[RecordKind, int]]:
        """What the log says of these runs, by kind: the number of the record."""
        if not unended:
            return {}
        known: dict[RunId, dict[RecordKind, int]] = {run.run: {} for run in unended}
        for number, record in self.enforcement.log.records(min(run.since for run in unended)):
            run = RunId(str(record.facts.get("run", "")))
            if record.site == self.enforcement.site and run in known:
                known[run][record.kind] = number
        return known
