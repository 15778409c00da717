"""Crops of the images of faces, for the face sets that keep them."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_LONG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Add the table and the setting of face sets, which is off."""
    op.add_column("face_sets", sa.Column("crops", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_table(
        "crops",
        sa.Column("seq", _LONG, autoincrement=False, nullable=False),
        sa.Column("crop", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_crops"),
        sa.ForeignKeyConstraint(["seq"], ["faces.seq"], name="fk_crops_seq", ondelete="CASCADE"),
    )
