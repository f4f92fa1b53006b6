"""Which project a permit belongs to: what the permits of one organisation under one title have in common."""

from dataspace.model.permits import Permit


def project_of(permit: Permit | None) -> str:
    """`organisation: title`, in small letters; the application where it has no title; empty without a permit.

    Whoever retitles an application leaves the project's limit behind, but neither the principal's nor the lineage's.
    """
    if permit is None:
        return ""
    title = " ".join(permit.title.lower().split()) or permit.application
    return f"{' '.join(permit.organisation.lower().split())}: {title}"
