"""The plant of the demo: SYNTHETIC machine data, generated from the published rules of the AI4I 2020 dataset.

S. Matzka, "Explainable Artificial Intelligence for Predictive Maintenance Applications", AI4I 2020. One departure: the
text derives the rotational speed from a power of 2860 W, by which every row would be a power failure (its own limit
is 3500 W). Here the speed falls with the torque around 1500 rpm at 40 Nm, about 6.3 kW, as in the data published
with it.
"""

import math

import numpy as np
import numpy.typing as npt
import pyarrow as pa

ROWS = 10_000
SEED = 2020
WEAR = {"L": 2, "M": 3, "H": 5}
"""Minutes of tool wear that one product of each quality adds."""
OVERSTRAIN = {"L": 11_000, "M": 12_000, "H": 13_000}
"""Limit of tool wear times torque, in min·Nm."""

Vector = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def machines(rows: int = ROWS, seed: int = SEED) -> pa.Table:
    """One row for each product made; the same seed gives the same rows."""
    draw = np.random.default_rng(seed)
    quality = draw.choice(["L", "M", "H"], size=rows, p=[0.5, 0.3, 0.2])
    air = 300.0 + _random_walk(draw, rows, spread=2.0)
    process = air + 10.0 + _random_walk(draw, rows, spread=1.0)
    torque = np.abs(draw.normal(40.0, 10.0, rows))
    speed = 1500.0 * (40.0 / np.maximum(torque, 1.0)) ** 0.36 + draw.normal(0.0, 45.0, rows)
    wear, worn_out = _tool_wear(draw, quality)
    power = torque * speed * 2.0 * math.pi / 60.0
    limit = np.array([OVERSTRAIN[letter] for letter in quality], dtype=np.float64)
    failures = {
        "tool_wear_failure": worn_out,
        "heat_failure": (process - air < 8.6) & (speed < 1380.0),
        "power_failure": (power < 3500.0) | (power > 9000.0),
        "overstrain_failure": wear * torque > limit,
        "random_failure": draw.random(rows) < 0.001,
    }
    return pa.table(
        {
            "type": pa.array(quality.tolist(), pa.string()),
            "air_temperature": np.round(air, 1),
            "process_temperature": np.round(process, 1),
            "rotational_speed": np.round(speed).astype(np.int64),
            "torque": np.round(torque, 1),
            "tool_wear": wear.astype(np.int64),
            "failure": np.logical_or.reduce(list(failures.values())).astype(np.int64),
            **{name: flags.astype(np.int64) for name, flags in failures.items()},
        }
    )


def _random_walk(draw: np.random.Generator, rows: int, spread: float) -> Vector:
    """A random walk, scaled to mean 0 and this standard deviation."""
    walk = np.cumsum(draw.normal(size=rows))
    return np.asarray((walk - walk.mean()) / walk.std() * spread, dtype=np.float64)


def _tool_wear(draw: np.random.Generator, quality: npt.NDArray[np.str_]) -> tuple[Vector, Flags]:
    """Minutes on the tool at each product, and where it failed: at a random wear of 200 to 240 minutes the tool is
    replaced, or (51 times in 120) fails first."""
    wear, failed = np.zeros(len(quality)), np.zeros(len(quality), dtype=np.bool_)
    minutes, end = 0, int(draw.integers(200, 241))
    for at, letter in enumerate(quality):
        wear[at] = minutes
        minutes += WEAR[str(letter)]
        if minutes >= end:
            failed[at] = draw.random() < 51 / 120
            minutes, end = 0, int(draw.integers(200, 241))
    return wear, failed
