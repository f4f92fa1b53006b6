"""A cut holds what a permit gives, and nothing that it withholds."""

import fcntl
import hashlib
import hmac
import os
import threading
import time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from dataspace.adapters.duckdb.cuts import DuckdbCuts
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.errors import CutTooLarge, InvalidRequest, SetupError
from dataspace.model.datasets import Version
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import CutRecipe
from dataspace.model.policies import Mask, MaskKind
from dataspace.model.predicates import Comparator, Compare
from dataspace.planning.cut_id import cut_id
from dataspace.ports import CutLease

MEDPAR = DatasetName("medpar")
KEY = b"the mask key of one permit, 32 b"
PERSON, TYPE, LOS, PROVNUM, NOTE = (ColumnName(n) for n in ("person", "type", "los", "provnum", "note"))


def rows_of(
    lease: CutLease, sql: str = "SELECT * EXCLUDE (__row, __unit) FROM k.data ORDER BY __row"
) -> list[Any]:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '/proc/self/fd/{lease.fd}' AS k (READ_ONLY)")
        rows: list[Any] = connection.execute(sql).fetchall()
        return rows


def bytes_of(lease: CutLease) -> bytes:
    return os.pread(lease.fd, lease.size, 0)


def test_withheld_rows_and_columns_are_not_in_the_file(cuts: DuckdbCuts, version: Version) -> None:
    everything = CutRecipe(version.ref, (TYPE, NOTE))
    less = CutRecipe(version.ref, (TYPE, LOS), Compare(PROVNUM, Comparator.EQ, "030005"))
    with cuts.lease(everything) as lease:
        assert b"secret-note-" in bytes_of(lease), "the search must be able to find it"
    with cuts.lease(less) as lease:
        content = bytes_of(lease)
        assert lease.rows == 30
        assert b"secret-note" not in content
        assert b"0300" not in content, "the column of the filter is not part of the cut"
        assert len(rows_of(lease)) == 30


def test_the_filter_takes_exactly_the_rows_that_match(
    cuts: DuckdbCuts, version: Version, stays: pa.Table
) -> None:
    with cuts.lease(CutRecipe(version.ref, (LOS,), Compare(LOS, Comparator.GT, 38))) as lease:
        expected = [(los,) for los in stays["los"].to_pylist() if los > 38]
        assert rows_of(lease) == expected


def test_a_hashed_column_is_hmac_sha256_under_the_permits_key(
    cuts: DuckdbCuts, version: Version, stays: pa.Table
) -> None:
    masks = {PERSON: Mask(MaskKind.HASH)}
    with cuts.lease(CutRecipe(version.ref, (PERSON, NOTE), masks=masks, mask_key_id="P-7")) as lease:
        found = rows_of(lease)
        plain = stays["person"].to_pylist()
        expected = [hmac.new(KEY, f"person\0{value}".encode(), hashlib.sha256).hexdigest() for value in plain]
        assert [person for person, _ in found] == expected
        assert b"person-0" not in bytes_of(lease)


def test_a_null_stays_null_under_a_hash(cuts: DuckdbCuts, version: Version) -> None:
    masks = {NOTE: Mask(MaskKind.HASH)}
    with cuts.lease(CutRecipe(version.ref, (NOTE,), masks=masks, mask_key_id="P-7")) as lease:
        assert [note is None for (note,) in rows_of(lease)] == [i % 3 > 0 for i in range(1_200)]


def test_a_hash_without_a_key_is_refused(vault: ParquetVault, version: Version) -> None:
    bare = DuckdbCuts(vault, 2**20, lambda name: b"")
    recipe = CutRecipe(version.ref, (PERSON,), masks={PERSON: Mask(MaskKind.HASH)})
    with pytest.raises(SetupError, match="key"), bare.lease(recipe):
        pass


