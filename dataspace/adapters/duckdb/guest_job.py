"""What a researcher's app is asked to do with the rows of one block, and what counts as an answer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dataspace.model.own_apps import Uses, Weight

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Job:
    """What an app is asked to do: `train` gives new weights, `score` the most probable class of each row."""

    do: str
    uses: Uses
    entry: str
    weights: tuple[Weight, ...]
    classes: int
    steps: int
    batch: int
    learning_rate: float
    seed: int


class AppFailed(Exception):
    """The app gave something else than its manifest declares."""


def classes_of(scores: Any, rows: int, classes: int) -> Vector:
    """The most probable class of each row. Raises AppFailed for scores of another shape."""
    found = np.asarray(scores, np.float64)
    if found.shape != (rows, classes):
        raise AppFailed(f"scores of the shape {found.shape}, and not {(rows, classes)}")
    return np.asarray(np.argmax(found, axis=1), np.float64)
