"""What mlcroissant says of our Croissant exports. It runs from `.venv-peers`: it needs what our lock cannot hold."""

import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from dataspace.adapters.records.croissant import croissant
from dataspace.model.datasets import Dataset
from dataspace.testing.descriptions import described, hospital_registry, version_of

ROOT = Path(__file__).resolve().parents[2]
PEER = ROOT / ".venv-peers" / "bin" / "python"
ABSENT = f"NOT CHECKED: mlcroissant is not in {PEER.parents[1].name}; `make peers` puts it there"

JUDGE = """
import json, logging, sys
logging.disable(logging.CRITICAL)
import mlcroissant
said = []
for text in json.load(sys.stdin):
    try:
        read = mlcroissant.Dataset(jsonld=json.loads(text))
        issues = read.metadata.ctx.issues
        fields = sum(len(records.fields) for records in read.metadata.record_sets)
        said.append([sorted(issues.errors), sorted(issues.warnings), fields])
    except Exception as error:
        said.append([[str(error)], [], 0])
json.dump(said, sys.stdout)
"""


def judged(texts: list[str]) -> list[tuple[list[str], list[str], int]]:
    """Errors, warnings and number of fields that mlcroissant sees in each."""
    done = subprocess.run(
        [PEER, "-c", JUDGE], input=json.dumps(texts), capture_output=True, text=True, check=True, timeout=240
    )
    return [(errors, notes, fields) for errors, notes, fields in json.loads(done.stdout)]


@pytest.fixture(scope="module")
def peer() -> None:
    """Skips, and says so aloud, where the peer is not installed."""
    if not PEER.exists():
        warnings.warn(ABSENT, stacklevel=1)
        print(ABSENT, file=sys.stderr)
        pytest.skip(ABSENT)


def exported(record: Dataset) -> str:
    return croissant(record, version_of(record), "https://hub.example")


@pytest.mark.slow
def test_mlcroissant_accepts_our_exports_with_all_their_columns(peer: None) -> None:
    records = described()
    answers = judged([exported(record) for record in records])
    for record, (errors, _, fields) in zip(records, answers, strict=True):
        assert errors == [], record.name
        assert fields == (len(record.columns) if record.latest else 0), record.name


@pytest.mark.slow
def test_mlcroissant_has_nothing_to_remark_on_a_record_that_is_filled_in(peer: None) -> None:
    [(errors, notes, _)] = judged([exported(hospital_registry())])
    assert (errors, notes) == ([], [])


@pytest.mark.slow
def test_mlcroissant_refuses_an_export_that_was_damaged(peer: None) -> None:
    document = json.loads(exported(hospital_registry()))
    document["recordSet"][0]["field"][0]["source"]["fileObject"]["@id"] = "no-such-file"
    [(errors, _, _)] = judged([json.dumps(document)])
    assert errors


def test_an_export_holds_its_context_and_names_files_by_content() -> None:
    document = json.loads(exported(hospital_registry()))
    assert isinstance(document["@context"], dict)
    assert document["distribution"][0]["sha256"] == "9f" * 32
    assert [field["dataType"] for field in document["recordSet"][0]["field"]] == [
        "sc:Text", "sc:Date", "sc:Integer", "sc:Float", "sc:Boolean",
    ]  # fmt: skip


def test_the_columns_about_persons_are_named_by_label_and_no_value_is() -> None:
    document = json.loads(exported(hospital_registry()))
    assert document["rai:personalSensitiveInformation"] == [
        "direct-identifier: person",
        "quasi-identifier: diagnosed",
        "special-category: stage, alive",
    ]
