"""Datasets that stay in their source: hub or site has the description, and reads the rows when a cut is made of them.

A reading goes through memory and is gone with the cut's making. It counts as the version that the decision was about
only if its content hash is that version's; else the question is decided anew, about the version that it is now.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from dataspace.connector import Source
from dataspace.errors import DataspaceError, SourceAway, SourceChanged, UnknownName
from dataspace.model.curation import Step
from dataspace.model.datasets import VersionRef
from dataspace.model.names import DatasetName, PrincipalId
from dataspace.model.places import Place
from dataspace.model.principals import Principal, Role
from dataspace.ports import Bench, Benches, Places, Vault
from dataspace.service.away_steps import with_more
from dataspace.service.conditions import Conditions
from dataspace.service.permitting import require
from dataspace.service.preparing import Origin, checked_name, prepared
from dataspace.service.registering import Registered, Registering
from dataspace.service.registration import Registration

FRESH = timedelta(seconds=60)
_log = logging.getLogger("dataspace.in_place")


@dataclass(frozen=True, slots=True)
class InPlace:
    """`source` opens a place and says what is in it; it raises where the operator does not let it be read."""

    registering: Registering
    vault: Vault
    places: Places
    benches: Benches
    source: Callable[[Place], tuple[Source, str]]
    conditions: Conditions | None = None
    """As at `Depositing`."""
    fresh: timedelta = FRESH
    _read: dict[DatasetName, datetime] = field(default_factory=dict)

    def register(self, steward: Principal, place: Place, said: Registration) -> Registered:
        """Describe what stays in its source: read once, profiled in memory, and nothing of it kept."""
        require(steward, Role.STEWARD)
        name = checked_name(said.name)
        before = self.places.get(name)
        source, item = self.source(place)
        wishes = said.wishes
        kept = replace(
            place,
            item=item,
            drop=wishes.drop,
            rename=wishes.rename,
            cast=wishes.cast,
            generalise=wishes.generalise,
            consent=wishes.consent,
            codes=wishes.codes,
        )
        if self.conditions is not None:  # before the data: no question comes in between
            said = self.conditions.declared(steward, said)
        self.places.put(name, kept)
        try:
            return self._described(steward, Origin(source, item, place.kind, in_place=place.kind), said)
        except BaseException:
            self.places.forget(name) if before is None else self.places.put(name, before)
            raise

    def further(self, steward: Principal, said: Registration, mapping: tuple[Step, ...] = ()) -> Registered:
        """Read what stays in its source by the steps that it had and these; what else was said counts as well."""
        require(steward, Role.STEWARD)
        name = checked_name(said.name)
        place, dataset = self.places.get(name), self.registering.catalog.get(name)
        if place is None or dataset is None:
            raise UnknownName("place", name, (), "Register it again with --in-place.")
        wider = with_more(place, said.wishes, [column.name for column in dataset.columns])
        steps = _again(name, wider)
        whole = replace(
            said,
            drop=steps.drop,
            rename=steps.rename,
            cast=steps.cast,
            generalise=steps.generalise,
            consent=steps.consent,
            codes=steps.codes,
        )
        source, item = self.source(place)
        self.places.put(name, wider)
        try:
            origin = Origin(source, item, place.kind, in_place=place.kind, declared=True)
            return self._described(steward, origin, whole, mapping)
        except BaseException:
            self.places.put(name, place)
            raise

    def deposit(self, steward: Principal, place: Place, said: Registration) -> Registered:
        """Copy what a place holds into the hub, as a version like that of a file. The place is not remembered."""
        require(steward, Role.STEWARD)
        source, item = self.source(place)
        if self.conditions is not None:
            said = self.conditions.declared(steward, said)
        return self.registering.register(steward, source, item, said, place.kind)

    @contextmanager
    def reading(self, ref: VersionRef) -> Iterator[Sequence[Path]]:
        """See `Readings`. Raises SourceAway where the source cannot be read, naming neither it nor its address."""
        place = self.places.get(ref.dataset)
        if place is None:
            with self.vault.reading(ref) as files:
                yield files
            return
        with self.benches.open() as bench:
            if self._now(bench, ref.dataset, place) != ref:
                raise SourceChanged(ref.dataset)
            self._read[ref.dataset] = self.registering.enforcement.clock.now()
            with bench.vault.reading(ref) as files:
                yield files

    def look(self, name: DatasetName) -> None:
        """Raises what its source says where rows that stay away are not to be read there; reads none of them."""
        place = self.places.get(name)
        if place is not None:
            source, item = self.source(place)
            source.schema(item)

    def stale(self, name: DatasetName) -> bool:
        """See `StayingAway`."""
        read = self._read.get(name)
        if read is None or self.registering.enforcement.clock.now() - read < self.fresh:
            return False
        del self._read[name]
        return True

    def renew(self, name: DatasetName) -> None:
        """See `StayingAway`. What was filled in since the first registration stays as it is."""
        place = self.places.get(name)
        if place is None:
            return
        try:
            source, item = self.source(place)
            origin = Origin(source, item, place.kind, in_place=place.kind)
            self._described(self._reader(), origin, _again(name, place))
        except DataspaceError as error:
            _log.warning("%s does not fit its description any more: %s", name, error)
            raise SourceAway(name) from error

    def _described(
        self, steward: Principal, origin: Origin, said: Registration, mapping: tuple[Step, ...] = ()
    ) -> Registered:
        with self.benches.open() as bench:
            at_bench = replace(
                self.registering,
                vault=bench.vault,
                profiler=bench.profiler,
                expectations=bench.expectations,
            )
            return at_bench.curate(steward, origin, said, mapping)

    def _reader(self) -> Principal:
        """Who reads a source again, where no person asked for it: the hub or the site itself."""
        here = self.registering.enforcement.site
        return Principal(
            PrincipalId(here), f"{here}, reading a source again", frozenset({Role.STEWARD}), here
        )

    def _now(self, bench: Bench, name: DatasetName, place: Place) -> VersionRef:
        """The version that the source holds now, written to the bench."""
        try:
            source, item = self.source(place)
            said = replace(_again(name, place), accept_drift=True)
            origin = Origin(source, item, place.kind, in_place=place.kind)
            ready = prepared(self.registering.catalog, origin, said)
            return bench.vault.write(name, ready.batches(), ready.wanted).ref
        except DataspaceError as error:
            _log.warning("%s could not be read where it stays: %s", name, error)
            raise SourceAway(name) from error


def _again(name: DatasetName, place: Place) -> Registration:
    return Registration(
        name,
        drop=place.drop,
        rename=place.rename,
        cast=place.cast,
        generalise=place.generalise,
        consent=place.consent,
        codes=place.codes,
    )
