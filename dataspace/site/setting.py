"""How the house rules of a site are set: templates to begin with, and what cannot be a rule."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dataspace.errors import InvalidRequest
from dataspace.model.limits import SiteLimits
from dataspace.policy.compose import LEAST_COHORT
from dataspace.site.house import hours

TEMPLATES: Mapping[str, Mapping[str, Any]] = {
    "hospital": {"cohort": 10, "minimum_sites": 3, "hours": "20:00-06:00", "cores": 2, "memory_mb": 4096},
    "plant": {"cohort": 5, "minimum_sites": 2, "hours": "", "cores": 2, "memory_mb": 2048},
}
LEAST_MEMORY_MB = 256


def changed(limits: SiteLimits, template: str, said: Mapping[str, Any]) -> SiteLimits:
    """The limits with a template and then what was said on top. Raises InvalidRequest for what cannot be a rule."""
    if template and template not in TEMPLATES:
        raise InvalidRequest(f"There is no template '{template}'.", f"Known: {', '.join(TEMPLATES)}.")
    after = replace(limits, **{**TEMPLATES.get(template, {}), **said})
    if after.hours:
        hours(after.hours)
    for name in ("cores", "memory_mb", "round_seconds", "cohort", "minimum_sites"):
        if getattr(after, name) < 0:
            raise InvalidRequest(f"{name} is not negative.", "0 leaves the usual.")
    if 0 < after.cohort < LEAST_COHORT:
        raise InvalidRequest(f"A cohort is never below {LEAST_COHORT}.", "Say a larger one, or 0.")
    if 0 < after.memory_mb < LEAST_MEMORY_MB:
        raise InvalidRequest(f"Less than {LEAST_MEMORY_MB} MB is too little for a worker.", "Say more, or 0.")
    return after


def described(limits: SiteLimits) -> str:
    """The rules in one line."""
    parts = [
        f"k ≥ {limits.cohort}" if limits.cohort else "k by policy",
        f"≥ {limits.minimum_sites} sites" if limits.minimum_sites else "sites by policy",
        f"foreign apps {'by approval' if limits.foreign_apps else 'never'}",
        limits.hours or "at any hour",
        f"{limits.cores} cores" if limits.cores else "cores as usual",
        f"{limits.memory_mb:,} MB" if limits.memory_mb else "memory as usual",
        f"{limits.round_seconds:g} s a round" if limits.round_seconds else "time as usual",
    ]
    return " · ".join(parts)
