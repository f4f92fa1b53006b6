"""What is different from the version before, column by column, in plain words."""

import math
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from dataspace.errors import Conflict
from dataspace.model.curation import Change
from dataspace.model.datasets import Column, ColumnProfile, Finding, Profile, Version
from dataspace.model.names import ColumnName

STABILITY = 0.25
"""Population stability index above which a distribution counts as changed (0.1 to 0.25 is read as a slight shift)."""
ROWS_FACTOR = 2.0
NULL_SHARE = 0.05
_NAMED = 5


def odd_headers(headers: Sequence[str], before: Version | None) -> tuple[Change, ...]:
    """Headers with blanks around them, which are read without, and headers that were spelled otherwise before."""
    known = before.provenance.headers if before and before.provenance else ()
    changes = []
    for at, header in enumerate(headers, start=1):
        name = ColumnName(header.strip() or f"column {at}")
        earlier = next((old for old in known if old.strip() == header.strip()), header)
        blank = _blank(header)
        if earlier != header:
            text = f"the header is '{header}'{blank}, before it was '{earlier}'{_blank(earlier)}; read as '{name}'"
            changes.append(Change(name, "header", text))
        elif blank and header.strip():
            changes.append(Change(name, "header", f"the header is '{header}'{blank}; read as '{name}'"))
    return tuple(changes)


def _blank(header: str) -> str:
    ends = [word for word, found in (("leading", header != header.lstrip()), ("trailing", header != header.rstrip()))
            if found]  # fmt: skip
    return f" (with a {' and a '.join(ends)} blank)" if ends else ""


def schema_changes(
    before: Version | None, columns: Sequence[Column], dropped: Collection[str] = ()
) -> tuple[Change, ...]:
    """Columns that came, went, or changed their type. The latter two break what others have built on them.

    A column that the steward has just said to drop is told, and breaks nothing by surprise.
    """
    if before is None:
        return ()
    now = {column.name: column for column in columns}
    then = {column.name: column for column in before.columns}
    changes = [
        Change(name, "gone", "is not there any more", name not in dropped) for name in then if name not in now
    ]
    changes += [Change(name, "added", f"is new ({now[name].type.value})") for name in now if name not in then]
    changes += [
        Change(name, "type", f"was {then[name].type.value}, is now {now[name].type.value}", True)
        for name in now
        if name in then and now[name].type is not then[name].type
    ]
    return tuple(changes)


def refuse_breaking(name: str, changes: Sequence[Change]) -> None:
    """Raises Conflict that names every column that is gone or changed its type."""
    breaking = [change for change in changes if change.breaking]
    if breaking:
        said = "; ".join(f"{change.column} {change.text}" for change in breaking)
        raise Conflict(
            f"The columns are not those of '{name}': {said}.",
            "Rename or cast them (--rename, --cast), or say --accept-drift.",
        )


def data_changes(before: Profile, now: Profile) -> tuple[Change, ...]:
    """What is different in the rows: their number, new and missing categories, ranges, nulls and distributions."""
    changes = []
    if before.rows and not 1 / ROWS_FACTOR <= now.rows / before.rows <= ROWS_FACTOR:
        changes.append(Change(None, "rows", f"{now.rows:,} rows, before {before.rows:,}"))
    then = {column.name: column for column in before.columns}
    for column in now.columns:
        earlier = then.get(column.name)
        if earlier is not None and earlier.type is column.type:
            changes.extend(_column_changes(earlier, column, before.rows, now.rows))
    return tuple(changes)


def _column_changes(then: ColumnProfile, now: ColumnProfile, rows_then: int, rows: int) -> Iterator[Change]:
    name = now.name
    if then.common and now.common:
        old, new = ({value for value, _ in profile.common} for profile in (then, now))
        if fresh := sorted(new - old):
            yield Change(name, "category", f"has {_some(fresh, 'new category', 'new categories')}")
        if lost := sorted(old - new):
            yield Change(name, "category", f"has no row any more of {_some(lost, 'category', 'categories')}")
    if rows and rows_then:
        shares = then.nulls / rows_then, now.nulls / rows
        if abs(shares[1] - shares[0]) > NULL_SHARE:
            yield Change(name, "nulls", f"{shares[1]:.0%} are missing, before {shares[0]:.0%}")
    if then.edges and now.edges:
        low, high = then.edges[0], then.edges[-1]
        beyond = [
            word for word, out in (("below", now.edges[0] < low), ("above", now.edges[-1] > high)) if out
        ]
        if beyond:
            yield Change(name, "range", f"has values {' and '.join(beyond)} the range of the version before")
        if (index := stability(then, now)) > STABILITY:
            yield Change(name, "distribution", f"is distributed otherwise (stability index {index:.2f})")


def _some(names: Sequence[str], one: str, several: str) -> str:
    if len(names) == 1:
        return f"the {one} '{names[0]}'"
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{len(names)} {several}: {', '.join(repr(name) for name in names[:_NAMED])}{more}"


def stability(then: ColumnProfile, now: ColumnProfile) -> float:
    """The population stability index of two histograms, over the bins of the earlier one; 0 where they are equal."""
    old, new = sum(then.counts), sum(now.counts)
    if not old or not new:
        return 0.0
    moved = _rebinned(now, then.edges)
    floor = 1e-4  # an empty bin would make the index infinite
    index = 0.0
    for was, is_ in zip(then.counts, moved, strict=True):
        p, q = max(was / old, floor), max(is_ / new, floor)
        index += (q - p) * math.log(q / p)
    return index


def _rebinned(profile: ColumnProfile, edges: Sequence[float]) -> list[float]:
    """The rows of a histogram spread over other bins, as if even within each; what lies outside goes to the ends."""
    moved = [0.0] * (len(edges) - 1)
    for (low, high), n in zip(pairwise(profile.edges), profile.counts, strict=True):
        width = high - low
        for at, (start, end) in enumerate(pairwise(edges)):
            first = -math.inf if at == 0 else start
            last = math.inf if at == len(moved) - 1 else end
            if width <= 0:
                moved[at] += n if first <= low < last else 0
            else:
                moved[at] += n * max(0.0, min(high, last) - max(low, first)) / width
    return moved


def finding_of(change: Change, headers: Sequence[str] = ()) -> Finding:
    """A change as a steward reads it, with what settles it."""
    fix = ""
    spelled = next((header for header in headers if header.strip() == change.column), None)
    if change.what == "header" and spelled is not None and "'" not in spelled:
        fix = f"when registering: --rename '{spelled}={change.column}'"
    elif change.what == "added":
        fix = f"--drop {change.column}"
    return Finding(change.column, change.text, fix)
