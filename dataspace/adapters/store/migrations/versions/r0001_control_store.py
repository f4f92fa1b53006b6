"""The first tables: catalogue, policies, permits, log, ledger, answers, people and sites."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create them."""
    _catalogue()
    _grants()
    _log()
    _ledger()
    _parties()


def _catalogue() -> None:
    op.create_table("datasets", _key("name"), _body())
    op.create_table("versions", _key("dataset"), _key("sha256"), _body())
    op.create_table(
        "dictionaries",
        _number(),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("version", sa.String, nullable=False),
        _body(),
        sa.UniqueConstraint("name", "version"),
    )
    op.create_table("answers", _key("key"), sa.Column("body", sa.LargeBinary, nullable=False))


def _grants() -> None:
    op.create_table(
        "policies",
        _number(),
        sa.Column("id", sa.String, nullable=False),
        _body(),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("in_force", sa.Boolean, nullable=False),
    )
    op.create_index("policies_by_id", "policies", ["id"])
    op.create_table("counters", _key("name"), sa.Column("value", sa.BigInteger, nullable=False))
    op.create_table("applications", _number(), _unique("id"), _body())
    op.create_table(
        "permits",
        _number(),
        _unique("id"),
        sa.Column("jws", sa.Text, nullable=False),
        _body(),
        sa.Column("revoked", sa.String),
    )


def _log() -> None:
    op.create_table(
        "leaves",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        _body(),
    )
    op.create_table(
        "nodes",
        sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
    )


def _ledger() -> None:
    op.create_table(
        "charges",
        _number(),
        _unique("id"),
        sa.Column("key", sa.String, unique=True),
        *(
            sa.Column(name, sa.String, nullable=False)
            for name in ("lineage", "unit", "permit", "principal", "state")
        ),
        sa.Column("spent", sa.BigInteger, nullable=False),
        sa.Column("delta", sa.Float, nullable=False),
        _body(),
        sa.Column("actual", sa.Text),
    )
    op.create_index("charges_by_account", "charges", ["lineage", "unit", "permit", "principal"])


def _parties() -> None:
    op.create_table("people", _key("id"), _body())
    op.create_table("sites", _key("name"), _body())


def _number() -> sa.Column[int]:
    return sa.Column("number", _NUMBER, primary_key=True, autoincrement=True)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, primary_key=True)


def _unique(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False, unique=True)


def _body() -> sa.Column[str]:
    return sa.Column("body", sa.Text, nullable=False)
