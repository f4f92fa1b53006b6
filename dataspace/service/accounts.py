"""What was spent of the privacy budget, what is left, and the decisions that change it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dataspace.errors import InvalidRequest, NotAllowed
from dataspace.model.charges import Account, Balance, Charge, Disjoint, Level, Limits, Purse, TopUp, shown
from dataspace.model.datasets import Dataset
from dataspace.model.names import DatasetName, PermitId
from dataspace.model.permits import Permit
from dataspace.model.principals import Principal, Role
from dataspace.model.records import RecordKind
from dataspace.planning.projects import project_of
from dataspace.ports import Catalog, Ledger
from dataspace.privacy.accounting import accounted, epsilon
from dataspace.privacy.checking import check_family, delta_of, families_of, limit_of
from dataspace.service.discovering import visible_dataset
from dataspace.service.own_part import OVERSEERS, helped, pays, sees
from dataspace.service.permitting import Permitting
from dataspace.service.roles import require
from dataspace.service.topping_up import check_officer, check_reason, check_said, decided


@dataclass(frozen=True, slots=True)
class Entry:
    """One charge as it is told: what was spent when, by whom, with which mechanisms."""

    at: datetime
    state: str
    charge: Charge


@dataclass(frozen=True, slots=True)
class Accounts:
    """The ledger for people. The whole lineage is for those who answer for it; others see their own part."""

    catalog: Catalog
    ledger: Ledger
    permitting: Permitting

    def balances(self, principal: Principal, name: str, composed: bool = False) -> Sequence[Balance]:
        """The lineage first (for stewards, auditors and administrators), then each part that may be seen.

        `composed` adds what all events of a part come to together (seconds).
        """
        account, permits = self.account_of(principal, name)
        limits = Limits()
        purses = {(purse.level, purse.name): purse for purse in self.ledger.purses(account, limits)}
        for permit in permits:
            purses.setdefault((Level.PERMIT, permit.id), Purse(Level.PERMIT, permit.id, 0.0, 0.0))
        seen = [purse for purse in purses.values() if sees(principal, permits, purse.level, purse.name)]
        raised = self._raised(account)
        own = {permit.id: permit.obligations.epsilon_total for permit in permits}
        found = []
        for purse in sorted(seen, key=lambda purse: list(Level).index(purse.level)):
            more = raised.get((purse.level, purse.name), 0.0)
            base = limit_of(purse.level, limits)
            if purse.level is Level.PERMIT and (total := own.get(PermitId(purse.name))) is not None:
                base = total
            limit = None if base is None else base + more
            whose = PermitId(purse.name) if purse.level is Level.PERMIT else None
            balance = Balance(
                account, whose, purse.epsilon, limit, purse.level, purse.name, purse.delta, more
            )
            found.append(self._composed(balance) if composed else balance)
        return found

    def entries(self, principal: Principal, name: str) -> Sequence[Entry]:
        """The charges that may be seen, oldest first; never one that was given back."""
        account, permits = self.account_of(principal, name)
        mine = {permit.id for permit in permits}
        everything = bool(principal.roles & OVERSEERS)
        found: list[Entry] = []
        for reservation, state in self.ledger.charges(account):
            charge = reservation.charge
            if state == "forfeited" or not (
                everything or charge.principal == principal.id or charge.permit in mine
            ):
                continue
            # In the order in which they were written: a clock that was moved back does not change it.
            at = max(reservation.reserved, found[-1].at) if found else reservation.reserved
            found.append(Entry(at, state, charge))
        return found

    def decisions(self, principal: Principal, name: str) -> Sequence[TopUp | Disjoint]:
        """The recorded decisions over a dataset: all for who answers for it, for others those over their part."""
        account, permits = self.account_of(principal, name)
        return [
            decision
            for decision in self.ledger.decisions(account)
            if principal.roles & OVERSEERS
            or (isinstance(decision, TopUp) and sees(principal, permits, decision.level, decision.name))
        ]

    def top_up(
        self,
        principal: Principal,
        name: str,
        level: Level,
        whose: str,
        more: float,
        reason: str,
        officer: str = "",
    ) -> TopUp:
        """Add to what one part of an account may spend: recorded, with a reason, by a steward it does not help.

        Raises InvalidRequest for what is no ε or says no reason, NotAllowed where it would go beyond 8 without the
        data protection officer's word. What a lineage may spend in its life is never raised.
        """
        require(principal, Role.STEWARD)
        account, permits = self.account_of(principal, name)
        check_said(level, whose, more, reason)
        whose = self._known(level, whose, permits)
        if principal.id in helped(level, whose, permits):
            raise NotAllowed("Nobody adds to their own budget.", "Ask another steward.")
        before = next(
            (b for b in self.balances(principal, name) if (b.level, b.name) == (level, whose)), None
        )
        limit = before.limit if before else limit_of(level, Limits())
        check_officer(limit, more, officer)
        now = self.permitting.clock.now()
        made = TopUp(account, level, whose, more, reason.strip(), principal.id, now, officer.strip())
        return decided(self.ledger, self.permitting.enforcement, principal, made)

    def declare_disjoint(
        self, principal: Principal, name: str, parts: Iterable[str], reason: str
    ) -> Disjoint:
        """Declare that no person is in two of these parts: the dearest alone counts for the lineage.

        Raises InvalidRequest where that cannot be, or contradicts an earlier declaration.
        """
        require(principal, Role.STEWARD)
        account, _ = self.account_of(principal, name)
        check_reason(reason)
        made = Disjoint(account, frozenset(parts), reason.strip(), principal.id, self.permitting.clock.now())
        check_family(made, families_of(self.ledger.decisions(account)))
        self.permitting.enforcement.record(
            RecordKind.LEDGER_DISJOINT,
            principal,
            {"dataset": name, "parts": sorted(made.parts), "reason": made.reason},
        )
        self.ledger.decide(made)
        return made

    def account_of(self, principal: Principal, name: str) -> tuple[Account, Sequence[Permit]]:
        """The account of a dataset that may be seen, and the permits over it that may be. Raises UnknownName."""
        dataset: Dataset = visible_dataset(
            self.catalog, DatasetName(name), principal, self.permitting.enforcement
        )
        permits = [
            signed.permit
            for signed in self.permitting.visible(principal)
            if any(grant.dataset == dataset.name for grant in signed.permit.datasets)
        ]
        return Account(dataset.name, dataset.privacy_unit), permits

    def _known(self, level: Level, whose: str, permits: Sequence[Permit]) -> str:
        """The name in the ledger; of a project also where it is written as it is shown. Raises InvalidRequest."""
        known = {
            Level.PERMIT: {str(permit.id): str(permit.id) for permit in permits},
            Level.PROJECT: {shown(name): name for name in map(project_of, permits)},
        }.get(level)
        if known is None or whose in known.values():
            return whose
        wanted = shown(" ".join(whose.split()))
        if wanted not in known and wanted.lower() not in known:
            listed = ", ".join(f"'{each}'" for each in sorted(known)) or "none"
            raise InvalidRequest(f"No {level.value} '{whose}' over this dataset.", f"There are: {listed}.")
        return known[wanted] if wanted in known else known[wanted.lower()]

    def _raised(self, account: Account) -> dict[tuple[Level, str], float]:
        raised: dict[tuple[Level, str], float] = {}
        for decision in self.ledger.decisions(account):
            if isinstance(decision, TopUp):
                key = decision.level, decision.name
                raised[key] = raised.get(key, 0.0) + decision.epsilon
        return raised

    def _composed(self, balance: Balance) -> Balance:
        """Beside the sum that is checked: what all events come to by privacy loss distributions.

        Of charges that do not add up (disjoint parts) it says the same as if they did: it is never too little.
        """
        mine = [
            reservation.charge
            for reservation, state in self.ledger.charges(balance.account)
            if state != "forfeited" and pays(balance, reservation.charge)
        ]
        delta = delta_of(balance.level, Limits())
        events = [event for charge in mine for event in accounted(charge)]
        figure = epsilon(events, delta)
        return replace(balance, composed=figure if math.isfinite(figure) else None, composed_at=delta)
