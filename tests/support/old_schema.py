"""Databases of earlier releases.

The folder ``schemas`` has one for each revision, as SQL. ``python -m tests.support.old_schema REVISION`` prints the one of a new
revision. Existing files are never generated again.
"""

import contextlib
import sqlite3
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, create_engine


def migrate(path: Path, revision: str) -> None:
    """Migrate a database to a revision; create it if needed."""
    config = _config()
    engine = create_engine(URL.create("sqlite", database=str(path)))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def head_revision() -> str:
    """Return the newest revision."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def current_revision(path: Path) -> str:
    """Return the revision of a database."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        ((revision,),) = connection.execute("select version_num from alembic_version").fetchall()
    return str(revision)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "openfrs.store.db:migrations")
    return config


def fill(path: Path, revision: str) -> None:
    """Write an account, a face set with two 4-dimensional faces, and a tombstone."""
    project, user, domain = "p" * 32, "u" * 32, "d" * 32
    templates = {1: "0000003800b80000", 3: "003c000000000000"}
    rows = [
        ("insert into domains (id, name) values (?, 'old')", domain),
        (
            f"insert into users (id, domain_id, name, password_hash, enabled) values (?, '{domain}', 'admin', 'x', 1)",
            user,
        ),
        (f"insert into projects (id, domain_id, name) values (?, '{domain}', 'local')", project),
        (
            f"insert into access_keys (access_key, user_id, secret, created_at) values ('AK', ?, x'00', '{_MOMENT}')",
            user,
        ),
        (
            "insert into face_sets (id, project_id, name, public_id, capacity, face_number, version, embedder, fields, created_at)"
            f""" values (1, ?, 's', 'abcdefgh', 10000, 2, 4, 'sface', '{{"n": {{"type": "long"}}}}', '{_MOMENT}')""",
            project,
        ),
        ("insert into tombstones (set_id, version, seq) values (?, 4, 2)", 1),
    ]
    for seq, template in templates.items():
        values = f"""{seq}, 1, ?, 'image{seq}', 1, 2, 3, 4, '{{"n": {seq}}}', {seq}"""
        columns = 'seq, set_id, face_id, external_image_id, "left", "top", width, height, fields, version'
        if revision < "0004":
            columns, values = f"{columns}, template", f"{values}, x'{template}'"
        else:
            rows.append((f"insert into templates (seq, template) values (?, x'{template}')", seq))
        rows.append((f"insert into faces ({columns}) values ({values})", f"face{seq:04d}"))
    if revision >= "0002":
        rows.append((f"insert into grants (user_id, project_id, role) values (?, '{project}', 'admin')", user))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for statement, value in rows:
            connection.execute(statement, [value])
        connection.commit()


_MOMENT = "2026-01-01 00:00:00.000000"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "x.db")
        migrate(file, sys.argv[1])
        fill(file, sys.argv[1])
        with contextlib.closing(sqlite3.connect(file)) as database:
            print("\n".join(database.iterdump()))
