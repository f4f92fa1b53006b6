"""What sites tell of their own ledgers: each entry as the site signed it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "mirrored",
        sa.Column("site", sa.String, primary_key=True),
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("lineage", sa.String, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("told", sa.String, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("mirrored_by_lineage", "mirrored", ["lineage"])
