"""The facts of a step in few words: lines and small tables, the same for the terminal and for the report."""

from collections.abc import Sequence
from functools import singledispatch

from dataspace.cli.demo.facts import (
    AcrossSites,
    Noisy,
    PermitGranted,
    Policies,
    Proved,
    Refusal,
    Registered,
    Revoked,
    Shown,
    Trained,
)
from dataspace.client.tables import Grid, number

Block = str | Grid


@singledispatch
def blocks(facts: object) -> list[Block]:
    """What there is to see of a step."""
    raise TypeError(f"{type(facts).__name__} has no words")


@blocks.register
def _(facts: Registered) -> list[Block]:
    unit = (
        "each row, a stay: there is no patient column" if facts.privacy_unit == "row" else facts.privacy_unit
    )
    findings = tuple(
        (f.column, f.text, "done" if f.done else f.fix and f"fix: {f.fix}") for f in facts.findings
    )
    sites = tuple(
        (
            s.site,
            s.dataset,
            count(s.rows),
            s.dictionary,
            s.version[:12],
            "SYNTHETIC" if s.synthetic else "real",
        )
        for s in facts.sites
    )
    said: list[Block] = [
        f"{facts.dataset} · {count(facts.rows)} rows, {facts.columns} columns · sha256:{facts.version[:12]}…",
        Grid(("column", "finding", ""), findings),
        f"dropped: {', '.join(facts.dropped)} (a number for each row, and what `type` says already)",
        f"the unit protected: {unit}",
        f"DCAT record: {facts.dcat_triples} statements",
        Grid(
            ("site", "dataset", "rows", "dictionary", "version", ""),
            sites,
            (False, False, True, False, False, False),
        ),
    ]
    return said if findings else [said[0], *said[2:]]


@blocks.register
def _(facts: Policies) -> list[Block]:
    rows = tuple((place, ", ".join(policies)) for place, policies in facts.in_force.items())
    return [Grid(("decides", "policies in force"), rows)]


@blocks.register
def _(facts: Refusal) -> list[Block]:
    rows = (
        ("asked", facts.question),
        ("rule", facts.rule),
        ("why", facts.sentence),
        ("missing", ", ".join(facts.missing) or "nothing"),
        ("who can change it", facts.who_can_change),
        ("would pass", facts.nearest),
    )
    return ["Refused.", Grid(("", ""), tuple(row for row in rows if row[1]))]


@blocks.register
def _(facts: PermitGranted) -> list[Block]:
    limits = [f"k {facts.cohort}" if facts.cohort else "", f"ε {facts.epsilon:g}" if facts.epsilon else ""]
    basis = facts.basis if facts.basis == "ehds" else f"{facts.basis} (not EHDS)"
    head = [f"basis {basis}", f"to {facts.expires:%Y-%m-%d}", *filter(None, limits)]
    return [
        f"{facts.application} granted · {facts.permit} · " + " · ".join(head),
        f"purposes: {', '.join(facts.purposes)} · answers: {', '.join(facts.kinds)}",
        f"signature of {facts.signed_by} verified offline with the pinned key {facts.verified_with} ✓",
    ]


@blocks.register
def _(facts: Shown) -> list[Block]:
    masked = ", ".join(f"{column} ({how})" for column, how in facts.masked.items())
    return [
        facts.question,
        grid(facts),
        *_withheld(facts),
        *([f"rows filtered by {', '.join(facts.filtered)}"] if facts.filtered else []),
        *([f"masked: {masked}"] if masked else []),
        f"record {facts.record} of the hub's log",
    ]


@blocks.register
def _(facts: AcrossSites) -> list[Block]:
    return [
        f"hospitals, under the permit: {facts.hospitals.question}",
        grid(facts.hospitals),
        *_withheld(facts.hospitals),
        f"plant (SYNTHETIC data), by policy alone, no permit: {facts.plant.question}",
        grid(facts.plant),
        *_withheld(facts.plant),
        f"what left the sites: {len(facts.hospitals.rows) + len(facts.plant.rows)} cells, no row",
    ]


@blocks.register
def _(facts: Noisy) -> list[Block]:
    total = "" if facts.limit is None else f" of {facts.limit:g}"
    left = "nothing limits it" if facts.left is None else f"{facts.left:g}{total} left"
    return [
        f"{facts.question} = {number(round(facts.value))}, 95 % between {number(round(facts.low))} "
        f"and {number(round(facts.high))}",
        f"ε {facts.epsilon:g} spent · {left}",
    ]


