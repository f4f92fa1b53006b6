"""What left the house, from the site's own log: a line for `status`, a page for each month."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from dataspace.errors import InvalidRequest
from dataspace.model.records import Record, RecordKind


@dataclass(slots=True)
class Left:
    """What the replies of some time come to."""

    answers: int = 0
    numbers: int = 0
    rows: int = 0
    runs: set[str] = field(default_factory=set)
    refusals: Counter[str] = field(default_factory=Counter)
    acts: Counter[str] = field(default_factory=Counter)
    records: int = 0

    def line(self) -> str:
        """In one sentence."""
        return (
            f"{self.answers} answers with {self.numbers} numbers of models; "
            f"{sum(self.refusals.values())} refusals; {self.rows} rows"
        )


def left(records: Iterable[Record]) -> Left:
    """Add the records up. A reply holds counts and sums of models; rows never travel in one."""
    found = Left()
    for record in records:
        found.records += 1
        if record.kind is RecordKind.SITE_REPLY:
            if refused := str(record.facts.get("refused") or ""):
                found.refusals[refused] += 1
                continue
            found.answers += 1
            found.numbers += int(str(record.facts.get("numbers", 0)))
            found.runs.add(str(record.facts.get("run", "")))
        elif record.kind in _ACTS:
            found.acts[_ACTS[record.kind]] += 1
    return found


def month_of(text: str) -> tuple[datetime, datetime]:
    """`2026-11` as its first moment and that of the next month, UTC. Raises InvalidRequest."""
    try:
        first = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidRequest(f"'{text}' is no month.", "Write it as 2026-11.") from error
    return first, first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def page(site: str, month: str, records: Iterable[Record], checkpoint: str) -> str:
    """The month as Markdown, for the house's own people; `checkpoint` says of which state of the log."""
    first, end = month_of(month)
    found = left(record for record in records if first <= record.at < end)
    lines = [f"# {site}: what left the house in {month}", ""]
    if not found.answers:
        lines += ["Nothing.", ""]
    lines += [
        "| what | how much |",
        "|---|---|",
        f"| answers | {found.answers} |",
        f"| runs that were answered | {len(found.runs)} |",
        f"| numbers of models | {found.numbers} |",
        f"| rows | {found.rows} |",
        "",
        "## Refused",
        "",
    ]
    lines += _table("code", found.refusals) or ["Nothing.", ""]
    lines += ["## Decided here", "", *(_table("act", found.acts) or ["Nothing.", ""])]
    size = checkpoint.split("\n")[1]
    lines += [
        f"From {found.records} records of the month, of a log of {size} records. Its state, signed:",
        "",
        "```",
        checkpoint.rstrip("\n"),
        "```",
        "",
    ]
    return "\n".join(lines)


def _table(head: str, counted: Counter[str]) -> list[str]:
    if not counted:
        return []
    rows = [f"| {name} | {number} |" for name, number in sorted(counted.items())]
    return [f"| {head} | times |", "|---|---|", *rows, ""]


_ACTS = {
    RecordKind.PERMIT_ACCEPTED: "permits countersigned",
    RecordKind.PERMIT_REVOKED: "countersignatures taken back",
    RecordKind.POLICY_PUBLISHED: "policies put in force",
    RecordKind.POLICY_WITHDRAWN: "policies withdrawn",
    RecordKind.DATASET_REGISTERED: "versions of data added",
    RecordKind.DATASET_ERASED: "versions of data erased",
    RecordKind.OPT_OUT_LISTED: "lists of persons left out",
    RecordKind.CONSENT_WITHDRAWN: "consents withdrawn",
    RecordKind.LIMITS_SET: "house rules changed",
}
