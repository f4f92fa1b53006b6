"""CSV as people really save it: what is whole is read as it stands, what is not is refused."""

import os
from datetime import UTC, date, datetime
from pathlib import Path

import psutil
import pyarrow as pa
import pytest
from dataspace_csv import CsvSource

from dataspace.connector import Source, SourceUnreadable, UnknownName
from dataspace.testing import SourceContract


def source_of(folder: Path, content: str | bytes) -> CsvSource:
    data = content.encode() if isinstance(content, str) else content
    (folder / "trial.csv").write_bytes(data)
    return CsvSource(folder)


def table_of(folder: Path, content: str | bytes) -> pa.Table:
    source = source_of(folder, content)
    return pa.Table.from_batches(source.scan("trial"), source.schema("trial"))


class TestCsvSource(SourceContract):
    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        (tmp_path / "another.csv").write_text("x,y\n1,2\n")
        (tmp_path / "notes.txt").write_text("not data")
        return source_of(tmp_path, "age,name,born\n41,Ada,1985-12-10\n36,Alan,1990-06-23\n")

    @pytest.fixture
    def broken(self, tmp_path: Path) -> Source:
        return source_of(tmp_path, "age,name\n41,Ada\n36,Alan,too many\n")


class TestCsvFile(SourceContract):
    """The same promise where the location is one file, and a larger one."""

    @pytest.fixture
    def source(self, tmp_path: Path) -> Source:
        rows = "".join(f"{number},name {number}\n" for number in range(200_000))
        source_of(tmp_path, "id,name\n" + rows)
        return CsvSource(tmp_path / "trial.csv")

    @pytest.fixture
    def broken(self, tmp_path: Path) -> Source:
        rows = "".join(f"{number},name {number}\n" for number in range(200_000))
        source_of(tmp_path, "id,name\n" + rows + "1\n")
        return CsvSource(tmp_path / "trial.csv")


UNREADABLE: dict[str, str | bytes] = {
    "nothing": "",
    "empty lines": "\n\n\n",
    "a short row": "a,b\n1,2\n3\n",
    "a long row": "a,b\n1,2\n3,4,5\n",
    "a header given twice": "a,b,a\n1,2,3\n",
    "a blank header in the middle": "a,,c\n1,2,3\n",
    "a header of blanks": "a,  ,c\n1,2,3\n",
    "a blank first header beside its stand-in": ",column_1\n1,2\n",
    "a NUL in a cell": "a,b\n1,x\0y\n",
    "a NUL in the header": "a,b\0\n1,2\n",
    "Latin-1": "a,b\n1,Liège\n".encode("latin-1"),
    "UTF-16": "a,b\n1,2\n".encode("utf-16"),
    "a half character at the end": "a,b\n1,Liè".encode()[:-1],
    "a quotation that is cut off": 'a,b\n1,2\n3,"cut',
    "a quotation that swallows rows": 'a,b\n1,"2\n3,4\n5,6\n',
    "semicolons": "a;b\n1;2\n",
    "tabs": "a\tb\n1\t2\n",
}


@pytest.mark.parametrize("why", UNREADABLE)
def test_what_is_not_whole_or_has_two_meanings_is_refused(tmp_path: Path, why: str) -> None:
    source = source_of(tmp_path, UNREADABLE[why])
    with pytest.raises(SourceUnreadable):
        source.schema("trial")
    with pytest.raises(SourceUnreadable):
        list(source.scan("trial"))


def test_a_refusal_shows_no_value_of_the_data(tmp_path: Path) -> None:
    source = source_of(tmp_path, "name,age\nAda Lovelace,41\nAlan Turing,36,secret\n")
    with pytest.raises(SourceUnreadable) as caught:
        list(source.scan("trial"))
    assert not any(word in str(caught.value) for word in ("Ada", "Alan", "secret"))


