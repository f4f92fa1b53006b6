"""Every case of the ODRL test suite beside the project: the rule, its state and the decision in a closed world."""

import csv
import json
from pathlib import Path

import pytest

from dataspace.adapters.odrl_graph import parse, read_file
from dataspace.adapters.odrl_report import REPORT
from dataspace.cli.main import main


@pytest.fixture(scope="module")
def suite(shared: Path) -> Path:
    return shared / "conformance" / "odrl-test-suite"


def test_every_case_of_the_suite_comes_out_as_published(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = list(csv.DictReader((suite / "cases.csv").open(encoding="utf-8")))
    wrong = []
    for case in cases:
        arguments = ["policy", "evaluate", "--json"]
        for option, column in (("policy", "policy"), ("request", "request"), ("world", "sotw")):
            arguments += [f"--{option}", str(suite / case[column])]
        assert main(arguments) == 0
        told = json.loads(capsys.readouterr().out)
        found = (told["rule_kind"], told["activation_state"], told["decision"])
        if found != (case["rule_kind"], case["activation_state"], case["decision_closed_world"]):
            wrong.append((case["case"], found))
    with capsys.disabled():
        print(f"\nODRL test suite: {len(cases) - len(wrong)} of {len(cases)} cases")
    assert cases
    assert not wrong


def test_the_reports_agree_premise_by_premise_with_the_published_ones(
    suite: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = list(csv.DictReader((suite / "cases.csv").open(encoding="utf-8")))
    for case in cases:
        arguments = ["policy", "evaluate"]
        for option, column in (("policy", "policy"), ("request", "request"), ("world", "sotw")):
            arguments += [f"--{option}", str(suite / case[column])]
        assert main(arguments) == 0
        ours = _states(capsys.readouterr().out)
        published = _states(read_file(suite / case["expected_report"]))
        # The published reports leave out the parts of those premises that their engine did not reach.
        assert published <= ours, case["case"]


def _states(text: str) -> set[tuple[str, str, str]]:
    """What a report says of each rule, constraint and kind of premise, without the names of its nodes."""
    statements = parse(text, "report")
    about: dict[str, dict[str, str]] = {}
    for one in statements:
        about.setdefault(one.subject, {})[one.predicate.removeprefix(REPORT)] = one.object.text
    return {
        (node.get("rule") or node.get("constraint") or node[_TYPE], key, node[key])
        for node in about.values()
        for key in ("activationState", "satisfactionState", "constraintLogicalOperand", "attemptState")
        if key in node and not node[_TYPE].endswith("DutyReport")
    }


_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
