"""Units become each other where they measure the same thing, and never otherwise."""

import pytest

from dataspace.vocabulary.units import conversion, is_unit, unit_in_header


@pytest.mark.parametrize(
    ("source", "target", "value", "becomes"),
    [
        ("Cel", "K", 20.0, 293.15),
        ("K", "Cel", 293.15, 20.0),
        ("[degF]", "Cel", 212.0, 100.0),
        ("kg", "g", 1.5, 1500.0),
        ("mg/dL", "g/L", 90.0, 0.9),
        ("mmol/L", "umol/L", 5.5, 5500.0),
        ("mm[Hg]", "kPa", 120.0, 15.9986865),
        ("h", "min", 2.0, 120.0),
        ("d", "h", 2.0, 48.0),
        ("bar", "Pa", 1.0, 100_000.0),
        ("N.m", "J", 3.0, 3.0),
        ("/min", "Hz", 60.0, 1.0),
        ("m2", "cm2", 1.0, 10_000.0),
        ("[in_i]", "cm", 2.0, 5.08),
        ("%", "1", 50.0, 0.5),
        ("mL/min/{1.73_m2}", "mL/min", 60.0, 60.0),
    ],
)
def test_a_value_is_the_same_in_the_other_unit(
    source: str, target: str, value: float, becomes: float
) -> None:
    found = conversion(source, target)
    assert found is not None
    assert value * found.factor + found.offset == pytest.approx(becomes)


@pytest.mark.parametrize(
    ("source", "target"), [("kg", "m"), ("Cel", "kg"), ("xyz", "m"), ("m", ""), ("m2", "m")]
)
def test_two_things_do_not_become_each_other(source: str, target: str) -> None:
    assert conversion(source, target) is None


def test_a_header_says_its_unit_in_brackets() -> None:
    assert unit_in_header("Torque [Nm]") == "N.m"
    assert unit_in_header("Air temperature (°C)") == "Cel"
    assert unit_in_header("weight") == ""
    assert unit_in_header("answer [yes/no]") == ""


def test_what_is_unknown_is_no_unit() -> None:
    assert is_unit("mmol/L") and is_unit("1") and not is_unit("furlong")
