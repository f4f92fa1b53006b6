"""The noise of a run: enough by an accountant that is not ours, and hardly more than enough."""

import pytest

from dataspace.errors import InvalidRequest
from dataspace.model.charges import Charge
from dataspace.model.names import PrincipalId
from dataspace.model.training import TrainingPrivacy
from dataspace.privacy.accounting import rdp_epsilon
from dataspace.privacy.calibration import NUMBERS, training_noise
from dataspace.privacy.purses import Cost, cost_of, epsilon_of


@pytest.mark.parametrize("rounds", [1, 20, 100])
@pytest.mark.parametrize("sampling", [1.0, 0.1])
@pytest.mark.parametrize("epsilon", [0.5, 3.0])
def test_a_run_costs_what_was_asked_for_and_no_more(rounds: int, sampling: float, epsilon: float) -> None:
    asked = TrainingPrivacy(epsilon=epsilon, sampling=sampling)
    events = training_noise(asked, rounds).run(asked, rounds)
    assert epsilon * 0.98 < epsilon_of(events, asked.delta) <= epsilon
    assert rdp_epsilon(events, asked.delta) <= epsilon * 1.001


def test_the_charges_of_the_rounds_add_up_to_the_charge_of_the_run() -> None:
    asked, rounds = TrainingPrivacy(), 30
    noise = training_noise(asked, rounds)
    whole = Charge(None, PrincipalId("ana"), "q", noise.run(asked, rounds), asked.epsilon)
    step = Charge(None, PrincipalId("ana"), "q", (noise.step(asked),), asked.epsilon)
    number = noise.run(asked, rounds)[1]
    total = sum((cost_of(step) for _ in range(rounds)), Cost())
    total += cost_of(Charge(None, PrincipalId("ana"), "q", (number,), noise.number * NUMBERS))
    ours, known = total.units(asked.delta), cost_of(whole).units(asked.delta)
    assert ours is not None and known is not None
    assert known <= ours <= known + 10_000, "within a hundred-thousandth of ε"


def test_more_rounds_need_more_noise_and_sampling_needs_less() -> None:
    few, many = (training_noise(TrainingPrivacy(), rounds).multiplier for rounds in (5, 50))
    assert few * 2 < many
    assert training_noise(TrainingPrivacy(sampling=0.1), 50).multiplier < many / 2


def test_where_no_noise_is_enough_the_plan_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="No noise"):
        training_noise(TrainingPrivacy(epsilon=1e-9, delta=1e-17), 5)
