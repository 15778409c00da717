"""A table of templates, whose rows never change their length."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_LONG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Move the templates to the table."""
    op.create_table(
        "templates",
        sa.Column("seq", _LONG, autoincrement=False, nullable=False),
        sa.Column("template", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_templates"),
        sa.ForeignKeyConstraint(["seq"], ["faces.seq"], name="fk_templates_seq", ondelete="CASCADE"),
    )
    op.execute("insert into templates (seq, template) select seq, template from faces")
    op.drop_column("faces", "template")
