"""Parameters become literals, whatever they hold."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataspace.adapters.duckdb.binding import DuckdbBinder
from dataspace.errors import InvalidRequest, UnsupportedQuery

VALUES = [
    None, True, False, 0, -5, 2**100, 1.5, -1e300, 5e-324, Decimal("12.50"), "it's", "';DROP TABLE x;--", "ü\n\\", "",
    date(2020, 2, 29), datetime(2020, 1, 1, 12, 30, 1, 5),
]  # fmt: skip


@pytest.fixture(scope="module")
def binder() -> Iterator[DuckdbBinder]:
    """One for all."""
    made = DuckdbBinder()
    yield made
    made.close()


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_bound_value_is_what_the_engine_would_have_bound(binder: DuckdbBinder, value: object) -> None:
    with duckdb.connect() as engine:
        engine.execute("SET TimeZone = 'UTC'")
        ((ours,),) = engine.execute(binder.bound("SELECT ?", [value])).fetchall()
        assert ours == value
        assert type(ours) is type(value)


def test_a_moment_with_a_zone_is_bound_as_one(binder: DuckdbBinder) -> None:
    with duckdb.connect() as engine:
        bound = binder.bound(
            "SELECT ? = TIMESTAMPTZ '2020-01-01 01:00:00+01'", [datetime(2020, 1, 1, tzinfo=UTC)]
        )
        assert engine.execute(bound).fetchall() == [(True,)]


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(value=TEXTS)
@settings(deadline=None, max_examples=200)
def test_no_text_gets_out_of_its_literal(value: str) -> None:
    binder = DuckdbBinder()
    with duckdb.connect() as engine:
        bound = binder.bound("SELECT 1 AS a, $x AS b", [value])
        assert engine.execute(bound).fetchall() == [(1, value)]
    binder.close()


def test_names_and_numbers_stand_in_the_order_of_their_values(binder: DuckdbBinder) -> None:
    assert binder.parameters("SELECT $b, $a, $b") == ("b", "a")
    assert binder.parameters("SELECT $2, $1") == ("1", "2")
    assert binder.parameters("SELECT 1") == ()
    with duckdb.connect() as engine:
        assert engine.execute(binder.bound("SELECT $2, $1", ["one", "two"])).fetchall() == [("two", "one")]


def test_values_may_come_by_name(binder: DuckdbBinder) -> None:
    with duckdb.connect() as engine:
        named = binder.bound("SELECT $low, $high, $low", {"high": 9, "low": 1})
        assert engine.execute(named).fetchall() == [(1, 9, 1)]
        assert engine.execute(binder.bound("SELECT $1", {"1": 3})).fetchall() == [(3,)]


@pytest.mark.parametrize("values", [{}, {"m": 1}, {"n": 1, "m": 2}])
def test_other_names_than_the_questions_are_refused(binder: DuckdbBinder, values: dict[str, object]) -> None:
    with pytest.raises(InvalidRequest, match=r"parameters \$n, and other names came"):
        binder.bound("SELECT $n", values)


@pytest.mark.parametrize("values", [[], [1, 2]])
def test_a_wrong_number_of_values_is_refused(binder: DuckdbBinder, values: list[object]) -> None:
    with pytest.raises(InvalidRequest, match="has 1 parameters"):
        binder.bound("SELECT ?", values)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), b"x", [1], object(), "a\0b", "x" * 100_001, 2**128]
)
def test_what_has_no_literal_is_refused_by_its_type(binder: DuckdbBinder, value: object) -> None:
    with pytest.raises(InvalidRequest, match="cannot be bound"):
        binder.bound("SELECT ?", [value])


@pytest.mark.parametrize(
    "sql", ["DELETE FROM t WHERE a = ?", "SELECT ?; SELECT 2", "SELECT (", "PREPARE x AS SELECT ?"]
)
def test_only_one_plain_question_is_bound(binder: DuckdbBinder, sql: str) -> None:
    with pytest.raises(UnsupportedQuery):
        binder.bound(sql, [1])
