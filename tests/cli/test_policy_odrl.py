"""`dataspace policy evaluate`, `compare`, `export` and `import`, as they are typed."""

import json
from pathlib import Path

import pytest

from dataspace.adapters.odrl_graph import parse
from dataspace.adapters.odrl_report import REPORT
from dataspace.cli.main import main

POLICY = """\
policy: stays
title: Stays in intensive care
owner: the data steward of hospital A
on: [icu_stays]
allow:
  - rule: research
    for: scientific research
    who: {country: EU}
    until: 2027-12-31
    when: {any: [{permit: valid}, {role: {any of: [steward, auditor]}}]}
    answers: [aggregate, noisy]
    limits: {cohort: 20, rows: "age >= 18 AND ward IN ('a', 'b')", mask: {zip: generalise 3}, attribution: Hospital A}
forbid:
  - on: [special-category]
    for: dpv:Marketing
    because: The law forbids it.
"""
OUTSIDE = """@prefix odrl: <http://www.w3.org/ns/odrl/2/> . @prefix ex: <http://example.org/> .
ex:offer a odrl:Offer ; ex:colour "blue" ; odrl:conflict odrl:prohibit ;
  odrl:permission [ odrl:target ex:data ; odrl:action odrl:read ;
    odrl:constraint [ odrl:leftOperand odrl:purpose ; odrl:operator odrl:isA ;
      odrl:rightOperand <https://w3id.org/dpv#ScientificResearch> ] ] ,
    [ odrl:target ex:data ; odrl:action odrl:read ; odrl:duty [ odrl:action odrl:compensate ] ] .
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "stays.yaml").write_text(POLICY, "utf-8")
    (tmp_path / "offer.ttl").write_text(OUTSIDE, "utf-8")
    return tmp_path


@pytest.mark.parametrize("form", ["turtle", "jsonld"])
def test_a_policy_goes_out_and_comes_back_as_the_same_yaml(
    folder: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["policy", "export", str(folder / "stays.yaml"), "--format", form]) == 0
    (folder / "stays.odrl").write_text(capsys.readouterr().out, "utf-8")
    assert main(["policy", "import", str(folder / "stays.odrl"), "--output", str(folder / "again.yaml")]) == 0
    capsys.readouterr()
    exports = []
    for name in ("stays.yaml", "again.yaml"):
        assert main(["policy", "export", str(folder / name)]) == 0
        exports.append(capsys.readouterr().out)
    assert exports[0] == exports[1]
    assert not (folder / "again.odrl.ttl").exists()


def test_an_imported_document_is_kept_beside_the_policy_and_given_back(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = ["--dataset", "http://example.org/data=data", "--output", str(folder / "offer.yaml")]
    assert main(["policy", "import", str(folder / "offer.ttl"), *target]) == 0
    assert "It permits nothing here." in capsys.readouterr().err
    assert main(["policy", "export", str(folder / "offer.yaml")]) == 0
    assert "blue" in capsys.readouterr().out
    assert main(["policy", "check", str(folder / "offer.yaml")]) == 0


def test_a_comparison_is_told_in_words_and_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = OUTSIDE.replace("#ScientificResearch", "#Marketing").replace("odrl:isA", "odrl:eq")
    (folder / "other.ttl").write_text(other, "utf-8")
    assert main(["policy", "compare", str(folder / "offer.ttl"), str(folder / "offer.ttl")]) == 0
    assert capsys.readouterr().out.startswith("Compatible")
    assert main(["policy", "compare", str(folder / "offer.ttl"), str(folder / "other.ttl"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) >= {"verdict", "axis", "witness", "rules"}


def test_the_report_is_printed_in_both_forms(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "q.ttl").write_text(
        "@prefix odrl: <http://www.w3.org/ns/odrl/2/> . <urn:q> a odrl:Request ; "
        "odrl:permission [ odrl:action odrl:read ; odrl:target <http://example.org/data> ] .",
        "utf-8",
    )
    (folder / "w.ttl").write_text("", "utf-8")
    arguments = [part for name in ("offer", "q", "w") for part in (str(folder / f"{name}.ttl"),)]
    command = [
        "policy",
        "evaluate",
        "--policy",
        arguments[0],
        "--request",
        arguments[1],
        "--world",
        arguments[2],
    ]
    for form in ("turtle", "jsonld"):
        assert main([*command, "--format", form]) == 0
        states = [
            s for s in parse(capsys.readouterr().out, form) if s.predicate == REPORT + "activationState"
        ]
        assert sorted(state.object.text for state in states) == [REPORT + "Active", REPORT + "Inactive"]


@pytest.mark.parametrize("command", [["compare"], ["import"]])
def test_what_cannot_be_read_is_one_line_and_no_trace(
    folder: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "odd.ttl").write_text("odrl:this is no Turtle", "utf-8")
    assert main(["policy", *command, str(folder / "odd.ttl")]) == 1
    told = capsys.readouterr().err
    assert "odd.ttl" in told
    assert "Traceback" not in told
    assert main(["policy", *command, str(folder / "nowhere.ttl")]) == 1


def test_a_dataset_that_is_not_named_well_is_a_wrong_use(folder: Path) -> None:
    assert main(["policy", "import", str(folder / "offer.ttl"), "--dataset", "data"]) == 2


def test_a_policy_edited_since_its_import_is_exported_as_it_is_now_with_a_warning(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = ["--dataset", "http://example.org/data=data", "--output", str(folder / "offer.yaml")]
    assert main(["policy", "import", str(folder / "offer.ttl"), *target]) == 0
    yaml = folder / "offer.yaml"
    yaml.write_text(yaml.read_text("utf-8").replace("title:", "title: Edited"), "utf-8")
    capsys.readouterr()
    assert main(["policy", "export", str(yaml)]) == 0
    shown = capsys.readouterr()
    assert "Edited" in shown.out
    assert "blue" not in shown.out
    assert "not as it was imported" in shown.err


def test_a_document_that_nobody_bound_to_the_policy_is_not_given_back_as_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "stays.odrl.ttl").write_text(OUTSIDE, "utf-8")
    assert main(["policy", "export", str(folder / "stays.yaml")]) == 0
    shown = capsys.readouterr()
    assert "blue" not in shown.out
    assert "warning" in shown.err
