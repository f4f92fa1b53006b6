"""The control store of a home, opened: everything it holds, each behind its port."""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from dataspace.adapters.store.catalog import SqlAnswers, SqlCatalog
from dataspace.adapters.store.database import Database
from dataspace.adapters.store.finding import SqlFinder
from dataspace.adapters.store.harvests import SqlHarvests
from dataspace.adapters.store.ledger import SqlLedger
from dataspace.adapters.store.log import SqlLog
from dataspace.adapters.store.mirror import SqlMirror
from dataspace.adapters.store.opening import open_database
from dataspace.adapters.store.parties import SqlPeople, SqlSites
from dataspace.adapters.store.permits import SqlPermitStore, SqlPolicyStore
from dataspace.adapters.store.proposals import SqlProposals
from dataspace.ports import Clock, Log, Signer


@dataclass(frozen=True, slots=True)
class Store:
    """Use it as a context manager, or `close` it."""

    catalog: SqlCatalog
    policies: SqlPolicyStore
    permits: SqlPermitStore
    log: Log
    ledger: SqlLedger
    answers: SqlAnswers
    people: SqlPeople
    sites: SqlSites
    finder: SqlFinder
    harvests: SqlHarvests
    proposals: SqlProposals
    mirror: SqlMirror
    database: Database

    def close(self) -> None:
        """Give back the file. What was acknowledged is on the disk already."""
        self.ledger.close()
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(home: Path, clock: Clock, log_signer: Signer, log_origin: str, url: str = "") -> Store:
    """Open `<home>/store.sqlite`, or the PostgreSQL database that `url` names; made or migrated where needed.

    Raises SetupError where that fails.

    `log_origin` names the log in its checkpoints, such as `hub.example/log`; `log_signer` has its key.
    """
    database = open_database(home, url)
    finder = SqlFinder(database)
    return Store(
        SqlCatalog(database),
        SqlPolicyStore(database),
        SqlPermitStore(database),
        SqlLog(database, log_signer, log_origin),
        SqlLedger(database, clock),
        SqlAnswers(database),
        SqlPeople(database),
        SqlSites(database),
        finder,
        SqlHarvests(database, finder),
        SqlProposals(database),
        SqlMirror(database),
        database,
    )
