"""How much noise a training needs: the ε of a run shared out, and the least Gaussian noise that keeps it."""

from dataclasses import dataclass
from functools import lru_cache

from dataspace.errors import InvalidRequest
from dataspace.model.charges import PrivacyEvent
from dataspace.model.training import TrainingPrivacy
from dataspace.privacy.noise import gaussian_event, laplace_event
from dataspace.privacy.purses import epsilon_of

NUMBERS = 3
"""Single numbers of a private run: how many take part, how many are held out, how many of these are told right."""
SHARE = 0.05
"""Of the run's ε that each of them gets."""
_LEAST, _MOST = 1e-2, 1e7


@dataclass(frozen=True, slots=True)
class TrainingNoise:
    """What a site adds in one private run."""

    multiplier: float
    """σ of the noise over the norm that a person's part is cut to."""
    number: float
    """ε of each single number (discrete Laplace noise)."""

    def step(self, asked: TrainingPrivacy) -> PrivacyEvent:
        """One noised sum of gradients."""
        return gaussian_event(self.multiplier, 1, asked.sampling, asked.clip)

    def run(self, asked: TrainingPrivacy, rounds: int) -> tuple[PrivacyEvent, ...]:
        """All of a run."""
        step = gaussian_event(self.multiplier, rounds, asked.sampling, asked.clip)
        return (step, laplace_event(self.number, NUMBERS))


@lru_cache(maxsize=256)
def training_noise(asked: TrainingPrivacy, rounds: int) -> TrainingNoise:
    """The least noise, within a thousandth, whose run costs no more than the ε asked for at its δ, by Rényi DP.

    Raises InvalidRequest where no noise is enough.
    """
    number = asked.epsilon * SHARE

    def cost(multiplier: float) -> float:
        return epsilon_of(TrainingNoise(multiplier, number).run(asked, rounds), asked.delta)

    low, high = _LEAST, _MOST
    if cost(high) > asked.epsilon:
        raise InvalidRequest("No noise is enough for an ε and δ this small.", "Ask for more ε.")
    while high / low > 1.001:
        middle = (low * high) ** 0.5
        low, high = (middle, high) if cost(middle) > asked.epsilon else (low, middle)
    return TrainingNoise(high, number)
