"""Runs while they run: each is followed to its end, whether anybody watches or not, so that its end is recorded."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from dataspace.errors import NotAllowed, UnknownName
from dataspace.model.names import PermitId, PrincipalId, RunId
from dataspace.model.plans import TrainingPlan
from dataspace.model.principals import Principal, Role
from dataspace.model.runs import RunEvent
from dataspace.ports import Federation
from dataspace.service.running import Running

QUIET_SECONDS = 2.0
"""Between two signs that a run is still watched."""


@dataclass(slots=True)
class _Followed:
    owner: PrincipalId
    events: list[RunEvent] = field(default_factory=list)
    ended: bool = False


class Following:
    """The runs that this hub started since it was opened. Any number of watchers see all events from the first."""

    def __init__(self, running: Running, federation: Federation) -> None:
        self._running = running
        self._federation = federation
        self._runs: dict[RunId, _Followed] = {}
        self._news = threading.Condition()

    def start(self, principal: Principal, plan: TrainingPlan, permit: PermitId | None) -> RunId:
        """Start a training run; refusals are raised here."""
        run, events = self._running.train(principal, plan, permit)
        followed = _Followed(principal.id)
        with self._news:
            self._runs[run] = followed
        threading.Thread(
            target=self._follow, args=(followed, events), name=f"follow-{run}", daemon=True
        ).start()
        return run

    def events(self, principal: Principal, run: RunId) -> Iterator[RunEvent | None]:
        """Events from the first, as they come, to the last; None while nothing happens, so that a watcher who has left
        is noticed. Refusals are raised here, not at the first event."""
        return self._watch(self._seen(principal, run))

    def stop(self, principal: Principal, run: RunId) -> None:
        """End a run: its owner may, and stewards and administrators."""
        self._seen(principal, run)
        self._federation.stop(run)

    def _follow(self, followed: _Followed, events: Iterator[RunEvent]) -> None:
        try:
            for event in events:
                with self._news:
                    followed.events.append(event)
                    self._news.notify_all()
        finally:
            with self._news:
                followed.ended = True
                self._news.notify_all()

    def _watch(self, followed: _Followed) -> Iterator[RunEvent | None]:
        seen = 0
        while True:
            with self._news:
                if not followed.ended and len(followed.events) == seen:
                    self._news.wait(QUIET_SECONDS)
                fresh, ended = followed.events[seen:], followed.ended
            yield from fresh or (None,)
            seen += len(fresh)
            if ended and seen == len(followed.events):
                return

    def _seen(self, principal: Principal, run: RunId) -> _Followed:
        followed = self._runs.get(run)
        if followed is None:
            raise UnknownName("run", run, (), "Runs from before the hub was opened stand in its log.")
        if followed.owner != principal.id and not principal.roles & {Role.STEWARD, Role.ADMINISTRATOR}:
            raise NotAllowed("This run is somebody else's.", "Ask its owner, or a steward.")
        return followed