def test_a_blank_first_header_is_kept_under_a_name_that_can_be_dropped(tmp_path: Path) -> None:
    table = table_of(tmp_path, '"","died"\n"1",0\n"2",1\n')
    assert table.to_pydict() == {"column_1": [1, 2], "died": [0, 1]}


def test_the_stays_have_their_columns_and_codes_stay_text(request: pytest.FixtureRequest) -> None:
    path = request.config.rootpath / ".cache" / "medpar.csv"
    if not path.exists():
        pytest.skip("medpar.csv is not there: run make setup")
    source = CsvSource(path)
    table = pa.Table.from_batches(source.scan("medpar"))
    assert table.num_rows == 1495
    assert table.schema.names[:2] == ["column_1", "los"]
    assert table.schema.field("provnum").type == pa.string()
    assert table["provnum"][0].as_py() == "030001"


@pytest.mark.parametrize(
    ("cells", "kind", "expected"),
    [
        (["1", "-2", ""], pa.int64(), [1, -2, None]),
        (["1", "2.5", "1e3"], pa.float64(), [1.0, 2.5, 1000.0]),
        (["1", "NA", "2"], pa.int64(), [1, None, 2]),
        (["1.5", "NaN", "null"], pa.float64(), [1.5, None, None]),
        (["true", "FALSE"], pa.bool_(), [True, False]),
        (["2026-11-22", ""], pa.date32(), [date(2026, 11, 22), None]),
        (["2026-11-22T10:00:00"], pa.timestamp("us"), [datetime(2026, 11, 22, 10)]),
        (["2026-11-22 10:00:00Z"], pa.timestamp("us", "UTC"), [datetime(2026, 11, 22, 10, tzinfo=UTC)]),
        (["2026-11-22", "2026-11-22T10:00:00"], pa.timestamp("us"), None),
        (["2026-13-01"], pa.string(), ["2026-13-01"]),
        (["030001", "12"], pa.string(), ["030001", "12"]),
        (["0", "0.5"], pa.float64(), [0.0, 0.5]),
        (["0", "10"], pa.int64(), [0, 10]),
        (["0x1F"], pa.string(), ["0x1F"]),
        (["12345678901234567890"], pa.string(), ["12345678901234567890"]),
        (["1234567890123456789"], pa.string(), ["1234567890123456789"]),
        (["9007199254740993", "0.5"], pa.string(), ["9007199254740993", "0.5"]),
        (["x", "NA", '""', ""], pa.string(), ["x", "NA", "", None]),
        (["NA", "NA"], pa.string(), ["NA", "NA"]),
        (["", ""], pa.string(), [None, None]),
        ([" 1", "2"], pa.string(), [" 1", "2"]),
        (["1", "true"], pa.string(), ["1", "true"]),
    ],
)
def test_a_column_has_the_narrowest_type_that_fits_all_its_values(
    tmp_path: Path, cells: list[str], kind: pa.DataType, expected: list[object] | None
) -> None:
    table = table_of(tmp_path, "n,cell\n" + "".join(f"{n},{cell}\n" for n, cell in enumerate(cells)))
    assert table.schema.field("cell").type == kind
    if expected is not None:
        assert table["cell"].to_pylist() == expected


def test_a_value_that_differs_only_near_the_end_still_decides_the_type(tmp_path: Path) -> None:
    """The file is larger than any block that a reader would guess types from."""
    rows = "".join(f"{number},{number}\n" for number in range(700_000))
    table = table_of(tmp_path, "id,code\n" + rows + "700000,0007\n")
    assert table.schema.types == [pa.int64(), pa.string()]
    assert table["code"][-1].as_py() == "0007"
    assert table.num_rows == 700_001


def test_a_file_of_a_header_alone_has_columns_and_no_rows(tmp_path: Path) -> None:
    table = table_of(tmp_path, "a,b\n")
    assert (table.schema.names, table.num_rows) == (["a", "b"], 0)


