"""Accounts, face sets, faces, tombstones."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_LONG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "domains",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_domains"),
        sa.UniqueConstraint("name", name="uq_domains_name"),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("domain_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("password_hash", sa.String(256), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.ForeignKeyConstraint(["domain_id"], ["domains.id"], name="fk_users_domain_id"),
        sa.UniqueConstraint("domain_id", "name", name="uq_users_domain_id_name"),
    )
    op.create_table(
        "projects",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("domain_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sa.ForeignKeyConstraint(["domain_id"], ["domains.id"], name="fk_projects_domain_id"),
        sa.UniqueConstraint("domain_id", "name", name="uq_projects_domain_id_name"),
    )
    op.create_table(
        "access_keys",
        sa.Column("access_key", sa.String(32), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("access_key", name="pk_access_keys"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_access_keys_user_id"),
    )
    op.create_table(
        "face_sets",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("project_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("public_id", sa.String(8), nullable=False),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("face_number", sa.Integer, nullable=False),
        sa.Column("version", _LONG, nullable=False),
        sa.Column("embedder", sa.String(64), nullable=False),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_face_sets"),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_face_sets_project_id"),
        sa.UniqueConstraint("public_id", name="uq_face_sets_public_id"),
        sa.UniqueConstraint("project_id", "name", name="uq_face_sets_project_id_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "faces",
        sa.Column("seq", _LONG, nullable=False),
        sa.Column("set_id", sa.Integer, nullable=False),
        sa.Column("face_id", sa.String(8), nullable=False),
        sa.Column("external_image_id", sa.String(36), nullable=False),
        sa.Column("left", sa.Integer, nullable=False),
        sa.Column("top", sa.Integer, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.Column("template", sa.LargeBinary, nullable=False),
        sa.Column("version", _LONG, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_faces"),
        sa.ForeignKeyConstraint(["set_id"], ["face_sets.id"], name="fk_faces_set_id"),
        sa.UniqueConstraint("set_id", "face_id", name="uq_faces_set_id_face_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_faces_set_id_external_image_id", "faces", ["set_id", "external_image_id"])
    op.create_index("ix_faces_set_id_version", "faces", ["set_id", "version"])
    op.create_index("ix_faces_set_id_seq", "faces", ["set_id", "seq"])
    op.create_table(
        "tombstones",
        sa.Column("set_id", sa.Integer, nullable=False),
        sa.Column("version", _LONG, autoincrement=False, nullable=False),
        sa.Column("seq", _LONG, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("set_id", "version", "seq", name="pk_tombstones"),
        sa.ForeignKeyConstraint(["set_id"], ["face_sets.id"], name="fk_tombstones_set_id"),
    )
