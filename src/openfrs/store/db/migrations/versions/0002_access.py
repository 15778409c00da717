"""Roles, revocation, disabling, per-project limits."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add grants and revocation; each existing user becomes an admin of the projects of the same domain."""
    op.add_column("users", sa.Column("credentials_version", sa.Integer, nullable=False, server_default="0"))
    op.add_column("projects", sa.Column("enabled", sa.Boolean, nullable=False, server_default=sa.true()))
    op.add_column(
        "projects", sa.Column("created_at", sa.DateTime, nullable=False, server_default="2026-01-01 00:00:00.000000")
    )
    op.add_column("projects", sa.Column("limits", sa.JSON, nullable=False, server_default="{}"))
    op.add_column("access_keys", sa.Column("last_used_at", sa.DateTime, nullable=True))
    op.create_index("ix_access_keys_user_id", "access_keys", ["user_id"])
    op.create_table(
        "grants",
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("project_id", sa.String(32), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "project_id", name="pk_grants"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_grants_user_id"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_grants_project_id"),
    )
    op.create_index("ix_grants_project_id", "grants", ["project_id"])
    op.create_table(
        "revoked_tokens",
        sa.Column("token_id", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("token_id", name="pk_revoked_tokens"),
    )
    op.execute(
        "insert into grants (user_id, project_id, role) select users.id, projects.id, 'admin' from users"
        " join projects on projects.domain_id = users.domain_id"
    )
