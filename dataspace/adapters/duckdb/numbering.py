"""One number for each privacy unit of a lineage, and sets of such numbers as roaring bitmaps."""

import array

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

Numbers = npt.NDArray[np.uint32]


class Numbering:
    """One number for each privacy unit of a lineage, whatever the cut: by a fingerprint that stays inside."""

    def __init__(self) -> None:
        self._sorted = np.zeros(0, np.uint64)
        self._numbers = np.zeros(0, np.uint32)

    def learn(self, prints: npt.NDArray[np.uint64]) -> None:
        """Number further units, in this order."""
        start = len(self._sorted)
        joined = np.concatenate([self._sorted, prints])
        numbers = np.concatenate([self._numbers, np.arange(start, start + len(prints), dtype=np.uint32)])
        order = np.argsort(joined, kind="stable")
        self._sorted, self._numbers = joined[order], numbers[order]

    def numbers(self, prints: npt.NDArray[np.uint64]) -> tuple[Numbers, npt.NDArray[np.uint64]]:
        """The number of each, and those that had none before and have one now."""
        new = np.unique(prints[~self._known(prints)])
        if len(new):
            self.learn(new)
        return self._numbers[np.searchsorted(self._sorted, prints)], new

    def _known(self, prints: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        if not len(self._sorted):
            return np.zeros(len(prints), bool)
        places = np.minimum(np.searchsorted(self._sorted, prints), len(self._sorted) - 1)
        return np.asarray(self._sorted[places] == prints)


def bitmap(numbers: Numbers) -> BitMap:
    """A set of numbers, in any order."""
    quick = array.array("I")  # an array of numpy is read one number at a time
    quick.frombytes(np.sort(numbers).tobytes())
    return BitMap(quick)
