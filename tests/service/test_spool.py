"""Answers between a quick maker and slow readers."""

import threading
import time

import pytest

from dataspace.errors import AnswerTooLarge, NoAnswer, RangeNotHeld, SourceError
from dataspace.service.spool import Limits, Room, Spool, Unread

Bytes = Spool[bytes]


def spool(room: Room | None = None, held: int = 100, whole: int = 1000, stall: float = 0.3) -> Bytes:
    return Spool(room or Room(1000), len, Limits(held, whole, stall))


def test_what_was_put_is_read_again_from_any_place() -> None:
    made = spool()
    for piece in (b"abc", b"defg", b"h"):
        made.put(piece)
    made.finish()
    assert b"".join(made.read()) == b"abcdefgh"
    assert [made.at(place) for place in (0, 2, 3, 6, 7)] == [(0, b"abc")] * 2 + [(3, b"defg")] * 2 + [
        (7, b"h")
    ]
    assert list(made.read(3)) == [b"defg", b"h"]
    assert made.at(8) is None
    assert made.ended(8)
    with pytest.raises(RangeNotHeld):
        made.at(9)


def test_a_reader_waits_for_what_is_still_being_made() -> None:
    made, got = spool(), list[bytes]()
    reader = threading.Thread(target=lambda: got.extend(made.read()))
    reader.start()
    made.put(b"one")
    made.put(b"two")
    made.finish()
    reader.join(5)
    assert got == [b"one", b"two"]


def test_a_large_answer_waits_for_its_reader_and_holds_no_more_than_it_may() -> None:
    room = Room(1000)
    made, most = spool(room, held=30, stall=5), 0

    def make() -> None:
        for _ in range(20):
            made.put(b"x" * 10)
        made.finish()

    maker = threading.Thread(target=make)
    maker.start()
    total = 0
    for piece in made.read():
        total, most = total + len(piece), max(most, room.used)
        time.sleep(0.005)
    maker.join(5)
    assert (total, most <= 40) == (200, True)
    with pytest.raises(RangeNotHeld, match="no longer held"):
        made.at(0)


def test_a_reader_who_stops_does_not_hold_the_maker_for_ever() -> None:
    made = spool(held=30)
    for _ in range(3):
        made.put(b"x" * 10)
    with pytest.raises(Unread):
        made.put(b"x" * 10)


def test_what_broke_it_is_told_after_what_was_good() -> None:
    made = spool()
    made.put(b"good")
    made.finish(NoAnswer())
    reading = made.read()
    assert next(reading) == b"good"
    with pytest.raises(NoAnswer):
        next(reading)


def test_an_answer_has_a_largest_size() -> None:
    made = spool(whole=15)
    made.put(b"x" * 10)
    with pytest.raises(AnswerTooLarge):
        made.put(b"x" * 10)


def test_dropping_gives_all_of_the_room_back_and_tells_readers() -> None:
    room = Room(100)
    made = spool(room)
    made.put(b"x" * 60)
    made.finish()
    made.drop()
    made.drop()
    assert room.used == 0
    with pytest.raises((SourceError, RangeNotHeld)):
        made.at(0)


def test_a_full_house_asks_for_room_before_it_waits() -> None:
    room = Room(100)
    old, asked = spool(room), list[bool]()
    old.put(b"x" * 90)
    old.finish()

    def make() -> bool:
        asked.append(True)
        old.drop()
        return True

    room.make = make
    new = spool(room)
    new.put(b"y" * 50)
    assert (asked, room.used) == ([True], 50)


def test_nothing_is_put_into_what_was_dropped() -> None:
    room = Room(100)
    made = spool(room)
    made.drop()
    with pytest.raises(Unread):
        made.put(b"x")
    assert room.used == 0
