"""The stays are shared out whole, by hospital, and a file that is missing or cut off is said so in one sentence."""

import os
from collections import Counter
from pathlib import Path

import pytest

from dataspace.cli.demo.stays import DEPOSIT, HOSPITAL, HOSPITALS, Row, read_stays, share_out, write_stays
from dataspace.errors import SetupError

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def rows() -> tuple[Row, ...]:
    path = Path(os.environ.get("DATASPACE_MEDPAR") or ROOT / ".cache" / "medpar.csv")
    if not path.is_file():
        pytest.skip("the medpar stays are not there: run `make setup`")
    return read_stays(path)


def test_every_stay_is_in_one_group_and_no_hospital_is_in_two(rows: tuple[Row, ...]) -> None:
    groups = share_out(rows)
    assert [group.name for group in groups] == [*HOSPITALS, DEPOSIT]
    assert Counter(row for group in groups for row in group.rows) == Counter(rows)
    places = [
        row[HOSPITAL] for group in groups for row in {row[HOSPITAL]: row for row in group.rows}.values()
    ]
    assert len(places) == len(set(places)) == sum(group.hospitals for group in groups) == 54


def test_groups_are_of_about_the_same_size(rows: tuple[Row, ...]) -> None:
    sizes = [len(group.rows) for group in share_out(rows)]
    assert sum(sizes) == 1495
    assert max(sizes) - min(sizes) <= 5


def test_what_is_written_is_what_was_read(rows: tuple[Row, ...], tmp_path: Path) -> None:
    group = share_out(rows)[0]
    write_stays(group.rows, tmp_path / "medpar.csv")
    assert read_stays(tmp_path / "medpar.csv") == group.rows


@pytest.mark.parametrize("content", [None, b"", b"a,b\n1,2\n", b'"","los"\n', b"\xff\xfe\x00"])
def test_a_file_that_is_not_there_or_not_whole_ends_with_what_to_do(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "medpar.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SetupError, match="make setup"):
        read_stays(path)


def test_a_file_that_was_cut_off_in_a_row_is_noticed(rows: tuple[Row, ...], tmp_path: Path) -> None:
    path = tmp_path / "medpar.csv"
    write_stays(rows, path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(SetupError, match="not all of them"):
        read_stays(path)
