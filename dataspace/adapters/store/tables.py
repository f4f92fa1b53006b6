"""The tables of the control store, as the newest migration leaves them.

A noun is kept as JSON in `body`; the other columns are what rows are found by. Column types are those that SQLite
and PostgreSQL share.

Long, because it is a list of tables.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

SCHEMA = "0007"
"""The newest revision under `migrations/versions`, so that an up-to-date store opens without asking Alembic."""

metadata = MetaData()

# SQLite counts upwards only in a column that is exactly INTEGER.
_Number = BigInteger().with_variant(Integer(), "sqlite")

datasets = Table(
    "datasets", metadata, Column("name", String, primary_key=True), Column("body", Text, nullable=False)
)

versions = Table(
    "versions",
    metadata,
    Column("dataset", String, primary_key=True),
    Column("sha256", String, primary_key=True),
    Column("body", Text, nullable=False),
)

dictionaries = Table(
    "dictionaries",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("name", String, nullable=False),
    Column("version", String, nullable=False),
    Column("body", Text, nullable=False),
    UniqueConstraint("name", "version"),
)

policies = Table(
    "policies",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("in_force", Boolean, nullable=False),
    Index("policies_by_id", "id"),
)

proposals = Table(
    "proposals", metadata, Column("id", String, primary_key=True), Column("body", Text, nullable=False)
)

counters = Table(
    "counters",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

applications = Table(
    "applications",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("body", Text, nullable=False),
)

permits = Table(
    "permits",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("jws", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("revoked", String),
)

calls = Table("calls", metadata, Column("id", String, primary_key=True), Column("body", Text, nullable=False))

deputies = Table(
    "deputies", metadata, Column("id", String, primary_key=True), Column("body", Text, nullable=False)
)

leaves = Table(
    "leaves",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("salt", LargeBinary, nullable=False),
    Column("body", Text, nullable=False),
)

nodes = Table(
    "nodes",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)

charges = Table(
    "charges",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    # Null once forfeited: the key may be used again.
    Column("key", String, unique=True),
    Column("lineage", String, nullable=False),
    # Empty where each row is its own unit.
    Column("unit", String, nullable=False),
    # Empty where the question came without a permit; then `principal` is what the limit of a permit is held against.
    Column("permit", String, nullable=False),
    Column("principal", String, nullable=False),
    Column("state", String, nullable=False),
    # Billionths of ε, rounded up; 0 once forfeited.
    Column("spent", BigInteger, nullable=False),
    Column("delta", Float, nullable=False),
    Column("body", Text, nullable=False),
    # What was really spent, where that is not what was reserved.
    Column("actual", Text),
    # What it adds to its purses, so that exactly that can be taken back; null: `spent` and `delta`.
    Column("cost", Text),
    Index("charges_by_account", "lineage", "unit", "permit", "principal"),
)

# Sums over `charges`, changed in the same transaction: what a check reads instead of every charge.
purses = Table(
    "purses",
    metadata,
    Column("lineage", String, primary_key=True),
    Column("unit", String, primary_key=True),
    Column("level", String, primary_key=True),
    # The permit, project or principal; empty for the lineage.
    Column("name", String, primary_key=True),
    # Of a lineage alone: the version or the site whose rows were read; empty for all.
    Column("part", String, primary_key=True),
    Column("pure", BigInteger, nullable=False),
    Column("delta", BigInteger, nullable=False),
    # JSON, empty where there is none.
    Column("renyi", Text, nullable=False),
    # Billionths of ε that stewards have added to the limit.
    Column("raised", BigInteger, nullable=False),
    # Parts of the same number have no person in common.
    Column("family", BigInteger),
    sqlite_with_rowid=False,
)

ledger_decisions = Table(
    "ledger_decisions",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=True),
    Column("lineage", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("body", Text, nullable=False),
    Index("ledger_decisions_by_account", "lineage", "unit"),
)

# What sites told of their own ledgers. Rows are added; only `seen` takes the place of the one before.
mirrored = Table(
    "mirrored",
    metadata,
    Column("site", String, primary_key=True),
    # In hex. A site that joined anew has another key, and begins another account.
    Column("key", String, primary_key=True),
    Column("lineage", String, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("told", String, primary_key=True),
    Column("body", Text, nullable=False),
    Index("mirrored_by_lineage", "lineage"),
)

answers = Table(
    "answers",
    metadata,
    Column("key", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

people = Table(
    "people", metadata, Column("id", String, primary_key=True), Column("body", Text, nullable=False)
)

sign_outs = Table(
    "sign_outs", metadata, Column("id", String, primary_key=True), Column("at", String, nullable=False)
)

sites = Table(
    "sites", metadata, Column("name", String, primary_key=True), Column("body", Text, nullable=False)
)

# What the catalogue is searched by (finding.py). `words`, beside these, is an FTS5 table or one with a tsvector.
entries = Table(
    "entries",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=False),
    Column("id", String, nullable=False, unique=True),
    Column("body", Text, nullable=False),
)

# Narrow on purpose: thousands of its rows are read for the counts of one search.
found = Table(
    "found",
    metadata,
    Column("number", _Number, primary_key=True, autoincrement=False),
    Column("audience", String, nullable=False),
    # Codes of `facet_values`, each four bytes, the lowest first.
    Column("codes", LargeBinary, nullable=False),
)

facet_values = Table(
    "facet_values",
    metadata,
    Column("code", _Number, primary_key=True, autoincrement=False),
    Column("facet", String, nullable=False),
    Column("value", String, nullable=False),
    UniqueConstraint("facet", "value"),
)

# Kept with every change; code 0 counts the records themselves.
facet_totals = Table(
    "facet_totals",
    metadata,
    Column("audience", String, primary_key=True),
    Column("code", BigInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
)

# Datasets that were put since they were last indexed.
stale = Table("stale", metadata, Column("dataset", String, primary_key=True))

harvested = Table(
    "harvested",
    metadata,
    Column("id", String, primary_key=True),
    Column("origin", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("triples", Text, nullable=False),
    # When it was not in its catalogue any more; null while it is.
    Column("gone", String),
    Index("harvested_by_origin", "origin"),
)

peers = Table(
    "peers", metadata, Column("url", String, primary_key=True), Column("body", Text, nullable=False)
)
