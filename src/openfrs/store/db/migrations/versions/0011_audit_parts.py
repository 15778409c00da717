"""Parts of the audit log, which are pruned separately."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column; existing failed logins stay with the writes."""
    op.add_column("audit_entries", sa.Column("part", sa.String(8), nullable=False, server_default="audit"))
    op.create_index("ix_audit_entries_part_at", "audit_entries", ["part", "at"])
