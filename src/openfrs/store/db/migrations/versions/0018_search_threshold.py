"""The threshold of searches in a face set that name none."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the column. Existing sets have no threshold."""
    op.add_column("face_sets", sa.Column("search_threshold", sa.Double, nullable=True))
