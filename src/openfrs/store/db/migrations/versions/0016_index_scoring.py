"""The scoring whose biases a copy of a face set on an index server holds."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the column. Existing copies hold templates alone."""
    op.add_column("index_copies", sa.Column("scoring", sa.String(64), nullable=False, server_default=""))
