"""The rows of purses: sums over charges, read and changed in the transaction of the charge itself.

The statements run on SQLite and PostgreSQL alike.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from dataspace.adapters.store.shared_sync import Run
from dataspace.model.charges import Account, Charge, Disjoint, Level, Limits, Purse, TopUp
from dataspace.privacy.checking import Paid, Part, check_family, joined, lineage_before, payers, purse_of
from dataspace.privacy.limits import spent_units
from dataspace.privacy.purses import Cost

_LARGEST = 2**62
"""Sums stop here, inside 64 bits and far beyond every limit."""

_ALL = (
    "SELECT level, name, part, pure, delta, renyi, raised, family FROM purses"
    " WHERE lineage = :lineage AND unit = :unit"
)
_PAYING = (
    f"{_ALL} AND (level = 'lineage' OR (level = 'principal' AND name = :principal)"
    " OR (level = :mine AND name = :my_name) OR (level = 'project' AND name = :project))"
)
_PUT = (
    "INSERT INTO purses (lineage, unit, level, name, part, pure, delta, renyi, raised, family)"
    " VALUES (:lineage, :unit, :level, :name, :part, :pure, :delta, :renyi, 0, NULL)"
    " ON CONFLICT (lineage, unit, level, name, part)"
    " DO UPDATE SET pure = excluded.pure, delta = excluded.delta, renyi = excluded.renyi"
)
_RAISE = (
    "INSERT INTO purses (lineage, unit, level, name, part, pure, delta, renyi, raised, family)"
    " VALUES (:lineage, :unit, :level, :name, '', 0, 0, '', :raised, NULL)"
    " ON CONFLICT (lineage, unit, level, name, part) DO UPDATE SET raised = purses.raised + excluded.raised"
)
_FAMILY = (
    "INSERT INTO purses (lineage, unit, level, name, part, pure, delta, renyi, raised, family)"
    " VALUES (:lineage, :unit, 'lineage', '', :part, 0, 0, '', 0, :family)"
    " ON CONFLICT (lineage, unit, level, name, part) DO UPDATE SET family = excluded.family"
)

Key = tuple[str, str, str]
"""Level, name and part."""


class Purses:
    """The rows that one question is about, as one statement found them."""

    def __init__(self, rows: Sequence[Sequence[Any]]) -> None:
        self.costs: dict[Key, Cost] = {}
        self.raised: dict[Key, int] = {}
        self._families: dict[int, set[str]] = defaultdict(set)
        for level, name, part, pure, delta, renyi, raised, family in rows:
            key = (str(level), str(name), str(part))
            self.costs[key] = Cost(int(pure), int(delta), tuple(json.loads(renyi)) if renyi else ())
            self.raised[key] = int(raised)
            if family is not None:
                self._families[int(family)].add(str(part))

    @property
    def families(self) -> list[frozenset[str]]:
        """Parts of the lineage that have no person in common."""
        return [frozenset(parts) for parts in self._families.values()]

    @property
    def parts(self) -> dict[str, Cost]:
        """What was spent on the lineage, by part."""
        return {part: cost for (level, _, part), cost in self.costs.items() if level == Level.LINEAGE}

    def paid(self, charge: Charge, cost: Cost) -> Paid:
        """What the purses that would pay this charge hold."""
        found = {
            level: Part(self.costs.get((level, name, ""), Cost()), self.raised.get((level, name, ""), 0))
            for level, name in payers(charge).items()
        }
        return {**found, Level.LINEAGE: Part(lineage_before(self.parts, self.families, charge, cost))}

    def listed(self, limits: Limits) -> Sequence[Purse]:
        """Each purse with what it holds; the lineage first."""
        costs = {
            (level, name): cost for (level, name, _), cost in self.costs.items() if level != Level.LINEAGE
        }
        lineage = joined(self.parts, self.families)
        return [
            purse_of(Level.LINEAGE, "", lineage, limits),
            *(purse_of(Level(level), name, cost, limits) for (level, name), cost in sorted(costs.items())),
        ]


def paying(run: Run, account: Account, charge: Charge) -> Purses:
    """The purses of this charge, and all parts of the lineage."""
    found = payers(charge)
    mine = Level.PERMIT if Level.PERMIT in found else Level.ALONE
    values = {
        "principal": found[Level.PRINCIPAL],
        "mine": mine.value,
        "my_name": found[mine],
        "project": charge.project,
    }
    return Purses(run(_PAYING, {**of(account), **values}))


def all_purses(run: Run, account: Account) -> Purses:
    """Every purse of an account."""
    return Purses(run(_ALL, of(account)))


def put(
    run: Run, account: Account, charge: Charge, purses: Purses, add: Cost, less: Cost | None = None
) -> None:
    """Add to every purse that pays this charge, and take back what was added before."""
    rows = []
    keys = [(level.value, name, "") for level, name in payers(charge).items()]
    for level, name, part in (*keys, (Level.LINEAGE.value, "", charge.part)):
        cost = purses.costs.get((level, name, part), Cost()) + add
        if less is not None:
            cost -= less
        values = {
            "level": level,
            "name": name,
            "part": part,
            "pure": min(cost.pure, _LARGEST),
            "delta": min(cost.delta, _LARGEST),
            "renyi": json.dumps(cost.renyi, separators=(",", ":")) if cost.renyi else "",
        }
        rows.append({**of(account), **values})
    run(_PUT, rows)


def enact(run: Run, decision: TopUp | Disjoint, number: int) -> None:
    """Let a decision take effect. Raises InvalidRequest where it cannot stand beside the earlier ones."""
    account = of(decision.account)
    match decision:
        case TopUp():
            raised = {
                "level": decision.level.value,
                "name": decision.name,
                "raised": spent_units(decision.epsilon),
            }
            run(_RAISE, {**account, **raised})
        case Disjoint():
            check_family(decision, all_purses(run, decision.account).families)
            for part in sorted(decision.parts):
                run(_FAMILY, {**account, "part": part, "family": number})


def of(account: Account) -> Mapping[str, str]:
    """The columns that name an account."""
    return {"lineage": account.lineage, "unit": account.unit or ""}
