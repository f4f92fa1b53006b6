"""What a site's people are shown: findings in their data, how it differs from the hub's word, and permits."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dataspace.model.datasets import Dataset, Profile
from dataspace.model.permits import Permit

if TYPE_CHECKING:
    from dataspace.service.registering import Registered


def findings(profile: Profile) -> str:
    """What the profile found and how to mend it, as a table; empty where it found nothing."""
    from dataspace.client.tables import Grid

    rows = tuple(
        (f"  {found.column or ''}", found.text, found.fix and f"fix: {found.fix}")
        for found in profile.findings
    )
    return Grid(("  column", "finding", "what to do"), rows).text() if rows else ""


def unmatched(made: "Registered") -> str:
    """What of a version here does not match the dictionary that it follows, and what maps it."""
    from dataspace.client.registered import unlike

    matching = made.matching
    if matching is None or not (said := unlike(matching)):
        return ""
    mends = f"dataspace site data check {made.dataset.name} --dictionary {matching.dictionary}"
    return f"{said}\nto map it: `{mends}`" if matching.mappable else said


def difference(here: Dataset, described: Dataset) -> str:
    """One sentence on how the columns here differ from those that the hub describes; empty where they do not."""
    own = {column.name: column.type for column in here.columns}
    told = {column.name: column.type for column in described.columns}
    parts = {
        "missing here": sorted(told.keys() - own.keys()),
        "unknown to the hub": sorted(own.keys() - told.keys()),
        "of another type": sorted(name for name in own.keys() & told.keys() if own[name] is not told[name]),
    }
    said = "; ".join(f"{what}: {', '.join(names)}" for what, names in parts.items() if names)
    return (
        f"Its columns are not those that the hub describes ({said}); questions that read these may fail."
        if said
        else ""
    )


def permit_lines(permit: Permit) -> Iterator[str]:
    """Who may ask, what for, until when, and what is answered."""
    from dataspace.client.refusals import conditions
    from dataspace.client.tables import printable
    from dataspace.client.views import sites_of
    from dataspace.vocabulary.terms import find

    terms = [(find(purpose), purpose) for purpose in permit.purposes or (permit.purpose,)]
    purposes = [term.word if term else purpose for term, purpose in terms]
    people = ", ".join(sorted(permit.persons))
    yield f"{permit.id}, signed by {printable(permit.issued_by)}: {printable(permit.title)}"
    yield f"  who      {printable(people)}" + (
        f" ({printable(permit.organisation)})" if permit.organisation else ""
    )
    yield f"  for      {printable('; '.join(purposes))}"
    yield f"  of       {printable(', '.join(grant.dataset for grant in permit.datasets))}"
    yield f"  at       {printable(sites_of(permit))}"
    yield f"  until    {permit.expires:%Y-%m-%d %H:%M} UTC"
    yield f"  answers  {', '.join(sorted(kind.value for kind in permit.kinds))}"
    for condition in conditions(permit.obligations):
        yield f"           {printable(condition)}"
