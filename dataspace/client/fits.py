"""A model that was fitted across sites: coefficients with their intervals, who took part, who refused and why."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dataspace.client.models import Model
from dataspace.client.tables import Grid, escaped, printable
from dataspace.errors import InvalidRequest, SiteUnavailable

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
    accuracy: Mapping[str, float] = field(default_factory=dict)
    """The share of held-out units told right, by site; of a private run with noise."""
    family: str = "logistic"
    privacy: Mapping[str, Any] = field(default_factory=dict)
    """Of a private run: `epsilon` and `delta` that the persons of a site lost at most, and `by_site`."""
    document: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """The model as the coordinator tells it."""

    @property
    def model(self) -> Model:
        """What was fitted, to predict with and to save. Raises InvalidRequest where the run told none."""
        return Model.of({**self.document, "run": self.run})

    def odds_ratios(self) -> dict[str, tuple[float, float, float]]:
        """For each term but the intercept: the odds ratio and its 95 % interval.

        Raises InvalidRequest where there are none: of other families, and under noise.
        """
        if not self._has_ratios():
            raise InvalidRequest(
                "This fit has no standard errors, and so no odds ratios.",
                'Only `family="logistic"` without `privacy` has; `fit.model` predicts.',
            )
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
        table = [self._table().text()] if self._has_ratios() else []
        return "\n".join([self._head(), *table, *self._notes()])

    def _repr_html_(self) -> str:
        notes = "<br>".join(escaped(line) for line in self._notes())
        table = self._table().html() if self._has_ratios() else ""
        return f"<p>{escaped(self._head())}</p>{table}<p><small>{notes}</small></p>"

    def _has_ratios(self) -> bool:
        return self.family == "logistic" and bool(self.standard_errors)

    def _head(self) -> str:
        asked = len(self.sites) + len(self.refused)
        if self.privacy:
            counted = f"about {self.n:,} units"
        elif self.family == "logistic":
            counted = f"{self.n:,} units, {self.positives:,} with {self.target}"
        else:
            counted = f"{self.n:,} units"
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
        if self.accuracy:
            told = ", ".join(f"{site} {share:.2f}" for site, share in self.accuracy.items())
            lines.append(f"Told right of held-out units: {told}")
        if self.privacy:
            epsilon, delta = float(self.privacy["epsilon"]), float(self.privacy["delta"])
            lines.append(
                f"Noise was added at each site: ε {epsilon:.2f}, δ {delta:g} at most, charged there."
            )
        else:
            lines.append(
                f"No noise; no ε spent. Each site's {_SEEN[self.family]} were seen by the coordinator."
            )
        return lines


_SEEN = {"logistic": "sums", "multinomial": "sums", "mlp": "updates", "trees": "trees"}

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
        coefficients=_coefficients(facts),
        standard_errors=tuple(facts.get("standard_errors", ())),
        sites=tuple(facts["sites"]),
        refused=refused,
        n=facts["n"] if "n" in facts else facts["units"],
        positives=facts.get("events", 0),
        log_likelihood=facts.get("log_likelihood", math.nan),
        auc=_auc(facts),
        rounds=last["round"],
        events=tuple(events),
        accuracy=_metric(facts, "accuracy"),
        family=facts.get("model", {}).get("family", "logistic"),
        privacy=facts.get("privacy", {}),
        document=facts.get("model", {}),
    )


def _coefficients(facts: Mapping[str, Any]) -> tuple[float, ...]:
    """By term, then by class; empty where there is more than one layer, or trees."""
    if "beta" in facts:
        return tuple(facts["beta"])
    layers = facts["model"].get("layers", ())
    return tuple(weight for row in layers[0] for weight in row) if len(layers) == 1 else ()


def _auc(facts: Mapping[str, Any]) -> dict[str, float]:
    return _metric(facts, "auc")


def _metric(facts: Mapping[str, Any], name: str) -> dict[str, float]:
    return {site: float(said[name]) for site, said in facts.get("evaluation", {}).items() if name in said}
