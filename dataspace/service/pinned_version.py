"""The version that a permit pins: asked instead of the latest one for as long as it is kept.

Deprecated, it may be asked; withdrawn or erased, it may not (`check_open` says so), and no other is taken instead.
What the columns are for disclosure is said by the lineage as it stands now as well: a label that came later counts.
"""

from collections.abc import Mapping
from dataclasses import replace

from dataspace.errors import Conflict
from dataspace.model.datasets import Column, Dataset, VersionRef
from dataspace.model.names import ColumnName
from dataspace.model.permits import Permit
from dataspace.ports import Catalog

LATEST = "latest"


def permitted_version(catalog: Catalog, dataset: Dataset, permit: Permit | None) -> Dataset:
    """The dataset at the one version that the permit pins; as it is where the permit pins none.

    Raises Conflict where that version cannot be asked here any more.
    """
    pinned = (
        {grant.version for grant in permit.datasets if grant.dataset == dataset.name} if permit else set()
    )
    if len(pinned) != 1:
        return dataset
    return at_version(catalog, dataset, pinned.pop())


def at_version(catalog: Catalog, dataset: Dataset, version: str) -> Dataset:
    """The dataset with the columns of one of its versions, as the latest; as it is where the history has none such."""
    latest = dataset.latest.sha256 if dataset.latest else LATEST
    if version in (LATEST, latest) or dataset.chapter(version) is None:
        return dataset
    found = catalog.version(VersionRef(dataset.name, version))
    if dataset.in_place or found is None:
        raise Conflict(
            f"Version {version[:12]} of '{dataset.name}' is not kept.",
            "Ask for the latest one, or apply for it.",
        )
    now = {column.name: column for column in dataset.columns}
    columns = tuple(_labelled(column, now) for column in found.columns)
    unit = dataset.privacy_unit
    if unit is not None and unit not in {column.name for column in columns}:
        raise Conflict(
            f"Version {version[:12]} of '{dataset.name}' has not the column of the person to protect.",
            "Ask for the latest one, or apply for it.",
        )
    return replace(dataset, latest=found.ref, columns=columns)


def _labelled(column: Column, now: Mapping[ColumnName, Column]) -> Column:
    later = now.get(column.name)
    return replace(column, labels=column.labels | later.labels) if later is not None else column
