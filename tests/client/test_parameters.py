"""What is given as parameters is a list or by name, never guessed."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from dataspace.client.hub import _values
from dataspace.errors import InvalidRequest


class NumpyLike:
    """As NumPy's scalars are."""

    def item(self) -> int:
        return 3


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        (None, None),
        ([1, "a", None, True], [1, "a", None, True]),
        ((date(2020, 2, 29), Decimal("12.50")), ["2020-02-29", "12.50"]),
        ({"n": 3}, {"n": 3}),
        ([NumpyLike()], [3]),
    ],
)
def test_values_are_sent_in_order_or_by_name(said: Any, sent: Any) -> None:
    assert _values(said) == sent


@pytest.mark.parametrize("said", ["3", b"3", [[1]], [{"a": 1}], [object()]])
def test_what_cannot_be_meant_is_refused_before_it_is_sent(said: Any) -> None:
    with pytest.raises(InvalidRequest):
        _values(said)
