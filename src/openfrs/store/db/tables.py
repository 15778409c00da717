"""The current SQL schema. The migrations to it are in ``migrations``; a test compares the two."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    true,
)


class UtcDateTime(TypeDecorator[datetime]):
    """A time that is aware and in UTC in Python, and without a zone in the database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Convert an aware time to UTC, and drop its zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Add the zone that the database does not store."""
        return None if value is None else value.replace(tzinfo=UTC)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite's integers have 64 bits, and only an INTEGER key is generated automatically.
_LONG = BigInteger().with_variant(Integer, "sqlite")

domains = Table(
    "domains",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(64), nullable=False, unique=True),
)

users = Table(
    "users",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("domain_id", ForeignKey("domains.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("password_hash", String(256), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("credentials_version", Integer, nullable=False, server_default="0"),  # incremented to invalidate every token
    Column("home_project_id", String(32), nullable=True),  # whose admins manage the user while it has no role
    Column(
        "must_change_password", Boolean, nullable=False, server_default=false()
    ),  # set by somebody else, for one use
    UniqueConstraint("domain_id", "name"),
)

projects = Table(
    "projects",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("domain_id", ForeignKey("domains.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("enabled", Boolean, nullable=False, server_default=true()),
    Column("created_at", UtcDateTime, nullable=False, server_default="2026-01-01 00:00:00.000000"),  # the first release
    Column("limits", JSON, nullable=False, server_default="{}"),  # overrides of limits in the settings
    UniqueConstraint("domain_id", "name"),
)

access_keys = Table(
    "access_keys",
    metadata,
    Column("access_key", String(32), primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False, index=True),
    Column("secret", LargeBinary, nullable=False),  # encrypted
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime, nullable=True),
)

grants = Table(
    "grants",
    metadata,
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column("project_id", ForeignKey("projects.id"), primary_key=True, index=True),
    Column("role", String(16), nullable=False),
)

revoked_tokens = Table(
    "revoked_tokens",
    metadata,
    Column("token_id", String(32), primary_key=True),
    Column("expires_at", UtcDateTime, nullable=False),
)

face_sets = Table(
    "face_sets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("public_id", String(8), nullable=False, unique=True),
    Column("capacity", Integer, nullable=False),
    Column("face_number", Integer, nullable=False),
    Column("version", _LONG, nullable=False),  # incremented by every write to the set or its faces
    Column("embedder", String(64), nullable=False),
    Column("fields", JSON, nullable=False),  # definitions of the custom fields
    Column("created_at", UtcDateTime, nullable=False),
    Column("policy", JSON(none_as_null=True), nullable=True),  # the enrolment policy
    Column("retention", JSON(none_as_null=True), nullable=True),  # the retention rule
    Column("legal_hold", String(256), nullable=True),  # the reason of a legal hold
    Column("alignment", Integer, nullable=False, server_default="1"),  # the oldest alignment of its templates
    Column("crops", Boolean, nullable=False, server_default=false()),  # its faces are kept with a crop of their image
    Column("search_threshold", Double, nullable=True),  # the similarity of searches that name none
    UniqueConstraint("project_id", "name"),
    sqlite_autoincrement=True,
)

faces = Table(
    "faces",
    metadata,
    Column("seq", _LONG, primary_key=True),  # insertion order; never reused
    Column("set_id", ForeignKey("face_sets.id"), nullable=False),
    Column("face_id", String(8), nullable=False),
    Column("external_image_id", String(36), nullable=False),
    Column("left", Integer, nullable=False),
    Column("top", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("fields", JSON, nullable=False),
    Column("version", _LONG, nullable=False),  # the version of the set when this row was last written
    Column("created_at", UtcDateTime, nullable=False, server_default="2026-01-01 00:00:00.000000"),  # the first release
    UniqueConstraint("set_id", "face_id"),
    Index(None, "set_id", "external_image_id"),
    Index(None, "set_id", "version"),
    Index(None, "set_id", "seq"),
    sqlite_autoincrement=True,
)

# A separate table, so that a row never changes its length: when a row outgrows its page, SQLite leaves a copy behind that
# secure_delete does not overwrite.
templates = Table(
    "templates",
    metadata,
    Column("seq", ForeignKey("faces.seq", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("template", LargeBinary, nullable=False),  # the normalised embedding, little-endian fp16, possibly encrypted
)

crops = Table(
    "crops",
    metadata,
    Column("seq", ForeignKey("faces.seq", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("crop", LargeBinary, nullable=False),  # a JPEG, possibly encrypted
)

# Pairs of people of a set, by external image id, that an operator found to be different; the lesser id is first.
distinct_people = Table(
    "distinct_people",
    metadata,
    Column("set_id", ForeignKey("face_sets.id", ondelete="CASCADE"), primary_key=True),
    Column("first", String(36), primary_key=True),
    Column("second", String(36), primary_key=True),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("set_id", ForeignKey("face_sets.id"), primary_key=True),
    Column("version", _LONG, primary_key=True, autoincrement=False),
    Column("seq", _LONG, primary_key=True, autoincrement=False),
)

project_keys = Table(
    "project_keys",
    metadata,
    Column("project_id", ForeignKey("projects.id"), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),  # the data key of the templates, encrypted with the master key
)

# Records of deletions; append-only.
deletions = Table(
    "deletions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("face_set", String(64), nullable=False),
    Column("set_public_id", String(8), nullable=False),
    Column("deleted_at", UtcDateTime, nullable=False),
    Column("rule", String(16), nullable=False),
    Column("faces", Integer, nullable=False),
    Column("face_ids", JSON, nullable=False),
    Column("digest", String(64), nullable=False),  # of this row and of the digest of the project's previous row
    Index(None, "project_id", "id"),
    sqlite_autoincrement=True,
)

liveness_sessions = Table(
    "liveness_sessions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("project_id", ForeignKey("projects.id"), nullable=False),
    Column("actions", JSON, nullable=False),
    Column("mirrored", Boolean, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("used", Boolean, nullable=False),  # a session accepts one video
    Column("result", JSON(none_as_null=True), nullable=True),
)

# Used by nodes that share a database; a single node has files in its data directory instead.
service_keys = Table(
    "service_keys",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),  # keys for tokens and secret keys, encrypted with the master key
)

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", _LONG, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("entry", Text, nullable=False),  # one line of the audit log
    Column("part", String(8), nullable=False, server_default="audit"),  # parts are pruned separately
    Index(None, "at", "id"),
    Index(None, "part", "at"),
)

# The one row of the clock's last plausible time, and of the time since which it is not plausible.
clock_watch = Table(
    "clock_watch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("trusted_at", UtcDateTime, nullable=False),
    Column("held_since", UtcDateTime, nullable=True),
    Column("held_at", UtcDateTime, nullable=True),  # when it was last found to be so
)

# Copies of face sets in an index on a server. A set has a second copy while its index is rebuilt. The row of a copy is deleted when
# the server holds none of its faces, which may be after its set.
index_copies = Table(
    "index_copies",
    metadata,
    Column("key", _LONG, primary_key=True, autoincrement=False),  # random; identifies the copy's faces on the server
    Column("set_id", Integer, nullable=False, index=True),
    Column("state", String(8), nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("applied", _LONG, nullable=False),  # the copy is complete up to this version of the set
    Column("timestamp", _LONG, nullable=False),  # the server's timestamp of the last change in the copy
    Column("scoring", String(64), nullable=False, server_default=""),  # identity of the biases beside the templates
)
