"""Composition: never above the plain sum, never below what is known to be lost."""

import math
from dataclasses import replace

import pytest

from dataspace.model.charges import PrivacyEvent
from dataspace.privacy.accounting import accounted, epsilon, of_person, rdp_epsilon
from dataspace.privacy.noise import gaussian_event, laplace_event
from dataspace.testing.examples import example_charge

pytestmark = pytest.mark.slow


def randomised_response_delta(pure: float, times: int, at: float) -> float:
    """The exact δ of `times` worst ε-private mechanisms at ε = `at`, from the binomial distribution of their loss."""
    p = 1 / (1 + math.exp(-pure))
    return math.fsum(
        math.comb(times, k)
        * p**k
        * (1 - p) ** (times - k)
        * max(0.0, 1 - math.exp(at - (2 * k - times) * pure))
        for k in range(times + 1)
    )


@pytest.mark.parametrize(("pure", "times"), [(0.1, 40), (0.5, 10), (1.0, 3)])
def test_many_laplace_answers_cost_what_the_exact_formula_says(pure: float, times: int) -> None:
    delta = 1e-6
    reported = epsilon([laplace_event(pure)] * times, delta)
    assert randomised_response_delta(pure, times, reported) <= delta * (1 + 1e-6)
    assert randomised_response_delta(pure, times, reported * 0.98) > delta


def test_the_quick_check_is_never_below_the_figure_reported() -> None:
    for events in (
        [laplace_event(0.1)] * 40 + [gaussian_event(20)] * 20,
        [gaussian_event(2)],
        [laplace_event(0.3, 15)],
    ):
        assert epsilon(events, 1e-5) <= rdp_epsilon(events, 1e-5)


def test_a_gaussian_costs_what_its_closed_form_says() -> None:
    sigma, delta = 4.0, 1e-5
    at = epsilon([gaussian_event(sigma)], delta)

    def normal(x: float) -> float:
        return 0.5 * math.erfc(-x / math.sqrt(2))

    # Balle and Wang 2018, theorem 8
    exact = normal(1 / (2 * sigma) - at * sigma) - math.exp(at) * normal(-1 / (2 * sigma) - at * sigma)
    assert exact == pytest.approx(delta, rel=0.01)


@pytest.mark.parametrize("account", [epsilon, rdp_epsilon])
def test_it_never_costs_more_than_the_plain_sum(account: type) -> None:
    for events in ([laplace_event(0.1)], [laplace_event(0.5, 2), laplace_event(0.25)]):
        plain = sum(event.times / event.noise_multiplier for event in events)
        assert account(events, 1e-6) <= plain
        assert account(events, 0.0) == plain
    assert account([], 1e-6) == 0
    assert account([gaussian_event(5)], 0.0) == math.inf


@pytest.mark.parametrize("account", [epsilon, rdp_epsilon])
def test_what_cannot_be_accounted_for_is_refused(account: type) -> None:
    for event in (
        PrivacyEvent("exponential", 1.0),
        PrivacyEvent("laplace", 0.0),
        PrivacyEvent("laplace", math.nan),
        PrivacyEvent("gaussian", 1.0, 0),
    ):
        with pytest.raises(ValueError, match="mechanism"):
            account([event], 1e-6)
    for delta in (-1e-9, 1.0, math.nan):
        with pytest.raises(ValueError, match="δ"):
            account([laplace_event(0.1)], delta)


def test_a_sampled_gaussian_costs_less_than_one_that_reads_everybody() -> None:
    sampled = PrivacyEvent("gaussian", 1.0, 100, sampling=0.02)
    everybody = PrivacyEvent("gaussian", 1.0, 100)
    assert epsilon([sampled], 1e-5) <= rdp_epsilon([sampled], 1e-5) < rdp_epsilon([everybody], 1e-5) / 10


def test_the_delta_of_thresholds_is_taken_off_first() -> None:
    threshold = PrivacyEvent("laplace", 10.0, delta=4e-7)
    for account in (epsilon, rdp_epsilon):
        assert account([threshold] * 2, 1e-6) == pytest.approx(0.2, rel=1e-4)
        assert account([threshold] * 3, 1e-6) == math.inf
        noise = gaussian_event(20)
        assert account([noise, threshold], 1e-6) > account([noise, laplace_event(0.1)], 1e-6)


def test_what_protects_an_example_costs_a_person_with_several_more() -> None:
    step = PrivacyEvent("gaussian", 8.0, 50, sampling=0.01, sensitivity=1.0)
    person = of_person(step, 4)
    assert (person.noise_multiplier, person.sensitivity, person.scale) == (2.0, 4.0, step.scale)
    assert 0.039 < person.sampling < 0.04
    assert of_person(step, 1).sampling == pytest.approx(step.sampling)
    assert rdp_epsilon([person], 1e-5) > 2 * rdp_epsilon([step], 1e-5)
    assert of_person(laplace_event(0.1), 3).noise_multiplier == pytest.approx(1 / 0.3)
    with pytest.raises(ValueError, match="example"):
        of_person(step, 0)


def test_a_charge_of_unknown_mechanisms_is_accounted_by_what_it_says_of_itself() -> None:
    odd = replace(example_charge(0.3), events=(PrivacyEvent("staircase", 9.0),), delta=1e-8)
    [event] = accounted(odd)
    assert (event.mechanism, event.delta) == ("laplace", 1e-8)
    assert epsilon(accounted(odd), 1e-6) == pytest.approx(0.3, rel=1e-4)
    assert accounted(example_charge(0.3)) == example_charge(0.3).events
