"""Codes of a source against a dictionary: what a rule reads, what a steward declares, and what nobody knows."""

from pathlib import Path

import pyarrow as pa
import pytest

from dataspace.errors import InvalidRequest
from dataspace.model.curation import MapCodes
from dataspace.model.datasets import Column, ColumnType, Dictionary
from dataspace.model.matching import Fit, Match, Matching
from dataspace.model.names import ColumnName
from dataspace.service.codes import with_codes
from tests.service.curated_world import SAM, World, world

KINDS = Dictionary(
    "kinds", "1", "Kinds of admission",
    (
        Column(ColumnName("type"), ColumnType.INTEGER, values=(1, 2, 3), meanings=("elective", "urgent", "emergency")),
        Column(ColumnName("ward"), ColumnType.TEXT, values=("01", "1", "N"), meanings=("old", "new", "north")),
    ), "stay",
)  # fmt: skip


@pytest.fixture
def here(tmp_path: Path) -> World:
    made = world(tmp_path)
    made.catalog.put_dictionary(KINDS)
    return made


def of(matching: Matching, column: str) -> Match:
    return next(match for match in matching.matches if match.column == column)


def test_codes_are_read_whatever_their_case_blanks_and_leading_zeros(here: World) -> None:
    here.register({"type": ["02", " Elective", "EMERGENCY ", "2"], "ward": ["n", " North", "1", "01"]})
    matching, made = here.curating.match(SAM, "stays", "kinds", apply=True)
    assert made is not None and matching.complete
    rows = here.rows(made).to_pydict()
    assert sorted(zip(rows["type"], rows["ward"], strict=True)) == [(1, "N"), (2, "01"), (2, "N"), (3, "1")]
    assert dict(of(matching, "type").codes) == {"02": "2", " Elective": "1", "EMERGENCY ": "3"}


def test_what_is_like_two_codes_is_read_as_neither(here: World) -> None:
    here.register({"type": ["1", "2"], "ward": ["001", "N"]})
    matching, _ = here.curating.match(SAM, "stays", "kinds")
    assert of(matching, "ward").fit is Fit.PARTLY
    assert "does not know: 001" in of(matching, "ward").text


def test_a_code_that_no_rule_knows_is_named_and_declared_and_then_a_step(here: World) -> None:
    here.register({"type": ["Notfall", "2"], "ward": ["N", "N"]})
    first, _ = here.curating.match(SAM, "stays", "kinds")
    assert "Notfall; say what they mean: --codes 'type=Notfall:…'" in of(first, "type").text
    declared, _ = here.curating.match(SAM, "stays", "kinds", codes=["type=Notfall:3"])
    assert declared.complete
    kept = here.catalog.get("stays")  # type: ignore[arg-type]
    assert kept is not None and kept.mapping == declared.steps
    # It is remembered: to make a version of it, nothing is typed twice.
    again, made = here.curating.match(SAM, "stays", "kinds", apply=True)
    assert again.complete and made is not None
    assert sorted(here.rows(made)["type"].to_pylist()) == [2, 3]
    later = here.register({"type": ["Notfall", "notfall"], "ward": ["N", "N"]}, dictionary="kinds")
    assert here.rows(later)["type"].to_pylist() == [3, 3]
    assert here.curating.match(SAM, "stays", "kinds")[0].mappable is False


def test_a_declaration_replaces_the_one_before_also_where_the_column_has_another_name(here: World) -> None:
    here.register({"TYPE": ["Notfall", "2"], "ward": ["N", "N"]})
    here.curating.match(SAM, "stays", "kinds", codes=["type=Notfall:2"])
    here.curating.match(SAM, "stays", "kinds", codes=["TYPE=Notfall:3"])
    later = here.register({"TYPE": ["Notfall", "1"], "ward": ["N", "N"]})
    assert sorted(here.rows(later)["type"].to_pylist()) == [1, 3]


def test_codes_may_be_swapped(here: World) -> None:
    here.register({"type": ["1", "2", "02"], "ward": ["N", "N", "N"]})
    _, made = here.curating.match(SAM, "stays", "kinds", apply=True, codes=["type=1:2,2:1"])
    assert made is not None
    assert sorted(here.rows(made)["type"].to_pylist()) == [1, 1, 2]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("type=Notfall:9", "'9' is no code of 'type'. It has 1, 2, 3"),
        ("kind=Notfall:3", "No column of kinds@1 is found under 'kind'"),
        ("type=Notfall", "says nothing of codes"),
        ("type=" + '{"a":' * 50_000, "says nothing of codes"),
    ],
)
def test_what_the_dictionary_does_not_have_is_refused(here: World, text: str, says: str) -> None:
    here.register({"type": ["Notfall", "2"], "ward": ["N", "N"]})
    with pytest.raises(InvalidRequest, match=says.replace(".", r"\.")):
        here.curating.match(SAM, "stays", "kinds", codes=[text])
    kept = here.catalog.get("stays")  # type: ignore[arg-type]
    assert kept is not None and kept.mapping == ()


def test_codes_may_be_said_with_the_source_and_registering_tells_what_does_not_match(here: World) -> None:
    made = here.register(
        {"type": ["Notfall", "2"], "ward": ["N", "?"], "bed": [1, 2]},
        dictionary="kinds",
        codes=("type=Notfall:3",),
    )
    assert here.rows(made)["type"].to_pylist() == [3, 2]
    assert "codes type=Notfall:3" in made.version.steps
    assert made.matching is not None
    assert [match.fit for match in made.matching.matches] == [Fit.SAME, Fit.PARTLY]
    assert made.matching.others == ("bed",)


def test_without_looseness_only_what_is_named_is_changed() -> None:
    texts = pa.chunked_array([["a", "A", None, "b"]])
    step = MapCodes(ColumnName("x"), (("a", "1"),))
    assert with_codes(texts, step).to_pylist() == ["1", "A", None, "b"]
