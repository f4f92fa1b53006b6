"""What a charge costs, and what charges cost together: whole numbers that add up exactly, in any order.

Three things are added up apart. Mechanisms with an ε of their own: plain ε, in billionths. Mechanisms without one
(Gaussian noise, sampled or not): Rényi DP at fixed orders, in billionths. δ that no accountant knows, of thresholds
for unknown keys: plain δ, in 10⁻¹⁸. Every rounding goes against the requester. Their sum is an upper bound by basic
composition; the figure reported is tighter (accounting.py).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from dataspace.errors import InvalidRequest
from dataspace.model.charges import Charge, PrivacyEvent
from dataspace.privacy.limits import UNITS, spent_units
from dataspace.privacy.noise import GAUSSIAN, LAPLACE

DELTA_UNITS = 10**18
ORDERS: tuple[int, ...] = (*range(2, 33), 40, 48, 64, 96, 128, 256)
"""Whole orders of Rényi DP: for these the loss of a sampled Gaussian has a closed form."""

_MOST_TIMES = 10**9
_HUGE = 10**15
"""Billionths at which a Rényi divergence is as good as endless; keeps sums inside 64 bits."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one charge, or many, have cost. `renyi` is empty where nothing needs it."""

    pure: int = 0
    delta: int = 0
    renyi: tuple[int, ...] = ()

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.pure + other.pure, self.delta + other.delta, _merged(self.renyi, other.renyi, 1))

    def __sub__(self, other: "Cost") -> "Cost":
        """What is left after giving back what was added before."""
        return Cost(self.pure - other.pure, self.delta - other.delta, _merged(self.renyi, other.renyi, -1))

    def units(self, delta: float) -> int | None:
        """ε in billionths at this δ, the δ of thresholds taken off first; None where that leaves no δ to be had."""
        rest = _delta_limit(delta) - self.delta
        if rest < 0 or (rest == 0 and self.renyi):
            return None
        if not self.renyi:
            return self.pure
        return self.pure + spent_units(min(renyi_epsilon(self.renyi, rest / DELTA_UNITS), 1e6))


NOTHING = Cost()


def cost_of(charge: Charge) -> Cost:
    """What a charge adds to every purse that pays it, by the parameters that really applied, and never less than
    it says of itself.

    Raises InvalidRequest where ε, δ or an event cannot be read: nothing, negative, endless, NaN.
    """
    return _cost(charge.events, charge.epsilon, charge.delta)


def epsilon_of(events: tuple[PrivacyEvent, ...], delta: float) -> float:
    """What these mechanisms alone cost at this δ, as the check before a charge adds them up (microseconds).

    Raises InvalidRequest for parameters that cannot be read, and for a mechanism that has no known cost.
    """
    if not events or any(event.mechanism not in (LAPLACE, GAUSSIAN) for event in events):
        raise InvalidRequest("This mechanism has no known cost.", "Name laplace or gaussian noise.")
    pure = math.fsum(event.times / event.noise_multiplier for event in events if event.mechanism == LAPLACE)
    units = _cost(events, max(pure, 1 / UNITS), 0.0).units(delta)
    if units is None:
        raise InvalidRequest("Thresholds alone take more than this δ.", "Ask with a larger δ.")
    return units / UNITS


def _check(events: tuple[PrivacyEvent, ...], epsilon: float, delta: float) -> None:
    """ε of 0 is none: whoever releases something pays for it."""
    if not epsilon > 0:
        raise InvalidRequest("ε is a number above 0.", "Ask with an ε such as 0.1.")
    for each in (delta, *(event.delta for event in events)):
        if not 0 <= each < 1:
            raise InvalidRequest("δ is a number from 0 to below 1.", "Ask with a δ such as 1e-6.")
    for event in events:
        if not (math.isfinite(event.noise_multiplier) and event.noise_multiplier > 0):
            raise InvalidRequest("Noise has a finite scale above 0.", "Ask with an ε such as 0.1.")
        if not (0 < event.sampling <= 1 and 1 <= event.times <= _MOST_TIMES):
            raise InvalidRequest("A mechanism runs at least once, on a share of at most 1.", "State it anew.")
        if event.sensitivity is not None and not 0 < event.sensitivity < math.inf:
            raise InvalidRequest("A sensitivity is a finite number above 0.", "Bound the column.")


