"""Weights of an own app: one flat vector between hub and site, arrays by name inside the app."""

from collections.abc import Mapping, Sequence

import numpy as np

from dataspace.model.own_apps import Start, Weight
from dataspace.planning.logistic import Vector


def first_weights(weights: Sequence[Weight], seed: int) -> Vector:
    """What the first round begins with, by what the manifest declares."""
    draw = np.random.default_rng(seed)
    parts = [np.empty(0)]
    for weight in weights:
        match weight.start:
            case Start.ZEROS:
                parts.append(np.zeros(weight.size))
            case Start.ONES:
                parts.append(np.ones(weight.size))
            case Start.FAN_IN:
                inputs = max(1, weight.size // weight.shape[0])
                parts.append(draw.normal(size=weight.size) / np.sqrt(inputs))
    return np.concatenate(parts)


def by_name(weights: Sequence[Weight], flat: Vector) -> Mapping[str, Vector]:
    """The flat vector as the app's arrays. Raises ValueError where there are more or fewer numbers."""
    if flat.shape != (sum(weight.size for weight in weights),):
        raise ValueError("weights that do not fit the app")
    found, at = {}, 0
    for weight in weights:
        found[weight.name] = flat[at : at + weight.size].reshape(weight.shape)
        at += weight.size
    return found


def flat_of(weights: Sequence[Weight], arrays: Mapping[str, Vector]) -> Vector:
    """The app's arrays as one vector. Raises ValueError for another set of arrays, or other shapes."""
    if arrays.keys() != {weight.name for weight in weights}:
        raise ValueError("other arrays than the manifest declares")
    parts = []
    for weight in weights:
        part = np.asarray(arrays[weight.name], np.float64)
        if part.shape != weight.shape:
            raise ValueError(f"'{weight.name}' has the shape {part.shape}, and not {weight.shape}")
        parts.append(part.reshape(-1))
    return np.concatenate(parts)
