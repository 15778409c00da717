"""Data keys of projects whose templates are encrypted."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "project_keys",
        sa.Column("project_id", sa.String(32), nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_project_keys"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_project_keys_project_id"),
    )
