"""What faces must meet to be enrolled, per face set."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add it; sets that are there have none."""
    op.add_column("face_sets", sa.Column("policy", sa.JSON, nullable=True))
