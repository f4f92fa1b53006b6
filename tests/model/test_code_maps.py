"""What local codes mean, as text: what is written is read back, whatever the codes are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.model import code_maps


def test_what_is_typed_is_read() -> None:
    assert code_maps.read("type=Notfall:3, Wahl : 1") == ("type", (("Notfall", "3"), ("Wahl", "1")))
    assert code_maps.read("ratio=a:b:c") == ("ratio", (("a:b", "c"),))
    assert code_maps.read('type={"Notfall, nachts": "3"}') == ("type", (("Notfall, nachts", "3"),))


@pytest.mark.parametrize(
    "text",
    [
        "", "type", "type=", "=a:1", "type=a", "type=a:", "type=a:1,a:2", "type=a:1,", "type={", "type={}",
        'type={"a": 1}', 'type={"a": {"b": "c"}}', 'type={"a": "1", "a": "2"}',
    ],
)  # fmt: skip
def test_what_is_no_such_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        code_maps.read(text)


@given(st.dictionaries(st.text(), st.text(), min_size=1))
def test_any_codes_come_back_as_they_were_said(codes: dict[str, str]) -> None:
    assert code_maps.read(code_maps.said("a column", codes.items())) == ("a column", tuple(codes.items()))
