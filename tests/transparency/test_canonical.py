"""Canonical JSON: one spelling, RFC 8785's own examples, and what is refused."""

import json
import struct
from decimal import Decimal
from enum import StrEnum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.transparency.canonical import MAX_DEPTH, canonical_json, digest, strict_json

scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8)
values = st.recursive(
    scalars | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)

# RFC 8785, appendix B: IEEE 754 bits and their text.
RFC_NUMBERS = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]


@pytest.mark.parametrize(("bits", "text"), RFC_NUMBERS)
def test_numbers_are_written_as_the_rfc_lists_them(bits: str, text: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical_json(number).decode() == text


def test_keys_are_sorted_by_utf16_units_and_strings_escaped_as_the_rfc_shows() -> None:
    keys = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert canonical_json(keys).decode() == (
        '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\U0001f600":5,"\ufb33":3}'
    )
    assert (
        canonical_json('\u20ac$\x0f\nA\'B"\\\\"/\x7f')
        == '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f"'.encode()
    )


@given(values)
def test_what_is_read_back_has_the_same_canonical_text(value: object) -> None:
    text = canonical_json(value)
    assert canonical_json(strict_json(text)) == text
    assert json.loads(text, parse_int=float) == value, "a reader with doubles only gets the same values"


@given(st.dictionaries(st.text(max_size=4), scalars, max_size=6))
def test_the_order_of_keys_never_matters(value: dict[str, object]) -> None:
    assert digest(dict(reversed(value.items()))) == digest(value)


def test_equal_numbers_and_strings_of_other_types_are_spelled_alike() -> None:
    class Kind(StrEnum):
        COUNT = "count"

    assert canonical_json([1.0, np.float64(0.1), Kind.COUNT, (True,)]) == b'[1,0.1,"count",[true]]'


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        2**53 + 1,
        2**60,
        10**400,
        "\ud800",
        {"\ud800": 1},
        {1: 2},
        Decimal("0.1"),
        b"bytes",
        {1, 2},
        object(),
    ],
)
def test_what_has_no_single_spelling_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"\$"):
        canonical_json({"a": [value]})


@pytest.mark.parametrize(
    "text",
    [
        *('{"a":1,"a":2}', "NaN", "[Infinity]", "1e999", "-1e999", "9007199254740993", "-9007199254740993"),
        *(
            '"\\ud800"',
            '{"\\uDC00":1}',
            '"\ud800"',
            b'"\xff"',
            b'"\xed\xa0\x80"',
            "1".encode("utf-16"),
            "\ufeff1",
        ),
        *("", "{", "[" * 5000, "[" * (MAX_DEPTH + 1) + "1" + "]" * (MAX_DEPTH + 1)),
    ],
)
def test_text_with_two_meanings_or_none_is_not_read(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        strict_json(text)


def test_what_has_one_meaning_is_read_as_it_stands() -> None:
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    text = f'{{"whole":-9007199254740991,"large":1e21,"pair":"\\ud83d\\ude00","wide":[{"[]," * 100}{deepest[1:-1]}]}}'
    read = strict_json(text.encode())
    assert read == json.loads(text)
    assert canonical_json(read) == canonical_json(json.loads(text))
    assert strict_json("100000000000000000000") == 10**20


def test_nesting_has_a_limit_instead_of_a_crash() -> None:
    deepest: object = None
    for _ in range(MAX_DEPTH):
        deepest = [deepest]
    canonical_json(deepest)
    with pytest.raises(ValueError, match="nested deeper"):
        canonical_json([deepest])


def test_the_digest_is_sha256_in_hex() -> None:
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
