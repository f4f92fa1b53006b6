"""The house rules that hold before anything else is looked at: at what hours, for how many sites, for whose code."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime, time, tzinfo
from typing import Any

from dataspace.errors import InvalidRequest
from dataspace.model.limits import SiteLimits
from dataspace.model.policies import Obligations

_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


def hours(text: str) -> tuple[time, time]:
    """`20:00-06:00` as two times of day; raises InvalidRequest for another form, or for no time at all."""
    found = _HOURS.fullmatch(text)
    if found is None or text[:5] == text[6:]:
        raise InvalidRequest(
            f"'{text}' are no hours.", "Write them as 20:00-06:00, in this machine's time zone."
        )
    first, last = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    return first, last


def open_at(text: str, now: datetime, zone: tzinfo | None = None) -> bool:
    """Whether these hours hold then, in the time zone of this machine unless another is given; "" is always."""
    if not text:
        return True
    first, last = hours(text)
    at = now.astimezone(zone).time()
    return first <= at < last if first < last else at >= first or at < last


def against(
    limits: SiteLimits, app_hash: str, document: Mapping[str, Any], own_apps: Collection[str], now: datetime
) -> tuple[str, str] | None:
    """Why the house does not answer this message, as a code and a sentence; None where nothing speaks against it.

    `own_apps` are the code packages that the site's own software builds; empty where there is no foreign code at all.
    """
    if not open_at(limits.hours, now):
        return "site.hours", "This site answers at other hours only."
    if own_apps and not limits.foreign_apps and app_hash not in own_apps:
        return "app.foreign", "This site runs no foreign apps."
    sites = document.get("sites", ())
    if isinstance(sites, str) or len(set(sites)) < limits.minimum_sites:
        return "site.few", f"This site answers only where {limits.minimum_sites} sites or more are asked."
    return None


def least(limits: SiteLimits) -> Obligations:
    """What the house demands of every answer, besides what its policies do."""
    return Obligations(cohort=limits.cohort or None, minimum_sites=limits.minimum_sites or None)
