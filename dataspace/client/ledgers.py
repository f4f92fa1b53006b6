"""The ledger of privacy loss in a notebook: what was spent, what is left, and how it came to that."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from dataspace.client.spending import Amounts, Spending, as_svg
from dataspace.client.tables import Grid, escaped
from dataspace.client.wire import Wire
from dataspace.errors import InvalidRequest
from dataspace.model.charges import Balance, Charge, Disjoint, Level, TopUp, shown
from dataspace.model.codec import from_json
from dataspace.model.mirrored import SiteBalance, SiteEntry
from dataspace.model.names import HUB

_WORDS = {
    Level.LINEAGE: "all, over its life",
    Level.PERMIT: "permit {}",
    Level.ALONE: "{}, without a permit",
    Level.PROJECT: "project “{}”",
    Level.PRINCIPAL: "{} in all",
}


@dataclass(frozen=True, slots=True)
class Charged:
    """One charge: when, `reserved` or `committed`, and what with. A reserved one counts in full."""

    at: datetime
    state: str
    charge: Charge


@dataclass(frozen=True, slots=True, repr=False)
class LedgerView:
    """What was spent of the privacy budget over a dataset."""

    dataset: str
    balances: tuple[Balance, ...]
    sites: tuple[SiteBalance, ...] = ()
    """What sites assert of their own ledgers, as of when, and then what hub and sites come to together."""
    _wire: Wire | None = field(default=None, compare=False)

    def charges(self) -> Sequence[Charged]:
        """Every charge that you may see, oldest first."""
        found = self._get("charges")
        return [
            Charged(datetime.fromisoformat(entry["at"]), entry["state"], from_json(Charge, entry["charge"]))
            for entry in found
        ]

    def site_entries(self) -> Sequence[SiteEntry]:
        """Every charge and top-up at a site that you may see, each as the site signed it."""
        return [from_json(SiteEntry, entry) for entry in self._get("sites/entries")]

    def decisions(self) -> Sequence[TopUp | Disjoint]:
        """Top-ups and declarations, oldest first."""
        kinds: dict[str, type[TopUp] | type[Disjoint]] = {"TopUp": TopUp, "Disjoint": Disjoint}
        return [from_json(kinds[entry["kind"]], entry["decision"]) for entry in self._get("decisions")]

    def spending(self) -> Spending:
        """The plain sum of ε over time, of all that you may see, and the limit that is nearest to it.

        Where sites have rows, of hub and sites; each keeps its own account with its own limit.
        """
        here = tuple((charged.at, charged.charge.epsilon) for charged in self.charges())
        title = f"ε over {self.dataset}"
        if not self.sites:
            limits = [balance.limit for balance in self.balances[:1] if balance.limit is not None]
            return Spending(title, here, limits[0] if limits else None)
        places: dict[str, Amounts] = {HUB: here} if here else {}
        for entry in self.site_entries():
            if entry.charge is not None:
                places[entry.site] = (*places.get(entry.site, ()), (entry.at, entry.charge.epsilon))
        everything = sorted(amount for amounts in places.values() for amount in amounts)
        return Spending(title, tuple(everything), None, places)

    def plot(self) -> str:
        """The same as an SVG picture."""
        return as_svg(self.spending())

    def __repr__(self) -> str:
        sites = f"\n{self._site_grid().text('  ')}" if self.sites else ""
        return f"ε over {self.dataset}\n{self._grid().text('  ')}{sites}"

    def _repr_html_(self) -> str:
        picture = "" if self._wire is None else self.plot()
        sites = self._site_grid().html() if self.sites else ""
        return f"<p><b>ε over {escaped(self.dataset)}</b></p>{self._grid().html()}{sites}{picture}"

    def _get(self, what: str) -> Any:
        if self._wire is None:
            raise InvalidRequest("This ledger was not read from a hub.", "Ask `hub.ledger(…)`.")
        return self._wire.get(f"/ledger/{quote(self.dataset, safe='')}/{what}")

    def _grid(self) -> Grid:
        together = any(balance.composed is not None for balance in self.balances)
        rows = tuple(_row(balance, together) for balance in self.balances)
        head = ("", "spent", "limit", "left", "δ", *(("together",) if together else ()))
        return Grid(head, rows, (False, *(True,) * (len(head) - 1)))

    def _site_grid(self) -> Grid:
        """Who asserts what, as of when."""
        rows = tuple(_site_row(one) for one in self.sites)
        head = ("as the sites say", "", "spent", "at most", "left", "δ", "told on")
        return Grid(head, rows, (False, False, True, True, True, True, False))


class Ledgers:
    """What a hub says of its ledger."""

    _wire: Wire

    def ledger(self, dataset: str, composed: bool = False) -> LedgerView:
        """What was spent of the privacy budget, and what is left: `.charges()`, `.decisions()`, `.plot()`; `.sites`,
        `.site_entries()` where sites have told of theirs.

        `composed` adds what all charges come to together, which is less than their sum (seconds).
        """
        found = self._wire.get(f"/ledger/{quote(dataset, safe='')}", composed=str(composed).lower())
        balances = tuple(from_json(Balance, entry["balance"]) for entry in found)
        sites = self._wire.get(f"/ledger/{quote(dataset, safe='')}/sites")
        told = tuple(from_json(SiteBalance, entry["at"]) for entry in sites)
        return LedgerView(dataset, balances, told, self._wire)

    def top_up(
        self,
        dataset: str,
        epsilon: float,
        reason: str,
        permit: str = "",
        project: str = "",
        principal: str = "",
        alone: str = "",
        officer: str = "",
    ) -> TopUp:
        """Add to what one permit, project or person may spend; `alone` is who asks without a permit. For a steward."""
        level, name = level_of(permit, project, principal, alone)
        body = {"level": level.value, "name": name, "epsilon": epsilon, "reason": reason, "officer": officer}
        return from_json(TopUp, self._wire.post(f"/ledger/{quote(dataset, safe='')}/top-ups", body))

    def declare_disjoint(self, dataset: str, parts: Sequence[str], reason: str) -> Disjoint:
        """Declare that no person is in two of these versions (`version:SHA-256`) or sites (`site:name`)."""
        body = {"parts": list(parts), "reason": reason}
        return from_json(Disjoint, self._wire.post(f"/ledger/{quote(dataset, safe='')}/disjoint", body))


def level_of(permit: str, project: str, principal: str, alone: str) -> tuple[Level, str]:
    """The one part of an account that is named. Raises InvalidRequest for none or several."""
    named = [
        (level, name)
        for level, name in (
            (Level.PERMIT, permit),
            (Level.PROJECT, project),
            (Level.PRINCIPAL, principal),
            (Level.ALONE, alone),
        )
        if name
    ]
    if len(named) != 1:
        raise InvalidRequest(
            "A top-up is for one part of the account.", "Name a permit, a project or a person."
        )
    return named[0]


def _site_row(one: SiteBalance) -> tuple[str, ...]:
    place = one.site or "hub and sites"
    at = "" if one.as_of is None else f"{one.as_of:%Y-%m-%d %H:%M}"
    whose, spent, limit, left, delta = _row(one.balance, False)
    return place, whose, spent, limit, left, delta, at


def _row(balance: Balance, together: bool) -> tuple[str, ...]:
    limit = "-" if balance.limit is None else f"{balance.limit:g}"
    if balance.raised and balance.limit is None:
        limit = f"{balance.raised:g} added"
    elif balance.raised:
        limit += f" (of it {balance.raised:g} added)"
    words = (
        _WORDS[balance.level].format(shown(balance.name or balance.permit or "")),
        f"{balance.spent:g}",
        limit,
        "-" if balance.left is None else f"{balance.left:g}",
        f"{balance.delta:g}",
    )
    if not together:
        return words
    return (
        *words,
        "-" if balance.composed is None else f"{balance.composed:.4g} at δ {balance.composed_at:g}",
    )
