"""One measured figure, as the line of JSON that a benchmark prints."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, what we aim at, and what a peer does in the same run.

    `counts` says over how much it was measured (`rows`, `groups`, `policies`, `hits`, …); a figure without any does
    not count, so an empty one raises ValueError.
    """

    figure: str
    value: float
    unit: str
    better: Literal["lower", "higher"]
    target: float
    counts: Mapping[str, int]
    peer: str | None = None
    peer_value: float | None = None

    def __post_init__(self) -> None:
        if not self.counts:
            raise ValueError(
                f"{self.figure}: say over how many rows, groups, policies or hits it was measured"
            )

    @property
    def met(self) -> bool:
        """Whether the value reaches the target."""
        return self.value <= self.target if self.better == "lower" else self.value >= self.target

    def line(self) -> str:
        """The figure as one JSON object, its counts beside the other keys."""
        facts = asdict(self)
        counts = facts.pop("counts")
        return json.dumps({**facts, "met": self.met, **counts}, ensure_ascii=False)

    def show(self) -> None:
        """Print the line."""
        print(self.line(), flush=True)
