"""Apps of a researcher's own: what a package says of itself, and what a training plan says of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

FEATURES, CLASSES = "features", "classes"
"""In a declared shape: as many as the plan has columns in its design matrix, or values of the target."""


class Uses(StrEnum):
    """What an app is written with."""

    TORCH = "torch"
    """Its module has `build(features, classes)`, which gives an `nn.Module`, and may have `loss(scores, classes)`."""
    NUMPY = "numpy"
    """Its module has `train(weights, x, y, settings)` and `scores(weights, x)`."""


class Start(StrEnum):
    """What weights are before the first round. No code of the app runs at the hub, so it is declared."""

    ZEROS = "zeros"
    ONES = "ones"
    FAN_IN = "fan-in"
    """Normal, of the deviation 1/√n for n inputs: what all dimensions but the first come to."""


@dataclass(frozen=True, slots=True)
class Weight:
    """One array of weights, by the name that it has in the app."""

    name: str
    shape: tuple[int, ...]
    start: Start = Start.FAN_IN

    @property
    def size(self) -> int:
        """How many numbers."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class DeclaredWeight:
    """The same in a manifest, where a side may be `features` or `classes`."""

    name: str
    shape: tuple[str, ...]
    start: Start

    def of(self, features: int, classes: int) -> Weight:
        """For a plan of so many columns and values of the target."""
        known = {FEATURES: features, CLASSES: classes}
        return Weight(self.name, tuple(known.get(side) or int(side) for side in self.shape), self.start)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an app says of itself."""

    name: str
    version: str
    licence: str
    uses: Uses
    entry: str
    """The module that the functions named in `Uses` stand in."""
    weights: tuple[DeclaredWeight, ...]
    summary: str = ""

    def weights_of(self, features: int, classes: int) -> tuple[Weight, ...]:
        """The weights for a plan."""
        return tuple(weight.of(features, classes) for weight in self.weights)


@dataclass(frozen=True, slots=True)
class PackedApp:
    """An app that was read from its archive. `hash` names its files, and nothing else does."""

    hash: str
    """SHA-256, in hex, of the archive that these files come to, whoever packs them."""
    manifest: Manifest
    files: Mapping[str, str] = field(repr=False)
    """Text by path."""
    signer: bytes
    """The Ed25519 key that signed the hash; its signature was verified. Empty where nobody signed."""
    signature: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class OwnApp:
    """What a plan says of an app: which, and the weights that it has there.

    The persons of a site are dealt to `blocks` anew in each round. The app learns from each block by itself, and what
    it learned there is cut to the plan's norm: so one person moves what leaves by twice that norm at most, whatever the
    code does.
    """

    hash: str
    weights: tuple[Weight, ...]
    blocks: int = 32

    @property
    def size(self) -> int:
        """How many numbers the model is."""
        return sum(weight.size for weight in self.weights)


BLOCK_NORMS = 2.0
"""How far one person moves the sum over blocks, in norms that a block is cut to: theirs changes from one vector to
another."""
