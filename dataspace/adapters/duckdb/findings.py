"""From measures to sentences: what a column looks like to a steward, and the command that settles it."""

# ruff: noqa: SIM905 - lists of words read best as text

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import combinations

import pyarrow as pa
import pyarrow.compute as pc

from dataspace.adapters.duckdb.measuring import SMALL_GROUP, Measured
from dataspace.model.datasets import Anonymity, Column, ColumnProfile, ColumnType, Finding, Label
from dataspace.model.names import ColumnName
from dataspace.privacy.identifiers import looks_like_births, recognise

_DIRECT = frozenset(
    "name surname forename firstname lastname fullname email mail phone telephone mobile ssn nhs mrn passport iban "
    "address street insurance login username ip".split()
)
_QUASI = frozenset(
    "age sex gender zip zipcode postcode postal birth birthdate birthday dob born city town municipality region "
    "county district country nationality occupation profession job marital education".split()
)
_SPECIAL = frozenset(
    "race racial ethnic ethnicity white black asian hispanic religion religious faith church political party union "
    "died death dead mortality survived diagnosis diagnoses icd disease illness cancer hiv pregnant pregnancy smoker "
    "smoking bmi drug drugs medication genetic genome gene biometric sexual orientation disability disabled "
    "psychiatric health".split()
)
_PERSON = frozenset("patient person subject participant pid employee worker citizen client customer".split())
_MACHINE = frozenset("machine device asset turbine".split())
_PLACE = frozenset("latitude longitude lat lon lng coordinate coordinates".split())
_POSTAL = frozenset("zip zipcode postcode postal plz".split())
_BIRTH = frozenset("birth birthdate birthday dob born".split())
_UNNAMED = re.compile(r"column[ _]\d+|unnamed.*|", re.IGNORECASE)
_FORMS = 2_000
_MOST_CANDIDATES = 8
_LONE_SHARE = 0.05
"""Of the rows that a column, or two together, single out, before they count as quasi-identifiers."""

Known = Mapping[ColumnName, Column]


def findings_of(column: Measured, rows: int, known: Known) -> Iterator[Finding]:
    """What one column looks like. A label that is declared already is not proposed again."""
    declared = known[column.profile.name].labels if column.profile.name in known else frozenset()
    for finding in _of_column(column, rows):
        if finding.suggests is None or finding.suggests not in declared or "groups <" in finding.text:
            yield finding


def _of_column(column: Measured, rows: int) -> Iterator[Finding]:
    name, words = column.profile.name, words_of(column.profile.name)
    unique = rows > 1 and column.unique
    unnamed = _UNNAMED.fullmatch(name)
    if unnamed or (column.place == 1 and unique and words <= {"id", "index", "row", "x", "rownames"}):
        what = "no name" if unnamed else "numbers the rows"
        yield Finding(name, f"{what}, unique" if unique else what, f"--drop {column.place}")
        return
    direct = _direct(column, words)
    if direct is not None:
        yield direct
        return
    if words & _SPECIAL:
        yield Finding(
            name, "a special category (GDPR Art. 9), by its name", _label(name, Label.SPECIAL_CATEGORY),
            Label.SPECIAL_CATEGORY,
        )  # fmt: skip
    quasi = _quasi(column, words, rows)
    if quasi is not None:
        yield quasi


def _direct(column: Measured, words: frozenset[str]) -> Finding | None:
    """Identifiers and free text: by the form of the values, else by the name of the column."""
    name = column.profile.name
    drop = f"--drop {_shell(name)}"
    texts = _different(column)
    if texts and (form := recognise(texts)):
        fix = f"--generalise {_shell(name)}=4" if form.what == "coordinates" else drop
        text = f"holds {form.what} ({form.share:.0%} of its values)"
        return Finding(name, text, fix, Label.DIRECT_IDENTIFIER)
    if words & _PLACE and column.profile.type is ColumnType.NUMBER:
        return Finding(
            name, "a coordinate, by its name", f"--generalise {_shell(name)}=0.1", Label.DIRECT_IDENTIFIER
        )
    if words & _DIRECT:
        return Finding(name, "names persons directly", drop, Label.DIRECT_IDENTIFIER)
    if column.profile.type is ColumnType.TEXT and _is_prose(texts):
        return Finding(name, "free text: it may name persons", drop, Label.FREE_TEXT)
    return None


