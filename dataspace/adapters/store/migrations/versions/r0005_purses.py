"""What each part of an account has spent, kept as it grows; and the decisions that change an account."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_PAID_BY = (
    ("lineage", "''", "1 = 1"),
    ("permit", "permit", "permit <> ''"),
    ("alone", "principal", "permit = ''"),
    ("principal", "principal", "1 = 1"),
)
"""Levels, the name of a purse at each, and which of the charges so far it pays."""


def upgrade() -> None:
    """Create the tables, and take up what was charged so far."""
    op.add_column("charges", sa.Column("cost", sa.Text))
    op.create_table(
        "purses",
        sa.Column("lineage", sa.String, primary_key=True),
        sa.Column("unit", sa.String, primary_key=True),
        sa.Column("level", sa.String, primary_key=True),
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("part", sa.String, primary_key=True),
        sa.Column("pure", sa.BigInteger, nullable=False),
        sa.Column("delta", sa.BigInteger, nullable=False),
        sa.Column("renyi", sa.Text, nullable=False),
        sa.Column("raised", sa.BigInteger, nullable=False),
        sa.Column("family", sa.BigInteger),
        sqlite_with_rowid=False,
    )
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "ledger_decisions",
        sa.Column("number", number, primary_key=True, autoincrement=True),
        sa.Column("lineage", sa.String, nullable=False),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Index("ledger_decisions_by_account", "lineage", "unit"),
    )
    for level, name, paid in _PAID_BY:
        op.execute(
            f"INSERT INTO purses SELECT lineage, unit, '{level}', {name}, '', SUM(spent), "  # noqa: S608
            f"SUM(CAST(delta * 1e18 AS BIGINT)), '', 0, NULL FROM charges WHERE {paid} "
            f"GROUP BY lineage, unit{'' if name == chr(39) * 2 else ', ' + name}"
        )
