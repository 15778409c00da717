"""The alignment of the faces behind the templates of a face set."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the column. Existing templates have the first alignment."""
    op.add_column("face_sets", sa.Column("alignment", sa.Integer, nullable=False, server_default="1"))
