"""What comparing rules of ODRL policies found: a verdict, the axis that it turns on, and values that show it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """Whether rules can both be kept. What cannot be told stays unknown."""

    CONFLICT = "Conflict"
    COMPATIBLE = "Compatible"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Compared:
    """One verdict on two rules, or on one by itself (`second` empty).

    `witness` has a value for each axis: values that meet both (Compatible, and a Conflict of a permission with a
    prohibition), or what each side demands of the axis on which they part.
    """

    verdict: Verdict
    axis: str = ""
    witness: Mapping[str, str] = field(default_factory=dict)
    first: str = ""
    second: str = ""
    sentence: str = ""
