"""The codec of Flight SQL's messages: what goes in comes out, and hostile bytes are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.flight import commands
from dataspace.flight.commands import Prepare, SqlInfo, Statement, Tables, Ticket, Unreadable, parse, wrapped
from dataspace.flight.describing import like
from dataspace.flight.wire import LARGEST, decode, encode, flag, numbers, raw, text

FIELDS = st.lists(
    st.tuples(st.integers(1, 2**29 - 1), st.one_of(st.integers(0, 2**64 - 1), st.binary(max_size=200))),
    max_size=20,
)


@given(fields=FIELDS)
def test_what_is_written_is_read(fields: list[tuple[int, int | bytes]]) -> None:
    found = decode(encode(*fields))
    expected: dict[int, list[int | bytes]] = {}
    for number, value in fields:
        expected.setdefault(number, []).append(value)
    assert found == expected


@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for reader in (parse, commands.tickets_in, commands.info_in):
        try:
            reader(data)
        except Unreadable as refused:
            assert repr(data)[:20] not in str(refused)


@given(data=FIELDS.map(lambda fields: encode(*fields)), cut=st.integers(1, 10))
def test_a_message_that_is_cut_off_never_grows(data: bytes, cut: int) -> None:
    try:
        shorter = decode(data[:-cut])
    except ValueError:
        return
    assert sum(map(len, shorter.values())) <= len(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\x0a\xff\xff\xff\xff\x0f",  # a length of 4 GB
        b"\x0a\x05abc",  # cut off
        b"\x08",  # a number that is not there
        b"\x08" + b"\xff" * 11 + b"\x01",  # beyond 64 bits
        b"\x08" + b"\xff" * 9 + b"\x7f",
        b"\x0b\x0c",  # a group
        b"\x00\x00",  # field 0
        b"\x08\x01" * 10_001,
        b"\x00" * (LARGEST + 1),
    ],
)
def test_hostile_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"that|long|beyond"):
        decode(data)


@given(query=st.text(st.characters(exclude_categories=["Cs"])))
def test_texts_arrive_as_they_were(query: str) -> None:
    assert parse(wrapped("CommandStatementQuery", (1, query))) == Statement(query)
    assert parse(wrapped("ActionCreatePreparedStatementRequest", (1, query))) == Prepare(query)


def test_the_last_value_counts_as_protobuf_has_it() -> None:
    message = decode(encode((1, "a"), (1, "b"), (5, True), (5, False)))
    assert (text(message, 1), flag(message, 5)) == ("b", False)
    assert raw(message, 2) is None


def test_numbers_may_be_packed() -> None:
    assert numbers(decode(encode((1, 3), (1, 300))), 1) == (3, 300)
    assert numbers(decode(encode((1, b"\x03\xac\x02"))), 1) == (3, 300)
    assert parse(wrapped("CommandGetSqlInfo", (1, b"\x00\x01"))) == SqlInfo((0, 1))


def test_tables_are_asked_with_patterns() -> None:
    data = wrapped("CommandGetTables", (1, "hub"), (3, "m%"), (4, "TABLE"), (4, "VIEW"), (5, True))
    assert parse(data) == Tables("hub", None, "m%", ("TABLE", "VIEW"), True)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        encode((1, "type.googleapis.com/arrow.flight.protocol.sql.CommandStatementUpdate"), (2, b"")),
        encode((1, "CommandStatementQuery"), (2, encode((1, "SELECT 1")))),
        wrapped("CommandStatementQuery"),
        wrapped("CommandStatementQuery", (1, b"\xff\xfe")),
        wrapped("CommandStatementQuery", (1, 7)),
        wrapped("CommandPreparedStatementQuery", (1, b"")),
        wrapped("CommandGetTables", (4, 7)),
    ],
)
def test_what_is_not_served_is_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        parse(data)


def test_tickets_are_found_in_a_flight_info() -> None:
    inner = commands.ticket(b"abc")
    info = encode((1, b"schema"), (3, encode((1, encode((1, inner))))))
    assert commands.tickets_in(info) == (inner,)
    assert parse(inner) == Ticket(b"abc")


@pytest.mark.parametrize(
    ("pattern", "word", "fits"),
    [
        (None, "machines", True),
        ("%", "machines", True),
        ("", "machines", False),
        ("mach%", "machines", True),
        ("m_chines", "machines", True),
        ("chines", "machines", False),
        (".*", "machines", False),
        ("%" * 200 + "x", "machines", False),
        ("%a" * 100, "a" * 60, False),
    ],
)
def test_patterns_are_those_of_like(pattern: str | None, word: str, fits: bool) -> None:
    assert like(pattern, word) is fits
