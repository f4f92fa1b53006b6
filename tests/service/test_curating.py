"""Versions follow each other, drift is named column by column, and what is withdrawn or erased stays away."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from dataspace.adapters.connectors import open_source
from dataspace.errors import Conflict, InvalidRequest, NotAllowed, UnknownName
from dataspace.model.curation import Rule, Standing
from dataspace.model.datasets import Column, ColumnType, Dictionary, Profile
from dataspace.model.matching import Fit
from dataspace.model.names import HUB, ColumnName
from dataspace.model.policies import AnswerKind
from dataspace.model.records import RecordKind
from dataspace.service.access_requests import access_request
from dataspace.service.expecting import parse_expectation
from dataspace.service.registration import Registration
from tests.service.curated_world import ANA, SAM, World, world

TABLE = {"id": list(range(100)), "site": ["a", "b"] * 50, "los": [i % 30 for i in range(100)]}


@pytest.fixture
def here(tmp_path: Path) -> World:
    return world(tmp_path)


def texts(profile: Profile, column: str) -> list[str]:
    return [change.text for change in profile.changes if change.column == column]


def test_five_years_of_a_turbine_are_five_versions_and_the_drifting_header_is_named(
    here: World, shared: Path
) -> None:
    made = []
    for year in range(2011, 2016):
        source, item = open_source(shared / "data" / "gas_turbine" / f"gt_{year}.csv")
        made.append(here.registering.register(SAM, source, item, Registration("gas_turbine"), "csv"))
    assert [chapter.number for chapter in made[-1].dataset.history] == [1, 2, 3, 4, 5]
    assert sum(one.version.rows for one in made) == 36_733
    headers = [[c for c in one.profile.changes if c.what == "header"] for one in made]
    assert headers[:4] == [[], [], [], []]
    (drift,) = headers[4]
    assert drift.column == "AFDP"
    assert drift.text == "the header is 'AFDP ' (with a trailing blank), before it was 'AFDP'; read as 'AFDP'"
    assert all(
        [c.name for c in one.version.columns] == [c.name for c in made[0].version.columns] for one in made
    )
    assert any(
        finding.column == "AFDP" and "trailing blank" in finding.text for finding in made[4].profile.findings
    )


def test_the_same_rows_are_the_same_version(here: World) -> None:
    first, again = here.register(TABLE), here.register(TABLE)
    assert again.version.ref == first.version.ref
    assert len(again.dataset.history) == 1
    assert again.profile.changes == ()


def test_columns_that_are_gone_or_change_type_are_refused_by_name_unless_accepted(here: World) -> None:
    here.register(TABLE)
    other = {"id": [str(i) for i in range(100)], "site": TABLE["site"], "ward": [1] * 100}
    with pytest.raises(Conflict, match="los is not there any more; id was integer, is now text"):
        here.register(other)
    kept = here.left_behind()
    made = here.register(other, accept_drift=True)
    assert [c.what for c in made.profile.changes if c.column == "ward"] == ["added"]
    assert len(here.left_behind()) == len(kept) + 1


def test_new_categories_and_other_distributions_are_named(here: World) -> None:
    here.register(TABLE)
    made = here.register({**TABLE, "site": ["a", "c"] * 50, "los": [i % 3 for i in range(100)]})
    assert texts(made.profile, "site") == [
        "has the new category 'c'",
        "has no row any more of the category 'b'",
    ]
    assert any("distributed otherwise" in text for text in texts(made.profile, "los"))


def test_a_rule_holds_for_every_version_and_a_version_that_breaks_it_is_not_made(here: World) -> None:
    here.register(TABLE, expect=("los=0..29", "id=unique", "site=a|b"))
    before = here.left_behind()
    broken = {**TABLE, "los": [99] * 3 + [1] * 97, "id": [1, *range(99)], "site": ["a"] * 99 + ["x"]}
    with pytest.raises(Conflict, match=r"los=0\.\.29: 3 rows.*id=unique: 1 rows.*site=a\|b: 1 rows"):
        here.register(broken)
    assert here.left_behind() == before
    assert len(here.catalog.get("stays").history) == 1  # type: ignore[arg-type, union-attr]


def test_a_rule_that_refers_to_another_dataset_is_checked_against_its_rows(here: World) -> None:
    here.register({"code": ["a", "c"]}, name="sites")
    with pytest.raises(Conflict, match="50 rows"):
        here.register(TABLE, expect=("site->sites.code",))
    assert here.catalog.get("stays") is None  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match="no version to refer to"):
        here.register(TABLE, expect=("site->places.code",))


@pytest.mark.parametrize("typed", ["los", "los=", "=1..2", "a->b", "a->B.c", "los=3..1", "a+b=1..2"])
def test_what_is_no_rule_is_refused(typed: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_expectation(typed)


def test_rules_read_back_as_they_were_typed() -> None:
    for typed in ("los=1..120", "los=..3", "id=unique", "a+b=unique", "id=present", "sex=f|m", "x->d.id"):
        assert str(parse_expectation(typed)) == typed
    assert parse_expectation("a+b=unique").rule is Rule.UNIQUE


def test_a_withdrawn_version_is_refused_in_requests_and_where_cuts_are_made(here: World) -> None:
    made = here.register(TABLE)
    with here.lease(made.version.ref, "los") as lease:
        assert lease.rows == 100
    here.curating.settle(SAM, "stays", "1", Standing.WITHDRAWN, "Names were left in.")
    dataset = here.catalog.get(made.dataset.name)
    assert dataset is not None
    with pytest.raises(Conflict, match="Version 1 of 'stays' was withdrawn: Names were left in"):
        access_request(ANA, AnswerKind.AGGREGATE, "", dataset, frozenset(), None, HUB)
    # The very cut that was there is gone, and no other can be made, also by somebody who passed the check before.
    with pytest.raises(Conflict, match="was withdrawn"), here.lease(made.version.ref, "los"):
        pass
    assert [record.kind for _, record in here.log.records()][-1] is RecordKind.DATASET_CHANGED


def test_what_was_withdrawn_does_not_come_back_by_registering_it_again(here: World) -> None:
    here.register(TABLE)
    here.curating.settle(SAM, "stays", "", Standing.WITHDRAWN, "")
    with pytest.raises(Conflict, match="version 1 of 'stays', which was withdrawn"):
        here.register(TABLE)
    newer = here.register({**TABLE, "los": [1] * 100})
    assert newer.dataset.closed is None


def test_an_erased_version_has_no_bytes_and_no_profile_but_its_record(here: World) -> None:
    made = here.register(TABLE)
    here.curating.settle(SAM, "stays", "1", Standing.ERASED, "Retention is over.")
    assert here.left_behind() == []
    assert here.registering.profiles.get(made.version.ref) is None
    assert here.catalog.version(made.version.ref) is not None
    assert [record.kind for _, record in here.log.records()][-1] is RecordKind.DATASET_ERASED
    with pytest.raises(Conflict, match="erased already"):
        here.curating.settle(SAM, "stays", "1", Standing.WITHDRAWN, "")
    with pytest.raises(UnknownName):
        here.vault.files(made.version.ref)


def test_bytes_that_are_another_datasets_too_are_withdrawn_but_not_erased(here: World) -> None:
    made, other = here.register(TABLE), here.register(TABLE, name="copy")
    with pytest.raises(Conflict, match="version 1 of 'copy'"):
        here.curating.settle(SAM, "stays", "1", Standing.ERASED, "")
    here.curating.settle(SAM, "stays", "1", Standing.WITHDRAWN, "")
    with pytest.raises(Conflict):
        here.vault.files(made.version.ref)
    assert here.vault.files(other.version.ref)


def test_a_deprecated_version_may_still_be_asked_and_only_stewards_settle(here: World) -> None:
    made = here.register(TABLE)
    here.curating.settle(SAM, "stays", made.version.ref.sha256[:8], Standing.DEPRECATED, "")
    dataset = here.catalog.get(made.dataset.name)
    assert dataset is not None and dataset.closed is None
    with pytest.raises(NotAllowed):
        here.curating.settle(ANA, "stays", "1", Standing.WITHDRAWN, "")
    with pytest.raises(NotAllowed):
        here.curating.profile(ANA, "stays")
    with pytest.raises(UnknownName):
        here.curating.settle(SAM, "stays", "9", Standing.WITHDRAWN, "")


def test_provenance_names_source_steps_and_steward_in_prov(here: World) -> None:
    here.register(TABLE, drop=("id",))
    said = here.curating.provenance(SAM, "stays", "1")
    activity = said["prov:wasGeneratedBy"]
    assert isinstance(activity, dict)
    assert activity["prov:used"]["dct:title"] == "in"
    assert activity["prov:qualifiedAssociation"]["prov:hadPlan"]["dct:description"] == ["drop id"]
    assert said["prov:wasAttributedTo"] == {"@id": "urn:principal:sam", "@type": "prov:Agent"}


SHARED = Dictionary(
    "telemetry", "1", "Telemetry",
    (
        Column(ColumnName("air_temperature"), ColumnType.NUMBER, "Air temperature", unit="K", lower=200, upper=400),
        Column(ColumnName("torque"), ColumnType.NUMBER, "Torque", unit="N.m"),
        Column(ColumnName("failure"), ColumnType.INTEGER, "Failure", values=(0, 1), meanings=("no", "yes")),
        Column(ColumnName("quality"), ColumnType.TEXT, "Quality", values=("L", "H"), meanings=("low", "high")),
        Column(ColumnName("tool_wear"), ColumnType.INTEGER, "Minutes of use"),
    ), "product",
)  # fmt: skip
LOCAL = {
    "Air temperature [°C]": [20.0, 30.0], "torque": [1.5, 2.5], "Failure": ["no", "yes"], "quality": ["low", "?"],
    "machine": [1, 2],
}  # fmt: skip


def test_a_dictionary_is_mapped_by_names_codes_and_units_and_what_does_not_match_is_said(here: World) -> None:
    here.catalog.put_dictionary(SHARED)
    here.register(LOCAL)
    matching, made = here.curating.match(SAM, "stays", "telemetry")
    assert made is None
    fits = {match.column: match.fit for match in matching.matches}
    assert fits == {
        "air_temperature": Fit.MAPPED, "torque": Fit.SAME, "failure": Fit.MAPPED, "quality": Fit.PARTLY,
        "tool_wear": Fit.MISSING,
    }  # fmt: skip
    assert next(m.text for m in matching.matches if m.column == "quality") == (
        "codes that the dictionary does not know: ?; say what they mean: --codes 'quality=?:…'"
    )
    assert matching.others == ("machine",)
    kept = here.catalog.get("stays")  # type: ignore[arg-type]
    assert kept is not None and kept.mapping == matching.steps


def test_the_mapping_is_applied_to_this_version_and_to_all_that_follow(here: World) -> None:
    here.catalog.put_dictionary(SHARED)
    here.register(LOCAL)
    _, made = here.curating.match(SAM, "stays", "telemetry", apply=True)
    assert made is not None
    rows = here.rows(made).to_pydict()
    assert rows["air_temperature"] == pytest.approx([293.15, 303.15])
    assert rows["failure"] == [0, 1]
    assert made.dataset.dictionary == "telemetry@1"
    assert made.dataset.column("air_temperature").lower == 200  # type: ignore[union-attr]
    later = here.register({**LOCAL, "Air temperature [°C]": [0.0, 1.0]})
    assert here.rows(later)["air_temperature"].to_pylist() == pytest.approx([273.15, 274.15])


def test_the_mapping_that_a_description_shows_does_not_depend_on_the_rows(here: World) -> None:
    here.catalog.put_dictionary(SHARED)
    for name, codes in (("one", ["no", "no"]), ("two", ["Yes", "YES"])):
        here.register({**LOCAL, "Failure": codes}, name=name)
    first, second = (here.curating.match(SAM, name, "telemetry")[0] for name in ("one", "two"))
    assert first.steps == second.steps


def test_a_history_counts_no_rows_and_a_version_is_for_stewards(here: World) -> None:
    made = here.register(TABLE)
    here.catalog.put(replace(made.dataset, published=True))
    assert "100" not in str(here.curating.history(ANA, "stays"))
    assert "100" not in str(here.curating.provenance(ANA, "stays", "1")).replace(made.version.ref.sha256, "")
    with pytest.raises(NotAllowed):
        here.curating.version(ANA, "stays", "1")


def test_dummy_rows_come_from_the_description_alone(here: World) -> None:
    made = here.register({"died": [7, 8], "note": ["secret", "words"], "los": [500, 600]})
    described = tuple(
        replace(c, values=(0, 1))
        if c.name == "died"
        else replace(c, lower=1, upper=3)
        if c.name == "los"
        else c
        for c in made.dataset.columns
    )
    here.catalog.put(replace(made.dataset, columns=described, published=True))
    here.curating.settle(SAM, "stays", "1", Standing.ERASED, "")  # there are no bytes to look at
    table = here.curating.dummy(ANA, "stays", 200)
    assert table.num_rows == 200
    assert set(table["died"].to_pylist()) == {0, 1}
    assert set(table["los"].to_pylist()) == {1, 2, 3}
    assert all(word.startswith("DUMMY") for word in table["note"].to_pylist())
    assert table.schema.metadata[b"dataspace"] == b"DUMMY"
    assert table.equals(here.curating.dummy(ANA, "stays", 200))
    assert not table.equals(here.curating.dummy(ANA, "stays", 200, seed=1))


def test_a_draft_has_no_dummy_rows_for_others(here: World) -> None:
    here.register(TABLE)
    with pytest.raises(UnknownName):
        here.curating.dummy(ANA, "stays", 5)
    with pytest.raises(InvalidRequest):
        here.curating.dummy(SAM, "stays", 10**9)


def test_every_type_has_dummy_rows(here: World) -> None:
    types = {
        "b": pa.array([True]), "i": pa.array([1]), "n": pa.array([1.5]), "t": pa.array(["x"]),
        "d": pa.array([1], pa.int32()).cast(pa.date32()), "s": pa.array([1], pa.timestamp("us")),
    }  # fmt: skip
    made = here.register(pa.table(types))
    assert here.curating.dummy(SAM, "stays", 3).schema.types == here.rows(made).schema.types
