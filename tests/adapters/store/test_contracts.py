"""The control store, opened twice on one home, keeps the promises of every port that it serves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dataspace.adapters.memory import ManualClock, MemorySigner
from dataspace.adapters.store.store import Store, open_store
from dataspace.ports import (
    Answers,
    Catalog,
    Finder,
    Harvests,
    Ledger,
    Log,
    People,
    PermitStore,
    PolicyStore,
    Sites,
)
from dataspace.testing import (
    AnswersContract,
    CatalogContract,
    FinderContract,
    HarvestsContract,
    LedgerContract,
    LogContract,
    PeopleContract,
    PermitStoreContract,
    PolicyStoreContract,
    SitesContract,
)

Pair = tuple[Store, Store]


@pytest.fixture
def pair(place: tuple[Path, str]) -> Iterator[Pair]:
    home, url = place
    signer = MemorySigner(bytes(range(32)))
    with (
        open_store(home, ManualClock(), signer, "hub.example/log", url) as first,
        open_store(home, ManualClock(), signer, "hub.example/log", url) as second,
    ):
        yield first, second


class TestSqlCatalog(CatalogContract):
    @pytest.fixture
    def catalog(self, pair: Pair) -> Catalog:
        return pair[0].catalog


class TestSqlPolicyStore(PolicyStoreContract):
    @pytest.fixture
    def stores(self, pair: Pair) -> tuple[PolicyStore, PolicyStore]:
        return pair[0].policies, pair[1].policies


class TestSqlPermitStore(PermitStoreContract):
    @pytest.fixture
    def permits(self, pair: Pair) -> tuple[PermitStore, PermitStore]:
        return pair[0].permits, pair[1].permits


class TestSqlLog(LogContract):
    @pytest.fixture
    def log(self, pair: Pair) -> Log:
        return pair[0].log


class TestSqlLedger(LedgerContract):
    @pytest.fixture
    def ledgers(self, pair: Pair) -> tuple[Ledger, Ledger]:
        return pair[0].ledger, pair[1].ledger


class TestSqlAnswers(AnswersContract):
    @pytest.fixture
    def answers(self, pair: Pair) -> Answers:
        return pair[0].answers


class TestSqlPeople(PeopleContract):
    @pytest.fixture
    def people(self, pair: Pair) -> People:
        return pair[0].people


class TestSqlSites(SitesContract):
    @pytest.fixture
    def sites(self, pair: Pair) -> Sites:
        return pair[0].sites


class TestSqlFinder(FinderContract):
    @pytest.fixture
    def finder(self, pair: Pair) -> Finder:
        return pair[0].finder


class TestSqlHarvests(HarvestsContract):
    @pytest.fixture
    def kept(self, pair: Pair) -> tuple[Harvests, Finder]:
        return pair[0].harvests, pair[1].finder
