"""Open calls, and who stands in for whom."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    for name in ("calls", "deputies"):
        op.create_table(
            name,
            sa.Column("id", sa.String, primary_key=True),
            sa.Column("body", sa.Text, nullable=False),
        )
