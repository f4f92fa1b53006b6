"""Names in a policy that are not there."""

from dataclasses import replace

from dataspace.model.datasets import Column, ColumnType, Dataset
from dataspace.model.names import ColumnName, DatasetName, PolicyId, RuleId
from dataspace.model.policies import Effect, Mask, MaskKind, Obligations, Policy, Rule, Target
from dataspace.model.predicates import Comparator, Compare
from dataspace.policy.naming import unknown_columns, unknown_datasets


def dataset(name: str, *columns: str) -> Dataset:
    described = tuple(Column(ColumnName(c), ColumnType.INTEGER) for c in columns)
    return Dataset(DatasetName(name), name, "", described, None, None)


def policy(owed: Obligations, *names: str) -> Policy:
    target = Target(frozenset(map(DatasetName, names)))
    rule = Rule(RuleId("counts"), Effect.PERMIT, target, obligations=owed)
    return Policy(PolicyId("p"), "", "", (rule,))


HERE = (dataset("visits", "age", "los"), dataset("stays", "los"))
MASKED = Obligations(masks={ColumnName("age"): Mask(MaskKind.NULL)})
FILTERED = Obligations(row_filter=Compare(ColumnName("age"), Comparator.GE, 18))


def test_a_dataset_that_is_not_there_is_named_with_the_nearest() -> None:
    found = unknown_datasets(policy(Obligations(), "vistis", "stays", "zzz"), HERE)
    assert found == (
        "no dataset named 'vistis' here; did you mean 'visits'?",
        "no dataset named 'zzz' here.",
    )


def test_a_filter_has_to_fit_every_dataset_that_it_is_for() -> None:
    assert not list(unknown_columns(policy(FILTERED, "visits"), HERE))
    ((rule, column, sentence),) = unknown_columns(policy(FILTERED, "visits", "stays"), HERE)
    assert (rule, column, sentence) == ("counts", "age", "no column 'age' in stays.")


def test_a_mask_has_to_fit_one_of_the_datasets_that_it_is_for() -> None:
    assert not list(unknown_columns(policy(MASKED, "visits", "stays"), HERE))
    assert list(unknown_columns(policy(MASKED, "stays"), HERE))
    assert list(unknown_columns(policy(Obligations(withheld=frozenset({ColumnName("ag")})), "visits"), HERE))


def test_what_is_not_known_yet_is_not_judged() -> None:
    assert not list(unknown_columns(policy(MASKED, "stays", "later"), HERE))
    everything = policy(MASKED, "stays")
    rule = replace(everything.rules[0], target=Target(everything=True))
    assert not list(unknown_columns(replace(everything, rules=(rule,)), HERE))
