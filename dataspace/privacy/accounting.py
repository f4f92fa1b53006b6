"""What many private answers cost together: Rényi DP for a quick check, the privacy loss distribution to report.

Both take the events as they really ran and give ε at a δ, adding or removing one privacy unit. Both are upper
bounds, never above the plain sum where that exists.

δ of thresholds for unknown keys stands outside: no accountant has an event for it, so it is taken off the δ first.

A `laplace` event is accounted as the worst mechanism of its ε, which is what Laplace noise on whole numbers is:
its loss is +ε or -ε and nothing between. Accounting it as continuous noise would report too little.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dataspace.model.charges import Charge, PrivacyEvent
from dataspace.privacy.noise import GAUSSIAN, LAPLACE, pure_epsilon


def epsilon(events: Sequence[PrivacyEvent], delta: float) -> float:
    """ε at this δ by privacy loss distributions: the figure to report. Takes up to seconds.

    Raises ValueError for an unknown mechanism or a δ outside [0, 1).
    """
    from dp_accounting.pld import PLDAccountant  # heavy: only where a figure is asked for

    return _composed(PLDAccountant(), events, delta, pure_loss=_discrete_laplace)


def rdp_epsilon(events: Sequence[PrivacyEvent], delta: float) -> float:
    """ε at this δ by Rényi DP: milliseconds and a little above `epsilon`. Raises ValueError like it."""
    from dp_accounting.rdp import RdpAccountant

    return _composed(RdpAccountant(), events, delta, pure_loss=_zero_concentrated)


def _composed(accountant: Any, events: Sequence[PrivacyEvent], delta: float, pure_loss: Any) -> float:
    if not 0 <= delta < 1:
        raise ValueError("δ is a number from 0 to below 1")
    plain = pure_epsilon([event for event in events if _known(event)])
    rest = delta - math.fsum(event.delta * event.times for event in events)
    if rest < 0:
        return math.inf
    if rest == 0 or not events:
        return plain
    for (mechanism, multiplier, sampling), times in sorted(_grouped(events).items()):
        event = _gaussian(multiplier, sampling) if mechanism == GAUSSIAN else pure_loss(1 / multiplier)
        accountant.compose(event, times)
    return min(plain, float(accountant.get_epsilon(rest)))


def accounted(charge: Charge) -> tuple[PrivacyEvent, ...]:
    """The events of a charge as both accountants know them; by its ε and δ alone where one of them is unknown.

    What is (ε, δ)-private is ε-private but for a failure of probability δ (Kairouz, Oh and Viswanath 2015).
    """
    if charge.events and all(event.mechanism in (LAPLACE, GAUSSIAN) for event in charge.events):
        return charge.events
    return (PrivacyEvent(LAPLACE, 1 / charge.epsilon, delta=charge.delta),)


def of_person(event: PrivacyEvent, examples: int) -> PrivacyEvent:
    """An event that protects one example, as it protects a person with so many: what a person is charged.

    All of theirs together move the sum `examples` times as far. Under sampling at least one takes part with a
    probability of 1 - (1 - q)^examples, and then they count as if all did, which only reveals more.
    """
    if examples < 1:
        raise ValueError("a person has at least one example")
    together = -math.expm1(examples * math.log1p(-event.sampling)) if event.sampling < 1 else 1.0
    sensitivity = None if event.sensitivity is None else event.sensitivity * examples
    return replace(
        event,
        noise_multiplier=event.noise_multiplier / examples,
        sampling=min(1.0, together),
        sensitivity=sensitivity,
        delta=min(event.delta * examples, 1 - 2**-53) if event.delta else 0.0,
    )


def _grouped(events: Sequence[PrivacyEvent]) -> Counter[tuple[str, float, float]]:
    """Equal events together: composing one event n times costs about as much as composing it once."""
    counts: Counter[tuple[str, float, float]] = Counter()
    for event in events:
        counts[event.mechanism, event.noise_multiplier, event.sampling] += event.times
    return counts


def _known(event: PrivacyEvent) -> bool:
    if event.mechanism not in (LAPLACE, GAUSSIAN):
        raise ValueError(f"the mechanism {event.mechanism!r} is not one that can be accounted for")
    if not (math.isfinite(event.noise_multiplier) and event.noise_multiplier > 0 and event.times >= 1):
        raise ValueError("a mechanism has a positive noise multiplier and ran at least once")
    return True


def _gaussian(multiplier: float, sampling: float) -> Any:
    from dp_accounting.dp_event import GaussianDpEvent, PoissonSampledDpEvent

    event = GaussianDpEvent(multiplier)
    return event if sampling == 1 else PoissonSampledDpEvent(sampling, event)


def _discrete_laplace(pure: float) -> Any:
    # Sensitivity 1: the loss is exactly ±ε, which dominates every ε-private mechanism (Kairouz, Oh, Viswanath 2015).
    from dp_accounting.dp_event import DiscreteLaplaceDpEvent

    return DiscreteLaplaceDpEvent(pure, 1)


def _zero_concentrated(pure: float) -> Any:
    # ε-DP implies (ε²/2)-zCDP (Bun and Steinke 2016, proposition 1.4).
    from dp_accounting.dp_event import ZCDpEvent

    return ZCDpEvent(pure * pure / 2)
