"""The project whose admins manage a user without a role."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the column. The operator alone manages existing users without a role."""
    op.add_column("users", sa.Column("home_project_id", sa.String(32), nullable=True))
