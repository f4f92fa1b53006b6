"""One pass over a version for the steward's eyes: types, ranges, and what looks like it needs a decision."""

# ruff: noqa: SIM905 - lists of words read best as text

# ruff: noqa: S608 - identifiers are quoted, values are bound

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb

from dataspace.adapters.duckdb.building import types_of
from dataspace.adapters.duckdb.compile import quoted
from dataspace.adapters.duckdb.parquet import open_for_reading
from dataspace.errors import SetupError
from dataspace.model.datasets import ColumnProfile, ColumnType, Finding, Label, Profile, VersionRef
from dataspace.model.names import ColumnName
from dataspace.ports import Vault

SMALL_GROUP = 10
"""Rows below which a group singles people out: the default cohort."""

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
_UNNAMED = re.compile(r"column \d+|unnamed.*|", re.IGNORECASE)
_EMAIL = r"[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}"


@dataclass(frozen=True, slots=True)
class _Measured:
    """What the pass found in one column. `groups` and `small` count distinct values, and those of few rows."""

    place: int
    profile: ColumnProfile
    small: int
    even_width: bool
    emails: int


class DuckdbProfiler:
    """Profiles versions of a vault. `memory_limit` is what the engine may use for it."""

    def __init__(self, vault: Vault, memory_limit: str = "1GB") -> None:
        self._vault, self._memory = vault, memory_limit

    def profile(self, ref: VersionRef) -> Profile:
        """The profile of a version. Raises SetupError where it does not fit in memory."""
        files = self._vault.files(ref)
        types = types_of(files)
        try:
            with duckdb.connect(":memory:") as connection:
                connection.execute(
                    "SET threads = 2; SET temp_directory = ''; SET preserve_insertion_order = false"
                )
                connection.execute("SET memory_limit = $limit", {"limit": self._memory})
                rows = 0
                for at, path in enumerate(files):
                    with open_for_reading(path) as reader:
                        source = reader.read()
                    connection.register("source", source)
                    verb = "INSERT INTO seen" if at else "CREATE TABLE seen AS"
                    connection.execute(f"{verb} SELECT * FROM source")
                    connection.unregister("source")
                    rows += source.num_rows
                measured = [
                    _measure(connection, at, name, types[name]) for at, name in enumerate(types, start=1)
                ]
        except duckdb.Error as error:
            raise SetupError(
                f"{ref} could not be profiled ({type(error).__name__}).", "Raise the memory for profiling."
            ) from error
        findings = tuple(_findings(measured, rows))
        return Profile(rows, tuple(column.profile for column in measured), findings)


def _measure(
    connection: duckdb.DuckDBPyConnection, place: int, name: ColumnName, kind: ColumnType
) -> _Measured:
    column, text = quoted(name), f"CAST({quoted(name)} AS VARCHAR)"
    nulls, lowest, highest, emails = connection.execute(
        f"SELECT count(*) - count({column}), CAST(min({column}) AS VARCHAR), CAST(max({column}) AS VARCHAR), "
        f"count(*) FILTER (regexp_full_match({text}, ?)) FROM seen",
        [_EMAIL],
    ).fetchall()[0]
    distinct, small, widths = connection.execute(
        f"SELECT count(*), count(*) FILTER (n < {SMALL_GROUP:d}), count(DISTINCT width) FROM (SELECT count(*) AS n, "
        f"length({text}) AS width FROM seen WHERE {column} IS NOT NULL GROUP BY {column})"
    ).fetchall()[0]
    profile = ColumnProfile(name, kind, nulls, distinct, lowest or "", highest or "")
    return _Measured(place, profile, small, widths == 1 and len(lowest or "") >= 4, emails)


def _findings(measured: Sequence[_Measured], rows: int) -> Iterator[Finding]:
    for column in measured:
        yield from _of_column(column, rows)
    yield _unit(measured, rows)


def _of_column(column: _Measured, rows: int) -> Iterator[Finding]:
    name, distinct = column.profile.name, column.profile.distinct
    words = _words(name)
    unique = rows > 1 and distinct == rows
    if _UNNAMED.fullmatch(name) or (
        column.place == 1 and unique and words <= {"id", "index", "row", "x", "rownames"}
    ):
        what = "no name" if _UNNAMED.fullmatch(name) else "numbers the rows"
        yield Finding(name, f"{what}, unique" if unique else what, f"--drop {column.place}")
        return
    if words & _DIRECT or column.emails > rows / 2:
        yield Finding(name, "names persons directly", f"--drop {name}", Label.DIRECT_IDENTIFIER)
        return
    if words & _SPECIAL:
        yield Finding(
            name, "a special category (GDPR Art. 9), by its name", f"--label {name}=special-category",
            Label.SPECIAL_CATEGORY,
        )  # fmt: skip
    if _is_code(column, rows) and column.small:
        yield Finding(
            name, f"{column.small} of {distinct} groups < {SMALL_GROUP}", f"--generalise {name}=group",
            Label.QUASI_IDENTIFIER,
        )  # fmt: skip
    elif words & _QUASI:
        yield Finding(
            name, "could single people out with others, by its name", f"--label {name}=quasi-identifier",
            Label.QUASI_IDENTIFIER,
        )  # fmt: skip


def _is_code(column: _Measured, rows: int) -> bool:
    """Whether values stand for groups rather than measure something: text, or numbers that are all as long."""
    profile = column.profile
    repeated = 1 < profile.distinct <= max(2, rows // 2)
    coded = profile.type is ColumnType.TEXT or (profile.type is ColumnType.INTEGER and column.even_width)
    return repeated and coded


def _unit(measured: Sequence[_Measured], rows: int) -> Finding:
    for words in (_PERSON, _MACHINE):
        for column in measured:
            name = column.profile.name
            if _words(name) & words and column.profile.distinct > 1:
                text = f"looks like the one to protect: {column.profile.distinct:,} in {rows:,} rows"
                return Finding(name, text, f"--unit {name}", Label.DIRECT_IDENTIFIER)
    return Finding(None, "person: no such column: the unit protected is the row", "--unit row")


def _words(name: str) -> frozenset[str]:
    """`PatientAge_80` is patient, age."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return frozenset(word.lower() for word in re.split(r"[^A-Za-z]+", spaced) if word)
