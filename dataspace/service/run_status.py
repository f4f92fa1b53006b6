"""How a run stands, told from its events and nothing else."""

from collections.abc import Sequence

from dataspace.model.names import RunId, SiteName
from dataspace.model.runs import RunEvent, RunStatus

ENDS = frozenset({"finished", "failed"})


def status_of(run: RunId, events: Sequence[RunEvent], ended: bool = False) -> RunStatus:
    """How a run stands after these events, the first of them first; `ended` where no other will come."""
    asked: tuple[SiteName, ...] = ()
    answered: tuple[SiteName, ...] = ()
    refused: dict[SiteName, dict[str, str]] = {}
    waiting: dict[SiteName, float] = {}
    state, number, cause, resumed, longest = "starting", 0, "", 0, 0.0
    for event in events:
        facts, number = event.facts, max(number, event.round)
        match event.kind:
            case "started":
                state, asked = "running", tuple(facts.get("sites", ()))
                longest = float(facts.get("round_seconds", 0.0))
            case "waiting":
                waiting = dict.fromkeys(facts["sites"], float(facts["seconds"]))
            case "refused":
                told = {"code": str(facts["code"]), "reason": str(facts["reason"]), "round": str(event.round)}
                refused[SiteName(facts["site"])] = told
                waiting.pop(SiteName(facts["site"]), None)
            case "round" | "finished":
                answered, waiting = tuple(facts.get("sites", facts.get("cells", answered))), {}
                refused = {site: why for site, why in refused.items() if site not in answered}
            case "resumed":
                resumed, waiting = resumed + 1, {}
        if event.kind in ENDS:
            state, cause, waiting = event.kind, str(facts.get("cause", "")), {}
    if ended and state not in ENDS:
        state, cause = "failed", "the hub does not follow it any more"
    return RunStatus(run, state, number, cause, asked, answered, waiting, refused, resumed, longest)