@pytest.mark.parametrize(
    ("column", "mask", "expected"),
    [
        (LOS, Mask(MaskKind.GENERALISE, width=10), [((1 + (i * 7) % 40) // 10) * 10 for i in range(1_200)]),
        (PROVNUM, Mask(MaskKind.GENERALISE, width=5), ["0300" + str(i % 40 // 10) for i in range(1_200)]),
        (NOTE, Mask(MaskKind.NULL), [None] * 1_200),
        (PERSON, Mask(MaskKind.CONSTANT, constant="it's hidden"), ["it's hidden"] * 1_200),
    ],
)
def test_masks_do_what_they_say(
    cuts: DuckdbCuts, version: Version, column: ColumnName, mask: Mask, expected: list[Any]
) -> None:
    with cuts.lease(CutRecipe(version.ref, (column,), masks={column: mask})) as lease:
        assert [value for (value,) in rows_of(lease)] == expected


def test_a_date_is_generalised_to_its_year(cuts: DuckdbCuts, version: Version) -> None:
    day = ColumnName("admitted")
    with cuts.lease(CutRecipe(version.ref, (day,), masks={day: Mask(MaskKind.GENERALISE, width=1)})) as lease:
        assert {(value.month, value.day) for (value,) in rows_of(lease)} == {(1, 1)}


def test_a_mask_that_does_not_fit_its_column_is_refused(cuts: DuckdbCuts, version: Version) -> None:
    recipe = CutRecipe(version.ref, (LOS,), masks={LOS: Mask(MaskKind.GENERALISE)})
    with pytest.raises(InvalidRequest, match="generalised"), cuts.lease(recipe):
        pass


def test_a_unit_is_kept_as_a_number_where_its_column_is_withheld(
    cuts: DuckdbCuts, version: Version, stays: pa.Table
) -> None:
    with cuts.lease(CutRecipe(version.ref, (TYPE,), privacy_unit=PERSON)) as lease:
        units = [unit for (unit,) in rows_of(lease, "SELECT __unit FROM k.data ORDER BY __row")]
        persons = stays["person"].to_pylist()
        assert len(set(zip(units, persons, strict=True))) == len(set(units)) == 300
        assert sorted(set(units)) == list(range(1, 301))
        assert b"person-0" not in bytes_of(lease)


def test_without_a_unit_each_row_is_its_own(cuts: DuckdbCuts, version: Version) -> None:
    with cuts.lease(CutRecipe(version.ref, (TYPE,), Compare(TYPE, Comparator.EQ, 3))) as lease:
        numbers = rows_of(lease, "SELECT __row, __unit FROM k.data ORDER BY __row")
        assert numbers == [(i, i) for i in range(0, 1_200, 10)]


def test_a_cut_cannot_be_changed_by_anyone(cuts: DuckdbCuts, version: Version) -> None:
    with cuts.lease(CutRecipe(version.ref, (TYPE,))) as lease:
        with pytest.raises(PermissionError):
            os.pwrite(lease.fd, b"x", 0)
        with pytest.raises(PermissionError):
            os.ftruncate(lease.fd, 0)
        with pytest.raises(PermissionError):
            fcntl.fcntl(lease.fd, fcntl.F_ADD_SEALS, 0)


def test_the_plain_text_is_on_no_disk_and_nothing_stays_in_shared_memory(
    cuts: DuckdbCuts, version: Version
) -> None:
    with cuts.lease(CutRecipe(version.ref, (TYPE, PROVNUM))) as lease:
        assert "memfd:cut" in str(Path(f"/proc/self/fd/{lease.fd}").readlink())
    assert not list(Path("/dev/shm").glob(f"dataspace-cut-{os.getpid()}-*"))


def test_equal_recipes_share_one_cut_and_others_do_not(cuts: DuckdbCuts, version: Version) -> None:
    recipe = CutRecipe(version.ref, (TYPE, LOS))
    with cuts.lease(recipe) as first, cuts.lease(CutRecipe(version.ref, (TYPE, LOS))) as second:
        assert (first.cut, first.fd) == (second.cut, second.fd)
        with cuts.lease(CutRecipe(version.ref, (TYPE, LOS), privacy_unit=PERSON)) as third:
            assert third.cut != first.cut


def test_an_unknown_column_is_refused(cuts: DuckdbCuts, version: Version) -> None:
    with (
        pytest.raises(InvalidRequest, match="no column 'ghost'"),
        cuts.lease(CutRecipe(version.ref, (ColumnName("ghost"),))),
    ):
        pass


def test_the_least_recently_used_goes_first_and_leased_ones_stay(
    vault: ParquetVault, version: Version
) -> None:
    columns = [(TYPE,), (LOS,), (TYPE, LOS)]
    with DuckdbCuts(vault, 2**30, lambda n: KEY).lease(CutRecipe(version.ref, (TYPE,))) as lease:
        size = lease.size
    tight = DuckdbCuts(vault, 2 * size + 20_000, lambda n: KEY)
    with tight.lease(CutRecipe(version.ref, columns[0])) as first:
        with tight.lease(CutRecipe(version.ref, columns[1])):
            pass
        with (
            tight.lease(CutRecipe(version.ref, columns[2])),
            tight.lease(CutRecipe(version.ref, columns[0])) as again,
        ):
            assert again.fd == first.fd, "it was leased, so it stayed"
            with pytest.raises(CutTooLarge, match="bytes"), tight.lease(CutRecipe(version.ref, columns[1])):
                pass
    tight.close()


def test_a_dropped_lineage_goes_at_once_and_a_leased_cut_with_its_lease(
    vault: ParquetVault, version: Version
) -> None:
    held = DuckdbCuts(vault, 2**30, lambda n: KEY)
    recipe = CutRecipe(version.ref, (TYPE,))
    with held.lease(recipe) as lease:
        held.drop(MEDPAR)
        assert bytes_of(lease)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(lease.fd)


def test_what_a_killed_builder_left_is_removed(vault: ParquetVault) -> None:
    left = Path("/dev/shm/dataspace-cut-4194303-left")
    left.mkdir(exist_ok=True)
    (left / "cut.db").write_bytes(b"rows")
    DuckdbCuts(vault, 2**20, lambda n: KEY)
    assert not left.exists()


def test_progress_goes_from_nothing_to_all(vault: ParquetVault, version: Version) -> None:
    seen: list[float] = []
    with DuckdbCuts(vault, 2**30, lambda n: KEY).lease(CutRecipe(version.ref, (TYPE,)), seen.append):
        pass
    assert seen[0] == 0.0
    assert seen[-1] == 1.0
    assert seen == sorted(seen)


def test_row_groups_and_empty_versions_are_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stays: pa.Table
) -> None:
    monkeypatch.setattr("dataspace.adapters.duckdb.vault.ROW_GROUP", 100)
    vault = ParquetVault(tmp_path)
    held = DuckdbCuts(vault, 2**30, lambda n: KEY)
    several = vault.write(MEDPAR, stays.to_batches(), stays.schema)
    empty = vault.write(MEDPAR, [], pa.schema([("type", pa.int64())]))
    with held.lease(CutRecipe(several.ref, (LOS,))) as lease:
        assert [v for (v,) in rows_of(lease)] == stays["los"].to_pylist()
    with held.lease(CutRecipe(empty.ref, (TYPE,))) as lease:
        assert lease.rows == 0
    held.close()


@pytest.mark.parametrize("recipe", [{}, {"masks": {TYPE: Mask(MaskKind.HASH)}, "mask_key_id": "P-7"}])
def test_everybody_who_waits_for_a_cut_is_told_how_far_it_is(
    cuts: DuckdbCuts, version: Version, recipe: dict[str, Any]
) -> None:
    first, second = list[float](), list[float]()
    begun, all_waiting = threading.Event(), threading.Event()
    wanted = CutRecipe(version.ref, (TYPE, LOS), Compare(LOS, Comparator.GT, 3), **recipe)
    name = cut_id(wanted, duckdb.__version__)

    def told(share: float) -> None:
        first.append(share)
        begun.set()
        assert all_waiting.wait(60)

    def other() -> None:
        assert begun.wait(60)
        with cuts.lease(wanted, second.append):
            pass

    def look() -> None:
        deadline = time.monotonic() + 60
        while len(cuts._watching.get(name, ())) < 2 and time.monotonic() < deadline:
            time.sleep(0.001)
        all_waiting.set()

    threads = [threading.Thread(target=work) for work in (other, look)]
    for thread in threads:
        thread.start()
    with cuts.lease(wanted, told):
        pass
    for thread in threads:
        thread.join(60)
    assert first[0] == 0.0
    assert first[-1] == second[-1] == 1.0
    assert len(first) > 2, "between beginning and end it is told as well"
    assert first == sorted(first)
    assert not cuts._watching
