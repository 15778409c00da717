"""Liveness sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "liveness_sessions",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("project_id", sa.String(32), nullable=False),
        sa.Column("actions", sa.JSON, nullable=False),
        sa.Column("mirrored", sa.Boolean, nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=False),
        sa.Column("used", sa.Boolean, nullable=False),
        sa.Column("result", sa.JSON, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_liveness_sessions"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_liveness_sessions_project_id"),
    )
    op.create_index("ix_liveness_sessions_expires_at", "liveness_sessions", ["expires_at"])
