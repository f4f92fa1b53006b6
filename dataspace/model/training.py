"""What a training plan may declare beside its columns: how features are scaled, networks, trees, and privacy."""

from dataclasses import dataclass
from enum import StrEnum


class Family(StrEnum):
    """Model families of the declarative path."""

    LOGISTIC = "logistic"
    MULTINOMIAL = "multinomial"
    """Several classes, the first declared one as reference; with two the same as `logistic`."""
    MLP = "mlp"
    """A network of fully connected layers with tanh between them."""
    TREES = "trees"
    """Gradient-boosted trees: each site grows one a round, all of a round together correct the model (bagging)."""
    APP = "app"
    """A researcher's own code, which each site approved by its hash; with noise only."""


class Scaling(StrEnum):
    """How numeric features are put on one scale before the fit; indicators stay 0 and 1."""

    NONE = "none"
    DECLARED = "declared"
    """By a centre and a width for each feature that the plan declares."""
    FEDERATED = "federated"
    """By mean and standard deviation over all sites, from sums that each site sends once before the first round."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network, and the steps of descent that a site takes in one round before it answers with the difference."""

    hidden: tuple[int, ...] = (16,)
    """Width of each hidden layer."""
    steps: int = 20
    batch: int = 32
    """Rows of one step."""
    learning_rate: float = 0.3
    clip: float = 10.0
    """L2 norm that the difference of one site is cut to."""
    seed: int = 0
    """Of the first weights and of the order of rows. Nothing private hangs on it."""


@dataclass(frozen=True, slots=True)
class Boosting:
    """How one tree is grown. Numeric features are counted in `bins` between their declared bounds: where a tree
    divides them tells of no value, only of a bin."""

    depth: int = 3
    learning_rate: float = 0.3
    bins: int = 32


@dataclass(frozen=True, slots=True)
class TrainingPrivacy:
    """Differential privacy of every person at every site, against everybody beyond the site.

    `epsilon` and `delta` are of the whole run at one site. In each round a person takes part with the probability
    `sampling`; the gradient of theirs is cut to the L2 norm `clip`, and the site adds Gaussian noise to the sum.
    """

    epsilon: float = 3.0
    delta: float = 1e-6
    clip: float = 1.0
    sampling: float = 1.0
    learning_rate: float = 1.0
