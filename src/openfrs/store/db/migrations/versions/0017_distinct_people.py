"""Pairs of people of a face set that an operator found to be different."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "distinct_people",
        sa.Column("set_id", sa.Integer, nullable=False),
        sa.Column("first", sa.String(36), nullable=False),
        sa.Column("second", sa.String(36), nullable=False),
        sa.PrimaryKeyConstraint("set_id", "first", "second", name="pk_distinct_people"),
        sa.ForeignKeyConstraint(["set_id"], ["face_sets.id"], name="fk_distinct_people_set_id", ondelete="CASCADE"),
    )
