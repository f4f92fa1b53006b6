"""A steward's side of a hub over a real vault and DuckDB, with its stores in memory."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from dataspace.adapters.connectors import open_source
from dataspace.adapters.duckdb.cuts import DuckdbCuts
from dataspace.adapters.duckdb.expecting import DuckdbExpectations
from dataspace.adapters.duckdb.profiler import DuckdbProfiler
from dataspace.adapters.duckdb.vault import ParquetVault
from dataspace.adapters.duckdb.version_source import VersionSource
from dataspace.adapters.incoming import IncomingFolder
from dataspace.adapters.memory import (
    ManualClock,
    MemoryAnswers,
    MemoryCatalog,
    MemoryLog,
    MemoryPolicyStore,
    MemorySigner,
)
from dataspace.adapters.profiles import ProfileFiles
from dataspace.model.datasets import VersionRef
from dataspace.model.names import HUB, ColumnName, PrincipalId
from dataspace.model.plans import CutRecipe
from dataspace.model.principals import Principal, Role
from dataspace.ports import CutLease
from dataspace.service.curating import Curating
from dataspace.service.depositing import Depositing
from dataspace.service.enforcing import Enforcement
from dataspace.service.registering import Registered, Registering
from dataspace.service.registration import Registration

SAM = Principal(PrincipalId("sam"), "Sam", frozenset({Role.STEWARD}), "hub")
ANA = Principal(PrincipalId("ana"), "Ana", frozenset({Role.RESEARCHER}), "university")


@dataclass(frozen=True)
class World:
    """Everything over one folder."""

    home: Path
    catalog: MemoryCatalog
    log: MemoryLog
    vault: ParquetVault
    cuts: DuckdbCuts
    registering: Registering
    depositing: Depositing
    curating: Curating

    def register(self, columns: Mapping[str, Any] | pa.Table, name: str = "stays", **said: Any) -> Registered:
        """Register rows as a Parquet file."""
        path = self.home / "in.parquet"
        pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(dict(columns)), path)
        return self.depositing.register(SAM, path, Registration(name, **said))

    def deposit(self, filename: str, content: Iterable[bytes], **said: Any) -> Registered:
        """Hand a file to the hub."""
        return self.depositing.deposit(
            SAM, filename, content, Registration(said.pop("name", "stays"), **said)
        )

    def rows(self, made: Registered) -> pa.Table:
        """What a version holds."""
        return pa.concat_tables(pq.read_table(path) for path in self.vault.files(made.version.ref))

    def lease(self, ref: VersionRef, column: str) -> AbstractContextManager[CutLease]:
        """A cut of one column."""
        return self.cuts.lease(
            CutRecipe(ref, (ColumnName(column),), None, {}, mask_key_id="", privacy_unit=None)
        )

    def left_behind(self) -> list[str]:
        """Names of everything in the vault, and of files on their way in."""
        folders = (self.home / "versions", self.home / "incoming")
        return sorted(entry.name for folder in folders if folder.is_dir() for entry in folder.iterdir())


def world(home: Path) -> World:
    """A fresh one."""
    clock, catalog = ManualClock(), MemoryCatalog()
    log = MemoryLog(MemorySigner(b"l" * 32))
    vault = ParquetVault(home, clock.now)
    cuts = DuckdbCuts(vault, 64 << 20, lambda _: b"k" * 32)
    enforcement = Enforcement(HUB, clock, MemoryPolicyStore(), log)
    registering = Registering(
        catalog, vault, DuckdbProfiler(vault), enforcement, ProfileFiles(home), DuckdbExpectations(vault)
    )
    depositing = Depositing(registering, IncomingFolder(home), open_source)
    curating = Curating(
        catalog,
        vault,
        registering.profiles,
        registering,
        cuts,
        lambda ref: VersionSource(vault, ref),
        MemoryAnswers(),
    )
    return World(home, catalog, log, vault, cuts, registering, depositing, curating)
