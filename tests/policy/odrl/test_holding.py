"""One constraint against what is seen: how values are read, and what cannot be told."""

import pytest

from dataspace.model.odrl import ODRL, Comparison, Iri, Literal, Value
from dataspace.model.odrl_world import World
from dataspace.policy.comparing import Comparing
from dataspace.policy.odrl.holding import holds, readings_of
from dataspace.policy.odrl.values import DURATIONS, INSTANTS, NUMBERS, XSD, Reading

OWN = "http://example.org/own"
PRICE = Iri("http://example.org/price")


def integer(text: str) -> Literal:
    return Literal(text, XSD + "integer")


@pytest.mark.parametrize(
    ("left", "right", "operator", "ways"),
    [
        (OWN, (integer("5"),), "eq", NUMBERS),
        (OWN, (integer("5"), Literal("6")), "eq", NUMBERS),
        (OWN, (Literal("P1D", XSD + "duration"),), "eq", DURATIONS),
        (OWN, (Literal("2026-01-01", XSD + "date"), integer("5")), "eq", ()),
        (OWN, (Literal("5"),), "eq", ()),
        (OWN, (Literal("5"),), "lt", NUMBERS),
        (OWN, (PRICE,), "lt", ()),
        (ODRL + "count", (Literal("5", XSD + "string"),), "eq", NUMBERS),
        (ODRL + "count", (integer("5"), PRICE), "isAnyOf", ()),
        (ODRL + "count", (PRICE, integer("5")), "isAnyOf", ()),
        (ODRL + "count", (PRICE,), "eq", ()),
        (ODRL + "dateTime", (Literal("2026-01-01"),), "lt", INSTANTS),
    ],
)
def test_values_are_read_by_their_datatype_then_by_their_operand_and_names_never(
    left: str, right: tuple[Value, ...], operator: str, ways: tuple[Reading, ...]
) -> None:
    assert readings_of(left, right, Comparing(operator)) == ways


def truth(left: str, operator: str, wanted: Value, *seen: Value) -> bool | None:
    return holds(Comparison("c", left, operator, (wanted,)), seen, World())


@pytest.mark.parametrize("operator", ["eq", "neq", "lt", "lteq", "gt", "gteq", "isAnyOf", "isNoneOf"])
def test_what_is_no_number_is_neither_the_same_as_one_nor_another(operator: str) -> None:
    assert truth(ODRL + "count", ODRL + operator, integer("5"), Literal("many")) is None
    assert truth(ODRL + "count", ODRL + operator, Literal("many"), integer("5")) is None


def test_a_name_is_compared_as_a_name_whatever_the_operand_is() -> None:
    assert truth(ODRL + "payAmount", ODRL + "eq", PRICE, PRICE) is True
    assert truth(ODRL + "payAmount", ODRL + "eq", PRICE, integer("5")) is False


def test_nothing_is_said_where_nothing_is_seen_or_the_operator_is_not_known() -> None:
    assert truth(ODRL + "count", ODRL + "eq", integer("5")) is None
    assert truth(ODRL + "count", "http://example.org/like", integer("5"), integer("5")) is None
    assert holds(Comparison("c", ODRL + "count", ODRL + "eq", ()), (integer("5"),), World()) is None
    assert truth(ODRL + "count", ODRL + "eq", integer("5"), integer("5")) is True
