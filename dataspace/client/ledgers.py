"""The ledger of privacy loss in a notebook: what was spent, what is left, and how it came to that."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from dataspace.client.spending import Spending, as_svg
from dataspace.client.tables import Grid, escaped
from dataspace.client.wire import Wire
from dataspace.errors import InvalidRequest
from dataspace.model.charges import Balance, Charge, Disjoint, Level, TopUp
from dataspace.model.codec import from_json

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
    _wire: Wire | None = field(default=None, compare=False)

    def charges(self) -> Sequence[Charged]:
        """Every charge that you may see, oldest first."""
        found = self._get("charges")
        return [
            Charged(datetime.fromisoformat(entry["at"]), entry["state"], from_json(Charge, entry["charge"]))
            for entry in found
        ]

    def decisions(self) -> Sequence[TopUp | Disjoint]:
        """Top-ups and declarations, oldest first."""
        kinds: dict[str, type[TopUp] | type[Disjoint]] = {"TopUp": TopUp, "Disjoint": Disjoint}
        return [from_json(kinds[entry["kind"]], entry["decision"]) for entry in self._get("decisions")]

    def spending(self) -> Spending:
        """The plain sum of ε over time, of all that you may see, and the limit that is nearest to it."""
        charges = self.charges()
        limits = [balance.limit for balance in self.balances[:1] if balance.limit is not None]
        return Spending(
            f"ε over {self.dataset}",
            tuple((charged.at, charged.charge.epsilon) for charged in charges),
            limits[0] if limits else None,
        )

    def plot(self) -> str:
        """The same as an SVG picture."""
        return as_svg(self.spending())

    def __repr__(self) -> str:
        return f"ε over {self.dataset}\n{self._grid().text('  ')}"

    def _repr_html_(self) -> str:
        picture = "" if self._wire is None else self.plot()
        return f"<p><b>ε over {escaped(self.dataset)}</b></p>{self._grid().html()}{picture}"

    def _get(self, what: str) -> Any:
        if self._wire is None:
            raise InvalidRequest("This ledger was not read from a hub.", "Ask `hub.ledger(…)`.")
        return self._wire.get(f"/ledger/{quote(self.dataset, safe='')}/{what}")

    def _grid(self) -> Grid:
        together = any(balance.composed is not None for balance in self.balances)
        rows = tuple(_row(balance, together) for balance in self.balances)
        head = ("", "spent", "limit", "left", "δ", *(("together",) if together else ()))
        return Grid(head, rows, (False, *(True,) * (len(head) - 1)))


class Ledgers:
    """What a hub says of its ledger."""

    _wire: Wire

    def ledger(self, dataset: str, composed: bool = False) -> LedgerView:
        """What was spent of the privacy budget, and what is left: `.charges()`, `.decisions()`, `.plot()`.

        `composed` adds what all charges come to together, which is less than their sum (seconds).
        """
        found = self._wire.get(f"/ledger/{quote(dataset, safe='')}", composed=str(composed).lower())
        balances = tuple(from_json(Balance, entry["balance"]) for entry in found)
        return LedgerView(dataset, balances, self._wire)

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


def _row(balance: Balance, together: bool) -> tuple[str, ...]:
    limit = "-" if balance.limit is None else f"{balance.limit:g}"
    if balance.raised:
        limit += f" (of it {balance.raised:g} added)"
    words = (
        _WORDS[balance.level].format(balance.name or balance.permit or ""),
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
