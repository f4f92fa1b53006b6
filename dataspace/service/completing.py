"""Catalogue records: fill them in, check what they lack, publish them, and take in those of others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from dataspace.errors import Conflict, InvalidRequest
from dataspace.model.codec import to_json
from dataspace.model.datasets import Dataset, Profile, Version
from dataspace.model.descriptions import Completeness, Distribution
from dataspace.model.names import DatasetName, dataset_name
from dataspace.model.principals import Principal, Role
from dataspace.model.records import JSON, RecordKind
from dataspace.ports import Catalog
from dataspace.service.discovering import visible_dataset
from dataspace.service.enforcing import Enforcement
from dataspace.service.permitting import require
from dataspace.transparency.canonical import digest
from dataspace.vocabulary.record_check import check
from dataspace.vocabulary.record_edit import edited
from dataspace.vocabulary.record_kinds import is_personal

ROUNDED_TO = 5
"""Counts of persons and of rows about them are published rounded, like everything else that is."""

PARQUET = "application/vnd.apache.parquet"


@dataclass(frozen=True, slots=True)
class Completing:
    """`read` makes a draft of a record: `(text, form, name, iri)`; it raises InvalidRequest and fetches nothing."""

    catalog: Catalog
    enforcement: Enforcement
    read: Callable[[str, str, str, str], Dataset]

    def check(self, principal: Principal, name: str) -> Completeness:
        """What the record lacks, in plain words. Whoever may see a record may check it."""
        return check(
            visible_dataset(self.catalog, DatasetName(name), principal, self.enforcement), self._today()
        )

    def edit(self, steward: Principal, name: str, fields: Mapping[str, Sequence[str]]) -> Dataset:
        """Fill in fields. Raises Conflict where a published record would no longer say what it must."""
        require(steward, Role.STEWARD)
        before = visible_dataset(self.catalog, DatasetName(name), steward, self.enforcement)
        after = edited(before, fields)
        if after.published:
            refuse_incomplete(after, self._today())
        if after != before:
            self._put(steward, after, sorted(fields))
        return after

    def publish(self, steward: Principal, name: str) -> Dataset:
        """Let others see the record. Raises Conflict that names all that is missing."""
        require(steward, Role.STEWARD)
        draft = visible_dataset(self.catalog, DatasetName(name), steward, self.enforcement)
        published = replace(draft, published=True)
        refuse_incomplete(published, self._today())
        if published != draft:
            self._put(steward, published, ["published"])
        return published

    def bring(self, steward: Principal, name: str, text: str, form: str, iri: str = "") -> Dataset:
        """Take in a record from outside, as a draft that keeps every statement which it brought."""
        require(steward, Role.STEWARD)
        try:
            checked = dataset_name(name)
        except ValueError as error:
            raise InvalidRequest(
                f"'{name[:80]}' cannot name a dataset: {error}.", "Choose another name."
            ) from error
        if self.catalog.get(checked) is not None:
            raise Conflict(f"There is a dataset '{checked}' already.", "Bring it in under another name.")
        dataset = self.read(text, form, checked, iri)
        self._put(steward, dataset, ["brought"])
        return dataset

    def _put(self, steward: Principal, dataset: Dataset, fields: Sequence[str]) -> None:
        facts: dict[str, JSON] = {
            "dataset": dataset.name,
            "fields": list(fields),
            "published": dataset.published,
            "description": digest(to_json(dataset)),
        }
        self.enforcement.record(RecordKind.DATASET_CHANGED, steward, facts)
        self.catalog.put(dataset)

    def _today(self) -> date:
        return self.enforcement.clock.now().date()


def refuse_incomplete(dataset: Dataset, today: date) -> None:
    """Raises Conflict that lists what a record must say before it is published."""
    found = check(dataset, today)
    if not found.publishable:
        said = "; ".join(missing.text for missing in found.missing)
        raise Conflict(
            f"'{dataset.name}' stays a draft: {len(found.missing)} of {found.asked} required fields need you. {said}.",
            f"Where it is registered: `{found.missing[0].command}`, and `dataset check {dataset.name}` says why; "
            "registering it: the same --field, or `fields=` in Python; or leave publishing for later.",
        )


def filled(dataset: Dataset, version: Version, profile: Profile | None = None) -> Dataset:
    """The record with what the data themselves say: its name, its counts, its form, the days of its versions.

    What a person typed stays, except counts and dates, which follow the newest version.
    """
    about = dataset.about
    day = version.created.date().isoformat()
    size = sum(file.size for file in version.files)
    here = Distribution(title="Parquet", format="PARQUET", media_type=PARQUET, size=size)
    if dataset.in_place:
        here = Distribution(title="Stays in its source")
    elsewhere = tuple(d for d in about.distributions if d.access_url or d.download_url)
    about = replace(
        about,
        identifier=about.identifier or dataset.name,
        structured=bool(dataset.columns),
        records=_count(dataset, version.rows),
        individuals=_individuals(dataset, profile) if profile else about.individuals,
        issued=about.issued or day,
        modified=day,
        distributions=elsewhere or (here,),
    )
    return replace(dataset, about=about)


def _individuals(dataset: Dataset, profile: Profile) -> int | None:
    if not is_personal(dataset):
        return None
    found = next((c for c in profile.columns if c.name == dataset.privacy_unit), None)
    # An estimate would be a figure that nobody can stand for.
    exact = found is not None and not found.estimated
    return _count(dataset, found.distinct) if found is not None and exact else None


def _count(dataset: Dataset, number: int) -> int:
    return ROUNDED_TO * round(number / ROUNDED_TO) if is_personal(dataset) else number
