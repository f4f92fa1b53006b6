"""Nouns survive the way to JSON and back, and what does not fit is refused with its path."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataspace.model.codec import from_json, to_json
from dataspace.model.datasets import Column, ColumnType, Dataset, Label, VersionRef
from dataspace.model.names import ColumnName, DatasetName, PermitId, PolicyId, RuleId
from dataspace.model.permits import PermitStatus
from dataspace.model.policies import (
    Compound,
    Connective,
    Constraint,
    Effect,
    Mask,
    MaskKind,
    Obligations,
    Operand,
    Operator,
    Policy,
    Rule,
    Target,
)
from dataspace.model.predicates import All, AnyOf, Comparator, Compare, IsNull, Not, OneOf, Predicate

columns = st.sampled_from([ColumnName("a"), ColumnName("b")])
values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text())
leaves = st.one_of(
    st.builds(Compare, columns, st.sampled_from(Comparator), values),
    st.builds(OneOf, columns, st.lists(values, min_size=1).map(tuple)),
    st.builds(IsNull, columns),
)
predicates: st.SearchStrategy[Predicate] = st.recursive(
    leaves,
    lambda part: st.one_of(
        st.builds(Not, part),
        st.builds(All, st.lists(part, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(part, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


@given(predicates)
def test_an_obligation_with_any_predicate_comes_back_equal(predicate: Predicate) -> None:
    mask = {ColumnName("a"): Mask(MaskKind.GENERALISE, width=10)}
    obligations = Obligations(row_filter=predicate, masks=mask, cohort=10, expires=datetime.now(UTC))
    assert from_json(Obligations, json.loads(json.dumps(to_json(obligations)))) == obligations


def test_a_policy_and_a_dataset_come_back_equal() -> None:
    constraint = Constraint(Operand.PURPOSE, Operator.IS_A, ("dpv:ScientificResearch",))
    rule = Rule(
        RuleId("r1"),
        Effect.PERMIT,
        Target(labels=frozenset({Label.SPECIAL_CATEGORY, Label.FREE_TEXT})),
        condition=Compound(Connective.AND, (constraint,)),
    )
    policy = Policy(PolicyId("p"), "title", "the steward", (rule,))
    assert from_json(Policy, to_json(policy)) == policy
    column = Column(ColumnName("los"), ColumnType.INTEGER, values=(1, 2.5, "x", None, True), lower=0)
    ref = VersionRef(DatasetName("d"), "00")
    dataset = Dataset(DatasetName("d"), "t", "", (column,), None, ref)
    assert from_json(Dataset, to_json(dataset)) == dataset


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
