"""What charges cost together: exact, never under what they say, and never under what is known to be lost."""

import math
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.errors import Conflict, InvalidRequest
from dataspace.model.charges import Charge, Disjoint, Level, Limits, Overspent, PrivacyEvent
from dataspace.privacy.checking import Part, check_family, check_payer, joined, lineage_before, shortfall
from dataspace.privacy.limits import UNITS
from dataspace.privacy.purses import DELTA_UNITS, NOTHING, ORDERS, Cost, cost_of, most, renyi_epsilon, total
from dataspace.testing.examples import AT, example_charge
from dataspace.testing.ledgers import STAYS


def gaussian(multiplier: float, times: int = 1, sampling: float = 1.0) -> Charge:
    event = PrivacyEvent("gaussian", multiplier, times, sampling)
    return replace(example_charge(0.5), events=(event,), delta=1e-7)


def test_the_shares_of_one_epsilon_cost_that_epsilon_and_not_a_billionth_more() -> None:
    for parts in range(1, 40):
        charge = replace(example_charge(0.1), events=(PrivacyEvent("laplace", parts / 0.1, parts),))
        assert cost_of(charge) == Cost(UNITS // 10)


def test_events_that_cost_more_than_the_charge_says_are_charged_as_what_they_are() -> None:
    sly = replace(example_charge(0.1), events=(PrivacyEvent("laplace", 1.0, 3),))
    assert cost_of(sly).pure == 3 * UNITS


def test_an_unknown_mechanism_costs_the_epsilon_and_delta_of_its_charge() -> None:
    odd = replace(example_charge(0.3), events=(PrivacyEvent("staircase", 99.0),), delta=1e-8)
    assert cost_of(odd) == Cost(3 * UNITS // 10, DELTA_UNITS // 10**8)


def test_the_delta_of_thresholds_stands_outside_and_adds_up() -> None:
    event = PrivacyEvent("laplace", 10.0, 2, delta=1e-9)
    cost = cost_of(replace(example_charge(0.2), events=(event,), delta=1e-9))
    assert cost == Cost(UNITS // 5, 2 * DELTA_UNITS // 10**9)
    assert total([cost] * 500).units(1e-6) == 100 * UNITS
    assert total([cost] * 501).units(1e-6) is None


@pytest.mark.parametrize(
    "bad",
    [
        {"epsilon": 0.0},
        {"epsilon": -0.1},
        {"epsilon": math.nan},
        {"epsilon": math.inf},
        {"epsilon": 1e7},
        {"delta": 1.0},
        {"delta": -1e-9},
        {"delta": math.nan},
        {"delta": math.inf},
        {"events": (PrivacyEvent("laplace", 0.0),)},
        {"events": (PrivacyEvent("gaussian", math.inf),)},
        {"events": (PrivacyEvent("gaussian", -1.0),)},
        {"events": (PrivacyEvent("gaussian", 1.0, 0),)},
        {"events": (PrivacyEvent("gaussian", 1.0, 1, 0.0),)},
        {"events": (PrivacyEvent("gaussian", 1.0, 1, 1.1),)},
        {"events": (PrivacyEvent("gaussian", 1.0, 1, math.nan),)},
        {"events": (PrivacyEvent("laplace", 1.0, delta=1.0),)},
        {"events": (PrivacyEvent("laplace", 1.0, sensitivity=0.0),)},
    ],
    ids=str,
)
def test_what_is_no_charge_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest):
        cost_of(replace(example_charge(0.1), **bad))  # type: ignore[arg-type]


@given(st.lists(st.sampled_from([0.1, 0.05, 1 / 3, 1e-9]), max_size=20), st.randoms())
def test_what_is_added_can_be_taken_back_in_any_order(amounts: list[float], random: object) -> None:
    costs = [cost_of(example_charge(amount)) for amount in amounts]
    costs += [cost_of(gaussian(10 + amount, 3)) for amount in amounts[:3]]
    left = total(costs)
    shuffled = list(costs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for cost in shuffled:
        left = left - cost
    assert left == NOTHING


def test_gaussian_noise_composes_by_renyi_and_not_by_adding_up() -> None:
    once, hundred = cost_of(gaussian(20)).units(1e-6), cost_of(gaussian(20, 100)).units(1e-6)
    assert once is not None
    assert hundred is not None
    assert hundred == pytest.approx(total([cost_of(gaussian(20))] * 100).units(1e-6), rel=1e-6)
    assert 5 * once < hundred < 20 * once
    assert cost_of(gaussian(20)).units(0.0) is None


@pytest.mark.parametrize(
    ("multiplier", "sampling", "times"), [(1.0, 0.02, 1500), (0.8, 0.1, 20), (4.0, 1.0, 7)]
)
def test_the_check_agrees_with_the_accountant_of_the_library(
    multiplier: float, sampling: float, times: int
) -> None:
    from dp_accounting.dp_event import GaussianDpEvent, PoissonSampledDpEvent
    from dp_accounting.rdp import RdpAccountant

    accountant = RdpAccountant(ORDERS)
    accountant.compose(PoissonSampledDpEvent(sampling, GaussianDpEvent(multiplier)), times)
    ours = renyi_epsilon(cost_of(gaussian(multiplier, times, sampling)).renyi, 1e-5)
    theirs = float(accountant.get_epsilon(1e-5))
    assert theirs <= ours <= theirs * 1.001


def test_pure_charges_are_summed_exactly_beside_others() -> None:
    mixed = total([cost_of(example_charge(0.1))] * 10 + [cost_of(gaussian(20))]).units(1e-6)
    alone = cost_of(gaussian(20)).units(1e-6)
    assert mixed is not None
    assert alone is not None
    assert mixed - alone == UNITS


def test_of_disjoint_parts_the_dearest_counts() -> None:
    parts = {"": Cost(1), "a": Cost(5), "b": Cost(7), "c": Cost(2)}
    assert joined(parts, []) == Cost(15)
    assert joined(parts, [{"a", "b"}]) == Cost(10)
    assert joined(parts, [{"a", "b"}, {"c", "d"}]) == Cost(10)
    assert most([]) == NOTHING


def test_a_charge_on_the_cheaper_part_adds_only_what_goes_beyond_the_dearer() -> None:
    charge, cost = replace(example_charge(0.1), part="a"), Cost(4)
    before = lineage_before({"a": Cost(5), "b": Cost(7)}, [{"a", "b"}], charge, cost)
    assert before + cost == Cost(9)


def test_the_most_of_several_is_at_least_each_of_them() -> None:
    one, other = cost_of(gaussian(3)), cost_of(gaussian(1, 2, 0.1))
    for delta in (1e-9, 1e-6, 1e-3):
        both = most([one, other]).units(delta)
        assert both is not None
        assert both >= max(one.units(delta) or 0, other.units(delta) or 0)


def test_the_permit_binds_before_the_lineage_where_both_are_as_tight() -> None:
    charge = example_charge(0.5)
    refused = shortfall(STAYS, charge, cost_of(charge), {}, Limits(lineage=0.2, permit=0.2))
    assert refused == Overspent(STAYS, 0.5, 0.2, "permit")


def test_an_overspent_account_has_nothing_left_not_less() -> None:
    charge = example_charge(0.1)
    paid = {Level.LINEAGE: Part(Cost(11 * UNITS))}
    assert shortfall(STAYS, charge, cost_of(charge), paid, Limits()) == Overspent(STAYS, 0.1, 0.0, "lineage")


def test_a_top_up_raises_the_limit_of_its_own_part_by_exactly_that() -> None:
    charge, cost = example_charge(0.5), cost_of(example_charge(0.5))
    full = {Level.PERMIT: Part(Cost(UNITS), UNITS // 2)}
    assert shortfall(STAYS, charge, cost, full, Limits()) is None
    more = replace(charge, epsilon=0.500000001)
    assert shortfall(STAYS, more, cost_of(more), full, Limits()) is not None
    elsewhere = {Level.PERMIT: Part(Cost(UNITS)), Level.PRINCIPAL: Part(raised=UNITS)}
    assert shortfall(STAYS, charge, cost, elsewhere, Limits()) is not None


def test_a_charge_is_committed_out_of_the_purse_it_was_reserved_in() -> None:
    with pytest.raises(Conflict):
        check_payer(example_charge(), example_charge(permit="P-2"))
    with pytest.raises(Conflict):
        check_payer(example_charge(), replace(example_charge(), part="site:north"))


def test_declarations_that_overlap_are_refused_and_a_wider_one_takes_their_place() -> None:
    def declared(*parts: str) -> Disjoint:
        return Disjoint(STAYS, frozenset(parts), "separate towns", example_charge().principal, AT)

    known = [frozenset({"site:a", "site:b"})]
    check_family(declared("site:c", "site:d"), known)
    check_family(declared("site:a", "site:b", "site:c"), known)
    for bad in (
        ("site:b", "site:c"),
        ("site:a",),
        (),
        ("site:a", ""),
        ("site:", "version:x"),
        ("town:a", "town:b"),
    ):
        with pytest.raises(InvalidRequest):
            check_family(declared(*bad), known)


@given(st.floats(1e-9, 1e3))
def test_a_cost_is_rounded_up_by_less_than_a_billionth(epsilon: float) -> None:
    pure = cost_of(replace(example_charge(0.1), events=(), epsilon=epsilon)).pure
    assert 0 <= pure - Fraction(repr(epsilon)) * UNITS < 1
