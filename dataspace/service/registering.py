"""From a source to a described, immutable version: read, apply the declared steps, seal, profile, record."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from dataspace.connector import Source, guarded
from dataspace.errors import Conflict, InvalidRequest
from dataspace.model.codec import to_json
from dataspace.model.curation import (
    Change,
    Drop,
    Expectation,
    Rename,
    Standing,
    Step,
    spelled,
)
from dataspace.model.datasets import Dataset, Dictionary, Profile, Version
from dataspace.model.descriptions import Description, Distribution
from dataspace.model.names import HUB, DatasetName, dataset_name
from dataspace.model.principals import Principal, Role
from dataspace.model.records import RecordKind
from dataspace.ports import Catalog, ExpectationCheck, Profiler, Profiles, Vault
from dataspace.service.completing import filled, refuse_incomplete
from dataspace.service.conforming import conformed, typed
from dataspace.service.curation import applicable, curated, names_after, steps_of
from dataspace.service.describing import columns_described, described_dataset
from dataspace.service.drift import data_changes, finding_of, odd_headers, refuse_breaking, schema_changes
from dataspace.service.enforcing import Enforcement
from dataspace.service.expecting import column_of_rule, parse_expectation
from dataspace.service.normalising import columns_of_schema, normalised_schema
from dataspace.service.permitting import require
from dataspace.service.provenance import provenance_of
from dataspace.service.reading_ahead import ahead
from dataspace.service.registration import Registration
from dataspace.transparency.canonical import digest

__all__ = ["Origin", "Registered", "Registering", "Registration"]

MOST_COLUMNS = 10_000


@dataclass(frozen=True, slots=True)
class Registered:
    """What came of it. The profile is for the steward's eyes."""

    dataset: Dataset
    version: Version
    profile: Profile


@dataclass(frozen=True, slots=True)
class Origin:
    """What is read: a source, or an earlier version of the same lineage that is curated further."""

    source: Source
    item: str
    connector: str = ""
    earlier: Version | None = None