def total(costs: Iterable[Cost]) -> Cost:
    """All of them together."""
    return sum(costs, Cost())


def most(costs: Iterable[Cost]) -> Cost:
    """At least as much as the dearest of them, in whatever way they are compared: what disjoint persons cost."""
    kept = list(costs)
    vectors = [cost.renyi for cost in kept if cost.renyi]
    return Cost(
        max((cost.pure for cost in kept), default=0),
        max((cost.delta for cost in kept), default=0),
        tuple(map(max, *vectors)) if len(vectors) > 1 else vectors[0] if vectors else (),
    )


@lru_cache(maxsize=1024)
def _cost(events: tuple[PrivacyEvent, ...], epsilon: float, delta: float) -> Cost:
    _check(events, epsilon, delta)
    outside = sum(_delta_units(event.delta) * event.times for event in events)
    if not events or any(event.mechanism not in (LAPLACE, GAUSSIAN) for event in events):
        return Cost(spent_units(epsilon), max(_delta_units(delta), outside))
    pure = math.fsum(event.times / event.noise_multiplier for event in events if event.mechanism == LAPLACE)
    gaussian = [event for event in events if event.mechanism == GAUSSIAN]
    if not gaussian:
        # The shares of one ε add up to it but for rounding; events that cost really more are charged as what they are.
        stated = pure <= epsilon * (1 + 1e-9)
        return Cost(spent_units(epsilon if stated else pure), max(_delta_units(delta), outside))
    sums = [math.fsum(event.times * _renyi(event, order) for event in gaussian) for order in ORDERS]
    renyi = tuple(_HUGE if x * UNITS >= _HUGE else math.ceil(x * UNITS) for x in sums)
    return Cost(spent_units(pure) if pure else 0, outside, renyi)


def _renyi(event: PrivacyEvent, order: int) -> float:
    """Rényi DP of one step of a Poisson-sampled Gaussian, adding or removing one unit, at a whole order.

    Mironov, Talwar and Zhang 2019, section 3.3; without sampling order / (2 σ²).
    """
    q, sigma = event.sampling, event.noise_multiplier
    if q == 1:
        return order / (2 * sigma * sigma)
    terms = [
        math.lgamma(order + 1)
        - math.lgamma(k + 1)
        - math.lgamma(order - k + 1)
        + k * math.log(q)
        + (order - k) * math.log1p(-q)
        + k * (k - 1) / (2 * sigma * sigma)
        for k in range(order + 1)
    ]
    largest = max(terms)
    summed = largest + math.log(math.fsum(math.exp(term - largest) for term in terms))
    return max(0.0, summed) / (order - 1) * (1 + 1e-9) + 1e-15


def renyi_epsilon(renyi: tuple[int, ...], delta: float) -> float:
    """ε at this δ, in (0, 1), of Rényi DP at `ORDERS` (Canonne, Kamath and Steinke 2020, proposition 12)."""
    losses = [
        loss / UNITS + math.log1p(-1 / order) - math.log(delta * order) / (order - 1)
        for order, loss in zip(ORDERS, renyi, strict=True)
    ]
    return max(0.0, min(losses))


def _merged(one: tuple[int, ...], other: tuple[int, ...], sign: int) -> tuple[int, ...]:
    if not other:
        return one
    merged = tuple(a + sign * b for a, b in zip(one or (0,) * len(other), other, strict=True))
    return merged if any(merged) else ()


@lru_cache(maxsize=64)
def _delta_limit(delta: float) -> int:
    """A limit of δ in its units, rounded down. Raises InvalidRequest where it is none."""
    if not 0 <= delta < 1:
        raise InvalidRequest("A limit of δ is a number from 0 to below 1.", "State the limit anew.")
    return math.floor(Fraction(repr(float(delta))) * DELTA_UNITS)


def _delta_units(delta: float) -> int:
    return math.ceil(Fraction(repr(float(delta))) * DELTA_UNITS) if delta else 0