def _quasi(column: Measured, words: frozenset[str], rows: int) -> Finding | None:
    """What singles people out with other facts: births, small groups of a code, and names that say so."""
    profile, label = column.profile, Label.QUASI_IDENTIFIER
    name = profile.name
    temporal = profile.type in (ColumnType.DATE, ColumnType.TIMESTAMP)
    if (
        temporal
        and profile.lowest
        and (words & _BIRTH or looks_like_births(_day(profile.lowest), _day(profile.highest)))
    ):
        how = "by its name" if words & _BIRTH else "by their spread"
        return Finding(name, f"dates of birth, {how}", f"--generalise {_shell(name)}=year", label)
    if words & _POSTAL and profile.type is ColumnType.TEXT and len(profile.lowest) > 3:
        return Finding(name, "places people, by its name", f"--generalise {_shell(name)}=3", label)
    if is_code(column, rows) and column.small:
        text = f"{column.small} of {profile.distinct} groups < {SMALL_GROUP}"
        return Finding(name, text, f"--generalise {_shell(name)}=group", label)
    if words & _QUASI:
        wide = profile.type is ColumnType.INTEGER and "age" in words and profile.distinct > 20
        fix = f"--generalise {_shell(name)}=10" if wide else _label(name, label)
        return Finding(name, "could single people out with others, by its name", fix, label)
    if temporal and column.lone is not None and column.lone > _LONE_SHARE * rows:
        text = f"{column.lone:,} of {rows:,} rows are alone with their value"
        return Finding(name, text, f"--generalise {_shell(name)}=month", label)
    return None


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
        if lone > _LONE_SHARE * rows:
            for name in fresh:
                other = two if name == one else one
                text = f"with '{other}' it singles out {lone:,} of {rows:,} rows"
                proposed[name] = Finding(
                    name, text, _label(name, Label.QUASI_IDENTIFIER), Label.QUASI_IDENTIFIER
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
        coarser = _coarser(max((profiles[name] for name in group.columns), key=lambda one: one.distinct))
        if group.sensitive is None and group.k < SMALL_GROUP:
            text = f"k = {group.k} over {names}: {group.below:,} of {rows:,} rows hide among fewer than {SMALL_GROUP}"
            alone = f", {group.unique:,} stand alone" if group.unique else ""
            yield Finding(None, text + alone, coarser)
        if group.sensitive is not None and group.l == 1:
            yield Finding(None, f"l = 1: who knows {names} of somebody may know '{group.sensitive}'", coarser)


def _coarser(profile: ColumnProfile) -> str:
    """A command that makes the column with the most values coarser; leaving it out where nothing is in between."""
    name = _shell(profile.name)
    if profile.type is ColumnType.DATE:
        return f"--generalise {name}=year"
    if profile.type in (ColumnType.INTEGER, ColumnType.NUMBER) and profile.distinct > 2 * SMALL_GROUP:
        width = 10 ** (len(profile.highest.split(".")[0].lstrip("-")) - 1)
        return f"--generalise {name}={width}"
    return f"--drop {name}"


def unit_finding(measured: Sequence[Measured], rows: int) -> Finding:
    """The column of the person or machine to protect; the row where no column looks like one."""
    for words in (_PERSON, _MACHINE):
        for column in measured:
            name = column.profile.name
            if words_of(name) & words and column.profile.distinct > 1:
                text = f"looks like the one to protect: {column.profile.distinct:,} in {rows:,} rows"
                return Finding(name, text, f"--unit {_shell(name)}", Label.DIRECT_IDENTIFIER)
    return Finding(None, "person: no such column: the unit protected is the row", "--unit row")


def is_code(column: Measured, rows: int) -> bool:
    """Whether values stand for groups rather than measure something: text, or numbers that are all as long."""
    profile = column.profile
    repeated = 1 < profile.distinct <= max(2, rows // 2)
    even = profile.type is ColumnType.INTEGER and len(profile.lowest) == len(profile.highest) >= 4
    return repeated and (profile.type is ColumnType.TEXT or even)


def words_of(name: str) -> frozenset[str]:
    """`PatientAge_80` is patient, age."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return frozenset(word.lower() for word in re.split(r"[^A-Za-z]+", spaced) if word)


def _different(column: Measured) -> list[str]:
    """Some different values of a column, as text; none of a column whose values cannot be identifiers."""
    if column.profile.type not in (ColumnType.TEXT, ColumnType.INTEGER):
        return []
    values = column.sample.drop_null().unique().slice(0, _FORMS)
    return [str(value).strip() for value in values.to_pylist()]


def _is_prose(texts: Sequence[str]) -> bool:
    """Sentences rather than codes: long, of several words, and hardly any alike."""
    if len(texts) < 5:
        return False
    words = sum(len(text.split()) for text in texts) / len(texts)
    return words >= 4 and sum(map(len, texts)) / len(texts) >= 25


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])


def _label(name: str, label: Label) -> str:
    return f"--label {_shell(name)}={label.value}"


def _shell(name: str) -> str:
    """A name as a shell takes it."""
    return name if re.fullmatch(r"[\w.-]+", name) else "'" + name.replace("'", "'\\''") + "'"