@dataclass(frozen=True, slots=True)
class Registering:
    """The steward's side of the catalogue."""

    catalog: Catalog
    vault: Vault
    profiler: Profiler
    enforcement: Enforcement
    profiles: Profiles
    expectations: ExpectationCheck

    def register(
        self, steward: Principal, source: Source, item: str, said: Registration, connector: str = ""
    ) -> Registered:
        """Make a version and put it in the catalogue. Nothing is half registered where this raises."""
        return self.curate(steward, Origin(source, item, connector), said)

    def curate(
        self, steward: Principal, origin: Origin, said: Registration, mapping: tuple[Step, ...] = ()
    ) -> Registered:
        """The same, from a source or from an earlier version; `mapping` is applied after what was typed."""
        require(steward, Role.STEWARD)
        name = _checked(said.name)
        lineage = self.catalog.get(name)
        dictionary = self._dictionary(said.dictionary or (lineage.dictionary if lineage else ""))
        schema = origin.source.schema(origin.item)
        steps = _steps(said, schema.names, lineage, origin, mapping)
        reading = _Reading(origin)
        shape, rows = curated(reading.scan, schema, steps)
        wanted = pa.schema([typed(field, dictionary) for field in shape])
        drift = self._drift(lineage, wanted, schema, steps, origin)
        if not said.accept_drift and not origin.earlier:
            refuse_breaking(name, drift)
        described = columns_described(wanted, lineage, dictionary, said.label)
        expected = (*(lineage.expectations if lineage else ()), *map(parse_expectation, said.expect))
        sealed = self.vault.write(name, conformed(rows(), wanted), wanted)
        try:
            _refuse_closed(lineage, sealed)
            version = replace(
                sealed,
                source=origin.earlier.source if origin.earlier else origin.item,
                steps=(*(origin.earlier.steps if origin.earlier else ()), *map(spelled, steps)),
                created=self.enforcement.clock.now(),
                columns=described,
                provenance=replace(
                    provenance_of(origin.item, origin.connector, origin.earlier, schema.names, steps),
                    rows_read=reading.rows,
                    by=steward.id,
                    at=self.enforcement.clock.now(),
                    previous=_previous(lineage, sealed),
                ),
            )
            dataset = described_dataset(said, version, lineage, dictionary, mapping, expected)
            self._refuse_draft(dataset, version)
            profile = self._profiled(version, lineage, drift)
            dataset = filled(dataset, version, profile)
            self.hold(version, expected)
            self._record(steward, version, dataset)
        except BaseException:
            self._discard(sealed)
            raise
        self.profiles.put(version.ref, profile)
        self.catalog.put_version(version)
        self.catalog.put(dataset)
        return Registered(dataset, version, profile)

    def _record(self, steward: Principal, version: Version, dataset: Dataset) -> None:
        self.enforcement.record(
            RecordKind.DATASET_REGISTERED,
            steward,
            {
                "dataset": dataset.name,
                "version": version.ref.sha256,
                "rows": version.rows,
                "description": digest(to_json(dataset)),
                "steps": list(version.steps),
            },
        )

    def _refuse_draft(self, dataset: Dataset, version: Version) -> None:
        """A record that lacks what it must say is not published. A site's records are: they are for its own eyes."""
        if dataset.published and self.enforcement.site == HUB:
            refuse_incomplete(filled(dataset, version), version.created.date())

    def _drift(
        self,
        lineage: Dataset | None,
        wanted: pa.Schema,
        schema: pa.Schema,
        steps: Sequence[Step],
        origin: Origin,
    ) -> tuple[Change, ...]:
        """The columns against those of the version before, and the headers as the source spells them."""
        before = self.catalog.version(lineage.latest) if lineage and lineage.latest else None
        headers = origin.earlier is None
        renamed = {step.column for step in steps if isinstance(step, Rename | Drop)}
        odd = odd_headers([n for n in schema.names if n not in renamed], before) if headers else ()
        dropped = {step.column for step in steps if isinstance(step, Drop)}
        return (*odd, *schema_changes(before, columns_of_schema(normalised_schema(wanted)), dropped))

    def _profiled(self, version: Version, lineage: Dataset | None, drift: tuple[Change, ...]) -> Profile:
        profile = self.profiler.profile(version.ref, version.columns)
        headers = version.provenance.headers if version.provenance else ()
        before = self.profiles.get(lineage.latest) if lineage and lineage.latest else None
        same = before is not None and lineage is not None and lineage.latest == version.ref
        changes = (*drift, *(() if before is None or same else data_changes(before, profile)))
        # What was declared is no drift: it is told as a difference, not as something to settle.
        declared = version.provenance is not None and version.provenance.derived_from
        told = () if declared else tuple(finding_of(change, headers) for change in changes)
        findings = (*told, *profile.findings)
        return replace(profile, findings=findings, changes=changes)

    def hold(self, version: Version, rules: Sequence[Expectation]) -> None:
        """Raises Conflict that names every rule that rows break, and how many do."""
        known = {column.name for column in version.columns}
        for rule in rules:
            column_of_rule(rule, known)
        others = {}
        for rule in rules:
            if rule.dataset is not None:
                other = self.catalog.get(rule.dataset)
                if other is None or other.latest is None:
                    raise InvalidRequest(
                        f"'{rule.dataset}' has no version to refer to.", "Register it first."
                    )
                others[rule.dataset] = other.latest
        broken = self.expectations.broken(version.ref, rules, others) if rules else ()
        if broken:
            said = "; ".join(f"{rule}: {n:,} rows do not" for rule, n in broken)
            raise Conflict(
                f"The rows are not what '{version.ref.dataset}' expects: {said}.",
                "Correct the source, or the rule with `dataspace dataset expect`.",
            )

    def _discard(self, sealed: Version) -> None:
        """Take the bytes away again, unless some version that is in the catalogue has the same."""
        sha256 = sealed.ref.sha256
        if all(dataset.chapter(sha256) is None and (dataset.latest is None or dataset.latest.sha256 != sha256)
               for dataset in self.catalog.all()):  # fmt: skip
            self.vault.erase(sealed.ref)

    def describe_federated(
        self, steward: Principal, name: str, dictionary: Dictionary, title: str
    ) -> Dataset:
        """A dataset whose rows lie at sites: the hub holds the description alone."""
        require(steward, Role.STEWARD)
        dataset = Dataset(
            name=_checked(name),
            title=title,
            description=f"Held by the sites; each row is one {dictionary.unit}.",
            columns=dictionary.columns,
            privacy_unit=None,
            latest=None,
            dictionary=str(dictionary),
            published=True,
            about=Description(
                identifier=name, structured=True, distributions=(Distribution("At the sites"),)
            ),
        )
        self.enforcement.record(
            RecordKind.DATASET_REGISTERED, steward, {"dataset": name, "description": digest(to_json(dataset))}
        )
        self.catalog.put_dictionary(dictionary)
        self.catalog.put(dataset)
        return dataset

    def _dictionary(self, name: str) -> Dictionary | None:
        if not name:
            return None
        found = self.catalog.dictionary(name)
        if found is None:
            raise InvalidRequest(f"There is no dictionary '{name}' here.", "Load it first, or leave it out.")
        return found


def _checked(name: str) -> DatasetName:
    try:
        return dataset_name(name)
    except ValueError as error:
        raise InvalidRequest(f"'{name}' cannot name a dataset: {error}.", "Choose another name.") from error


def _steps(
    said: Registration,
    names: Sequence[str],
    lineage: Dataset | None,
    origin: Origin,
    mapping: tuple[Step, ...],
) -> tuple[Step, ...]:
    """What was typed, then the mapping to the dictionary: the one that is new, or the one that the lineage keeps."""
    if len(names) > MOST_COLUMNS:
        raise InvalidRequest(
            f"The source has {len(names):,} columns.", f"At most {MOST_COLUMNS:,} can be registered."
        )
    typed = steps_of(said.wishes, names)
    kept = lineage.mapping if lineage and origin.earlier is None else ()
    return (*typed, *applicable((*kept, *mapping), names_after(typed, names)))


class _Reading:
    """The source, and how many rows the last scan of it gave."""

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self.rows = 0

    def scan(self, names: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
        """A scan from the first row."""
        self.rows, item = 0, self._origin.item
        for batch in ahead(guarded(item, self._origin.source.scan(item, names))):
            self.rows += batch.num_rows
            yield batch


def _previous(lineage: Dataset | None, sealed: Version) -> str:
    before = lineage.latest.sha256 if lineage and lineage.latest else ""
    return "" if before == sealed.ref.sha256 else before


def _refuse_closed(lineage: Dataset | None, sealed: Version) -> None:
    chapter = lineage.chapter(sealed.ref.sha256) if lineage else None
    if chapter is not None and chapter.standing in (Standing.WITHDRAWN, Standing.ERASED):
        raise Conflict(
            f"This is version {chapter.number} of '{sealed.ref.dataset}', which was {chapter.standing.value}.",
            "The same rows cannot come back; register corrected ones.",
        )
