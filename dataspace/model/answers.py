"""What is said beside the numbers of an answer: what was suppressed, masked, noised, and what it cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dataspace.model.policies import AnswerKind


@dataclass(frozen=True, slots=True)
class Suppressed:
    """One cell that was withheld. Whether it is small itself or would reveal one that is, is not told: the one kind is
    at or above the cohort, and knowing that would narrow down the other."""

    row: int
    column: str


@dataclass(frozen=True, slots=True)
class AnswerNote:
    """Travels in the schema metadata of the Arrow answer under the key `dataspace`, as JSON.

    `intervals` maps a measure to the names of the two columns that bound its 95 % interval. `epsilon` and `delta`
    are what this answer cost; `left` what remains of the permit's ε, None where no budget applies.
    """

    kind: AnswerKind
    datasets: tuple[str, ...] = ()
    cuts: tuple[str, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    rules: tuple[str, ...] = ()
    """Sentences: what was done and why."""
    filtered: tuple[str, ...] = ()
    masked: Mapping[str, str] = field(default_factory=dict)
    intervals: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    costs: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """ε and δ of each noisy measure, of which the answer's own are made up."""
    epsilon: float = 0.0
    delta: float = 0.0
    left: float | None = None
    maximum_rows: int | None = None
    """The most rows that the permit gives in one answer; an answer of as many may have been cut off there."""
    intent: int | None = None
    """Number of the record in the log that announced this answer."""
    repeated: bool = False
    """True where an identical question had been answered before, so that nothing was spent."""
