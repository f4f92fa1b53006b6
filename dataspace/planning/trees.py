"""Boosted trees as arrays of nodes: what they say of rows, which leaves are too small, how a round's trees add up.

One row for each node: tree, feature, limit, left, right, value. Below its limit a row goes left. A leaf has feature -1;
`left` and `right` are places within the tree. A tree is read only after `check`, so no walk can leave it.
"""

import numpy as np
import numpy.typing as npt

from dataspace.model.plans import TrainingPlan
from dataspace.planning.logistic import Flags, Matrix, Vector
from dataspace.planning.scaling import numeric

Nodes = npt.NDArray[np.float64]
WIDTH = 6
TREE, FEATURE, LIMIT, LEFT, RIGHT, VALUE = range(WIDTH)
MOST_VALUE = 100.0
"""Of a leaf, in log odds; beyond it nothing is told that a smaller one would not tell."""


def none() -> Nodes:
    """A model without a tree: all chances are even."""
    return np.empty((0, WIDTH))


def binned(plan: TrainingPlan, x: Matrix) -> Matrix:
    """Numeric columns as the number of the bin between their declared bounds; the rest as it stands."""
    found = x.copy()
    for at, feature in numeric(plan).items():
        lower, upper = plan.scales.get(feature, (0.0, float(plan.boosting.bins)))
        share = (x[:, at] - lower) / (upper - lower)
        found[:, at] = np.clip(np.floor(share * plan.boosting.bins), 0, plan.boosting.bins - 1)
    return found


def check(plan: TrainingPlan, nodes: Nodes, most: int) -> None:
    """Raises ValueError for what is no list of at most `most` trees of the plan's depth."""
    if nodes.ndim != 2 or nodes.shape[1] != WIDTH or not np.isfinite(nodes).all():
        raise ValueError("nodes that are none")
    whole = nodes[:, [TREE, FEATURE, LEFT, RIGHT]]
    if (whole != np.round(whole)).any() or (np.abs(nodes[:, VALUE]) > MOST_VALUE).any():
        raise ValueError("a node that is none")
    trees = _trees(nodes)
    if len(trees) > most or [int(tree[0, TREE]) for tree in trees] != list(range(len(trees))):
        raise ValueError("more trees than the plan has, or in another order")
    for tree in trees:
        size, inner = len(tree), tree[:, FEATURE] >= 0
        places = np.arange(size)
        children = tree[inner][:, [LEFT, RIGHT]]
        if size > 2 ** (plan.boosting.depth + 1) or (tree[:, FEATURE] >= len(plan.terms())).any():
            raise ValueError("a tree that is larger than the plan's")
        # Children stand behind their parents, so that every walk ends.
        if (children <= places[inner][:, None]).any() or (children >= size).any():
            raise ValueError("a tree that leads nowhere")


def leaves(tree: Nodes, x: Matrix) -> npt.NDArray[np.int64]:
    """The leaf that each row ends in."""
    at = np.zeros(len(x), np.int64)
    while (inner := tree[at, FEATURE] >= 0).any():
        rows = np.flatnonzero(inner)
        node = tree[at[rows]]
        below = x[rows, node[:, FEATURE].astype(np.int64)] < node[:, LIMIT]
        at[rows] = np.where(below, node[:, LEFT], node[:, RIGHT]).astype(np.int64)
    return at


def margin(nodes: Nodes, x: Matrix) -> Vector:
    """Log odds of each row, of binned columns."""
    total = np.zeros(len(x))
    for tree in _trees(nodes):
        total += tree[leaves(tree, x), VALUE]
    return total


def pruned(tree: Nodes, own: Vector, x: Matrix, units: npt.NDArray[np.int64], least: int) -> Nodes:
    """The tree with no leaf of fewer than `least` units: a node with such a child becomes a leaf, of value `own`."""
    tree = tree.copy()
    while True:
        ends = leaves(tree, x)
        small: Flags = np.array([len(np.unique(units[ends == at])) < least for at in range(len(tree))])
        small &= tree[:, FEATURE] < 0
        parents = [
            at
            for at in range(len(tree))
            if tree[at, FEATURE] >= 0 and (small[int(tree[at, LEFT])] or small[int(tree[at, RIGHT])])
        ]
        if not parents:
            return _reachable(tree)
        deepest = parents[-1]
        tree[deepest, [FEATURE, LIMIT, LEFT, RIGHT]] = -1, 0, 0, 0
        tree[deepest, VALUE] = own[deepest]


def smallest(tree: Nodes, x: Matrix, units: npt.NDArray[np.int64]) -> int:
    """Units of the smallest leaf."""
    ends = leaves(tree, x)
    return min(len(np.unique(units[ends == at])) for at in np.flatnonzero(tree[:, FEATURE] < 0))


def together(nodes: Nodes, grown: list[Nodes]) -> Nodes:
    """The model with a round's trees, each of which counts for its share of them (bagging)."""
    first = len(_trees(nodes))
    parts = [nodes]
    for number, tree in enumerate(grown):
        part = tree.copy()
        part[:, TREE] = first + number
        part[:, VALUE] /= len(grown)
        parts.append(part)
    return np.concatenate(parts)


def _trees(nodes: Nodes) -> list[Nodes]:
    if not len(nodes):
        return []
    return np.split(nodes, np.flatnonzero(nodes[1:, TREE] != nodes[:-1, TREE]) + 1)


def _reachable(tree: Nodes) -> Nodes:
    """Without the nodes that nothing leads to any more; children stay behind their parents."""
    kept = [0]
    for at in kept:
        if tree[at, FEATURE] >= 0:
            kept += [int(tree[at, LEFT]), int(tree[at, RIGHT])]
    place = {old: new for new, old in enumerate(kept)}
    found = tree[kept].copy()
    inner = found[:, FEATURE] >= 0
    for side in (LEFT, RIGHT):
        found[inner, side] = [place[int(old)] for old in found[inner, side]]
    return found
