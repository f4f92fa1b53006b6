"""The life of a dataset's versions: curate further, compare, deprecate, withdraw, erase; and rows made up of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from dataspace.connector import Source
from dataspace.errors import Conflict, InvalidRequest, UnknownName
from dataspace.model.curation import Chapter, Standing, Step, spelled
from dataspace.model.datasets import Dataset, Profile, Version, VersionRef
from dataspace.model.matching import Matching
from dataspace.model.names import DatasetName
from dataspace.model.principals import Principal, Role
from dataspace.model.records import RecordKind
from dataspace.ports import Answers, Catalog, Cuts, Profiles, Vault
from dataspace.service.discovering import visible_dataset
from dataspace.service.dummies import dummy_rows
from dataspace.service.expecting import parse_expectation
from dataspace.service.matching import match_dictionary
from dataspace.service.permitting import require
from dataspace.service.provenance import prov
from dataspace.service.registering import Origin, Registered, Registering
from dataspace.service.registration import Registration

_ORDER = (Standing.CURRENT, Standing.DEPRECATED, Standing.WITHDRAWN, Standing.ERASED)


@dataclass(frozen=True, slots=True)
class Curating:
    """`source` reads a version of the vault like any source."""

    catalog: Catalog
    vault: Vault
    profiles: Profiles
    registering: Registering
    cuts: Cuts
    source: Callable[[VersionRef], Source]
    answers: Answers
    away: Callable[[Principal, Registration, tuple[Step, ...]], Registered] | None = None
    """Curates further what stays in its source; None where nothing does."""

    def fix(self, steward: Principal, name: str, said: Registration) -> Registered:
        """A new version of the latest one, curated further. What was drifting is accepted: it was declared."""
        return self._further(steward, name, replace(said, name=name, accept_drift=True))

    def history(self, principal: Principal, name: str) -> Sequence[Chapter]:
        """Every version, oldest first, and whether it may still be asked."""
        return visible_dataset(
            self.catalog, DatasetName(name), principal, self.registering.enforcement
        ).history

    def version(self, steward: Principal, name: str, which: str) -> Version:
        """One version by its number, or the beginning of its hash: for stewards, since it counts its rows."""
        require(steward, Role.STEWARD)
        return self._version(steward, name, which)

    def _version(self, principal: Principal, name: str, which: str) -> Version:
        dataset = visible_dataset(self.catalog, DatasetName(name), principal, self.registering.enforcement)
        found = self.catalog.version(VersionRef(dataset.name, _chapter(dataset, which).sha256))
        if found is None:
            raise UnknownName("version", which)
        return found

    def provenance(self, principal: Principal, name: str, which: str) -> Mapping[str, object]:
        """Where a version comes from, as PROV-O in JSON-LD, for whoever sees the description: it holds no counts."""
        return prov(self._version(principal, name, which))

    def profile(self, steward: Principal, name: str, which: str = "") -> Profile:
        """The profile of a version with its difference to the one before: for stewards only."""
        require(steward, Role.STEWARD)
        dataset = visible_dataset(self.catalog, DatasetName(name), steward, self.registering.enforcement)
        ref = VersionRef(dataset.name, _chapter(dataset, which).sha256)
        found = self.profiles.get(ref)
        if found is None:
            version = self.catalog.version(ref)
            found = self.registering.profiler.profile(ref, version.columns if version else ())
            self.profiles.put(ref, found)
        return found

    def settle(self, steward: Principal, name: str, which: str, standing: Standing, reason: str) -> Chapter:
        """Deprecate, withdraw or erase a version; a version never comes back. Recorded before it happens.

        Raises Conflict where it has come that far already, or where another dataset holds the bytes to be erased.
        """
        require(steward, Role.STEWARD)
        dataset = visible_dataset(self.catalog, DatasetName(name), steward, self.registering.enforcement)
        chapter = _chapter(dataset, which)
        if _ORDER.index(standing) <= _ORDER.index(chapter.standing):
            raise Conflict(
                f"Version {chapter.number} of '{name}' is {chapter.standing.value} already.",
                "A version goes from deprecated to withdrawn to erased, and never back.",
            )
        if standing is Standing.ERASED:
            self._check_alone(dataset, chapter)
        enforcement = self.registering.enforcement
        kind = RecordKind.DATASET_ERASED if standing is Standing.ERASED else RecordKind.DATASET_CHANGED
        enforcement.record(
            kind,
            steward,
            {"dataset": name, "version": chapter.sha256, "standing": standing.value, "reason": reason},
        )
        settled = replace(chapter, standing=standing, reason=reason, since=enforcement.clock.now())
        history = tuple(settled if one.sha256 == chapter.sha256 else one for one in dataset.history)
        # From here on requests are refused; then what was cut from the bytes goes, then they themselves.
        self.catalog.put(replace(dataset, history=history))
        ref = VersionRef(dataset.name, chapter.sha256)
        if standing is not Standing.DEPRECATED:
            self.vault.withdraw(ref)
            self.cuts.drop(dataset.name)
        if standing is Standing.ERASED:
            self.vault.erase(ref)
            self.profiles.forget(ref)
            self.answers.forget(ref.sha256)
        return settled

    def expect(self, steward: Principal, name: str, rules: Sequence[str]) -> Dataset:
        """Replace the rules that every new version is held against; the latest one has to keep them."""
        require(steward, Role.STEWARD)
        dataset = visible_dataset(self.catalog, DatasetName(name), steward, self.registering.enforcement)
        parsed = tuple(dict.fromkeys(parse_expectation(rule) for rule in rules))
        version = self.catalog.version(dataset.latest) if dataset.latest else None
        if version is not None and dataset.closed is None:
            self.registering.hold(version, parsed)
        changed = replace(dataset, expectations=parsed)
        self._record_change(steward, name, {"expectations": [str(rule) for rule in parsed]})
        self.catalog.put(changed)
        return changed

    def match(
        self,
        steward: Principal,
        name: str,
        dictionary: str,
        apply: bool = False,
        codes: Sequence[str] = (),
    ) -> tuple[Matching, Registered | None]:
        """The latest version against a dictionary. The mapping is kept as declared steps for all that follow.

        `codes` declare what local codes mean that no rule knows (`column=here:code,…`); they become part of it.

        With `apply` a new version is made by it, which then claims to follow the dictionary. Of rows that stay in
        their source nothing is kept without it: what they are is read anew all the time, and would change at once.
        """
        require(steward, Role.STEWARD)
        dataset = visible_dataset(self.catalog, DatasetName(name), steward, self.registering.enforcement)
        shared = self.catalog.dictionary(dictionary)
        if shared is None:
            raise UnknownName(
                "dictionary", dictionary, (), "Load it with `dataspace dataset dictionary FILE`."
            )
        profile = self.profiles.get(dataset.latest) if dataset.latest else None
        waiting = self._waiting(dataset)
        matching = match_dictionary(dataset.columns, shared, profile, codes, waiting)
        about = {name for match in matching.matches for name in (match.column, match.local)}
        before = (step for step in dataset.mapping if step not in waiting or step.column not in about)
        kept = tuple(dict.fromkeys((*before, *matching.steps)))
        if apply:
            said = Registration(name, dictionary=str(shared), accept_drift=True)
            made = self._further(steward, name, said, matching)
            return matching, replace(made, dataset=self._keep(steward, made.dataset, kept))
        self._keep(steward, dataset, kept)
        return matching, None

    def _keep(self, steward: Principal, dataset: Dataset, kept: tuple[Step, ...]) -> Dataset:
        if dataset.in_place or kept == dataset.mapping:
            return dataset
        self._record_change(steward, dataset.name, {"mapping": [spelled(step) for step in kept]})
        changed = replace(dataset, mapping=kept)
        self.catalog.put(changed)
        return changed

    def _waiting(self, dataset: Dataset) -> tuple[Step, ...]:
        """Steps of the mapping that are kept for versions to come, and have not made the latest one."""
        version = self.catalog.version(dataset.latest) if dataset.latest else None
        done = version.steps if version else ()
        return tuple(step for step in dataset.mapping if spelled(step) not in done)

    def dummy(self, principal: Principal, name: str, n: int, seed: int = 0) -> pa.Table:
        """Rows made up from the description, for anyone who may see it. No data is read, no ε is spent."""
        return dummy_rows(
            visible_dataset(self.catalog, DatasetName(name), principal, self.registering.enforcement), n, seed
        )

    def _further(
        self, steward: Principal, name: str, said: Registration, matching: Matching | None = None
    ) -> Registered:
        require(steward, Role.STEWARD)
        dataset = visible_dataset(self.catalog, DatasetName(name), steward, self.registering.enforcement)
        earlier = self.catalog.version(dataset.latest) if dataset.latest else None
        if earlier is None:
            raise InvalidRequest(f"'{name}' has no version here.", "Register one first.")
        mapping = matching.steps if matching else ()
        if dataset.in_place and self.away is not None:
            return self.away(steward, said, mapping)
        origin = Origin(self.source(earlier.ref), name, "version", earlier)
        return self.registering.curate(steward, origin, said, mapping)

    def _check_alone(self, dataset: Dataset, chapter: Chapter) -> None:
        for other in self.catalog.all():
            same = other.chapter(chapter.sha256) if other.name != dataset.name else None
            if same is not None and same.standing is not Standing.ERASED:
                raise Conflict(
                    f"The same bytes are version {same.number} of '{other.name}'.",
                    "Withdraw this version, and erase that one when nobody needs it.",
                )

    def _record_change(self, steward: Principal, name: str, facts: Mapping[str, list[str]]) -> None:
        self.registering.enforcement.record(RecordKind.DATASET_CHANGED, steward, {"dataset": name, **facts})


def _chapter(dataset: Dataset, which: str) -> Chapter:
    """By number, by the beginning of the hash (8 digits at least), or the latest where nothing is said."""
    for chapter in reversed(dataset.history):
        latest = dataset.latest is not None and chapter.sha256 == dataset.latest.sha256
        by_hash = len(which) >= 8 and chapter.sha256.startswith(which.removeprefix("sha256:"))
        if (not which and latest) or which == str(chapter.number) or by_hash:
            return chapter
    known = tuple(str(chapter.number) for chapter in dataset.history)
    raise UnknownName("version", which or "latest", known, f"`dataspace dataset versions {dataset.name}`.")
