"""A model that was fitted across sites: coefficients with their intervals, who took part, who refused and why."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dataspace.client.tables import Grid, escaped, printable
from dataspace.errors import SiteUnavailable

QUANTILE = 1.959963984540054
"""Of the normal distribution, for 95 %."""


@dataclass(frozen=True, slots=True, repr=False)
class Fit:
    """What a finished run tells. `events` is the whole journal, one dict for each event."""

    run: str
    target: str
    terms: tuple[str, ...]
    coefficients: tuple[float, ...]
    standard_errors: tuple[float, ...]
    sites: tuple[str, ...]
    refused: Mapping[str, str]
    n: int
    positives: int
    log_likelihood: float
    auc: Mapping[str, float]
    """On the rows that each site held out; a site may keep it to itself."""
    rounds: int
    events: Sequence[Mapping[str, Any]] = field(default=(), compare=False)

    def odds_ratios(self) -> dict[str, tuple[float, float, float]]:
        """For each term but the intercept: the odds ratio and its 95 % interval."""
        return {
            term: (math.exp(b), math.exp(b - QUANTILE * se), math.exp(b + QUANTILE * se))
            for term, b, se in zip(self.terms, self.coefficients, self.standard_errors, strict=True)
            if term != "(intercept)"
        }

    def auc_by_round(self) -> list[dict[str, float]]:
        """AUC by site, for each exchange: of the coefficients before the first step, then after each."""
        rounds = [event for event in self.events if event["kind"] in ("round", "finished")]
        return [_auc(event["facts"]) for event in rounds]

    def __repr__(self) -> str:
        return "\n".join([self._head(), self._table().text(), *self._notes()])

    def _repr_html_(self) -> str:
        notes = "<br>".join(escaped(line) for line in self._notes())
        return f"<p>{escaped(self._head())}</p>{self._table().html()}<p><small>{notes}</small></p>"

    def _head(self) -> str:
        asked = len(self.sites) + len(self.refused)
        counted = f"{self.n:,} units, {self.positives:,} with {self.target}"
        return f"{self.rounds} rounds · {len(self.sites)} of {asked} sites · {counted}"

    def _table(self) -> Grid:
        rows = tuple(
            (term, f"{ratio:.2f}", f"{low:.2f}–{high:.2f}")
            for term, (ratio, low, high) in self.odds_ratios().items()
        )
        return Grid(("", "OR", "95 % CI"), rows, (False, True, True))

    def _notes(self) -> list[str]:
        lines = [f"{site} refused: {printable(reason)}" for site, reason in self.refused.items()]
        if self.auc:
            lines.append(
                "AUC on held-out units: " + ", ".join(f"{site} {auc:.2f}" for site, auc in self.auc.items())
            )
        lines.append("No noise; no ε spent. Each site's sums were seen by the coordinator.")
        return lines


_NEVER_STARTED: Mapping[str, Any] = {"kind": "failed", "round": 0, "facts": {"cause": "it never started"}}


def fit_of(run: str, target: str, events: Sequence[Mapping[str, Any]]) -> Fit:
    """The fit that a run's events end with; raises SiteUnavailable with the cause where it failed."""
    last = events[-1] if events else _NEVER_STARTED
    facts: Mapping[str, Any] = last["facts"]
    refused = {site: str(why["reason"]) for site, why in facts.get("refused", {}).items()}
    if last["kind"] != "finished":
        told = " ".join(f"{site}: {reason}" for site, reason in refused.items())
        raise SiteUnavailable(
            f"The run {run} failed: {printable(str(facts.get('cause', 'no cause given')))}.", told
        )
    return Fit(
        run=run,
        target=target,
        terms=tuple(facts["terms"]),
        coefficients=tuple(facts["beta"]),
        standard_errors=tuple(facts["standard_errors"]),
        sites=tuple(facts["sites"]),
        refused=refused,
        n=facts["n"],
        positives=facts["events"],
        log_likelihood=facts["log_likelihood"],
        auc=_auc(facts),
        rounds=last["round"],
        events=tuple(events),
    )


def _auc(facts: Mapping[str, Any]) -> dict[str, float]:
    return {site: float(said["auc"]) for site, said in facts.get("evaluation", {}).items()}
