"""What came of registering and curating, as a steward reads it: facts first, each problem with its fix."""

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dataspace.client.tables import Grid, escaped, printable
from dataspace.model.curation import Chapter, Drop, Generalise, Standing
from dataspace.model.datasets import Dataset, Finding, Profile, Version
from dataspace.model.matching import Fit, Match, Matching

_ONE_STEP = re.compile(r"--(drop|generalise|label|unit) ((?:'[^']*'|[^\s,…'])+)")
_READ = 6
_KEYWORD = {"unit": "privacy_unit"}


@dataclass(frozen=True, slots=True, repr=False)
class RegisteredView:
    """What came of registering: the dataset, its version and the profile, for the steward's eyes."""

    dataset: Dataset
    version: Version
    profile: Profile
    matching: Matching | None = None

    def __repr__(self) -> str:
        return self._text(fixing_call)

    def _repr_shell_(self) -> str:
        return self._text(fixing_command)

    def _text(self, fixing: Callable[[str, Sequence[Finding]], str]) -> str:
        seen = "everybody sees the description" if self.dataset.published else "nobody else sees this yet"
        head = f"{self.version.rows:,} rows, {len(self.version.columns)} columns. {seen.capitalize()}."
        ref = self.version.ref
        chapter = self.dataset.chapter(ref.sha256)
        number = f" version {chapter.number}" if chapter else ""
        away = (
            "The rows stay in their source, and are read there for each cut." if self.dataset.in_place else ""
        )
        parts = [
            head,
            away,
            findings_grid(self.profile.findings),
            self._unlike(),
            f"{ref.dataset}{number} · sha256:{ref.sha256[:12]}…",
        ]
        if all_at_once := fixing(ref.dataset, self.profile.findings):
            parts.append(f"all at once: {all_at_once}")
        return "\n".join(part for part in parts if part)

    def _unlike(self) -> str:
        """How it does not fit its dictionary, and what maps it; empty where it does, or follows none."""
        if self.matching is None or not (said := unlike(self.matching)):
            return ""
        mends = f"dataspace dataset check {self.dataset.name} --dictionary {self.matching.dictionary}"
        return f"{said}\nto map it: `{mends}`" if self.matching.mappable else said

    def _repr_html_(self) -> str:
        return f"<pre>{escaped(repr(self))}</pre>"


@dataclass(frozen=True, slots=True, repr=False)
class ProfileView:
    """A profile: what one pass told of each column, and what needs a decision."""

    name: str
    noun: Profile

    def __repr__(self) -> str:
        rows = tuple(
            (
                c.name,
                c.type.value,
                f"{c.nulls:,}",
                f"{'~' if c.estimated else ''}{c.distinct:,}",
                c.lowest,
                c.highest,
            )
            for c in self.noun.columns
        )
        right = (False, False, True, True, False, False)
        table = Grid(("column", "type", "nulls", "distinct", "lowest", "highest"), rows, right).text("  ")
        groups = [
            f"k = {group.k}" + (f", l = {group.l} of {group.sensitive}" if group.sensitive else "")
            + f" over {', '.join(group.columns)}"
            for group in self.noun.anonymity
        ]  # fmt: skip
        head = f"{self.name} · {self.noun.rows:,} rows"
        return "\n".join(part for part in (head, table, *groups, findings_grid(self.noun.findings)) if part)


@dataclass(frozen=True, slots=True, repr=False)
class HistoryView:
    """Every version of a dataset."""

    name: str
    chapters: tuple[Chapter, ...]
    latest: str = ""
    """SHA-256 of the version that questions read."""

    def __repr__(self) -> str:
        rows = tuple(
            (str(c.number), c.sha256[:12], f"{c.created:%Y-%m-%d}", self._standing(c), c.reason)
            for c in self.chapters
        )
        right = (True, False, False, False, False)
        return Grid(("version", "sha256", "made", "", ""), rows, right).text() if rows else "(none)"

    def _standing(self, chapter: Chapter) -> str:
        """Of those that may be asked, only the one that questions read is current; the others are kept."""
        earlier = self.latest and chapter.sha256 != self.latest and chapter.standing is Standing.CURRENT
        return "kept" if earlier else chapter.standing.value


