"""From measures to sentences: what columns tell about persons together, and the command that makes them tell less."""

from collections.abc import Iterator, Sequence
from itertools import combinations

import pyarrow as pa
import pyarrow.compute as pc

from dataspace.adapters.duckdb.findings import LONE_SHARE, Known, in_shell, is_code, label_command, of_years
from dataspace.adapters.duckdb.measuring import SMALL_GROUP, Measured
from dataspace.model.datasets import Anonymity, ColumnProfile, ColumnType, Finding, Label
from dataspace.model.names import ColumnName

_MOST_CANDIDATES = 8


def pair_findings(
    measured: Sequence[Measured], found: Sequence[Finding], sample: pa.Table, known: Known
) -> list[Finding]:
    """Columns of codes or dates that are no quasi-identifier yet, but single rows out together with another one."""
    settled = {finding.column for finding in found if finding.suggests is not None}
    settled |= {name for name, column in known.items() if column.labels}
    direct = {f.column for f in found if f.suggests in (Label.DIRECT_IDENTIFIER, Label.FREE_TEXT)}
    rows = sample.num_rows
    candidates = [
        column for column in measured
        if column.profile.name not in direct and not column.unique
        and (is_code(column, rows) or column.profile.type is ColumnType.DATE)
    ][:_MOST_CANDIDATES]  # fmt: skip
    proposed: dict[ColumnName, Finding] = {}
    for one, two in combinations([column.profile.name for column in candidates], 2):
        fresh = [name for name in (one, two) if name not in settled and name not in proposed]
        if not fresh:
            continue
        groups = sample.group_by([one, two]).aggregate([([], "count_all")])
        lone = pc.sum(pc.equal(groups.column("count_all"), 1)).as_py() or 0
        if lone > LONE_SHARE * rows:
            for name in fresh:
                other = two if name == one else one
                text = f"with '{other}' it singles out {lone:,} of {rows:,} rows"
                proposed[name] = Finding(
                    name, text, label_command(name, Label.QUASI_IDENTIFIER), Label.QUASI_IDENTIFIER
                )
    return list(proposed.values())


def quasi_identifiers(
    measured: Sequence[Measured], found: Sequence[Finding], known: Known
) -> list[ColumnName]:
    """Those declared and those proposed, but for columns that hold an identifier of their own."""
    return _labelled(Label.QUASI_IDENTIFIER, measured, found, known)


def sensitive_columns(
    measured: Sequence[Measured], found: Sequence[Finding], known: Known
) -> list[ColumnName]:
    """Columns of special categories, declared or proposed."""
    return _labelled(Label.SPECIAL_CATEGORY, measured, found, known)


def _labelled(
    label: Label, measured: Sequence[Measured], found: Sequence[Finding], known: Known
) -> list[ColumnName]:
    proposed = {finding.column for finding in found if finding.suggests is label}
    declared = {name for name, column in known.items() if label in column.labels}
    return [
        column.profile.name
        for column in measured
        if column.profile.name in proposed | declared and column.profile.type is not ColumnType.OTHER
    ]


def anonymity_findings(
    groups: Sequence[Anonymity], measured: Sequence[Measured], rows: int
) -> Iterator[Finding]:
    """What the groups of equal quasi-identifiers say, where they are too small or say too much."""
    profiles = {column.profile.name: column.profile for column in measured}
    for group in groups:
        names = ", ".join(group.columns)
        widest = sorted(
            (profiles[name] for name in group.columns), key=lambda one: (of_years(one), -one.distinct)
        )
        coarser = _coarser(widest[0])
        if group.sensitive is None and group.k < SMALL_GROUP:
            text = f"k = {group.k} over {names}: {group.below:,} of {rows:,} rows hide among fewer than {SMALL_GROUP}"
            alone = f", {group.unique:,} stand alone" if group.unique else ""
            yield Finding(None, text + alone, coarser)
        if group.sensitive is not None and group.l == 1:
            yield Finding(None, f"l = 1: who knows {names} of somebody may know '{group.sensitive}'", coarser)


def _coarser(profile: ColumnProfile) -> str:
    """A command that makes the column with the most values coarser; leaving it out where nothing is in between."""
    name = in_shell(profile.name)
    if profile.type is ColumnType.DATE and not of_years(profile):
        return f"--generalise {name}=year"
    if profile.type in (ColumnType.INTEGER, ColumnType.NUMBER) and profile.distinct > 2 * SMALL_GROUP:
        width = 10 ** (len(profile.highest.split(".")[0].lstrip("-")) - 1)
        return f"--generalise {name}={width}"
    return f"--drop {name}"
