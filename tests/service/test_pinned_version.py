"""A permit's pinned version is asked while it is kept: deprecated it may be, withdrawn or erased it may not."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dataspace.adapters.memory import MemoryCatalog
from dataspace.errors import Conflict
from dataspace.model.curation import Chapter, Standing
from dataspace.model.datasets import Column, ColumnType, Dataset, Label, Version, VersionRef
from dataspace.model.names import HUB, ColumnName, DatasetName, PrincipalId
from dataspace.model.permits import DatasetGrant, Permit
from dataspace.model.policies import AnswerKind
from dataspace.model.principals import Principal
from dataspace.policy.coverage import gaps
from dataspace.service.access_requests import access_request
from dataspace.service.permit_documents import schema_digest
from dataspace.service.pinned_version import permitted_version
from dataspace.testing.examples import example_permit

STAYS, OLD, NEW = DatasetName("stays"), "a" * 64, "b" * 64
AT = datetime(2026, 1, 1, tzinfo=UTC)
WHO, LOS, TYPE = (Column(ColumnName(name), ColumnType.INTEGER) for name in ("who", "los", "type"))
SECRET = frozenset({Label.SPECIAL_CATEGORY})


def world(standing: Standing = Standing.DEPRECATED, **changes: object) -> tuple[MemoryCatalog, Dataset]:
    catalog = MemoryCatalog()
    history = (Chapter(1, OLD, AT, standing), Chapter(2, NEW, AT))
    columns = (WHO, replace(LOS, labels=SECRET))
    dataset = Dataset(STAYS, "", "", columns, WHO.name, VersionRef(STAYS, NEW), history=history)
    dataset = replace(dataset, **changes)  # type: ignore[arg-type]
    catalog.put(dataset)
    catalog.put_version(Version(VersionRef(STAYS, OLD), (WHO, LOS, TYPE), (), 10, AT, "stays.csv"))
    return catalog, dataset


def permit(version: str) -> Permit:
    return replace(example_permit(), datasets=(DatasetGrant(STAYS, version),))


def test_the_pinned_version_is_asked_with_its_own_columns() -> None:
    catalog, dataset = world()
    found = permitted_version(catalog, dataset, permit(OLD))
    assert found.latest == VersionRef(STAYS, OLD)
    assert [column.name for column in found.columns] == ["who", "los", "type"]
    asker = Principal(PrincipalId("ana"), "", frozenset())
    request = access_request(asker, AnswerKind.AGGREGATE, "", found, frozenset({TYPE.name}), permit(OLD), HUB)
    assert not any("version" in gap for gap in gaps(permit(OLD), request, AT))


def test_a_label_that_came_later_counts_for_the_older_version_too() -> None:
    catalog, dataset = world()
    found = permitted_version(catalog, dataset, permit(OLD)).column("los")
    assert found is not None
    assert found.labels == SECRET


@pytest.mark.parametrize("version", ["latest", NEW])
def test_the_latest_version_is_as_it_was(version: str) -> None:
    catalog, dataset = world()
    assert permitted_version(catalog, dataset, permit(version)) is dataset
    assert permitted_version(catalog, dataset, None) is dataset


@pytest.mark.parametrize("standing", [Standing.WITHDRAWN, Standing.ERASED])
def test_a_version_that_was_withdrawn_or_erased_is_not_asked_nor_another_instead(standing: Standing) -> None:
    catalog, dataset = world(standing)
    found = permitted_version(catalog, dataset, permit(OLD))
    with pytest.raises(Conflict, match=standing.value):
        access_request(
            Principal(PrincipalId("ana"), "", frozenset()),
            AnswerKind.AGGREGATE,
            "",
            found,
            frozenset({LOS.name}),
            permit(OLD),
            HUB,
        )


def test_a_version_of_another_lineage_stays_uncovered() -> None:
    catalog, dataset = world()
    assert permitted_version(catalog, dataset, permit("c" * 64)) is dataset


def test_rows_that_stay_in_their_source_have_no_older_version() -> None:
    catalog, dataset = world(in_place="postgresql")
    with pytest.raises(Conflict, match="not kept"):
        permitted_version(catalog, dataset, permit(OLD))


def test_a_version_without_the_column_of_the_person_is_refused() -> None:
    catalog, dataset = world(privacy_unit=ColumnName("patient"))
    with pytest.raises(Conflict, match="person to protect"):
        permitted_version(catalog, dataset, permit(OLD))


def test_the_shape_that_a_permit_pins_is_that_of_its_version() -> None:
    catalog, dataset = world()
    found = permitted_version(catalog, dataset, permit(OLD))
    assert schema_digest(found, None) != schema_digest(dataset, None)
