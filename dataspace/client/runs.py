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

    def stop(self, run: str) -> None:
        """End a run. What a site is working on now, the site finishes or stops itself."""
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
