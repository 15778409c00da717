"""Copies of face sets in an index on a server, and their progress."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_LONG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "index_copies",
        sa.Column("key", _LONG, autoincrement=False, nullable=False),
        sa.Column("set_id", sa.Integer, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("dimension", sa.Integer, nullable=False),
        sa.Column("applied", _LONG, nullable=False),
        sa.Column("timestamp", _LONG, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_index_copies"),
    )
    op.create_index("ix_index_copies_set_id", "index_copies", ["set_id"])
