"""A walk as the demo makes it, with small made-up facts in every step, for the tests of what shows it."""

from dataclasses import replace
from datetime import UTC, datetime

from dataspace.cli.demo.facts import (
    AcrossSites,
    Advice,
    Auc,
    Coefficient,
    LogFacts,
    Noisy,
    PermitGranted,
    Policies,
    Proved,
    Refusal,
    Registered,
    Revoked,
    Round,
    Shown,
    SiteData,
    SiteRefusal,
    Step,
    StepFacts,
    Trained,
    Walk,
    Withheld,
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOSPITALS = ("hospital-a", "hospital-b", "hospital-c")

SHOWN = Shown(
    question="select type, count(*) as stays from medpar_extract group by type",
    rows=({"type": 1, "stays": 211}, {"type": 2, "stays": None}, {"type": 3, "stays": None}),
    withheld=(Withheld(1, "stays"), Withheld(2, "stays")),
    filtered=("medpar_extract.los",),
    masked={"medpar_extract.provnum": "pseudonym of this permit"},
    rules=(),
    record=17,
)
TRAINED = Trained(
    run="R-1",
    formula="died ~ age80 + type",
    stays=664,
    sites=HOSPITALS,
    refused=(SiteRefusal("hospital-d", "policy.forbidden", "it forbids <training>"),),
    rounds=tuple(
        Round(n, {site: 0.5 + 0.02 * n + 0.01 * i for i, site in enumerate(HOSPITALS)}, -400.0)
        for n in range(6)
    ),
    seconds=9.5,
    auc=(
        *(Auc(site, 78, 25, True, 0.55, 0.61, 0.61, 0.07) for site in HOSPITALS),
        Auc("hospital-d", 78, 26, False, None, 0.59, 0.59, 0.07),
    ),
    coefficients=(
        Coefficient("(intercept)", -1.1, 0.3, 0.33, 0.18, 0.6),
        Coefficient("age80", 0.5, 0.2, 1.65, 1.11, 2.44),
        Coefficient("type=3", 0.9, 0.4, 2.46, 1.12, 5.39),
    ),
    largest_difference_from_pooled=2.2e-16,
)
FACTS: tuple[StepFacts, ...] = (
    Registered(
        "medpar_extract",
        "Stays",
        299,
        7,
        ("", "type1"),
        "4be1" * 16,
        "row",
        (Advice("provnum", "5 of 11 hospitals < 10", "--generalise", done=False),),
        42,
        "<urn:a> <urn:b> <urn:c> .",
        (SiteData("plant-1", "machines", 10_000, "ab" * 32, "machines@1", synthetic=True),),
    ),
    Policies({"hub": ("ehds", "hub-medpar-extract"), "hospital-d": ("hospital-no-training",)}),
    Refusal("select 1", "hub-medpar-extract/research", "no permit", ("permit",), "you", "apply for a permit"),
    PermitGranted(
        "A-1", "P-1", "contract", ("scientific research",), ("aggregate",), 10, 1.0, NOW, "hub", "ab12cd34"
    ),
    SHOWN,
    AcrossSites(SHOWN, replace(SHOWN, withheld=(), question="count machines")),
    Noisy("count(*)", 299.4, 280.0, 318.0, 0.2, 0.8, 1.0),
    TRAINED,
    Revoked(
        "P-1",
        "refused: P-1 was revoked",
        "R-2",
        3,
        (SiteRefusal("hospital-a", "permit.revoked", "P-1"),),
        "x",
    ),
    Proved((LogFacts("hub", 61, "cd" * 32),), 17, "query.delivered", "hub", 61, answer_matches=True),
)
WALK = Walk(
    steps=tuple(
        Step(n, f"Step {n} & its <title>", "One line of explanation.", 0.5 * n, facts)
        for n, facts in enumerate(FACTS, start=1)
    ),
    start_seconds=4.0,
    seconds=61.0,
    peak_pss_bytes=2 * 2**30,
    finished=NOW,
    receipts={"step 5": {"index": 17, "record": {"kind": "query.delivered", "note": "</pre><script>"}}},
)
