"""The parts that a hub and a site have alike."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from dataspace.adapters.answered import FilePast
from dataspace.adapters.connectors import open_place
from dataspace.adapters.dictionary_yaml import parse_dictionary
from dataspace.adapters.duckdb.cuts import DuckdbCuts
from dataspace.adapters.duckdb.engine import APP_SECONDS, ConfinedEngine
from dataspace.adapters.duckdb.expecting import DuckdbExpectations
from dataspace.adapters.duckdb.profiler import DuckdbProfiler
from dataspace.adapters.duckdb.reader import DuckdbReader
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.adapters.duckdb.version_source import VersionSource
from dataspace.adapters.keys import FileSigner, mask_key
from dataspace.adapters.opt_outs import FileOptOuts
from dataspace.adapters.places import MemoryBenches, PlacedVault, PlaceFiles
from dataspace.adapters.policy_yaml import parse_policy
from dataspace.adapters.profiles import ProfileFiles
from dataspace.adapters.store.store import Store, open_store
from dataspace.connector import Source
from dataspace.model.limits import SiteLimits
from dataspace.model.names import PermitId, PrincipalId
from dataspace.model.permits import Permit
from dataspace.model.places import Place
from dataspace.model.policies import Policy
from dataspace.model.principals import Principal
from dataspace.ports import Answers, Clock
from dataspace.service.answering import Answering
from dataspace.service.curating import Curating
from dataspace.service.enforcing import Enforcement
from dataspace.service.in_place import InPlace
from dataspace.service.publishing import Publishing
from dataspace.service.registering import Registering
from dataspace.service.rehearsing import Rehearsing
from dataspace.service.versions import Versions


def open_home(home: Path, clock: Clock, name: str, url: str = "") -> Store:
    return open_store(home, clock, FileSigner(home, "log"), f"{name}/log", url)


def answering_parts(
    home: Path,
    cut_mb: int,
    store: Store,
    enforcement: Enforcement,
    away: InPlace,
    limits: SiteLimits = SiteLimits(),  # noqa: B008 - frozen
    rest_seconds: float | None = None,
    temporaries: tuple[int, int] = (0, 0),
) -> tuple[Answering, DuckdbCuts, ConfinedEngine]:
    cuts = DuckdbCuts(away, cut_mb << 20, lambda id: mask_key(home, id), left_out=FileOptOuts(home).persons)
    engine = ConfinedEngine(
        home / "engine.log",
        memory_bytes=(limits.memory_mb or 512) << 20,
        threads=limits.cores or 2,
        seconds=limits.round_seconds or 30.0,
        app_seconds=limits.round_seconds or APP_SECONDS,
        rest_seconds=rest_seconds,
        temporaries=temporaries[0],
        temporary_bytes=temporaries[1] << 20,
        past=FilePast(home, lambda: mask_key(home, "answered")),
    )
    cuts.told = engine.let_go
    return Answering(enforcement, cuts, engine, store.ledger, store.answers), cuts, engine


def in_place_parts(
    home: Path, store: Store, enforcement: Enforcement, roots: Sequence[str], at_the_machine: bool = False
) -> InPlace:
    """Registering and reading, over the one vault of this home."""
    kept, places = ParquetVault(home, enforcement.clock.now), PlaceFiles(home)
    vault = PlacedVault(kept, places)
    registering = Registering(
        store.catalog,
        vault,
        DuckdbProfiler(vault),
        enforcement,
        ProfileFiles(home),
        DuckdbExpectations(vault),
    )

    def source(place: Place) -> tuple[Source, str]:
        return open_place(place.address, place.secret, place.item, roots, at_the_machine)

    return InPlace(registering, vault, places, MemoryBenches(vault), source)


def publishing_parts(
    store: Store, registering: Registering, reader: DuckdbReader, stewards: int = 1
) -> Publishing:
    def policy(text: str) -> Policy:
        return parse_policy(text, "policy.yaml", reader.predicate)

    return Publishing(
        store.policies,
        store.catalog,
        registering,
        registering.enforcement,
        policy,
        parse_dictionary,
        store.proposals,
        stewards,
    )


def versions_parts(
    store: Store,
    publishing: Publishing,
    person: Callable[[PrincipalId], Principal | None],
    permit: Callable[[PermitId], Permit | None],
) -> Versions:
    rehearsing = Rehearsing(
        store.catalog,
        store.policies,
        store.log,
        publishing.enforcement.clock,
        publishing.parse_policy,
        person,
        permit,
    )
    return Versions(store.policies, store.log, publishing, rehearsing)


def permit_finder(store: Store) -> Callable[[PermitId], Permit | None]:
    def find(id: PermitId) -> Permit | None:
        signed = store.permits.permit(id)
        return signed.permit if signed else None

    return find


def curating_parts(away: InPlace, cuts: DuckdbCuts, answers: Answers) -> Curating:
    registering = away.registering
    vault = registering.vault
    return Curating(
        registering.catalog,
        vault,
        registering.profiles,
        registering,
        cuts,
        lambda ref: VersionSource(vault, ref),
        answers,
        away.further,
    )


def operator_log(path: Path) -> Callable[[], None]:
    """Warnings and errors of this project into a file that its operator alone reads; what ends that."""
    path.touch(mode=0o600)  # now, not with the first warning: by then the rights of new files may be others
    handler = logging.FileHandler(path, delay=True)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logger = logging.getLogger("dataspace")
    logger.addHandler(handler)

    def end() -> None:
        logger.removeHandler(handler)
        handler.close()

    return end


def close_all(closers: Sequence[Callable[[], None]]) -> None:
    for close in closers:
        try:
            close()
        except Exception:
            logging.getLogger("dataspace.bootstrap").exception("closing failed")
