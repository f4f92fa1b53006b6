"""Every problem of the ODRL benchmark beside the project: the verdict on the rules of its one document.

The published labels are those of theorems. For some of them the document does not say what the theorem speaks of:
those stand below, each with its reason, and the test demands that they and no others differ.
"""

import csv
import json
from pathlib import Path

import pytest

from dataspace.adapters.odrl_graph import read_file
from dataspace.adapters.odrl_read import read_odrl
from dataspace.cli.main import main
from dataspace.policy.odrl.compare import compare, overall

LEMMA = "a lemma on verdicts: its document is one permission without constraints, the same under three labels"
FORMED = (
    "a lemma on well-formedness: its document is one constraint that can be met, as in problems labelled so"
)
CONTAINED = "asks whether the first policy lies within the second, which the document does not say"
DIFFERENT = {
    "ODRL641-1": LEMMA,
    "ODRL642-1": LEMMA,
    "ODRL643-1": LEMMA,
    "ODRL645-1": LEMMA,
    "ODRL610-1": FORMED,
    "ODRL612-1": FORMED,
    "ODRL613-1": FORMED,
    "ODRL615-1": FORMED,
    "ODRL664-1": FORMED,
    "ODRL414-1": CONTAINED,
    "ODRL653-1": CONTAINED,
    "ODRL635-1": "labelled Compatible where the comment in the document itself derives Unknown",
    "ODRL826-1": "one policy is silent on an operand, which the same benchmark labels Unknown elsewhere (ODRL849)",
    "ODRL839-1": "the run that breaks the cap stands in a comment alone",
}


def test_every_problem_gets_the_published_verdict_where_its_document_can_tell_it(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shared / "conformance" / "odrl-benchmark"
    cases = list(csv.DictReader((folder / "cases.csv").open(encoding="utf-8")))
    different = set()
    for case in cases:
        assert main(["policy", "compare", "--json", str(folder / case["policy"])]) == 0
        if json.loads(capsys.readouterr().out)["verdict"] != case["verdict"]:
            different.add(case["id"])
    with capsys.disabled():
        print(f"\nODRL benchmark: {len(cases) - len(different)} of {len(cases)} verdicts as published;")
        for name in sorted(different):
            print(f"  {name}: {DIFFERENT.get(name, 'NOT EXPECTED')}")
    assert cases
    assert different == set(DIFFERENT)


def test_what_is_labelled_in_several_ways_is_one_and_the_same_document(shared: Path) -> None:
    """So that no reader of documents can agree with all labels: one verdict has to be wrong for some of them."""
    folder = shared / "conformance" / "odrl-benchmark"
    labels: dict[str, set[str]] = {}
    for case in csv.DictReader((folder / "cases.csv").open(encoding="utf-8")):
        text = read_file(folder / case["policy"])
        body = " ".join(line for line in text.splitlines() if not line.startswith(("@prefix", "#")))
        labels.setdefault(" ".join(body.split()), set()).add(case["verdict"])
    assert sorted(len(found) for found in labels.values())[-2:] == [2, 3]


def test_declared_disjointness_settles_what_an_open_world_leaves_open(shared: Path) -> None:
    from dataspace.adapters.odrl_policies import read_knowledge

    folder = shared / "conformance" / "odrl-benchmark" / "Problems" / "ODRL" / "KGConstraints"
    problem = read_odrl(read_file(folder / "Policies" / "KGC422-policy.ttl"), "problem")
    places = read_file(folder / "Resources" / "geonames.ttl")
    apart = "<https://sws.geonames.org/3017382/> <http://www.w3.org/2002/07/owl#disjointWith> <%s> ."
    declared = apart % "https://sws.geonames.org/2921044/"
    assert overall(compare(problem, None, read_knowledge({"places": places}))).verdict == "Unknown"
    known = read_knowledge({"places": places, "apart": declared})
    assert overall(compare(problem, None, known)).verdict == "Conflict"
