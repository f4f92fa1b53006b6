"""How much noise: the scale of the Laplace mechanism, its interval, and how ε is divided over several numbers."""

import math
from collections.abc import Sequence
from fractions import Fraction

from dataspace.model.charges import PrivacyEvent

LAPLACE = "laplace"
GAUSSIAN = "gaussian"


def laplace_scale(sensitivity: float, epsilon: float) -> float:
    """The scale b of Laplace noise that makes a number of this L1 sensitivity ε-private: sensitivity / ε.

    The same b serves the continuous and the discrete mechanism. Raises ValueError where either is not positive.
    """
    _positive(sensitivity, "a sensitivity")
    _positive(epsilon, "ε")
    scale = sensitivity / epsilon
    _positive(scale, "the scale")
    return scale


def discrete_laplace_quantile(scale: float, level: float) -> int:
    """The smallest whole k with P(|X| ≤ k) ≥ level, for X = x with a probability proportional to exp(-|x| / scale).

    Half the width of the interval at this level around a noisy count. From P(|X| > k) = 2 p^(k+1) / (1 + p) with
    p = exp(-1 / scale) (Ghosh, Roughgarden and Sundararajan 2009, the two-sided geometric distribution).
    """
    _positive(scale, "a scale")
    _level(level)
    p = math.exp(-1 / scale)
    # log(2 / ((1 + p) (1 - level))) * scale - 1, in a form that stays exact where p is nearly 1
    return max(0, math.ceil(scale * (math.log(2 / (1 + p)) - math.log1p(-level)) - 1 - _SLACK))


def laplace_quantile(scale: float, level: float) -> float:
    """The x with P(|X| ≤ x) = level for continuous Laplace noise of this scale."""
    _positive(scale, "a scale")
    _level(level)
    return -scale * math.log1p(-level)


def split_epsilon(epsilon: float, parts: int) -> tuple[float, ...]:
    """ε divided evenly over `parts` numbers about the same persons; the shares never add up to more than ε."""
    _positive(epsilon, "ε")
    if parts < 1:
        raise ValueError("ε is divided over at least one part")
    share = epsilon / parts
    while Fraction(share) * parts > Fraction(epsilon):
        share = math.nextafter(share, 0)
    return (share,) * parts


def laplace_event(epsilon: float, times: int = 1) -> PrivacyEvent:
    """The event of `times` Laplace mechanisms of this ε each, whatever their sensitivity."""
    _positive(epsilon, "ε")
    return PrivacyEvent(LAPLACE, 1 / epsilon, times)


def gaussian_event(
    noise_multiplier: float, times: int = 1, sampling: float = 1.0, sensitivity: float | None = None
) -> PrivacyEvent:
    """The event of `times` Gaussian mechanisms; the multiplier is σ over the L2 sensitivity.

    `sampling` is the q of Poisson sampling; `sensitivity` the norm that a unit's part was clipped to.
    """
    _positive(noise_multiplier, "a noise multiplier")
    if not 0 < sampling <= 1 or times < 1:
        raise ValueError("a mechanism runs at least once, on a share above 0 and of at most 1")
    return PrivacyEvent(GAUSSIAN, noise_multiplier, times, sampling, sensitivity)


def pure_epsilon(events: Sequence[PrivacyEvent]) -> float:
    """ε added up; infinite where an event has no ε without δ (Gaussian noise)."""
    return math.fsum(
        event.times / event.noise_multiplier if event.mechanism == LAPLACE else math.inf for event in events
    )


_SLACK = 1e-12
"""Where a level falls exactly on a whole k, rounding must not push it to the next one."""


def _positive(value: float, what: str) -> None:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{what} is a finite number above 0")


def _level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError("a level is between 0 and 1, such as 0.95")
