"""How a question stands before its answer begins: it waits for its turn, for cuts that are built, for the engine."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from dataspace.model.names import DatasetName

Preparing: TypeAlias = Callable[[DatasetName, float], None]
"""Told the share, from 0 to 1, of what was prepared of a dataset for a question."""


def unwatched(dataset: DatasetName, share: float) -> None:
    """Nobody looks how far it is."""


_STEPS = 20


class Stage(StrEnum):
    """What a question waits for."""

    TURN = "turn"
    CUT = "cut"
    ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a question stands. `dataset` and `share` are of the cut that is built for it."""

    stage: Stage = Stage.TURN
    dataset: str = ""
    share: float = 0.0


class Watched:
    """How one question stands, told by who works on it and looked at by who waits."""

    def __init__(self) -> None:
        self.standing = Standing()

    def begins(self) -> None:
        """It is its turn."""
        self.standing = Standing(Stage.ENGINE)

    def preparing(self, dataset: DatasetName, share: float) -> None:
        """So much of a cut is there. It is told in steps: exact shares would count the rows that are left out of it."""
        told = int(share * _STEPS) / _STEPS
        self.standing = Standing(Stage.ENGINE) if share >= 1 else Standing(Stage.CUT, dataset, told)
