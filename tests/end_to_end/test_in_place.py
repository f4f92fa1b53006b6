"""The whole walk over rows that stay in their source: registered, described, found, asked, and changed meanwhile."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import dataspace
from dataspace.client.hub import Hub
from dataspace.connecting import create_hub
from dataspace.errors import DataspaceError, InvalidRequest, SourceAway
from dataspace.testing.examples import RECORD

pytest.importorskip("dataspace_objects", reason="installed before this connector was there: install again")
POINTS = """[dataspace.connectors]
file = dataspace_objects:ObjectsSource
s3 = dataspace_objects:ObjectsSource
"""
POLICY = """
policy: stays
title: Invented stays
owner: the data steward
on: stays
allow:
  rule: counts
  answers: [aggregate, noisy]
  because: They are invented.
"""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the hub may read in place, and the connector of such folders."""
    info = tmp_path / "installed" / "placed-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: placed\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    monkeypatch.syspath_prepend(str(tmp_path / "installed"))
    place = tmp_path / "elsewhere"
    place.mkdir()
    monkeypatch.setenv("DATASPACE_ROOTS", str(place))
    write(place, 200)
    return place


def write(place: Path, rows: int) -> None:
    table = pa.table({"los": [n % 9 for n in range(rows)], "died": [n % 2 for n in range(rows)]})
    pq.write_table(table, place / "stays.parquet")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    create_hub(tmp_path / "hub", {"sam": "steward", "ana": "researcher"})
    return tmp_path / "hub"


@pytest.fixture
def opened(source: Path, home: Path) -> Iterator[tuple[Hub, Any]]:
    sam = dataspace.open(home, principal="sam")
    ana = dataspace.open(home, principal="ana")
    yield sam, ana
    ana.close()
    sam.close()


@pytest.mark.slow
def test_rows_that_stay_away_are_asked_like_any_others(
    opened: tuple[Hub, Any], source: Path, home: Path
) -> None:
    sam, ana = opened
    said: dict[str, Any] = {"title": "Invented stays", "publish": True, "synthetic": True, "fields": RECORD}
    made = sam.register(f"file://{source}", "stays", item="stays", in_place=True, **said)
    assert "stay in their source" in repr(made)
    sam.publish_policy(POLICY)
    assert [view.name for view in ana.datasets("invented")] == ["stays"]
    assert "Stays in its source" in ana.describe("stays")
    assert ana.sql("SELECT count(*) AS n FROM stays").to_arrow()["n"].to_pylist() == [200]
    assert not (home / "versions").exists() or not list((home / "versions").iterdir())


@pytest.mark.slow
def test_what_changed_meanwhile_is_answered_as_the_version_that_it_is(source: Path, home: Path) -> None:
    with dataspace.open(home, principal="sam") as sam:
        sam.register(f"file://{source}", "stays", item="stays", in_place=True, synthetic=True)
        sam.publish_policy(POLICY)
        write(source, 400)
        answer = sam.sql("SELECT count(*) AS n FROM stays")
        assert answer.to_arrow()["n"].to_pylist() == [400]
        assert len(sam.versions("stays").chapters) == 2
        (source / "stays.parquet").unlink()
        write(source, 400)
    with dataspace.open(home, principal="sam") as sam:
        (source / "stays.parquet").unlink()
        with pytest.raises(SourceAway) as told:
            sam.sql("SELECT count(*) AS n FROM stays WHERE los > 3")
        assert str(source) not in str(told.value)


@pytest.mark.slow
def test_a_place_outside_the_roots_and_a_password_in_an_address_are_refused(
    opened: tuple[Hub, Any], source: Path
) -> None:
    sam, ana = opened
    with pytest.raises(DataspaceError, match="outside the folders"):
        sam.register("file:///etc", "stays", item="passwd", in_place=True)
    with pytest.raises(InvalidRequest) as told:
        sam.register("s3://key:hunter2@bucket/x", "stays", in_place=True)
    assert "hunter2" not in str(told.value)
    with pytest.raises(DataspaceError, match="steward"):
        ana.register(f"file://{source}", "stays", item="stays", in_place=True)
