"""From a source to a described, immutable version: read, apply the declared steps, seal, profile, record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dataspace.connector import Source
from dataspace.errors import Conflict, InvalidRequest
from dataspace.model.codec import to_json
from dataspace.model.curation import Change, Expectation, Step, spelled
from dataspace.model.datasets import SITES, Column, Dataset, Dictionary, Profile, Version
from dataspace.model.descriptions import Distribution
from dataspace.model.matching import Matching
from dataspace.model.names import HUB
from dataspace.model.principals import Principal, Role
from dataspace.model.records import RecordKind
from dataspace.ports import Catalog, ExpectationCheck, Profiler, Profiles, Vault
from dataspace.service.completing import filled, refuse_incomplete
from dataspace.service.describing import columns_described, described_dataset
from dataspace.service.drift import data_changes, finding_of
from dataspace.service.enforcing import Enforcement
from dataspace.service.expecting import column_of_rule, parse_expectation
from dataspace.service.lineages import previous_of, refuse_closed, refuse_elsewhere
from dataspace.service.matching import match_dictionary
from dataspace.service.permitting import require
from dataspace.service.preparing import Origin, Prepared, checked_name, prepared
from dataspace.service.provenance import provenance_of
from dataspace.service.registration import Registration
from dataspace.service.settled import still_open
from dataspace.service.sparing import without_values
from dataspace.transparency.canonical import digest
from dataspace.vocabulary.record_edit import edited

__all__ = ["Origin", "Registered", "Registering", "Registration"]


@dataclass(frozen=True, slots=True)
class Registered:
    """What came of it. The profile is for the steward's eyes."""

    dataset: Dataset
    version: Version
    profile: Profile
    matching: Matching | None = None
    """How the version fits the dictionary that it claims to follow."""


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
        if said.duo:  # never forgotten in silence: they forbid
            raise InvalidRequest(
                "DUO codes are not read on this way in.", "Say `dataspace policy duo DATASET CODE …` first."
            )
        refuse_elsewhere(self.catalog.get(checked_name(said.name)), origin)
        ready = prepared(self.catalog, origin, said, mapping)
        described = columns_described(ready.wanted, ready.lineage, ready.dictionary, said.label, ready.steps)
        expected = (
            *(ready.lineage.expectations if ready.lineage else ()),
            *map(parse_expectation, said.expect),
        )
        sealed = self.vault.write(ready.name, ready.batches(), ready.wanted)
        try:
            refuse_closed(ready.lineage, sealed)
            version = self._version(steward, sealed, described, ready, origin)
            dataset = described_dataset(said, version, ready.lineage, ready.dictionary, mapping, expected)
            dataset = replace(dataset, in_place=origin.in_place or dataset.in_place)
            self._refuse_draft(dataset, version)
            profile = self._profiled(
                version, ready.lineage, ready.drift, origin.declared or origin.earlier is not None
            )
            profile = still_open(profile, ready.dictionary, said)
            dataset = filled(dataset, version, profile)
            self.hold(version, expected)
            self._record(steward, version, dataset)
        except BaseException:
            self._discard(sealed)
            raise
        self.profiles.put(version.ref, without_values(profile) if origin.in_place else profile)
        self.catalog.put_version(version)
        self.catalog.put(dataset)
        follows = ready.dictionary
        fit = match_dictionary(dataset.columns, follows, profile) if follows else None
        return Registered(dataset, version, profile, fit)

    def _version(
        self,
        steward: Principal,
        sealed: Version,
        described: tuple[Column, ...],
        ready: Prepared,
        origin: Origin,
    ) -> Version:
        """What was sealed, with where it comes from and who made it of what."""
        earlier, now = origin.earlier, self.enforcement.clock.now()
        made_of = provenance_of(origin.item, origin.connector, earlier, ready.headers, ready.steps)
        return replace(
            sealed,
            source=earlier.source if earlier else origin.item,
            steps=(*(earlier.steps if earlier else ()), *map(spelled, ready.steps)),
            created=now,
            columns=described,
            provenance=replace(
                made_of,
                rows_read=ready.reading.rows,
                by=steward.id,
                at=now,
                previous=previous_of(ready.lineage, sealed),
            ),
        )

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

    def _profiled(
        self, version: Version, lineage: Dataset | None, drift: tuple[Change, ...], declared: bool
    ) -> Profile:
        profile = self.profiler.profile(version.ref, version.columns)
        headers = version.provenance.headers if version.provenance else ()
        before = self.profiles.get(lineage.latest) if lineage and lineage.latest else None
        same = before is not None and lineage is not None and lineage.latest == version.ref
        changes = (*drift, *(() if before is None or same else data_changes(before, profile)))
        # What was declared is no drift: it is told as a difference, not as something to settle.
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
        self,
        steward: Principal,
        name: str,
        dictionary: Dictionary,
        title: str,
        fields: Mapping[str, Sequence[str]],
        publish: bool = True,
    ) -> Dataset:
        """A dataset whose rows lie at sites: the hub holds the description alone.

        What is not said stays as it was. Raises Conflict that lists what a record must say before it is published,
        and where the rows of that name lie here.
        """
        require(steward, Role.STEWARD)
        lineage = self.catalog.get(checked_name(name))
        if lineage is not None and not lineage.federated:
            raise Conflict(
                f"'{name}' is a dataset here already, not one of the sites.", "Choose another name."
            )
        before = lineage or Dataset(checked_name(name), name, "", (), None, None, in_place=SITES)
        about = before.about
        dataset = edited(
            replace(
                before,
                title=title or before.title,
                description=before.description or f"Held by the sites; each row is one {dictionary.unit}.",
                columns=dictionary.columns,
                dictionary=str(dictionary),
                published=publish or before.published,
                about=replace(
                    about,
                    identifier=about.identifier or name,
                    structured=True,
                    distributions=about.distributions or (Distribution("At the sites"),),
                ),
            ),
            fields,
        )
        if dataset.published:
            refuse_incomplete(dataset, self.enforcement.clock.now().date())
        self.enforcement.record(
            RecordKind.DATASET_REGISTERED, steward, {"dataset": name, "description": digest(to_json(dataset))}
        )
        self.catalog.put_dictionary(dictionary)
        self.catalog.put(dataset)
        return dataset
