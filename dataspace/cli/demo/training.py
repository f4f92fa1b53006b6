"""Step 8: a logistic regression across the hospitals, beside each hospital alone and all rows in one place."""

from collections.abc import Mapping
from math import exp
from typing import Any

from dataspace.cli.demo.comparison import Comparison, auc_error, compare
from dataspace.cli.demo.facts import Auc, Coefficient, Round, SiteRefusal, Trained
from dataspace.cli.demo.stage import Stage
from dataspace.client.fits import QUANTILE, Fit
from dataspace.errors import SetupError
from dataspace.model.datasets import Value
from dataspace.model.names import ColumnName, DatasetName
from dataspace.model.plans import Family, TrainingPlan

FORMULA = "died ~ age80 + hmo + white + type"
PURPOSE = "train AI systems"
ROUNDS = 5
TARGET = "died"
FEATURES = ("age80", "hmo", "white", "type")


def train(stage: Stage) -> Trained:
    """The run goes on without the hospital that forbids the purpose, and its coefficients are the pooled ones."""

    def progress(event: Mapping[str, Any]) -> None:
        if event["kind"] == "round":
            stage.waiting(f"round {event['round']} of {ROUNDS}: {', '.join(event['facts']['sites'])}")

    fit = stage.researcher.glm(
        FORMULA,
        dataset="medpar",
        permit=stage.granted(),
        purpose=PURPOSE,
        rounds=ROUNDS,
        minimum_sites=3,
        progress=progress,
    )
    plan = comparison_plan(stage)
    if plan.terms() != fit.terms:
        raise SetupError("The hub fitted other terms than the demo compares with.", "Update both together.")
    with_others = compare(plan, stage.world.hospital_rows, fit.sites, fit.coefficients)
    return Trained(
        run=fit.run,
        formula=FORMULA,
        stays=fit.n,
        sites=fit.sites,
        refused=_refusals(fit),
        rounds=_rounds(fit),
        seconds=float(fit.events[-1]["facts"]["seconds"]),
        auc=_auc(with_others, fit.sites),
        coefficients=_coefficients(fit),
        largest_difference_from_pooled=with_others.largest_difference,
    )


def comparison_plan(stage: Stage) -> TrainingPlan:
    """What the hub makes of the formula, made again here from the dictionary."""
    codes: tuple[Value, ...] = next(
        c for c in stage.dictionaries["medpar"].columns if c.name == "type"
    ).values
    return TrainingPlan(
        dataset=DatasetName("medpar"),
        family=Family.LOGISTIC,
        target=ColumnName(TARGET),
        features=tuple(ColumnName(name) for name in FEATURES),
        categorical={ColumnName("type"): codes},
        purpose=PURPOSE,
        rounds=ROUNDS,
    )


def _refusals(fit: Fit) -> tuple[SiteRefusal, ...]:
    last: Mapping[str, Mapping[str, str]] = fit.events[-1]["facts"]["refused"]
    return tuple(
        SiteRefusal(site, why["code"], first_reason(why["reason"])) for site, why in sorted(last.items())
    )


def first_reason(text: str) -> str:
    """Of a refusal's reasons the decisive one: the rules of one policy often say the same of one request."""
    return text.partition(" denied: ")[2].partition("; ")[0] or text


def _rounds(fit: Fit) -> tuple[Round, ...]:
    """Each exchange tells how the coefficients do that came out of the rounds before it."""
    told = [event["facts"] for event in fit.events if event["kind"] in ("round", "finished")]
    return tuple(
        Round(number, auc, float(facts["log_likelihood"]))
        for number, (auc, facts) in enumerate(zip(fit.auc_by_round(), told, strict=True))
    )


def _auc(found: Comparison, took_part: tuple[str, ...]) -> tuple[Auc, ...]:
    lines = []
    for site, federated in found.federated.items():
        alone = found.alone[site]
        lines.append(
            Auc(
                site=site,
                stays=federated.n,
                deaths=federated.events,
                took_part=site in took_part,
                alone=alone.auc if alone else None,
                federated=federated.auc,
                pooled=found.pooled[site].auc,
                error=auc_error(federated.auc, federated.events, federated.n - federated.events),
            )
        )
    return tuple(lines)


def _coefficients(fit: Fit) -> tuple[Coefficient, ...]:
    return tuple(
        Coefficient(term, beta, error, exp(beta), exp(beta - QUANTILE * error), exp(beta + QUANTILE * error))
        for term, beta, error in zip(fit.terms, fit.coefficients, fit.standard_errors, strict=True)
    )
