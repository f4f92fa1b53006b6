"""Data that stay in their source: described, decided about and answered like any other, and never kept here."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataspace.adapters.duckdb.cuts import DuckdbCuts
from dataspace.adapters.duckdb.expecting import DuckdbExpectations
from dataspace.adapters.duckdb.profiler import DuckdbProfiler
from dataspace.adapters.duckdb.version_source import VersionSource
from dataspace.adapters.places import MEMORY, MemoryBenches, PlacedVault, PlaceFiles
from dataspace.connector import Source
from dataspace.errors import Conflict, DataspaceError, InvalidRequest, SourceAway, SourceChanged
from dataspace.model.curation import Standing
from dataspace.model.datasets import Column, ColumnType, Dictionary, Label, VersionRef
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.places import Place
from dataspace.model.plans import CutRecipe
from dataspace.service.away_steps import with_more
from dataspace.service.curating import Curating
from dataspace.service.curation import Wishes
from dataspace.service.in_place import InPlace
from dataspace.service.registration import Registration
from tests.service.curated_world import SAM, World, world

ObjectsSource: Any = pytest.importorskip(
    "dataspace_objects", reason="installed before this connector was there: install again"
).ObjectsSource
STAYS = DatasetName("stays")
MARK = "Zebediah-Marker"


@dataclass(frozen=True)
class Away:
    """A hub, and a folder that stands for what lies elsewhere."""

    world: World
    source: Path
    in_place: InPlace
    cuts: DuckdbCuts
    curating: Curating

    def write(self, **columns: list[Any]) -> None:
        self.source.mkdir(exist_ok=True)
        pq.write_table(pa.table(columns), self.source / "stays.parquet")

    @property
    def place(self) -> Place:
        return Place(f"file://{self.source}", "stays", "key:hunter2")

    def register(self, **said: Any) -> Any:
        return self.in_place.register(SAM, self.place, Registration("stays", **said))

    def cut_rows(self, ref: VersionRef, column: str = "los") -> int:
        with self.cuts.lease(
            CutRecipe(ref, (ColumnName(column),), None, {}, mask_key_id="", privacy_unit=None)
        ) as lease:
            return lease.rows

    def latest(self) -> VersionRef:
        found = self.world.catalog.get(STAYS)
        assert found is not None and found.latest is not None
        return found.latest


@pytest.fixture
def away(tmp_path: Path) -> Iterator[Away]:
    home, source = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    base = world(home)
    places = PlaceFiles(home)
    vault = PlacedVault(base.vault, places)
    registering = replace(
        base.registering,
        vault=vault,
        profiler=DuckdbProfiler(vault),
        expectations=DuckdbExpectations(vault),
    )

    def opened(place: Place) -> tuple[Source, str]:
        return ObjectsSource.at(place.address, ""), place.item

    in_place = InPlace(registering, vault, places, MemoryBenches(vault), opened)
    cuts = DuckdbCuts(in_place, 64 << 20, lambda _: b"k" * 32)
    curating = replace(
        base.curating,
        vault=vault,
        registering=registering,
        cuts=cuts,
        source=lambda ref: VersionSource(vault, ref),
        away=in_place.further,
    )
    made = Away(base, source, in_place, cuts, curating)
    made.write(los=list(range(100)), name=[MARK] * 100)
    yield made
    cuts.close()
    assert not list(MEMORY.glob("dataspace-bench-*"))


def on_disk(folder: Path, text: str) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_the_hub_has_the_description_and_none_of_the_rows(away: Away) -> None:
    made = away.register(title="Stays")
    assert (made.dataset.in_place, made.version.rows) == ("file", 100)
    assert away.world.left_behind() == []
    assert on_disk(away.world.home, MARK) == []
    assert made.dataset.about.distributions[0].title == "Stays in its source"


def test_a_cut_reads_the_source_and_keeps_none_of_it(away: Away) -> None:
    made = away.register()
    assert away.cut_rows(made.version.ref) == 100
    assert away.world.left_behind() == []
    assert not list(MEMORY.glob("dataspace-bench-*"))


def test_the_same_content_is_the_same_version(away: Away) -> None:
    first = away.register()
    away.write(los=list(range(100)), name=[MARK] * 100)
    away.in_place.renew(STAYS)
    assert away.latest() == first.version.ref
    assert len(away.curating.history(SAM, "stays")) == 1


def test_what_changes_between_two_cuts_is_another_version_with_its_difference(away: Away) -> None:
    first = away.register(drop=("name",))
    away.write(los=list(range(900)), name=[MARK] * 900)
    with pytest.raises(SourceChanged):
        away.cut_rows(first.version.ref)
    away.in_place.renew(STAYS)
    assert away.latest() != first.version.ref
    assert away.cut_rows(away.latest()) == 900
    told = away.curating.profile(SAM, "stays").changes
    assert any("900 rows, before 100" in change.text for change in told)
    assert [column.name for column in away.curating.version(SAM, "stays", "2").columns] == ["los"]


def test_a_column_that_is_gone_is_told_to_the_steward_and_not_to_who_asks(away: Away) -> None:
    away.register()
    away.write(name=[MARK] * 100, diagnosis=["x"] * 100)
    with pytest.raises(SourceAway) as told:
        away.in_place.renew(STAYS)
    assert "diagnosis" not in str(told.value) and "los" not in str(told.value)
    assert "--in-place" in str(told.value)
    with pytest.raises(Conflict, match="los"):
        away.register()


def test_an_error_names_neither_the_address_nor_the_secret(away: Away) -> None:
    made = away.register()
    for file in away.source.iterdir():
        file.unlink()
    away.source.rmdir()
    with pytest.raises(SourceAway) as told:
        away.cut_rows(made.version.ref)
    error: BaseException | None = told.value
    assert str(away.source) not in str(error)
    while error is not None:
        assert "hunter2" not in str(error)
        error = error.__cause__
    assert "hunter2" not in repr(away.place) and str(away.source) not in repr(away.place)


def test_the_secret_stands_in_no_record_and_in_one_file_of_the_operator(away: Away) -> None:
    away.register()
    assert not any("hunter2" in repr(record) for _, record in away.world.log.records())
    (only,) = on_disk(away.world.home, "hunter2")
    assert Path(only).stat().st_mode & 0o777 == 0o600
    assert Path(only).parent.stat().st_mode & 0o777 == 0o700


def test_a_failed_registration_leaves_no_place_no_rows_and_no_dataset(away: Away) -> None:
    with pytest.raises(DataspaceError):
        away.register(expect=("los=500..",))
    assert away.world.catalog.get(STAYS) is None
    assert on_disk(away.world.home, "hunter2") == []
    assert on_disk(away.world.home, MARK) == []
    assert away.world.log.size() == 0


def test_a_registration_that_fails_again_leaves_the_place_of_before(away: Away) -> None:
    made = away.register()
    with pytest.raises(DataspaceError):
        away.in_place.register(SAM, replace(away.place, item="nothing"), Registration("stays"))
    assert away.cut_rows(made.version.ref) == 100


def test_a_name_is_either_here_or_elsewhere(away: Away) -> None:
    away.register()
    with pytest.raises(Conflict, match="stay in their source"):
        away.world.register({"los": [1, 2]})
    away.world.register({"los": [1, 2]}, name="mine")
    with pytest.raises(Conflict, match="holds the rows of 'mine' itself"):
        away.in_place.register(SAM, away.place, Registration("mine"))
    assert away.in_place.places.get(DatasetName("mine")) is None


def test_an_erased_version_takes_the_way_to_the_source_with_it(away: Away) -> None:
    away.register()
    away.curating.settle(SAM, "stays", "1", Standing.ERASED, "over")
    assert on_disk(away.world.home, "hunter2") == []


def test_a_cut_counts_for_a_while_and_then_the_source_is_read_again(away: Away) -> None:
    made = away.register()
    away.cut_rows(made.version.ref)
    assert not away.in_place.stale(STAYS)
    away.world.registering.enforcement.clock.advance(timedelta(minutes=2))  # type: ignore[attr-defined]
    assert away.in_place.stale(STAYS)
    assert not away.in_place.stale(STAYS)


def test_a_folder_of_the_hub_is_no_place_unless_its_operator_says_so(tmp_path: Path) -> None:
    from dataspace.adapters.roots import check_place

    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "out").symlink_to("/etc")
    inside = f"file://{tmp_path}/data/x.parquet"
    check_place(inside, [str(tmp_path / "data")])
    with pytest.raises(InvalidRequest, match="No folder"):
        check_place(inside, [])
    for outside in (
        f"file://{tmp_path}/x",
        f"file://{tmp_path}/data/../x",
        f"file://{tmp_path}/data/out/passwd",
    ):
        with pytest.raises(DataspaceError, match="outside the folders"):
            check_place(outside, [str(tmp_path / "data")])
    check_place("s3://research/2024/x", ["s3://research/2024"])
    check_place("postgresql://reader@db.example/hospital", ["postgresql://db.example"])
    for outside in (
        "s3://research/2024x",
        "s3://research/2024/../2023",
        "s3://research/2024/%2e%2e/2023",
        "s3://other/2024",
        "postgresql://db.example:1/hospital",
    ):
        with pytest.raises(InvalidRequest, match="outside the places"):
            check_place(outside, ["s3://research/2024", "postgresql://db.example"])
    with pytest.raises(InvalidRequest) as told:
        check_place("postgresql://reader:hunter2@db.example/hospital", [])
    assert "hunter2" not in str(told.value)


def test_rows_that_stay_away_are_curated_further_by_more_steps_of_every_reading(away: Away) -> None:
    away.register(rename=("los=days",))
    made = away.curating.fix(
        SAM, "stays", Registration("stays", drop=("name",), label=("days=quasi-identifier",))
    )
    assert [column.name for column in made.version.columns] == ["days"]
    assert made.dataset.columns[0].labels == {Label.QUASI_IDENTIFIER}
    away.curating.fix(SAM, "stays", Registration("stays", generalise=("days=10",)))
    away.write(los=list(range(300)), name=[MARK] * 300)
    away.in_place.renew(STAYS)
    assert away.cut_rows(away.latest(), "days") == 300
    assert away.curating.profile(SAM, "stays").columns[0].distinct == 30
    assert on_disk(away.world.home, MARK) == []


def test_steps_that_do_not_work_leave_the_place_as_it_was(away: Away) -> None:
    made = away.register()
    for wrong in ({"drop": ("nothing",)}, {"cast": ("name=integer",)}, {"drop": ("los", "name")}):
        with pytest.raises(DataspaceError):
            away.curating.fix(SAM, "stays", Registration("stays", **wrong))
    assert away.latest() == made.version.ref
    assert away.cut_rows(made.version.ref) == 100


def test_a_dictionary_is_mapped_where_the_rows_stay(away: Away) -> None:
    told = (
        Column(ColumnName("days"), ColumnType.INTEGER, title="LOS"),
        Column(ColumnName("name"), ColumnType.TEXT),
    )
    away.world.catalog.put_dictionary(Dictionary("ward", "1", "Stays", told, "stay"))
    made = away.register()
    matching, _ = away.curating.match(SAM, "stays", "ward@1")
    assert matching.steps
    away.in_place.renew(STAYS)
    assert away.latest() == made.version.ref, "nothing changes until it is applied"
    _, applied = away.curating.match(SAM, "stays", "ward@1", apply=True)
    assert applied is not None
    assert not [finding for finding in applied.profile.findings if "is new" in finding.text], (
        "it was declared"
    )
    assert away.cut_rows(away.latest(), "days") == 100
    away.write(los=list(range(200)), name=[MARK] * 200)
    away.in_place.renew(STAYS)
    assert away.cut_rows(away.latest(), "days") == 200


@pytest.mark.parametrize(
    ("had", "more", "then"),
    [
        ({"rename": ("a=b",), "cast": ("b=text",)}, {"drop": ("b",)}, {"drop": ("a",)}),
        (
            {"rename": ("a=b",), "cast": ("b=text",)},
            {"rename": ("b=c",)},
            {"rename": ("a=c",), "cast": ("c=text",)},
        ),
        ({"drop": ("x",)}, {"drop": ("1",)}, {"drop": ("x", "b")}),
        ({"generalise": ("b=10",)}, {"generalise": ("b=10", "b=100")}, {"generalise": ("b=10", "b=100")}),
    ],
)
def test_steps_and_more_steps_become_one_declaration(
    had: dict[str, Any], more: dict[str, Any], then: dict[str, Any]
) -> None:
    place = Place("file:///x", "x", "")
    assert with_more(replace(place, **had), Wishes(**more), ["b", "other"]) == replace(place, **then)
