"""Reading ahead gives the same items, passes errors on, and leaves no thread behind."""

import threading
from collections.abc import Iterator

import pytest

from dataspace.service.reading_ahead import ahead


def alive() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "reading-ahead"]


def test_the_items_come_in_their_order() -> None:
    assert list(ahead(range(100))) == list(range(100))
    assert list(ahead([])) == []
    assert alive() == []


def test_what_the_source_raises_is_raised_after_what_came_before() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    reading = ahead(items())
    assert next(reading) == 1
    with pytest.raises(ValueError, match="broken"):
        next(reading)
    assert alive() == []


def test_who_walks_away_ends_the_thread_and_closes_the_source() -> None:
    closed = []

    def items() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    reading = ahead(items())
    next(reading)
    reading.close()  # type: ignore[attr-defined]
    assert closed == [True]
    assert alive() == []


def test_no_more_than_a_few_are_held() -> None:
    made = []

    def items() -> Iterator[int]:
        for i in range(1_000):
            made.append(i)
            yield i

    reading = ahead(items(), most=3)
    next(reading)
    assert len(made) <= 6
    list(reading)
