"""The ADBC driver end to end: over TLS, with parameters, cancelled, refused."""

import time
from collections.abc import Callable
from typing import Any

import adbc_driver_manager
import pyarrow as pa
import pytest

pytestmark = pytest.mark.slow
ROWS = {"purpose": "service optimisation", "kind": "rows"}


def test_a_question_is_answered_and_its_outcome_recorded(
    door: Any, outcomes: Callable[[], list[tuple[str, int]]]
) -> None:
    with door.adbc(**ROWS) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT los, count(*) AS n FROM machines GROUP BY los ORDER BY los")
        table = cursor.fetch_arrow_table()
    assert table.column_names == ["los", "n"]
    assert table["los"].to_pylist() == list(range(51))
    assert table["n"].to_pylist() == [5000] * 51
    assert outcomes() == [("complete", 51)]


def test_all_rows_stream_and_what_is_hidden_stays_so(door: Any) -> None:
    with door.adbc(**ROWS) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM machines")
        table = cursor.fetch_arrow_table()
    assert table.num_rows == 255_000
    assert max(table["los"].to_pylist()) == 50
    assert not [word for word in set(table["plant"].to_pylist()) if "secret" in word]


@pytest.mark.parametrize(
    ("where", "values", "found"),
    [
        ("los = ?", (5,), 5000),
        ("los >= ? AND died = ? AND type <> ?", (40, 1, 3), None),
        ("plant = ?", ("x' OR 1=1 --",), 0),
        ("los = ?", (None,), 0),
    ],
)
def test_parameters_are_bound(door: Any, where: str, values: tuple[object, ...], found: int | None) -> None:
    with door.adbc(**ROWS) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM machines WHERE {where}", values)  # noqa: S608
        ((count,),) = cursor.fetchall()
    expected = sum(i % 60 in range(40, 51) and i % 2 == 1 and i % 7 != 3 for i in range(300_000))
    assert count == (expected if found is None else found)


def test_rows_are_kept_between_questions_and_dropped(door: Any) -> None:
    with door.adbc(**ROWS) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE TEMP TABLE few AS SELECT los, type FROM machines WHERE los = ?", (7,)
        )
        assert cursor.fetchall() == [("few", 5000)]
        cursor.execute("SELECT count(*), min(few.los) FROM few WHERE type < ?", (99,))
        assert cursor.fetchall() == [(5000, 7)]
        cursor.execute("DROP TABLE few")
        assert cursor.fetchall() == [("few", 5000)]
        with pytest.raises(adbc_driver_manager.Error, match="few"):
            cursor.execute("SELECT * FROM few")


def test_an_aggregate_answer_is_controlled_here_too(door: Any) -> None:
    headers = {"purpose": "scientific research", "permit": door.permit, "kind": "aggregate"}
    with door.adbc(**headers) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT type, count(*) AS n FROM machines WHERE los < ? GROUP BY type", (10,))
        table = cursor.fetch_arrow_table()
    assert table.num_rows == 7
    assert b"dataspace" in (table.schema.metadata or {})


def test_a_statement_can_be_bound_again(door: Any) -> None:
    with door.adbc(**ROWS) as connection, connection.cursor() as cursor:
        counts = []
        for value in (1, 2, 55):
            cursor.execute("SELECT count(*) FROM machines WHERE los = ?", (value,))
            counts.append(cursor.fetchone()[0])
    assert counts == [5000, 5000, 0]


def test_a_refusal_says_which_rule(door: Any) -> None:
    with door.adbc(person="ben", kind="rows") as connection, connection.cursor() as cursor:
        with pytest.raises(adbc_driver_manager.Error, match=r"denied") as raised:
            cursor.execute("SELECT los FROM machines")
        assert "Traceback" not in str(raised.value)
        with pytest.raises(adbc_driver_manager.Error, match="No dataset"):
            cursor.execute("SELECT los FROM machines_draft")
        with pytest.raises(adbc_driver_manager.Error, match=r"request\.unsupported"):
            cursor.execute("SELECT * FROM read_csv('/etc/passwd')")


def test_nobody_gets_in_without_a_token(door: Any) -> None:
    with (
        door.adbc(person="", **ROWS) as connection,
        connection.cursor() as cursor,
        pytest.raises(adbc_driver_manager.Error, match="needs a token"),
    ):
        cursor.execute("SELECT 1")


def test_the_catalogue_shows_what_may_be_seen(door: Any) -> None:
    with door.adbc(**ROWS) as connection:
        assert connection.adbc_get_table_types() == ["TABLE"]
        objects = connection.adbc_get_objects(depth="all").read_all().to_pylist()
        schema = connection.adbc_get_table_schema("machines")
        info = connection.adbc_get_info()
    (catalog,) = objects
    (spoken,) = catalog["catalog_db_schemas"]
    assert [table["table_name"] for table in spoken["db_schema_tables"]] == ["machines"]
    assert schema.names == ["los", "died", "type", "plant"]
    assert schema.field("los").type == pa.int64()
    assert info["vendor_name"].startswith("dataspace hub")
    with door.adbc(person="sam") as connection:
        (catalog,) = connection.adbc_get_objects(depth="tables").read_all().to_pylist()
    names = [table["table_name"] for table in catalog["catalog_db_schemas"][0]["db_schema_tables"]]
    assert sorted(names) == ["machines", "machines_draft"]


def test_a_cancelled_question_ends_and_is_recorded(
    door: Any, outcomes: Callable[[], list[tuple[str, int]]]
) -> None:
    with door.adbc(**ROWS) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT a.los, b.los AS other FROM machines a, machines b")
        cursor.fetchone()
        cursor.adbc_cancel()
        with pytest.raises(adbc_driver_manager.Error):
            cursor.fetchall()
    door.hub.delivering.end_all(door.hub.person("ana"))
    patience = time.monotonic() + 10
    while not outcomes() and time.monotonic() < patience:
        time.sleep(0.05)
    ((outcome, rows),) = outcomes()
    assert outcome in ("cancelled", "abandoned")
    assert 0 < rows < 255_000**2
    with door.adbc(**ROWS) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1 AS one")
        assert cursor.fetchall() == [(1,)]
