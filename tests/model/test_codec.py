"""Nouns survive the way to JSON and back, and what does not fit is refused with its path."""

import json
from dataclasses import MISSING, fields
from datetime import UTC, datetime

import pytest
from hypothesis import given

from dataspace.model.codec import from_json, to_json
from dataspace.model.datasets import Column, ColumnType, Dataset, VersionRef
from dataspace.model.names import ColumnName, DatasetName, PermitId, PolicyId, RuleId
from dataspace.model.permits import DatasetGrant, Permit, PermitStatus
from dataspace.model.policies import (
    Compound,
    Constraint,
    Effect,
    Obligations,
    Operand,
    Operator,
    Policy,
    Rule,
    Target,
)
from dataspace.model.predicates import AnyOf, Comparator, Compare, Not, OneOf
from dataspace.testing.examples import example_permit
from tests.model.any_policy import POLICIES


@given(POLICIES)
def test_any_policy_comes_back_equal(policy: Policy) -> None:
    assert from_json(Policy, json.loads(json.dumps(to_json(policy)))) == policy


def test_constants_of_a_filter_come_back_with_their_types() -> None:
    given: tuple[str | int | float | bool | None, ...] = (None, True, 1, 1.0, -0.5, "1", "")
    for value in given:
        part = Not(AnyOf((Compare(ColumnName("a"), Comparator.EQ, value), OneOf(ColumnName("a"), (value,)))))
        found = from_json(Obligations, json.loads(json.dumps(to_json(Obligations(row_filter=part)))))
        assert repr(found.row_filter) == repr(part)


def test_a_dataset_comes_back_equal() -> None:
    column = Column(ColumnName("los"), ColumnType.INTEGER, values=(1, 2.5, "x", None, True), lower=0)
    ref = VersionRef(DatasetName("d"), "00")
    dataset = Dataset(DatasetName("d"), "t", "", (column,), None, ref)
    assert from_json(Dataset, to_json(dataset)) == dataset


def test_what_does_not_fit_far_below_is_refused_with_its_whole_path() -> None:
    constraint = Constraint(Operand.PURPOSE, Operator.IS_A, ("a", "b"))
    rule = Rule(RuleId("r1"), Effect.PERMIT, Target(everything=True), condition=constraint)
    document = to_json(Policy(PolicyId("p"), "title", "the steward", (rule, rule)))
    document["rules"][1]["condition"]["right"][1] = 7
    with pytest.raises(ValueError, match=r"^\$\.rules\[1\]\.condition\.right\[1\]: expected str, found int$"):
        from_json(Policy, document)
    with pytest.raises(ValueError, match=r"^\$\.masks\.age\.kind: expected one of null, hash"):
        from_json(Obligations, {"masks": {"age": {"kind": "blur"}}})
    with pytest.raises(ValueError, match=r"^\$\.epsilon_total: .*larger than a double"):
        from_json(Obligations, {"epsilon_total": 10**400})
    with pytest.raises(ValueError, match=r"^\$\.epsilon_total: "):
        from_json(Obligations, {"epsilon_total": True})


def test_a_noun_may_say_its_kind_and_only_its_own_where_several_are_possible() -> None:
    constraint = {"is": "Constraint", "operand": "purpose", "operator": "eq", "right": ["a"]}
    assert from_json(Constraint, constraint) == Constraint(Operand.PURPOSE, Operator.EQ, ("a",))
    for kind in ("Rule", ["Constraint"], None):
        with pytest.raises(ValueError, match="not one of the known kinds"):
            from_json(Compound, {"connective": "and", "parts": [constraint | {"is": kind}]})


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"issuer": "h", "revoked": [], "nonce": "n"}, "'at' is missing"),
        ({"issuer": 1, "revoked": [], "nonce": "n", "at": "2026-01-01T00:00:00+00:00"}, r"\$\.issuer"),
        ({"issuer": "h", "revoked": [], "nonce": "n", "at": "2026-01-01T00:00:00"}, "offset"),
        ({"issuer": "h", "revoked": "p", "nonce": "n", "at": "2026-01-01T00:00:00+00:00"}, "array"),
        (
            {"issuer": "h", "revoked": [], "nonce": "n", "at": "2026-01-01T00:00:00+00:00", "x": 1},
            "unknown field",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_path(document: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        from_json(PermitStatus, document)


def test_an_empty_conjunction_is_refused_also_from_json() -> None:
    with pytest.raises(ValueError, match="at least one"):
        from_json(Compound, {"is": "Compound", "connective": "and", "parts": []})


def test_sets_have_one_spelling() -> None:
    at = datetime.now(UTC)
    status = PermitStatus("h", frozenset({PermitId("P-2"), PermitId("P-1")}), "n", at)
    assert to_json(status)["revoked"] == ["P-1", "P-2"]


def test_a_noun_that_is_read_is_the_noun_that_its_own_init_makes() -> None:
    """With all fields, with the needed ones alone, in another order, and again in a shape that was seen before."""
    permit = example_permit()
    whole = to_json(permit)
    needed = {
        field.name
        for field in fields(Permit)
        if field.default is MISSING and field.default_factory is MISSING
    }
    for _ in range(2):
        assert from_json(Permit, whole) == permit
        assert from_json(Permit, dict(reversed(whole.items()))) == permit
        least = from_json(Permit, {name: whole[name] for name in needed})
        assert least == Permit(**{name: getattr(permit, name) for name in needed})


def test_a_shape_that_was_read_before_says_nothing_of_the_values_in_it() -> None:
    whole = to_json(example_permit())
    from_json(Permit, whole)
    for changed, path in (
        ({**whole, "basis": "gift"}, r"\$\.basis"),
        ({**whole, "revision": True}, r"\$\.revision"),
        ({**whole, "expires": "tomorrow"}, r"\$\.expires"),
        ({**whole, "datasets": [{**whole["datasets"][0], "columns": [1]}]}, r"\$\.datasets\[0\]\.columns"),
    ):
        for _ in range(2):
            with pytest.raises(ValueError, match=path):
                from_json(Permit, changed)
    with pytest.raises(ValueError, match="unknown field 'more'"):
        from_json(Permit, {**whole, "more": 1})


def test_many_shapes_of_one_noun_are_all_read() -> None:
    for number in range(200):
        with pytest.raises(ValueError, match="unknown field"):
            from_json(DatasetGrant, {"dataset": "stays", f"x{number}": 1})
    assert from_json(DatasetGrant, {"dataset": "stays"}) == DatasetGrant(DatasetName("stays"))
