"""The description of a dataset from what is said, what the dictionary says, and what was there before."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from dataspace.errors import Conflict, InvalidRequest
from dataspace.model.curation import Chapter, Expectation, Rename, Step
from dataspace.model.datasets import Column, Dataset, Dictionary, Label, Responsibility, Version
from dataspace.model.names import ColumnName
from dataspace.service.normalising import columns_of_schema, normalised_schema
from dataspace.service.registration import Registration
from dataspace.vocabulary.record_edit import edited


def columns_described(
    shape: pa.Schema,
    lineage: Dataset | None,
    dictionary: Dictionary | None,
    labels: Sequence[str],
    steps: Sequence[Step] = (),
) -> tuple[Column, ...]:
    """Titles, codes, bounds and labels: from the dictionary, else as they were; labels that are typed replace them.

    No step takes a label away: a column that was renamed, cast or generalised keeps what it had, as policies speak of
    labels. Only typing another one, or `none`, does.
    """
    shared = {column.name: column for column in dictionary.columns} if dictionary else {}
    before = {column.name: column for column in lineage.columns} if lineage else {}
    bare = columns_of_schema(normalised_schema(shape))
    said = _labels(labels, [column.name for column in bare])
    described, origins = [], _origins(steps)
    for column in bare:
        known = shared.get(column.name)
        if known is None:
            earlier = before.get(column.name)
            known = earlier if earlier is not None and earlier.type is column.type else column
        source = before.get(origins.get(column.name, column.name))
        kept = known.labels | (source.labels if source is not None else frozenset())
        described.append(replace(known, labels=said.get(column.name, kept)))
    return tuple(described)


def _origins(steps: Sequence[Step]) -> Mapping[ColumnName, ColumnName]:
    """The earlier name of each column that steps give another one, over several of them."""
    origins: dict[ColumnName, ColumnName] = {}
    for step in steps:
        if isinstance(step, Rename):
            origins[step.to] = origins.pop(step.column, step.column)
    return origins


def _labels(typed: Sequence[str], names: Sequence[str]) -> Mapping[ColumnName, frozenset[Label]]:
    said: dict[ColumnName, frozenset[Label]] = {}
    for text in typed:
        name, sign, word = text.rpartition("=")
        if not sign or name not in names:
            raise InvalidRequest(f"'{text}' labels no column.", "Write --label COLUMN=quasi-identifier.")
        if word != "none" and word not in {label.value for label in Label}:
            known = ", ".join(label.value for label in Label)
            raise InvalidRequest(f"'{word}' is no label.", f"Say one of {known}, or none.")
        column = ColumnName(name)
        said[column] = (said.get(column, frozenset()) | {Label(word)}) if word != "none" else frozenset()
    return said


def described_dataset(
    said: Registration,
    version: Version,
    lineage: Dataset | None,
    dictionary: Dictionary | None,
    mapping: tuple[Step, ...],
    expected: tuple[Expectation, ...],
) -> Dataset:
    """The dataset with its new version. What is not said stays as it was; without a lineage it starts empty."""
    before = lineage or Dataset(version.ref.dataset, said.name, "", (), None, None)
    dataset = replace(
        before,
        title=said.title or before.title,
        description=said.description or before.description,
        columns=version.columns,
        privacy_unit=_unit(said.privacy_unit, version, lineage),
        latest=version.ref,
        dictionary=str(dictionary) if dictionary else before.dictionary,
        synthetic=said.synthetic or before.synthetic,
        theme=said.theme or before.theme,
        keywords=said.keywords or before.keywords,
        responsibility=before.responsibility
        if said.responsibility == Responsibility()
        else said.responsibility,
        published=said.publish or before.published,
        history=_history(before, version),
        expectations=tuple(dict.fromkeys(expected)),
        mapping=tuple(dict.fromkeys((*before.mapping, *mapping))),
    )
    return edited(dataset, said.fields)


def _unit(said: str, version: Version, lineage: Dataset | None) -> ColumnName | None:
    before = lineage.privacy_unit if lineage else None
    chosen = None if said == "row" else ColumnName(said)
    unit = chosen if said else before
    if unit is not None and unit not in {column.name for column in version.columns}:
        raise InvalidRequest(f"The privacy unit '{unit}' is not a column.", "Name a column, or say `row`.")
    # A draft has never been asked by anyone but its stewards: there the unit may still be found.
    if lineage is not None and lineage.published and lineage.privacy_unit != unit:
        raise Conflict("The privacy unit of a lineage cannot change.", "Register under another name.")
    return unit


def _history(before: Dataset, version: Version) -> tuple[Chapter, ...]:
    if before.chapter(version.ref.sha256) is not None:
        return before.history
    number = before.history[-1].number + 1 if before.history else 1
    return (*before.history, Chapter(number, version.ref.sha256, version.created))
