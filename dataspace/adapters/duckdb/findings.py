"""From measures to sentences: what each column looks like to a steward, and the command that settles it."""

# ruff: noqa: SIM905 - lists of words read best as text

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from dataspace.adapters.duckdb.measuring import SMALL_GROUP, Measured
from dataspace.model.datasets import Column, ColumnProfile, ColumnType, Finding, Label
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
_COARSE_DEGREES = 0.1
_EXACT = 1e-6
LONE_SHARE = 0.05
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
        # A column that the source gives a name is told by it: places change when others are dropped.
        which = column.place if unnamed else in_shell(name)
        yield Finding(name, f"{what}, unique" if unique else what, f"--drop {which}")
        return
    direct = _direct(column, words)
    if direct is not None:
        yield direct
        return
    if words & _SPECIAL:
        yield Finding(
            name, "a special category (GDPR Art. 9), by its name", label_command(name, Label.SPECIAL_CATEGORY),
            Label.SPECIAL_CATEGORY,
        )  # fmt: skip
    quasi = _quasi(column, words, rows)
    if quasi is not None:
        yield quasi


def _direct(column: Measured, words: frozenset[str]) -> Finding | None:
    """Identifiers and free text: by the form of the values, else by the name of the column."""
    name = column.profile.name
    drop = f"--drop {in_shell(name)}"
    texts = _different(column)
    if texts and (form := recognise(texts)):
        fix = f"--generalise {in_shell(name)}=4" if form.what == "coordinates" else drop
        text = f"holds {form.what} ({form.share:.0%} of its values)"
        return Finding(name, text, fix, Label.DIRECT_IDENTIFIER)
    if words & _PLACE and column.profile.type is ColumnType.NUMBER:
        coarse = _in_steps(column, _COARSE_DEGREES)
        fix = (
            label_command(name, Label.QUASI_IDENTIFIER)
            if coarse
            else f"--generalise {in_shell(name)}={_COARSE_DEGREES}"
        )
        suggests = Label.QUASI_IDENTIFIER if coarse else Label.DIRECT_IDENTIFIER
        return Finding(name, "a coordinate, by its name", fix, suggests)
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
        if of_years(profile):
            return Finding(name, f"years of birth, {how}", label_command(name, label), label)
        return Finding(name, f"dates of birth, {how}", f"--generalise {in_shell(name)}=year", label)
    if words & _POSTAL and profile.type is ColumnType.TEXT and len(profile.lowest) > 3:
        return Finding(name, "places people, by its name", f"--generalise {in_shell(name)}=3", label)
    if is_code(column, rows) and column.small:
        text = f"{column.small} of {profile.distinct} groups < {SMALL_GROUP}"
        return Finding(name, text, f"--generalise {in_shell(name)}=group", label)
    if words & _QUASI:
        wide = profile.type is ColumnType.INTEGER and "age" in words and profile.distinct > 20
        fix = f"--generalise {in_shell(name)}=10" if wide else label_command(name, label)
        return Finding(name, "could single people out with others, by its name", fix, label)
    if temporal and column.lone is not None and column.lone > LONE_SHARE * rows:
        text = f"{column.lone:,} of {rows:,} rows are alone with their value"
        return Finding(name, text, f"--generalise {in_shell(name)}=month", label)
    return None


def unit_finding(measured: Sequence[Measured], rows: int) -> Finding:
    """The column of the person or machine to protect; the row where no column looks like one."""
    for words in (_PERSON, _MACHINE):
        for column in measured:
            name = column.profile.name
            if words_of(name) & words and column.profile.distinct > 1:
                text = f"looks like the one to protect: {column.profile.distinct:,} in {rows:,} rows"
                return Finding(name, text, f"--unit {in_shell(name)}", Label.DIRECT_IDENTIFIER)
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


def of_years(profile: ColumnProfile) -> bool:
    """Whether dates stand for years: each is the first of January, as far as the profile can tell."""
    if profile.type is not ColumnType.DATE or not profile.lowest:
        return False
    first, last = _day(profile.lowest), _day(profile.highest)
    yearly = (first.month, first.day) == (last.month, last.day) == (1, 1)
    return yearly and profile.distinct <= last.year - first.year + 1


def _in_steps(column: Measured, width: float) -> bool:
    """Whether all values that were looked at are whole multiples of a width."""
    steps = pc.divide(pc.cast(column.sample.drop_null(), pa.float64()), width)
    off = pc.max(pc.abs(pc.subtract(steps, pc.round(steps)))).as_py()
    return off is not None and off < _EXACT


def _day(text: str) -> date:
    return date.fromisoformat(text[:10])


def label_command(name: str, label: Label) -> str:
    return f"--label {in_shell(name)}={label.value}"


def in_shell(name: str) -> str:
    """A name as a shell takes it."""
    return name if re.fullmatch(r"[\w.-]+", name) else "'" + name.replace("'", "'\\''") + "'"