@blocks.register
def _(facts: Trained) -> list[Block]:
    total = len(facts.sites) + len(facts.refused)
    return [
        f"{facts.formula} · {len(facts.rounds) - 1} rounds · {len(facts.sites)} of {total} sites · "
        f"{count(facts.stays)} stays · {facts.seconds:.1f} s",
        *(f"{refusal.site} refused: {refusal.reason}" for refusal in facts.refused),
        auc_grid(facts),
        "held-out stays are few: differences below the standard error mean nothing",
        odds_grid(facts),
        f"equals the pooled fit of {', '.join(facts.sites)}: largest difference "
        f"{facts.largest_difference_from_pooled:.1e} · no noise, no ε spent",
    ]


@blocks.register
def _(facts: Revoked) -> list[Block]:
    refused = tuple((refusal.site, refusal.code, refusal.reason) for refusal in facts.round_refused)
    return [
        f"{facts.permit} revoked while {facts.run} was running, after {facts.rounds_before} rounds",
        f"next question: {facts.question_refused}",
        # The hub ends such a run by itself: then no site is asked for the next round, and none has to refuse it.
        Grid(("next round", "code", "reason"), refused or (("not given out", "by the hub", facts.ended),)),
    ]


@blocks.register
def _(facts: Proved) -> list[Block]:
    logs = tuple((log.name, count(log.size), log.root[:24] + "…") for log in facts.logs)
    answer = "and is of the very table of step 5 ✓" if facts.answer_matches else "but is of another answer"
    return [
        Grid(("log of", "records", "root"), logs, (False, True, False)),
        f"receipt r-{facts.receipt_record} ({facts.receipt_kind}) holds in {facts.receipt_log} at "
        f"{count(facts.receipt_size)} records, {answer}",
        "checked offline, from the receipt's file and the key alone",
    ]


def auc_grid(facts: Trained) -> Grid:
    """AUC by hospital and by who trained, and the plain mean of the hospitals below."""
    rows = [
        (
            one.site + ("" if one.took_part else " (did not take part)"),
            f"{one.stays} / {one.deaths}",
            "-" if one.alone is None else f"{one.alone:.3f}",
            f"{one.federated:.3f}",
            f"{one.pooled:.3f}",
            f"{one.error:.3f}",
        )
        for one in facts.auc
    ]
    means = ("mean", "", *(_mean(column) for column in _columns(facts)), "")
    header = ("AUC", "held out / died", "alone", "federated", "pooled", "± s.e.")
    return Grid(header, (*rows, means), (False, True, True, True, True, True))


def odds_grid(facts: Trained) -> Grid:
    """Coefficients, and the same as odds ratios with their 95 % intervals."""
    rows = tuple(
        (c.term, f"{c.beta:+.4f}", f"{c.odds_ratio:.2f}", f"{c.low:.2f}–{c.high:.2f}")
        for c in facts.coefficients
    )
    return Grid(("term", "coefficient", "OR", "95 % CI"), rows, (False, True, True, True))


def _columns(facts: Trained) -> list[list[float]]:
    alone = [one.alone for one in facts.auc if one.alone is not None]
    return [alone, [one.federated for one in facts.auc], [one.pooled for one in facts.auc]]


def _mean(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.3f}" if values else "-"


def grid(answer: Shown) -> Grid:
    """The answer's table; a withheld cell is a star, never a blank and never a zero."""
    names = tuple(answer.rows[0]) if answer.rows else ()
    hidden = {(cell.row, cell.column) for cell in answer.withheld}
    rows = tuple(
        tuple("*" if (at, name) in hidden else _word(row[name]) for name in names)
        for at, row in enumerate(answer.rows)
    )
    right = tuple(all(isinstance(row[name], int | float | None) for row in answer.rows) for name in names)
    return Grid(names, rows, right)


def _word(value: object) -> str:
    if value is None:
        return ""
    return number(value) if isinstance(value, int | float) else str(value)


def _withheld(answer: Shown) -> list[Block]:
    if not answer.withheld:
        return []
    return [f"* suppressed: {len(answer.withheld)} cells, under the cohort or would reveal one that is"]


def count(value: int) -> str:
    """A count with its thousands apart."""
    return f"{value:,}"
