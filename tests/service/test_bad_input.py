"""Whatever is wrong with a file: a clear error, nothing half registered, memory bounded."""

import io
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dataspace.adapters.connectors import load_connector, open_source
from dataspace.connector import Source
from dataspace.errors import Conflict, DataspaceError, InvalidRequest, SourceUnreadable
from dataspace.model.datasets import Column, ColumnType, Dictionary, Label
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.records import RecordKind
from dataspace.testing.examples import RECORD
from tests.service.curated_world import SAM, World, world

MEGABYTE = 1 << 20


@pytest.fixture
def here(tmp_path: Path) -> World:
    made = world(tmp_path)
    made.register({"los": [1, 2, 3]}, name="other")
    return made


def parquet(**options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": list(range(10_000)), "b": ["word"] * 10_000}), sink, **options)
    return sink.getvalue()


def hostile() -> bytes:
    """A footer that says it is two gigabytes long."""
    return parquet()[:-8] + (2**31 - 1).to_bytes(4, "little") + b"PAR1"


def zip_bomb() -> bytes:
    """A few kilobytes that unpack to a hundred megabytes, under the name of a CSV file."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("visits.csv", b"a,b\n" + b"0,0\n" * (25 * MEGABYTE))
    return sink.getvalue()


CASES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "ragged rows": ("x.csv", lambda: b"a,b\n1,2\n3\n"),
    "mixed encodings": ("x.csv", lambda: "a,b\nMünchen,1\n".encode() + "Köln,2\n".encode("latin-1")),
    "duplicated headers": ("x.csv", lambda: b"a,a\n1,2\n"),
    "headers that differ in blanks only": ("x.csv", lambda: b"a,a \n1,2\n"),
    "a blank header": ("x.csv", lambda: b"a,,c\n1,2,3\n"),
    "NUL bytes": ("x.csv", lambda: b"a,b\n1,\x00\n"),
    "nothing": ("x.csv", lambda: b""),
    "a million columns": (
        "x.csv",
        lambda: b",".join(b"c%d" % i for i in range(10**6)) + b"\n" + b"1," * 999_999 + b"1\n",
    ),
    "half a Parquet file": ("x.parquet", lambda: parquet()[:20_000]),
    "a hostile footer": ("x.parquet", hostile),
    "a zip bomb as CSV": ("x.csv", zip_bomb),
    "a zip bomb as Parquet": ("x.parquet", zip_bomb),
    "a path": ("../../x.csv", lambda: b"a\n1\n"),
    "a path to the root": ("/etc/x.csv", lambda: b"a\n1\n"),
    "an ending that nobody reads": ("x.exe", lambda: b"MZ"),
}


@pytest.mark.parametrize("what", CASES)
def test_a_bad_file_is_a_clear_error_and_nothing_is_half_registered(here: World, what: str) -> None:
    filename, content = CASES[what]
    body = content()
    before, held = here.left_behind(), psutil.Process().memory_info().rss
    recorded = here.log.size()
    with pytest.raises(DataspaceError) as refusal:
        here.deposit(filename, iter([body]))
    assert 20 < len(str(refusal.value)) < 400
    assert here.left_behind() == before
    assert [dataset.name for dataset in here.catalog.all()] == ["other"]
    assert here.log.size() == recorded
    assert psutil.Process().memory_info().rss - held < 400 * MEGABYTE


def test_a_file_that_breaks_off_while_it_comes_leaves_nothing(here: World) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"a,b\n1,2\n"
        raise ConnectionAbortedError("gone")

    before = here.left_behind()
    with pytest.raises((DataspaceError, ConnectionAbortedError)):
        here.deposit("x.csv", pieces())
    assert here.left_behind() == before


def test_a_log_that_cannot_be_written_leaves_no_version(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> int:
        raise OSError("no space left")

    before = here.left_behind()
    with monkeypatch.context() as patch:
        patch.setattr(here.log, "append", full)
        with pytest.raises(OSError, match="no space"):
            here.register({"los": [4, 5]})
    assert here.left_behind() == before
    assert here.catalog.get("stays") is None  # type: ignore[arg-type]


def test_failing_on_rows_that_another_dataset_has_does_not_take_them_away(here: World) -> None:
    with pytest.raises(DataspaceError):
        here.register({"los": [1, 2, 3]}, name="mine", expect=("los=9..",))
    other = here.catalog.get("other")  # type: ignore[arg-type]
    assert other is not None and other.latest is not None
    assert here.vault.files(other.latest)


def test_a_link_in_the_folder_of_incoming_files_is_not_followed(here: World, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link.csv").symlink_to(secret)
    source, _ = _opened(folder)
    assert "link" not in source.names()
    assert [record.kind for _, record in here.log.records()] == [RecordKind.DATASET_REGISTERED]


def test_a_link_is_refused_by_name(here: World, tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("a\n1\n")
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "real.csv")
    with pytest.raises(SourceUnreadable, match="symbolic link"):
        open_source(link)


def _opened(folder: Path) -> tuple[Source, str]:
    return load_connector("csv")(str(folder)), ""


MARK = "Zebediah-Marker"
NAMES = b"los,name,mail\n" + b"".join(
    b"%d,%s %d,z%d@mark.example\n" % (n % 9, MARK.encode(), n, n) for n in range(500)
)
FAILING: dict[str, dict[str, object]] = {
    "a rule that rows break": {"expect": ("los=50..",)},
    "publishing what is incomplete": {"publish": True},
    "a unit that is no column": {"privacy_unit": "patient"},
    "a label of no column": {"label": ("ward=free-text",)},
    "a step that does not fit": {"cast": ("name=date",)},
}


def holds(folder: Path, text: bytes) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text in path.read_bytes()]


@pytest.mark.parametrize("what", FAILING)
def test_a_registration_that_fails_leaves_no_byte_of_a_name_on_the_disk(
    here: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", None)
    before = here.left_behind()
    with pytest.raises(DataspaceError) as refusal:
        here.deposit("names.csv", iter([NAMES]), **FAILING[what])
    assert MARK not in str(refusal.value)
    assert here.left_behind() == before
    assert holds(here.home, MARK.encode()) == [] and holds(here.home, b"@mark.example") == []
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    "said",
    [
        {"privacy_unit": "name"},
        {"label": ("name=free-text",)},
        {"rename": ("name=nom",)},
        {"cast": ("name=text",)},
        {"generalise": ("name=3",)},
    ],
)
@pytest.mark.parametrize("drop", ["name", "2"])
def test_dropping_what_another_option_is_about_is_refused_by_one_sentence(
    here: World, drop: str, said: dict[str, object]
) -> None:
    with pytest.raises(InvalidRequest, match="'name' cannot be dropped and be what --"):
        here.deposit("names.csv", iter([NAMES]), drop=(drop,), **said)
    assert [dataset.name for dataset in here.catalog.all()] == ["other"]


def test_a_name_that_the_sites_hold_is_not_filled_with_rows_here(here: World) -> None:
    dictionary = Dictionary("stays", "1", "Stays", (Column(ColumnName("los"), ColumnType.INTEGER),), "stay")
    fields = {name: (said,) if isinstance(said, str) else tuple(said) for name, said in RECORD.items()}
    here.registering.describe_federated(SAM, "stays", dictionary, "Stays", fields)
    before, described = here.left_behind(), here.catalog.get(DatasetName("stays"))
    with pytest.raises(Conflict, match=r"lie at the sites.*site data add"):
        here.register({"los": [1, 2]})
    assert here.left_behind() == before
    assert here.catalog.get(DatasetName("stays")) == described
    with pytest.raises(Conflict, match="is a dataset here already"):
        here.registering.describe_federated(SAM, "other", dictionary, "Other", fields)


def test_a_federated_record_without_those_who_answer_for_it_is_a_draft_or_nothing(here: World) -> None:
    dictionary = Dictionary("stays", "1", "Stays", (Column(ColumnName("los"), ColumnType.INTEGER),), "stay")
    with pytest.raises(Conflict, match="controller"):
        here.registering.describe_federated(SAM, "stays", dictionary, "Stays", {})
    assert here.catalog.get(DatasetName("stays")) is None
    draft = here.registering.describe_federated(SAM, "stays", dictionary, "Stays", {}, publish=False)
    assert draft.federated and not draft.published


def test_what_the_dictionary_or_the_registration_says_is_no_open_finding(here: World) -> None:
    rows = {"died": [n % 2 for n in range(100)], "los": list(range(100))}
    fixes = {finding.fix for finding in here.register(rows, name="open").profile.findings}
    assert {"--label died=special-category", "--unit row"} <= fixes
    labelled = Column(ColumnName("died"), ColumnType.INTEGER, labels=frozenset({Label.SPECIAL_CATEGORY}))
    here.catalog.put_dictionary(Dictionary("stays", "1", "Stays", (labelled,), "stay"))
    made = here.register(rows, name="closed", dictionary="stays", privacy_unit="row")
    assert not {finding.fix for finding in made.profile.findings} & fixes
