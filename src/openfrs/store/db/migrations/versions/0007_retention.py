"""Enrolment times, retention rules and deletion records."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add them. Existing faces count as enrolled today, so that none is deleted too early."""
    first_release = sa.text("'2026-01-01 00:00:00.000000'")
    op.add_column("faces", sa.Column("created_at", sa.DateTime, nullable=False, server_default=first_release))
    faces = sa.table("faces", sa.column("created_at", sa.DateTime))
    op.execute(faces.update().values(created_at=datetime.now(UTC).replace(tzinfo=None)))
    op.add_column("face_sets", sa.Column("retention", sa.JSON, nullable=True))
    op.add_column("face_sets", sa.Column("legal_hold", sa.String(256), nullable=True))
    op.create_table(
        "deletions",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("project_id", sa.String(32), nullable=False),
        sa.Column("face_set", sa.String(64), nullable=False),
        sa.Column("set_public_id", sa.String(8), nullable=False),
        sa.Column("deleted_at", sa.DateTime, nullable=False),
        sa.Column("rule", sa.String(16), nullable=False),
        sa.Column("faces", sa.Integer, nullable=False),
        sa.Column("face_ids", sa.JSON, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deletions"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_deletions_project_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deletions_project_id_id", "deletions", ["project_id", "id"])
