"""A dictionary is read strictly, and each complaint names its line and the nearest valid word."""

from pathlib import Path

import pytest

from dataspace.adapters.dictionary_yaml import parse_dictionary
from dataspace.errors import PolicyUnreadable
from dataspace.model.datasets import ColumnType, Label

ROOT = Path(__file__).resolve().parents[2]

TEXT = """\
dictionary: trial
version: 2
title: A trial
unit: person
columns:
  - name: arm
    type: text
    codes: {A: active, P: placebo}
  - name: age
    type: integer
    title: Age
    bounds: [18, 100]
    labels: [quasi-identifier]
    ucum: a
"""


def test_codes_are_of_the_type_of_their_column_whatever_yaml_would_make_of_them() -> None:
    text = TEXT.replace("{A: active, P: placebo}", "{yes: on, no: off, 1: one}")
    assert parse_dictionary(text).columns[0].values == ("yes", "no", "1")
    text = TEXT.replace("bounds: [18, 100]", "codes: {0: no, 1: yes}")
    assert parse_dictionary(text).columns[1].values == (0, 1)
    assert parse_dictionary(text).columns[1].meanings == ("no", "yes")


def test_a_dictionary_keeps_codes_bounds_labels_and_units() -> None:
    read = parse_dictionary(TEXT)
    assert (str(read), read.title, read.unit) == ("trial@2", "A trial", "person")
    arm, age = read.columns
    assert (arm.values, arm.meanings) == (("A", "P"), ("active", "placebo"))
    assert (age.type, age.lower, age.upper, age.unit) == (ColumnType.INTEGER, 18.0, 100.0, "a")
    assert age.labels == {Label.QUASI_IDENTIFIER}


@pytest.mark.parametrize("name", ["medpar", "machines"])
def test_the_shipped_dictionaries_can_be_read_and_every_code_has_a_meaning(name: str) -> None:
    path = ROOT / "policies" / "dictionaries" / f"{name}.yaml"
    read = parse_dictionary(path.read_text(encoding="utf-8"), path.name)
    assert str(read) == f"{name}@1"
    assert all(len(column.values) == len(column.meanings) for column in read.columns)
    assert all(
        column.values or column.lower is not None or column.name == "provnum" for column in read.columns
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("unit: person\n", "unti: person\n", 4, "Did you mean 'unit'?"),
        ("title: A trial\n", "", 1, "'title' is missing"),
        ("[quasi-identifier]", "[quasi-identifer]", 13, "Did you mean 'quasi-identifier'?"),
        ("type: integer", "type: integers", 10, "Did you mean 'integer'?"),
        ("[18, 100]", "[100, 18]", 12, "the lower first"),
        ("[18, 100]", "[18]", 12, "the lower first"),
        ("[18, 100]", "[18, .inf]", 12, "the lower first"),
        ("[18, 100]", "[18, inf]", 12, "the lower first"),
        ("bounds: [18, 100]", "codes: {1.5: young}", 12, "not of type integer"),
        ("bounds: [18, 100]", "codes: {1: young, 01: old}", 12, "a second time"),
        ("bounds: [18, 100]", "codes: [1, 2]", 12, "pairs of a code"),
        ("bounds: [18, 100]", "codes: {}", 12, "pairs of a code"),
        ("{A: active, P: placebo}", "{A: active, A: placebo}", 8, "a second time"),
        ("{A: active, P: placebo}", "{A: '', P: placebo}", 8, "is empty"),
        ("title: Age", "title: Age\n    title: Age", 12, "a second time"),
        ("name: age", "name: arm", 5, "described twice"),
        ("dictionary: trial", "dictionary: Trial!", 1, "lower-case letters"),
        ("codes: {A: active, P: placebo}", "codes: {A: active", 9, "not YAML"),
        ("codes: {A: active, P: placebo}", "codes: &all {A: active}", 8, "anchors"),
        ("labels: [quasi-identifier]", "labels: []", 13, "is empty"),
    ],
)
def test_what_cannot_be_read_names_its_line_and_the_way_out(old: str, new: str, line: int, says: str) -> None:
    assert old in TEXT
    with pytest.raises(PolicyUnreadable) as caught:
        parse_dictionary(TEXT.replace(old, new), "trial.yaml")
    assert f"trial.yaml, line {line}:" in str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize("text", ["", "# nothing\n", "\x00", "- a\n- b\n", "just text"])
def test_a_text_that_is_no_dictionary_is_refused(text: str) -> None:
    with pytest.raises(PolicyUnreadable):
        parse_dictionary(text)
