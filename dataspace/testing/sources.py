# ruff: noqa: S101 - these are tests
"""What every connector promises."""

import pyarrow as pa
import pytest

from dataspace.connector import Source
from dataspace.errors import SourceUnreadable, UnknownName

ESCAPES = (
    "",
    ".",
    "..",
    "../trial",
    "/etc/passwd",
    "../../../../../../etc/passwd",
    "trial/../trial",
    "./trial",
    "trial\0",
    "trial.csv/..",
    "~root",
    "file:///etc/passwd",
    "http://127.0.0.1/x",
    "*",
)
"""Names that are paths, or try to be. None of them may ever be listed or read."""


class SourceContract:
    """Supply `source`, which lists `trial` with at least two columns and one row, and `broken`: one whose `trial`
    cannot be read to its end."""

    @pytest.fixture
    def source(self) -> Source:
        raise NotImplementedError("supply a fixture named source")

    @pytest.fixture
    def broken(self) -> Source:
        raise NotImplementedError("supply a fixture named broken")

    def test_names_are_sorted_and_hold_the_example(self, source: Source) -> None:
        assert "trial" in source.names()
        assert list(source.names()) == sorted(set(source.names()))

    @pytest.mark.parametrize("name", ESCAPES)
    def test_only_listed_names_can_be_scanned(self, source: Source, name: str) -> None:
        assert name not in source.names()
        with pytest.raises(UnknownName):
            list(source.scan(name))
        with pytest.raises(UnknownName):
            source.schema(name)

    def test_an_unknown_name_is_refused_with_a_near_one(self, source: Source) -> None:
        with pytest.raises(UnknownName, match="Did you mean 'trial'"):
            list(source.scan("trail"))

    def test_batches_have_exactly_the_stated_schema(self, source: Source) -> None:
        schema = source.schema("trial")
        assert len(set(schema.names)) == len(schema.names) > 1
        batches = list(source.scan("trial"))
        assert sum(batch.num_rows for batch in batches) > 0
        assert all(batch.schema == schema for batch in batches)

    def test_columns_come_as_asked_for_and_in_that_order(self, source: Source) -> None:
        whole = pa.Table.from_batches(source.scan("trial"))
        for wanted in (list(reversed(whole.schema.names)), whole.schema.names[1:]):
            part = pa.Table.from_batches(source.scan("trial", wanted))
            assert part.schema.names == wanted
            assert part.equals(whole.select(wanted))

    def test_an_unknown_column_is_refused(self, source: Source) -> None:
        with pytest.raises(UnknownName):
            list(source.scan("trial", ["no such column"]))

    def test_two_readings_give_the_same_rows_in_the_same_order(self, source: Source) -> None:
        assert pa.Table.from_batches(source.scan("trial")).equals(pa.Table.from_batches(source.scan("trial")))

    def test_two_readings_at_once_do_not_disturb_each_other(self, source: Source) -> None:
        expected = [batch.to_pylist() for batch in source.scan("trial")]
        first, second = source.scan("trial"), source.scan("trial")
        pairs = [(one.to_pylist(), other.to_pylist()) for one, other in zip(first, second, strict=True)]
        assert pairs == [(rows, rows) for rows in expected]

    def test_a_reader_may_stop_early(self, source: Source) -> None:
        batches = source.scan("trial")
        next(batches)
        del batches
        assert list(source.scan("trial"))

    def test_what_breaks_while_reading_is_source_unreadable(self, broken: Source) -> None:
        with pytest.raises(SourceUnreadable):
            list(broken.scan("trial"))