def test_quoted_commas_quotes_and_line_breaks_belong_to_the_cell(tmp_path: Path) -> None:
    table = table_of(tmp_path, 'a,b\r\n"x, y","say ""hi"""\r\n"two\r\nlines",z\r\n')
    assert table.to_pydict() == {"a": ["x, y", "two\r\nlines"], "b": ['say "hi"', "z"]}


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    assert table_of(tmp_path, b"\xef\xbb\xbfa,b\n1,2\n").schema.names == ["a", "b"]


def test_a_trailing_blank_in_a_name_is_kept_as_found(tmp_path: Path) -> None:
    assert table_of(tmp_path, "AH,AFDP ,GTEP\n1,2,3\n").schema.names == ["AH", "AFDP ", "GTEP"]


def test_links_that_lead_out_hidden_files_and_pipes_are_not_listed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    inside = tmp_path / "inside"
    for folder in (outside, inside, inside / "folder.csv"):
        folder.mkdir()
    (outside / "secret.csv").write_text("a\n1\n")
    (inside / "link.csv").symlink_to(outside / "secret.csv")
    (inside / "dangling.csv").symlink_to(outside / "nothing.csv")
    (inside / ".hidden.csv").write_text("a\n1\n")
    (inside / "real.csv").write_text("a\n1\n")
    (inside / "same.csv").symlink_to(inside / "real.csv")
    os.mkfifo(inside / "pipe.csv")
    source = CsvSource(inside)
    assert source.names() == ["real", "same"]
    with pytest.raises(UnknownName):
        list(source.scan("link"))


def test_a_place_that_is_not_there_and_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="no file or folder"):
        CsvSource(tmp_path / "nowhere").names()
    (tmp_path / "a.csv").write_text("x\n")
    (tmp_path / "a.CSV").write_text("x\n")
    with pytest.raises(SourceUnreadable, match="named 'a'"):
        CsvSource(tmp_path).names()


def test_a_file_that_changes_is_read_with_its_new_types(tmp_path: Path) -> None:
    source = source_of(tmp_path, "a\n1\n")
    assert source.schema("trial").field("a").type == pa.int64()
    source_of(tmp_path, "a\nlonger text\n")
    assert source.schema("trial").field("a").type == pa.string()


@pytest.mark.slow
def test_memory_stays_bounded_however_long_the_file_is(tmp_path: Path) -> None:
    with (tmp_path / "trial.csv").open("w") as file:
        file.write("id,text\n")
        block = "".join(f"{number},{'x' * 190}\n" for number in range(5_000))
        for _ in range(200):  # 200 MB
            file.write(block)
    process = psutil.Process()
    before = process.memory_info().rss
    most = 0
    for batch in CsvSource(tmp_path).scan("trial"):
        most = max(most, process.memory_info().rss - before)
        del batch
    assert most < 120 * 2**20


@pytest.mark.parametrize("size", [10 * 2**20])
def test_a_row_without_end_is_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(SourceUnreadable):
        list(source_of(tmp_path, "a,b\n1," + "x" * size + "\n").scan("trial"))


def test_a_header_in_another_encoding_says_which_to_save_it_in(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="Save the whole of it as UTF-8"):
        table_of(tmp_path, "größe,los\n1,2\n".encode("latin-1"))


def test_a_row_of_one_cell_is_told_in_the_singular(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="The row in line 2 has 1 cell, and the header has 2"):
        table_of(tmp_path, "a,b\n1\n")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a,b\n1,2\n1,2,3\n1\n", 3),
        ('a,b\n1,"two\nlines"\n\n1,2,3\n', 5),
        ("a,b\r\n" + "1,2\r\n" * 300_000 + "1,2,3\r\n", 300_002),
    ],
)
def test_a_ragged_row_is_told_by_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(SourceUnreadable, match=f"The row in line {line:,} has 3 cells, and the header has 2"):
        table_of(tmp_path, text)