@dataclass(frozen=True, slots=True)
class StillHeld:
    """What an earlier version, whose bytes are still here, holds as the latest one does not hold it any more."""

    dataset: str
    number: int
    columns: tuple[str, ...]

    def __repr__(self) -> str:
        return f"{self._fact()}: hub.erase_version({self.dataset!r}, {self.number})"

    def _repr_shell_(self) -> str:
        return f"{self._fact()}: `dataspace dataset erase {self.dataset} {self.number}`"

    def _fact(self) -> str:
        return f"Version {self.number} still holds {', '.join(map(printable, self.columns))}"


def still_held(name: str, latest: Version, versions: Sequence[tuple[int, Version]]) -> tuple[StillHeld, ...]:
    """Of earlier versions by number: the columns that a later one left out or made coarser, where they hold these."""
    found = []
    for number, version in versions:
        later = [other for at, other in versions if at > number] + [latest]
        steps = [step for other in later if other.provenance for step in other.provenance.steps]
        changed = {step.column for step in steps if isinstance(step, Drop | Generalise)}
        columns = tuple(column.name for column in version.columns if column.name in changed)
        if columns:
            found.append(StillHeld(name, number, columns))
    return tuple(found)


@dataclass(frozen=True, slots=True, repr=False)
class MatchingView:
    """A dataset against a dictionary: what fits, and what does not."""

    name: str
    noun: Matching
    made: RegisteredView | None = None

    @property
    def complete(self) -> bool:
        """Whether every column of the dictionary is there, or is made to fit."""
        return self.noun.complete

    def __repr__(self) -> str:
        return self._text(repr)

    def _repr_shell_(self) -> str:
        return self._text(RegisteredView._repr_shell_)

    def _text(self, worded: Callable[[RegisteredView], str]) -> str:
        made = worded(replace(self.made, matching=None)) if self.made else ""
        return "\n".join(part for part in (_matches(self.noun, self.noun.matches), made) if part)


def unlike(matching: Matching) -> str:
    """What of a version does not match its dictionary; empty where all of it does."""
    odd = tuple(match for match in matching.matches if match.fit is not Fit.SAME)
    return _matches(matching, odd) if odd or matching.others else ""


def _matches(matching: Matching, told: Sequence[Match]) -> str:
    fits = [match for match in matching.matches if match.fit in (Fit.SAME, Fit.MAPPED)]
    head = f"{matching.dictionary}: {len(fits)} of {len(matching.matches)} match"
    rows = tuple(("  " + m.column, m.local or "", m.fit.value, _text_of(m)) for m in told)
    table = Grid(("  column", "here", "", ""), rows).text() if rows else ""
    others = f"not in the dictionary: {printable(', '.join(matching.others))}" if matching.others else ""
    return "\n".join(part for part in (head, table, others) if part)


def _text_of(match: Match) -> str:
    """What does not match; and what codes are read as."""
    read = ", ".join(f"'{here}' as {code}" for here, code in match.codes[:_READ])
    more = f", {len(match.codes) - _READ} more" if len(match.codes) > _READ else ""
    return "; ".join(part for part in (match.text, f"reads {read}{more}" if read else "") if part)


def findings_grid(findings: Sequence[Finding]) -> str:
    """Findings, one a line; empty where there are none."""
    rows = tuple(("  " + (f.column or ""), f.text, f.fix and f"fix: {f.fix}") for f in findings)
    return Grid(("  column", "finding", "what to do"), rows).text() if rows else ""


def fixing_command(name: str, findings: Sequence[Finding]) -> str:
    """One command that does what the findings suggest, one step for each column; empty where nothing is to do."""
    steps = _steps(findings)
    return f"dataspace dataset fix {printable(name)} {' '.join(step[0] for step in steps)}" if steps else ""


def fixing_call(name: str, findings: Sequence[Finding]) -> str:
    """The same as a call of Python."""
    said: dict[str, list[str]] = {}
    for step in _steps(findings):
        said.setdefault(_KEYWORD.get(step[1], step[1]), []).append("".join(shlex.split(step[2])))
    words = [f"{option}={(what[0] if option == 'privacy_unit' else what)!r}" for option, what in said.items()]
    return f"hub.fix({printable(name)!r}, {printable(', '.join(words))})" if words else ""


def _steps(findings: Sequence[Finding]) -> list[re.Match[str]]:
    """The first step for each column, and the unit."""
    steps: dict[str | None, re.Match[str]] = {}
    for finding in findings:
        step = _ONE_STEP.fullmatch(finding.fix)
        if step is None or (finding.column is None and step[1] != "unit"):
            continue
        steps.setdefault(None if step[1] == "unit" else finding.column, step)
    return list(steps.values())
