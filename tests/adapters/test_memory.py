"""The ports in memory keep the same promises as those of the store."""

import pytest

from dataspace.adapters.memory import (
    ManualClock,
    MemoryAnswers,
    MemoryCatalog,
    MemoryLedger,
    MemoryLog,
    MemoryPeople,
    MemoryPermitStore,
    MemoryPolicyStore,
    MemorySigner,
    MemorySites,
    MemoryStatusSource,
)
from dataspace.errors import SourceError
from dataspace.ports import Answers, Catalog, Ledger, Log, People, PermitStore, PolicyStore, Signer, Sites
from dataspace.testing import (
    AnswersContract,
    CatalogContract,
    LedgerContract,
    LogContract,
    PeopleContract,
    PermitStoreContract,
    PolicyStoreContract,
    SignerContract,
    SitesContract,
)


class TestMemoryCatalog(CatalogContract):
    @pytest.fixture
    def catalog(self) -> Catalog:
        return MemoryCatalog()


class TestMemoryPolicyStore(PolicyStoreContract):
    @pytest.fixture
    def stores(self) -> tuple[PolicyStore, PolicyStore]:
        store = MemoryPolicyStore()
        return store, store


class TestMemoryPermitStore(PermitStoreContract):
    @pytest.fixture
    def permits(self) -> tuple[PermitStore, PermitStore]:
        store = MemoryPermitStore()
        return store, store


class TestMemoryLog(LogContract):
    @pytest.fixture
    def log(self) -> Log:
        return MemoryLog(MemorySigner())


class TestMemoryLedger(LedgerContract):
    @pytest.fixture
    def ledgers(self) -> tuple[Ledger, Ledger]:
        ledger = MemoryLedger(ManualClock())
        return ledger, ledger


class TestMemoryAnswers(AnswersContract):
    @pytest.fixture
    def answers(self) -> Answers:
        return MemoryAnswers()


class TestMemoryPeople(PeopleContract):
    @pytest.fixture
    def people(self) -> People:
        return MemoryPeople()


class TestMemorySites(SitesContract):
    @pytest.fixture
    def sites(self) -> Sites:
        return MemorySites()


class TestMemorySigner(SignerContract):
    @pytest.fixture
    def signer(self) -> Signer:
        return MemorySigner()


def test_a_status_that_never_arrived_is_no_status() -> None:
    with pytest.raises(SourceError):
        MemoryStatusSource().status()
