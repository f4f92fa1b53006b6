"""Training from a notebook: start a run, follow it to its end, read the fit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from dataspace.client.fits import Fit, fit_of
from dataspace.client.wire import Wire

Progress = Callable[[Mapping[str, Any]], None]


class Runs:
    """Federated runs at a hub."""

    __slots__ = ("_wire",)

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def start(self, **plan: Any) -> str:
        """Start a run and return its name; refusals are raised here."""
        return str(self._wire.post("/runs", plan)["run"])

    def events(self, run: str) -> Iterator[Mapping[str, Any]]:
        """Events from the first, as they come, to `finished` or `failed`."""
        yield from self._wire.lines(f"/runs/{run}/events")

    def status(self, run: str) -> Mapping[str, Any]:
        """How a run stands: `state`, `round`, `cause`, `answered`, and by site whom it is `waiting` for and who
        `refused` why."""
        return self._wire.get(f"/runs/{run}")  # type: ignore[no-any-return]

    def all(self) -> Sequence[Mapping[str, Any]]:
        """The same of all your runs since the hub was started."""
        return self._wire.get("/runs")  # type: ignore[no-any-return]

    def stop(self, run: str) -> None:
        """End a run. A site that works on it ends its worker within some seconds."""
        self._wire.post(f"/runs/{run}/stop", {})

    def fit(
        self,
        dataset: str,
        target: str,
        features: Sequence[str],
        progress: Progress | None = None,
        **plan: Any,
    ) -> Fit:
        """Start, follow and read. `progress` is called with each event."""
        run = self.start(dataset=dataset, target=target, features=list(features), **plan)
        events = []
        try:
            for event in self.events(run):
                events.append(event)
                if progress is not None:
                    progress(event)
        except KeyboardInterrupt:
            self.stop(run)
            raise
        return fit_of(run, target, events)
