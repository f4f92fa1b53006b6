"""A round of an own app, in the worker: persons are dealt to blocks, each block goes to the guest by itself.

What comes back of a block is cut to the plan's norm here, where no code of the app ever was, and only the sum leaves
the worker. One person is in one block, and a block is worked on by a process that saw no other: so whatever the code
does, one person moves the sum by twice the norm at most (sample and aggregate: Nissim, Raskhodnikova and Smith 2007).
A block that failed counts as one that learned nothing.
"""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dataspace.adapters.duckdb.guest_code import made_up
from dataspace.adapters.duckdb.guest_files import empty, numbers_of, written_arrays
from dataspace.adapters.duckdb.guest_job import Job
from dataspace.adapters.duckdb.wire import Channel
from dataspace.model.codec import to_json
from dataspace.model.own_apps import OwnApp, Uses
from dataspace.model.plans import TrainingPlan
from dataspace.model.runs import Arrays
from dataspace.planning.network import clipped

Vector = npt.NDArray[np.float64]
Units = npt.NDArray[np.int64]
GRACE_SECONDS = 30.0
"""Beyond the seconds of a block, before a guest is given up that does not even say that the block failed."""


class Blocks:
    """The guest of one session, with the app that it was given."""

    def __init__(self, guest: Channel, plan: TrainingPlan, order: Mapping[str, Any]) -> None:
        """`order` says of the app what `uses` and `entry` are, and how many `seconds` all blocks together may take."""
        if plan.app is None or plan.privacy is None:
            raise ValueError("no plan of an app")
        self._guest, self._plan, self._app, self._norm = guest, plan, plan.app, plan.privacy.clip
        self._sampling = plan.privacy.sampling
        self._uses, self._entry = Uses(order["uses"]), str(order["entry"])
        self._seconds = float(order["seconds"]) / plan.app.blocks

    def tried(self, weights: Vector) -> bool:
        """Whether the app answers as declared about rows that are nobody's."""
        features, classes = len(self._plan.terms()) - 1, len(self._plan.values())
        given = made_up(features, classes, weights)
        moved = self._asked("train", 0, given, self._app.size)
        return moved is not None and self._asked("score", 0, given, len(given["x"])) is not None

    def learned(self, x: Vector, y: Vector, units: Units, weights: Vector, number: int) -> tuple[int, Vector]:
        """How many units there are, and the sum over blocks of what each learned."""
        total = np.zeros(self._app.size)
        count, dealt = _dealt(units, self._sampling, self._app)
        for rows in dealt:
            given = {"x": x[rows, 1:], "y": y[rows].astype(np.int64), "weights": weights}
            moved = self._asked("train", number, given, self._app.size) if len(rows) else None
            if moved is not None:
                total += clipped(moved, self._norm)
        return count, total

    def scored(self, x: Vector, y: Vector, units: Units, weights: Vector) -> tuple[int, float]:
        """How many blocks have rows, and the sum over these of the share that is told right."""
        right, some = 0.0, 0
        for rows in _dealt(units, 1.0, self._app)[1]:
            if not len(rows):
                continue
            some += 1
            given = {"x": x[rows, 1:], "y": np.zeros(len(rows), np.int64), "weights": weights}
            told = self._asked("score", 0, given, len(rows))
            right += float((told == y[rows]).mean()) if told is not None else 0.0
        return some, right

    def _asked(self, what: str, number: int, given: Arrays, size: int) -> Vector | None:
        """What the guest gives; None where the app failed, took too long or gave what is no number."""
        net = self._plan.network
        job = Job(
            what,
            self._uses,
            self._entry,
            self._app.weights,
            len(self._plan.values()),
            net.steps,
            net.batch,
            net.learning_rate,
            (net.seed + number) % 2**32,
        )
        rows, numbers = written_arrays(given), empty(size)
        try:
            order = {"job": to_json(job), "seconds": self._seconds}
            self._guest.send(order, files=[rows, numbers], seconds=GRACE_SECONDS)
            if not self._guest.receive(self._seconds + GRACE_SECONDS).document["done"]:
                return None
            found = numbers_of(numbers, size)
        finally:
            os.close(rows)
            os.close(numbers)
        return found if np.isfinite(found).all() else None


def _dealt(units: Units, sampling: float, app: OwnApp) -> tuple[int, list[Units]]:
    """How many units there are, and the rows of each block. Each unit is drawn by itself, from the system's source."""
    found, place = np.unique(units, return_inverse=True)
    drawn = np.frombuffer(os.urandom(16 * len(found)), np.uint64).reshape(2, -1)
    takes = (drawn[0] >> np.uint64(11)).astype(np.float64) * 2.0**-53 < sampling
    block = np.where(takes, (drawn[1] % np.uint64(app.blocks)).astype(np.int64), -1)
    by_row = block[place]
    return len(found), [np.flatnonzero(by_row == number) for number in range(app.blocks)]
