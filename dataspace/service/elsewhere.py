"""What the sites assert of their ledgers, for people at the hub, and what hub and sites come to together."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dataspace.model.charges import Account, Balance, Charge, ChargeKind, Disjoint, Level, Limits
from dataspace.model.mirrored import SiteBalance, SiteEntry, Told
from dataspace.model.names import PermitId
from dataspace.model.permits import Permit
from dataspace.model.policies import Obligations
from dataspace.model.principals import Principal
from dataspace.ports import Mirror
from dataspace.privacy.checking import families_of, joined, limit_of, payers, purse_of
from dataspace.privacy.purses import Cost, cost_of, total
from dataspace.service.accounts import Accounts
from dataspace.service.own_part import OVERSEERS, sees
from dataspace.service.spending import limits_of_release

Part = tuple[Level, str]
_SITE = "site:"


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The accounts of sites as far as each may see them: the whole of it for those who answer for the dataset."""

    accounts: Accounts
    mirror: Mirror

    def balances(self, principal: Principal, name: str) -> Sequence[SiteBalance]:
        """Each part at each site, by site; then the parts of which a site has something, of hub and sites together."""
        account, permits = self.accounts.account_of(principal, name)
        told = self.mirror.entries(account.lineage)
        found: list[SiteBalance] = []
        everywhere: dict[str, list[Charge]] = {}
        seen: set[Part] = set()
        for site in sorted({entry.site for entry in told}):
            mine = [entry for entry in told if entry.site == site]
            charges = _counted(mine)
            everywhere[f"{_SITE}{site}"] = charges
            costs = _costs(charges, _parts(charges))
            for level, whose in _ordered(costs):
                if sees(principal, permits, level, whose):
                    seen.add((level, whose))
                    balance = _at_site(mine[0].account, level, whose, costs[level, whose], mine, permits)
                    found.append(SiteBalance(site, _as_of(mine), balance))
        return found + self._together(account, everywhere, seen)

    def entries(self, principal: Principal, name: str) -> Sequence[SiteEntry]:
        """The charges and top-ups at sites that may be seen, each as its site signed it."""
        account, permits = self.accounts.account_of(principal, name)
        everything, mine = bool(principal.roles & OVERSEERS), {permit.id for permit in permits}

        def own(entry: SiteEntry) -> bool:
            if entry.raised is not None:
                return sees(principal, permits, entry.raised.level, entry.raised.name)
            charge = entry.charge
            return charge is not None and (charge.principal == principal.id or charge.permit in mine)

        return [
            entry
            for entry in self.mirror.entries(account.lineage)
            if entry.told not in (Told.SEEN, Told.FORFEITED) and (everything or own(entry))
        ]

    def _together(
        self, account: Account, everywhere: Mapping[str, list[Charge]], seen: set[Part]
    ) -> list[SiteBalance]:
        """A person may be at several places, so they add up; but for parts that a steward declared disjoint."""
        if not everywhere:
            return []
        here = [
            kept.charge for kept, state in self.accounts.ledger.charges(account) if state != Told.FORFEITED
        ]
        families = families_of(
            decision for decision in self.accounts.ledger.decisions(account) if isinstance(decision, Disjoint)
        )
        parts = _parts(here) | {site: joined(_parts(charges), []) for site, charges in everywhere.items()}
        every = [*here, *(charge for charges in everywhere.values() for charge in charges)]
        costs = _costs(every, parts, families)
        return [
            SiteBalance(None, None, _balance(account, level, whose, costs[level, whose], None))
            for level, whose in _ordered(costs)
            if (level, whose) in seen
        ]


def _counted(entries: Iterable[SiteEntry]) -> list[Charge]:
    return [
        entry.charge for entry in entries if entry.charge is not None and entry.told is not Told.FORFEITED
    ]


def _as_of(entries: Iterable[SiteEntry]) -> datetime:
    return max(entry.at for entry in entries)


def _parts(charges: Iterable[Charge]) -> dict[str, Cost]:
    """What a lineage was charged, by version or site."""
    parts: dict[str, list[Cost]] = defaultdict(list)
    for charge in charges:
        parts[charge.part].append(cost_of(charge))
    return {part: total(several) for part, several in parts.items()}


def _costs(
    charges: Iterable[Charge], parts: Mapping[str, Cost], families: Sequence[frozenset[str]] = ()
) -> dict[Part, Cost]:
    """What each part of an account holds; that of the lineage from its parts."""
    costs: dict[Part, list[Cost]] = defaultdict(list)
    for charge in charges:
        for payer in payers(charge).items():
            costs[payer].append(cost_of(charge))
    summed = {payer: total(several) for payer, several in costs.items()}
    return {(Level.LINEAGE, ""): joined(parts, families), **summed}


def _ordered(costs: Mapping[Part, Cost]) -> list[Part]:
    return sorted(costs, key=lambda part: (list(Level).index(part[0]), part[1]))


def _at_site(
    account: Account,
    level: Level,
    whose: str,
    cost: Cost,
    entries: Sequence[SiteEntry],
    permits: Sequence[Permit],
) -> Balance:
    raised = sum(
        entry.raised.epsilon
        for entry in entries
        if entry.raised is not None and (entry.raised.level, entry.raised.name) == (level, whose)
    )
    base = limit_of(level, Limits())
    if level is Level.PERMIT:
        base = _limit_of_permit(whose, _counted(entries), permits)
    limit = None if base is None else base + raised
    return _balance(account, level, whose, cost, limit, raised)


def _limit_of_permit(whose: str, charges: Iterable[Charge], permits: Sequence[Permit]) -> float | None:
    """What a site lets it spend at most: what the permit says, else what is usual for what it was charged for."""
    owed = next((permit.obligations for permit in permits if permit.id == whose), Obligations())
    kinds = {charge.kind for charge in charges if charge.permit == whose}
    limits = [limits_of_release(kind, owed).permit for kind in kinds or {ChargeKind.UPDATE}]
    return max((limit for limit in limits if limit is not None), default=None)


def _balance(
    account: Account, level: Level, whose: str, cost: Cost, limit: float | None, raised: float = 0.0
) -> Balance:
    purse = purse_of(level, whose, cost, Limits())
    permit = PermitId(whose) if level is Level.PERMIT else None
    return Balance(account, permit, purse.epsilon, limit, level, whose, purse.delta, raised)
