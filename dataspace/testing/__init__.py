"""The promises of connectors and ports as test classes: inherit one and supply its fixtures. Needs pytest.

from dataspace.testing import SourceContract

class TestMySource(SourceContract):
    @pytest.fixture
    def source(self, tmp_path):
        (tmp_path / "trial.csv").write_text("age,name\\n41,Ada\\n")
        return MySource(tmp_path)
"""

from dataspace.testing.finders import FinderContract, HarvestsContract
from dataspace.testing.ledgers import LedgerContract
from dataspace.testing.logs import LogContract, SignerContract
from dataspace.testing.sources import SourceContract
from dataspace.testing.stores import (
    AnswersContract,
    CatalogContract,
    PeopleContract,
    PermitStoreContract,
    PolicyStoreContract,
    SitesContract,
)

__all__ = [
    "AnswersContract",
    "CatalogContract",
    "FinderContract",
    "HarvestsContract",
    "LedgerContract",
    "LogContract",
    "PeopleContract",
    "PermitStoreContract",
    "PolicyStoreContract",
    "SignerContract",
    "SitesContract",
    "SourceContract",
]
