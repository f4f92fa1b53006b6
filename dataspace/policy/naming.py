"""Names that a policy speaks of and that are not there: a warning for a dataset, a mistake for a column."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from dataspace.model.datasets import Dataset
from dataspace.model.names import DatasetName, RuleId
from dataspace.model.policies import Policy, Rule
from dataspace.model.predicates import columns_of


def unknown_datasets(policy: Policy, visible: Sequence[Dataset]) -> tuple[str, ...]:
    """A sentence for each dataset that a rule targets and that is not among the visible ones."""
    names = sorted(dataset.name for dataset in visible)
    targets = sorted({name for rule in policy.rules for name in rule.target.datasets} - set(names))
    return tuple(f"no dataset named '{name}' here{_near(name, names)}" for name in targets)


def unknown_columns(policy: Policy, visible: Sequence[Dataset]) -> Iterator[tuple[RuleId, str, str]]:
    """Rule, column and a sentence, for each column that a rule's limits name and that its datasets have not.

    A row filter looks at its columns in every dataset that it is for; a column to mask or withhold has to be in one
    of them, and is not judged where a dataset is not known yet.
    """
    known = {dataset.name: dataset for dataset in visible}
    for rule in policy.rules:
        yield from _unknown(rule, known)


def _unknown(rule: Rule, known: Mapping[DatasetName, Dataset]) -> Iterator[tuple[RuleId, str, str]]:
    datasets = [known[name] for name in sorted(rule.target.datasets) if name in known]
    for dataset in datasets:
        columns = [column.name for column in dataset.columns]
        for column in sorted(columns_of(rule.obligations.row_filter) - set(columns)):
            yield rule.id, column, f"no column '{column}' in {dataset.name}{_near(column, columns)}"
    if not datasets or len(datasets) < len(rule.target.datasets):
        return
    together = sorted({column.name for dataset in datasets for column in dataset.columns})
    hidden = {*rule.obligations.masks, *rule.obligations.withheld}
    for column in sorted(hidden - set(together)):
        places = ", ".join(dataset.name for dataset in datasets)
        yield rule.id, column, f"no column '{column}' in {places}{_near(column, together)}"


def _near(name: str, names: Sequence[str]) -> str:
    near = get_close_matches(name, names, n=1)
    return f"; did you mean '{near[0]}'?" if near else "."
