"""Which findings are still open: not those that the dictionary, or the registration itself, has answered."""

from dataclasses import replace

from dataspace.model.datasets import Dictionary, Finding, Profile
from dataspace.service.registration import Registration


def still_open(profile: Profile, dictionary: Dictionary | None, said: Registration) -> Profile:
    """The profile without findings that propose a label which the dictionary gives, or a unit where one was said."""
    given = {column.name: column.labels for column in dictionary.columns} if dictionary else {}

    def settled(finding: Finding) -> bool:
        if finding.fix.startswith("--unit"):
            return bool(said.privacy_unit)
        labels = given.get(finding.column) if finding.column is not None else None
        return labels is not None and finding.suggests in labels

    return replace(profile, findings=tuple(f for f in profile.findings if not settled(f)))
