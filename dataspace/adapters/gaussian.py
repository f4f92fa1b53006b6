"""Gaussian noise for whole vectors, from the system's random source, on a fixed grid.

A seed of 256 bits is expanded by ChaCha20, so that a million numbers take a part of a second and nobody can foretell
one of them. Two things keep the bits of floating-point numbers from telling what the noise hides (Mironov 2012; Holohan
and Braghin 2021): each draw is the sum of four independent ones, and what leaves is a whole multiple of a grid.
"""

import os

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

Vector = npt.NDArray[np.float64]

GRID = 2.0**-20
"""Of the norm that was clipped to."""
SLACK = 1 + 2.0**-10
"""Noise is this much wider: rounding n numbers to the grid moves a vector by up to √n grids, n at most 2²⁰."""
MOST = 2**20


def normal(size: int, seed: bytes | None = None) -> Vector:
    """Independent standard normal numbers. `seed` (32 bytes) is for tests; without it the system's source is asked."""
    key = os.urandom(32) if seed is None else seed
    cells = 4 * (size + size % 2)
    stream = Cipher(ChaCha20(key, bytes(16)), None).encryptor().update(bytes(8 * cells))
    whole = np.frombuffer(stream, "<u8") >> np.uint64(11)
    uniform = (whole.astype(np.float64) + 0.5) * 2.0**-53  # above 0 and below 1
    first, second = uniform[: cells // 2], uniform[cells // 2 :]
    radius = np.sqrt(-2.0 * np.log(first))
    drawn = np.concatenate([radius * np.cos(2 * np.pi * second), radius * np.sin(2 * np.pi * second)])
    return np.asarray(drawn.reshape(4, -1).sum(axis=0)[:size] / 2.0, dtype=np.float64)


def noised(values: Vector, norm: float, multiplier: float, seed: bytes | None = None) -> Vector:
    """The values with Gaussian noise of `multiplier` times the norm that one person's part was clipped to.

    Raises ValueError for more numbers than the grid allows for, and for what is not finite.
    """
    if values.size > MOST or not np.isfinite(values).all():
        raise ValueError("numbers that no noise can be added to")
    grid = GRID * norm
    steps = np.rint(values.reshape(-1) / grid) + np.rint(
        normal(values.size, seed) * (multiplier * SLACK * norm / grid)
    )
    return np.asarray(steps * grid, dtype=np.float64).reshape(values.shape)
