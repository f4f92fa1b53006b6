"""The ledger of a site for the people of its house: what was spent on their persons, and what they add to it."""

from collections.abc import Sequence
from dataclasses import dataclass

from dataspace.errors import InvalidRequest, NotAllowed
from dataspace.model.charges import Account, Balance, Level, Limits, Reservation, TopUp
from dataspace.model.names import DatasetName, PermitId
from dataspace.model.permits import Permit
from dataspace.model.principals import Principal
from dataspace.ports import Catalog, Ledger
from dataspace.privacy.checking import limit_of
from dataspace.service.enforcing import Enforcement
from dataspace.service.own_part import helped
from dataspace.service.spending import TRAINING_EPSILON
from dataspace.service.topping_up import check_officer, check_said, decided


@dataclass(frozen=True, slots=True)
class SiteAccount:
    """One site's own ledger. It alone decides what is spent on the rows here; no hub adds to it."""

    catalog: Catalog
    ledger: Ledger
    enforcement: Enforcement

    def balances(self, name: str) -> Sequence[Balance]:
        """What each part has spent, the whole lineage first. What a permit may spend is said in the permit."""
        account, limits = self._account(name), Limits()
        raised = self._raised(account)
        found = []
        for purse in self.ledger.purses(account, limits):
            more = raised.get((purse.level, purse.name), 0.0)
            base = None if purse.level is Level.PERMIT else limit_of(purse.level, limits)
            permit = PermitId(purse.name) if purse.level is Level.PERMIT else None
            limit = None if base is None else base + more
            found.append(
                Balance(account, permit, purse.epsilon, limit, purse.level, purse.name, purse.delta, more)
            )
        return found

    def charges(self, name: str) -> Sequence[tuple[Reservation, str]]:
        """Each charge with its state, oldest first; never one that was given back."""
        every = self.ledger.charges(self._account(name))
        return [(kept, state) for kept, state in every if state != "forfeited"]

    def decisions(self, name: str) -> Sequence[TopUp]:
        """What was added here, oldest first."""
        found = self.ledger.decisions(self._account(name))
        return [decision for decision in found if isinstance(decision, TopUp)]

    def top_up(
        self,
        steward: Principal,
        name: str,
        level: Level,
        whose: str,
        more: float,
        reason: str,
        officer: str = "",
        permit: Permit | None = None,
    ) -> TopUp:
        """Add to what one part may spend here: recorded in the site's own log, with a reason.

        `permit` is the verified document where a permit is raised. Raises InvalidRequest and NotAllowed like a hub.
        """
        check_said(level, whose, more, reason)
        account = self._account(name)
        base = limit_of(level, Limits())
        if level is Level.PERMIT:
            if permit is None or all(grant.dataset != account.lineage for grant in permit.datasets):
                raise InvalidRequest(f"No permit '{whose}' over this dataset.", "Look at the permit again.")
            said = permit.obligations.epsilon_total
            base = TRAINING_EPSILON if said is None else said
        elif level is Level.PROJECT and (level, whose) not in {
            (purse.level, purse.name) for purse in self.ledger.purses(account, Limits())
        }:
            raise InvalidRequest(
                f"No project '{whose}' has spent anything here.", f"See: dataspace site ledger {name}"
            )
        if steward.id in helped(level, whose, [permit] if permit else []):
            raise NotAllowed("Nobody adds to their own budget.", "Ask somebody else of this house.")
        before = (base or 0.0) + self._raised(account).get((level, whose), 0.0)
        check_officer(before, more, officer)
        now = self.enforcement.clock.now()
        made = TopUp(account, level, whose, more, reason.strip(), steward.id, now, officer.strip())
        return decided(self.ledger, self.enforcement, steward, made)

    def _raised(self, account: Account) -> dict[tuple[Level, str], float]:
        raised: dict[tuple[Level, str], float] = {}
        for decision in self.ledger.decisions(account):
            if isinstance(decision, TopUp):
                key = decision.level, decision.name
                raised[key] = raised.get(key, 0.0) + decision.epsilon
        return raised

    def _account(self, name: str) -> Account:
        dataset = self.catalog.get(DatasetName(name))
        if dataset is None:
            raise InvalidRequest(
                f"This site holds no '{name}'.", "`dataspace site status` lists what it holds."
            )
        return Account(dataset.name, dataset.privacy_unit)
