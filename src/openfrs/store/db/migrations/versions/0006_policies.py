"""Enrolment policies of face sets."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column; existing sets have no policy."""
    op.add_column("face_sets", sa.Column("policy", sa.JSON, nullable=True))
