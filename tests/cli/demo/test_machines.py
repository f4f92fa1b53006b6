"""The plant's data are the same every time and follow the published rules."""

import numpy as np

from dataspace.cli.demo.machines import OVERSTRAIN, machines


def test_the_same_seed_gives_the_same_rows_and_another_does_not() -> None:
    assert machines(500).equals(machines(500))
    assert not machines(500).equals(machines(500, seed=1))


def test_qualities_and_temperatures_are_as_published() -> None:
    made = machines()
    quality = made["type"].to_pylist()
    assert made.num_rows == 10_000
    for letter, share in (("L", 0.5), ("M", 0.3), ("H", 0.2)):
        assert abs(quality.count(letter) / 10_000 - share) < 0.02
    air = made["air_temperature"].to_numpy()
    assert abs(air.mean() - 300) < 0.05 and abs(air.std() - 2) < 0.05
    gap = made["process_temperature"].to_numpy() - air
    assert abs(gap.mean() - 10) < 0.05 and abs(gap.std() - 1) < 0.05


def test_each_failure_follows_its_rule_and_any_of_them_is_a_failure() -> None:
    columns = {name: np.array(column) for name, column in machines().to_pydict().items()}
    heat = columns["heat_failure"] == 1
    assert heat.any() and (columns["rotational_speed"][heat] <= 1380).all()
    assert ((columns["process_temperature"] - columns["air_temperature"])[heat] < 8.75).all()
    limit = np.array([OVERSTRAIN[letter] for letter in columns["type"]])
    strain = columns["tool_wear"] * columns["torque"]
    clear = np.abs(strain - limit) > 0.05 * 240  # the torque shown is rounded
    assert ((strain > limit) == (columns["overstrain_failure"] == 1))[clear].all()
    assert (columns["tool_wear"][columns["tool_wear_failure"] == 1] >= 195).all()
    causes = [name for name in columns if name.endswith("_failure")]
    assert len(causes) == 5 and all(columns[name].any() for name in causes)
    assert (columns["failure"] == np.max([columns[name] for name in causes], axis=0)).all()
    assert 0.02 < columns["failure"].mean() < 0.07


def test_no_torque_is_negative() -> None:
    assert min(machines()["torque"].to_pylist()) >= 0
