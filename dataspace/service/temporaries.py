"""Temporary results in questions: they are read like datasets, and decided on as the datasets that they came from."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from dataspace.errors import TemporaryGone
from dataspace.model.datasets import Dataset
from dataspace.model.names import ColumnName, CutId, DatasetName
from dataspace.model.plans import RowsPlan
from dataspace.model.records import JSON
from dataspace.model.temporaries import Keep, Temporary
from dataspace.ports import SqlReader

Needed = Mapping[DatasetName, frozenset[ColumnName]]
"""The columns that are read of each dataset."""


def as_dataset(temporary: Temporary) -> Dataset:
    """What the gate has to know of it: its name and its columns."""
    return Dataset(DatasetName(temporary.made.name), "", "", temporary.columns, None, None)


def question_of(reader: SqlReader, text: str) -> str:
    """The question in a text: what follows AS where rows are to be kept, else all of it."""
    said = reader.statement(text)
    return said.question if isinstance(said, Keep) else text


def there(names: Iterable[str], kept: Mapping[str, Temporary | None]) -> dict[DatasetName, Temporary]:
    """The temporary results of these names. Raises TemporaryGone for one that was there."""
    found: dict[DatasetName, Temporary] = {}
    for name in sorted(names):
        if (temporary := kept[name]) is None:
            raise TemporaryGone(name)
        found[DatasetName(name)] = temporary
    return found


def traced(
    plan: RowsPlan, needed: Needed, own: Mapping[DatasetName, Temporary]
) -> tuple[RowsPlan, dict[DatasetName, frozenset[ColumnName]]]:
    """The plan over these temporary results, and what it reads of datasets, also by way of them."""
    read = tuple(temporary for name, temporary in sorted(own.items()) if name in needed)
    found = {name: columns for name, columns in needed.items() if name not in own}
    for temporary in read:
        for name, columns in temporary.made.sources.items():
            found[name] = found.get(name, frozenset()) | columns
    # A name that a temporary result gives need not be that of a column which is withheld.
    theirs = {column.name.lower() for temporary in read for column in temporary.columns}
    keeping = replace(plan.keeping, sources=found) if plan.keeping else None
    return replace(plan, temporaries=read, named=plan.named - theirs, keeping=keeping), found


def check_still_given(temporaries: Iterable[Temporary], cuts: Mapping[DatasetName, CutId]) -> None:
    """Raises TemporaryGone where what one was made from is no longer what would be given."""
    for temporary in temporaries:
        if any(cuts.get(name) != cut for name, cut in temporary.made.cuts.items()):
            raise TemporaryGone(temporary.made.name)


def kept_facts(plan: RowsPlan) -> dict[str, JSON]:
    """What the record of the intent says of them: the name of the new one, and the records of those that are read."""
    facts: dict[str, JSON] = {}
    if plan.keeping:
        facts["keeps"] = plan.keeping.name
    if plan.temporaries:
        facts["temporaries"] = {one.made.name: one.made.intent for one in plan.temporaries}
    return facts
