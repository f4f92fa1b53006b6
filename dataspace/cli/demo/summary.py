"""The last table of the demo: each step in one line."""

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
    Walk,
)
from dataspace.cli.demo.words import count
from dataspace.client.tables import Grid


def summary(walk: Walk) -> Grid:
    """One line a step, with its seconds."""
    rows = tuple(
        (str(step.number), step.title, _gist(step.facts), f"{step.seconds:.1f} s") for step in walk.steps
    )
    return Grid(("", "step", "what came of it", ""), rows, (True, False, False, True))


def _gist(facts: object) -> str:
    match facts:
        case Registered():
            return f"{facts.dataset}, {count(facts.rows)} rows; {len(facts.sites)} sites"
        case Policies():
            policies = {policy for names in facts.in_force.values() for policy in names}
            return f"{len(policies)} policies at {len(facts.in_force)} places"
        case Refusal():
            return f"refused by {facts.rule}"
        case PermitGranted():
            return f"{facts.permit}, basis {facts.basis}, signature verified"
        case Shown():
            return f"{len(facts.rows)} rows, {len(facts.withheld)} cells suppressed"
        case AcrossSites():
            sites = {row.get("site") for answer in (facts.hospitals, facts.plant) for row in answer.rows}
            return f"{len(sites)} sites answered with cells, not rows"
        case Noisy():
            return f"ε {facts.epsilon:g} spent" + ("" if facts.left is None else f", {facts.left:g} left")
        case Trained():
            refused = ", ".join(refusal.site for refusal in facts.refused)
            return f"{len(facts.sites)} hospitals, {refused or 'nobody'} refused"
        case Revoked():
            return f"{facts.permit}: question refused, run ended"
        case Proved():
            return f"{len(facts.logs)} logs whole, receipt verified"
    raise TypeError(f"{type(facts).__name__} has no gist")
