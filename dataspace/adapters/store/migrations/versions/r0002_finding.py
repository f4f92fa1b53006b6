"""What the catalogue is searched by, records from elsewhere, and the catalogues that they come from."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables; what is registered already waits to be indexed."""
    _index()
    _harvest()
    _words()
    op.execute("INSERT INTO stale (dataset) SELECT name FROM datasets")


def _index() -> None:
    op.create_table(
        "entries",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String, nullable=False, unique=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "found",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("audience", sa.String, nullable=False),
        sa.Column("codes", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "facet_values",
        sa.Column("code", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("facet", sa.String, nullable=False),
        sa.Column("value", sa.String, nullable=False),
        sa.UniqueConstraint("facet", "value"),
    )
    op.create_table(
        "facet_totals",
        sa.Column("audience", sa.String, primary_key=True),
        sa.Column("code", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("count", sa.BigInteger, nullable=False),
    )
    op.create_table("stale", sa.Column("dataset", sa.String, primary_key=True))


def _harvest() -> None:
    op.create_table(
        "harvested",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("origin", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("triples", sa.Text, nullable=False),
        sa.Column("gone", sa.String),
    )
    op.create_index("harvested_by_origin", "harvested", ["origin"])
    op.create_table(
        "peers",
        sa.Column("url", sa.String, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )


def _words() -> None:
    """The words themselves, in the form that the database searches fastest."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE words USING fts5(title, keywords, rest, tokens,"
            " tokenize = 'unicode61 remove_diacritics 0', detail = column)"
        )
    else:
        op.execute("CREATE TABLE words (number BIGINT PRIMARY KEY, vector TSVECTOR NOT NULL)")
        op.execute("CREATE INDEX words_by_vector ON words USING gin (vector) WITH (fastupdate = off)")
