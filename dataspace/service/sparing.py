"""A profile that tells one version from the next and repeats as little as possible of what the rows say."""

from dataclasses import replace

from dataspace.model.datasets import ColumnProfile, ColumnType, Label, Profile

FEWEST = 10
"""Rows that a value has to stand in before it is kept as a category."""


def without_values(profile: Profile) -> Profile:
    """The profile of rows that stay in their source: no value of a text column, except frequent categories."""
    hidden = {finding.column for finding in profile.findings if finding.suggests is Label.DIRECT_IDENTIFIER}
    columns = tuple(_spared(column, column.name in hidden) for column in profile.columns)
    return replace(profile, columns=columns)


def _spared(column: ColumnProfile, hidden: bool) -> ColumnProfile:
    if hidden:
        return replace(column, lowest="", highest="", edges=(), counts=(), common=())
    common = column.common if all(rows >= FEWEST for _, rows in column.common) else ()
    numeric = column.type not in (ColumnType.TEXT, ColumnType.OTHER)
    return replace(
        column,
        lowest=column.lowest if numeric else "",
        highest=column.highest if numeric else "",
        common=common,
    )
