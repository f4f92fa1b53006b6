"""What was spent of the privacy budget, and what is left."""

from collections.abc import Sequence
from dataclasses import dataclass

from dataspace.model.charges import Account, Balance, Limits
from dataspace.model.names import DatasetName
from dataspace.model.principals import Principal, Role
from dataspace.ports import Catalog, Ledger
from dataspace.service.asking import visible_dataset
from dataspace.service.permitting import Permitting


@dataclass(frozen=True, slots=True)
class Accounts:
    """Reads of the ledger. The whole lineage is for those who answer for it; a permit's part for its holder too."""

    catalog: Catalog
    ledger: Ledger
    permitting: Permitting

    def balances(self, principal: Principal, name: str) -> Sequence[Balance]:
        """The lineage first (for stewards, auditors and administrators), then each permit that may be seen."""
        dataset = visible_dataset(self.catalog, DatasetName(name), principal)
        account = Account(dataset.name, dataset.privacy_unit)
        found = []
        if principal.roles & {Role.STEWARD, Role.AUDITOR, Role.ADMINISTRATOR}:
            found.append(self.ledger.balance(account, Limits()))
        for signed in self.permitting.visible(principal):
            permit = signed.permit
            if any(grant.dataset == dataset.name for grant in permit.datasets):
                limits = Limits(permit=permit.obligations.epsilon_total)
                found.append(self.ledger.balance(account, limits, permit.id))
        return found
