"""What is kept by a command on a hub that nobody serves ends with it, and the command says so."""

from pathlib import Path

import pytest

import dataspace
from dataspace.cli.main import main

POLICY = """
policy: open
title: Open
owner: the data steward of the hub
on: stays
allow: {rule: anyone, who: anyone, for: service optimisation, answers: rows, because: No persons.}
"""
RECORD = {
    "description": "Invented",
    "controller": "Hospital",
    "contact": "Desk <desk@hospital.example>",
    "data-protection-officer": "Officer <dpo@hospital.example>",
    "legal-basis": ["A6-1-e"],
    "cited-law": "Research Data Act",
    "retention": "2020-01-01/2036-12-31",
}


def test_what_one_command_keeps_the_next_does_not_find_and_it_was_told_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stays.csv").write_text("los\n" + "\n".join(map(str, range(40))) + "\n")
    dataspace.create(tmp_path / "hub", {"sam": "steward", "ana": "researcher"})
    with dataspace.open(tmp_path / "hub", principal="sam") as sam:
        sam.register(tmp_path / "stays.csv", "stays", synthetic=True, fields=RECORD, publish=True)
        sam.publish_policy(POLICY)
    asker = ["--purpose", "service optimisation", "--home", str(tmp_path / "hub"), "--as", "ana"]
    assert main(["query", "CREATE TEMP TABLE short AS SELECT los FROM stays WHERE los < 7", *asker]) == 0
    said = capsys.readouterr()
    assert "short" in said.out and "Nobody serves this hub" in said.err and "hub start" in said.err
    assert main(["query", "SELECT los FROM short", *asker]) == 1
    assert main(["query", "SELECT los FROM stays WHERE los < 3", "--kind", "rows", *asker]) == 0
    assert "Nobody serves" not in capsys.readouterr().err
