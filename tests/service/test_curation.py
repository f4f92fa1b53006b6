"""Declared steps do what the steward typed, to every row, and say so in the version."""

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute
import pytest

from dataspace.errors import InvalidRequest
from dataspace.model.curation import Cast, Coarser, Drop, Generalise, KeepConsented, Rename
from dataspace.service.curation import Wishes, applicable, steps_of
from dataspace.service.registration import Registration
from tests.service.curated_world import SAM, World, world

NAMES = ["", "AFDP ", "age", "born", "provnum", "consent"]


@pytest.fixture
def here(tmp_path: Path) -> World:
    return world(tmp_path)


def test_a_column_is_meant_by_its_name_its_name_without_blanks_or_its_place() -> None:
    assert steps_of(Wishes(drop=("1",)), NAMES) == (Drop(NAMES[0]),)  # type: ignore[arg-type]
    assert steps_of(Wishes(rename=("AFDP=filter",)), NAMES) == (Rename("AFDP ", "filter"),)  # type: ignore[arg-type]
    assert steps_of(Wishes(drop=("age",)), NAMES) == (Drop("age"),)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "step"),
    [
        ("born=month", Generalise("born", Coarser.MONTH)),  # type: ignore[arg-type]
        ("age=10", Generalise("age", Coarser.BAND, 10)),  # type: ignore[arg-type]
        ("provnum=prefix:3", Generalise("provnum", Coarser.PREFIX, 3)),  # type: ignore[arg-type]
        ("provnum=group", Generalise("provnum", Coarser.GROUP, 10)),  # type: ignore[arg-type]
        ("provnum=group:25", Generalise("provnum", Coarser.GROUP, 25)),  # type: ignore[arg-type]
    ],
)
def test_ways_to_make_a_column_coarser_are_read(typed: str, step: Generalise) -> None:
    assert steps_of(Wishes(generalise=(typed,)), NAMES) == (step,)


@pytest.mark.parametrize(
    ("wishes", "told"),
    [
        (Wishes(drop=("weight",)), "no column 'weight'"),
        (Wishes(drop=("7",)), "no column '7'"),
        (Wishes(generalise=("age=coarse",)), "no way to make"),
        (Wishes(generalise=("age=0",)), "no way to make"),
        (Wishes(generalise=("age",)), "is not COLUMN="),
        (Wishes(cast=("age=float32",)), "no type"),
        (Wishes(rename=("age=",)), "no name"),
        (Wishes(drop=tuple("123456")), "Nothing would be left"),
    ],
)
def test_what_cannot_be_read_is_named(wishes: Wishes, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        steps_of(wishes, NAMES)


def test_steps_whose_column_is_not_there_are_left_out() -> None:
    steps = (Rename("a", "b"), Cast("b", "text"), Drop("c"))  # type: ignore[arg-type]
    assert applicable(steps, ["a"]) == steps[:2]
    assert applicable(steps, ["b", "c"]) == steps[1:]


def test_dates_ages_and_postcodes_become_coarser(here: World) -> None:
    made = here.register(
        {"born": [date(1950, 3, 17), None], "age": [47, 50], "plz": ["80331", "12"], "height": [1.87, None]},
        generalise=("born=month", "age=10", "plz=3", "height=0.5"),
    )
    assert here.rows(made).to_pydict() == {
        "born": [date(1950, 3, 1), None], "age": [40, 50], "plz": ["803", "12"], "height": [1.5, None],
    }  # fmt: skip
    assert made.version.steps[:2] == ("generalise born=month", "generalise age=10")


def test_small_groups_become_other_and_the_rest_stays(here: World) -> None:
    codes = [3] * 12 + [4] * 9 + [None]
    made = here.register({"site": codes}, generalise=("site=group",))
    assert here.rows(made)["site"].to_pylist() == ["3"] * 12 + ["other"] * 9 + [None]


def test_rows_without_consent_are_left_out_also_where_its_column_is_dropped(here: World) -> None:
    table = {"id": [1, 2, 3, 4], "consent": ["yes", "no", None, "research"]}
    made = here.register(table, consent=("consent=yes|research",), drop=("consent",))
    assert here.rows(made).to_pydict() == {"id": [1, 4]}
    assert made.version.provenance is not None
    assert (made.version.provenance.rows_read, made.version.rows) == (4, 2)
    assert made.version.provenance.steps[0] == KeepConsented("consent", ("yes", "research"))  # type: ignore[arg-type]


def test_a_cast_that_does_not_fit_is_an_error_and_leaves_nothing(here: World) -> None:
    with pytest.raises(InvalidRequest, match="cast code=integer"):
        here.register({"code": ["1", "x"]}, cast=("code=integer",))
    assert here.catalog.all() == []
    assert here.left_behind() == []


def test_a_version_is_curated_further_and_knows_what_it_was_made_of(here: World) -> None:
    first = here.register({"number": range(20), "age": [30 + i for i in range(20)]})
    second = here.curating.fix(
        SAM, "stays", _said(drop=("1",), generalise=("age=10",), label=("age=quasi-identifier",))
    )
    assert here.rows(second)["age"].to_pylist() == [30] * 10 + [40] * 10
    known = second.version.provenance
    assert known is not None
    assert (known.derived_from, known.previous) == (first.version.ref.sha256,) * 2
    assert second.dataset.columns[0].labels == {"quasi-identifier"}
    assert [chapter.number for chapter in second.dataset.history] == [1, 2]


def test_the_fixes_that_findings_name_can_be_typed_as_they_stand(here: World) -> None:
    people = [f"p{i}@example.org" for i in range(40)]
    table = {
        "column 1": range(40), "mail": people, "birthdate": [date(1950 + i, 1, 2) for i in range(40)],
        "zip": [f"8{i:04d}" for i in range(40)], "provnum": ["0301"] * 35 + ["0302"] * 5,
        "age": list(range(20, 60)), "died": [0, 1] * 20,
    }  # fmt: skip
    made = here.register(table)
    options: dict[str, list[str]] = {}
    for finding in made.profile.findings:
        option, _, value = finding.fix.partition(" ")
        if finding.column is not None and option in ("--drop", "--generalise", "--label"):
            options.setdefault(option.lstrip("-"), []).append(value)
    fixed = here.curating.fix(
        SAM, "stays", _said(**{name: tuple(values) for name, values in options.items()})
    )
    assert {"mail", "column 1"}.isdisjoint(column.name for column in fixed.dataset.columns)
    assert fixed.dataset.column("died").labels == {"special-category"}  # type: ignore[union-attr]
    assert pa.compute.count_distinct(here.rows(fixed)["age"]).as_py() == 4


def _said(**said: tuple[str, ...]) -> Registration:
    return Registration("stays", **said)  # type: ignore[arg-type]
