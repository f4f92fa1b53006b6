"""Runs while they run: each is followed to its end, whether anybody watches or not, so that its end is recorded."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dataspace.errors import NotAllowed, UnknownName
from dataspace.model.names import PermitId, PrincipalId, RunId
from dataspace.model.plans import TrainingPlan
from dataspace.model.principals import Principal, Role
from dataspace.model.runs import RunEvent, RunStatus
from dataspace.ports import Federation
from dataspace.service.joining import Joining, site_principal
from dataspace.service.run_status import status_of
from dataspace.service.running import Running

HOSTS = frozenset({Role.STEWARD, Role.ADMINISTRATOR})
QUIET_SECONDS = 2.0
"""Between two signs that a run is still watched."""


@dataclass(slots=True)
class _Followed:
    owner: PrincipalId
    events: list[RunEvent] = field(default_factory=list)
    ended: bool = False
    stopped: bool = False
    """Somebody asked for its end, which may still be on its way."""


class Following:
    """The runs that this hub started since it was opened, and those that it found without an end. Any number of
    watchers see all events from the first."""

    def __init__(self, running: Running, federation: Federation, joining: Joining) -> None:
        self._running = running
        self._joining = joining
        self._federation = federation
        self._runs: dict[RunId, _Followed] = {}
        self._news = threading.Condition()

    def start(
        self,
        principal: Principal,
        plan: TrainingPlan,
        permit: PermitId | None,
        round_seconds: float | None = None,
    ) -> RunId:
        """Start a training run; refusals are raised here."""
        run, events = self._running.train(principal, plan, permit, round_seconds)
        self._begin(run, principal.id, events)
        return run

    def take_up(self) -> None:
        """Go on with the runs that a hub before this one has left, however it ended. For a hub that sites connect to,
        once, before anybody asks."""
        for run, owner, events in self._running.take_up():
            self._begin(run, owner, events)

    def _begin(self, run: RunId, owner: PrincipalId, events: Iterator[RunEvent]) -> None:
        followed = _Followed(owner)
        with self._news:
            self._runs[run] = followed
        threading.Thread(
            target=self._follow, args=(followed, events), name=f"follow-{run}", daemon=True
        ).start()

    def events(self, principal: Principal, run: RunId) -> Iterator[RunEvent | None]:
        """Events from the first, as they come, to the last; None while nothing happens, so that a watcher who has left
        is noticed. Refusals are raised here, not at the first event."""
        return self._watch(self._seen(principal, run))

    def status(self, principal: Principal, run: RunId) -> RunStatus:
        """How a run stands: whom it waits for, who refused and why."""
        followed = self._seen(principal, run)
        with self._news:
            return status_of(run, tuple(followed.events), followed.ended)

    def all(self, principal: Principal) -> Sequence[RunStatus]:
        """The runs that they may see, the latest last."""
        host = bool(principal.roles & HOSTS)
        with self._news:
            seen = [(run, f) for run, f in self._runs.items() if host or f.owner == principal.id]
            return [status_of(run, tuple(f.events), f.ended) for run, f in seen]

    def goes_on(self, principal: Principal, name: str, run: RunId) -> bool:
        """For a site that is at work: whether its answer will still be heard. Of another hub's runs it will not be."""
        site = self._joining.member(name)
        if principal.id != site_principal(site.name) or Role.SITE not in principal.roles:
            raise NotAllowed("Only the site itself asks this.", "Ask in its name.")
        followed = self._runs.get(run)
        return self._running.counts(run) if followed is None else not (followed.stopped or followed.ended)

    def stop(self, principal: Principal, run: RunId) -> None:
        """End a run, also where a site works on it: its owner may, and stewards and administrators."""
        self._seen(principal, run).stopped = True
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
            raise UnknownName("run", run, (), "Runs that ended before the hub was opened stand in its log.")
        if followed.owner != principal.id and not principal.roles & HOSTS:
            raise NotAllowed("This run is somebody else's.", "Ask its owner, or a steward.")
        return followed
