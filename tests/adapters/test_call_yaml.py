"""Templates of calls: read strictly, refused with file and line."""

import pytest

from dataspace.adapters.call_yaml import KEYS, parse_call
from dataspace.errors import PolicyUnreadable

GOOD = """call: SME vouchers
on: [turbine]
for: [scientific research]
answers: [aggregate, noisy]
track: exploratory
until: 2027-06-30
days: 60
permits: 5
organisations: [ACME GmbH]
limits: {cohort: 20, epsilon per permit: 0.5, withhold: [operator]}
"""


def test_a_template_is_read() -> None:
    said = parse_call(GOOD, "call.yaml")
    assert (said["title"], said["days"], said["permits"]) == ("SME vouchers", 60, 5)
    assert said["until"].isoformat() == "2027-06-30T23:59:59+00:00"
    assert said["conditions"] == {"cohort": 20, "epsilon_total": 0.5, "withheld": frozenset({"operator"})}
    assert set(KEYS) >= {line.split(":")[0] for line in GOOD.splitlines()}


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("answers:", "anwers:", 4),
        ("track: exploratory", "track: explore", 5),
        ("until: 2027-06-30", "until: 2027-02-30", 6),
        ("days: 60", "days: nan", 7),
        ("days: 60", "days: -1", 7),
        ("on: [turbine]", "on: []", 2),
        ("on: [turbine]\n", "", 1),
        ("cohort: 20", "cohort: 20, cohort: 1", 10),
        ("call: SME vouchers", "call: &a SME", 1),
    ],
)
def test_what_cannot_be_read_names_its_line(old: str, new: str, line: int) -> None:
    with pytest.raises(PolicyUnreadable, match=rf"call.yaml, line {line}:"):
        parse_call(GOOD.replace(old, new), "call.yaml")
