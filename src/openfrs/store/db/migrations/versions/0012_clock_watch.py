"""The last plausible time of the clock."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create the table. Its row is created by the first check."""
    op.create_table(
        "clock_watch",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("trusted_at", sa.DateTime, nullable=False),
        sa.Column("held_since", sa.DateTime, nullable=True),
        sa.Column("held_at", sa.DateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_clock_watch"),
    )
