"""What services need from the world: one protocol for one need, its docstring the promise.

Whoever uses a port imports it from here; the files below group them by who needs them.
"""

from dataspace.ports.answering import (
    Airlock,
    Answers,
    Binder,
    CutLease,
    Cuts,
    Engine,
    Past,
    PastTurn,
    SqlReader,
)
from dataspace.ports.catalogue import Catalog, ExpectationCheck, Profiler, Profiles, Vault
from dataspace.ports.federation import (
    AppShelf,
    Checkpoints,
    Exchange,
    Federation,
    Incoming,
    Invitations,
    Journal,
    Nodes,
    OpenRuns,
    Sites,
    SiteWill,
    StatusSource,
)
from dataspace.ports.finding import Elsewhere, Fetched, Finder, Harvests, RecordReader
from dataspace.ports.lawful import OptOutLists, PermitSeal, PermitStore, PolicyStore, Proposals
from dataspace.ports.machine import Clock
from dataspace.ports.people import Mail, People, Tokens
from dataspace.ports.places import Bench, Benches, Places, Readings, StayingAway
from dataspace.ports.provable import Ledger, Log, Mirror, Signer, Witnessed

__all__ = [
    "Airlock",
    "Answers",
    "Bench",
    "Benches",
    "Binder",
    "Catalog",
    "Checkpoints",
    "Clock",
    "CutLease",
    "Cuts",
    "Elsewhere",
    "Engine",
    "Exchange",
    "ExpectationCheck",
    "AppShelf",
    "Federation",
    "Fetched",
    "Finder",
    "Harvests",
    "Incoming",
    "Invitations",
    "Journal",
    "Ledger",
    "Log",
    "Mail",
    "Mirror",
    "Nodes",
    "OpenRuns",
    "OptOutLists",
    "Past",
    "PastTurn",
    "People",
    "PermitSeal",
    "PermitStore",
    "Places",
    "PolicyStore",
    "Profiler",
    "Profiles",
    "Proposals",
    "Readings",
    "RecordReader",
    "Signer",
    "SiteWill",
    "Sites",
    "SqlReader",
    "StatusSource",
    "StayingAway",
    "Tokens",
    "Vault",
    "Witnessed",
]
