"""Maintenance of template keys: turn encryption on, rotate keys, destroy keys.

Each function needs exclusive use of the database and runs one transaction per project; if interrupted, it can be run again.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from openfrs.core.clock import utc_now
from openfrs.core.progress import Advance
from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.transactions import lock_project
from openfrs.store.service_keys import change_master_key

from .deletions import Cause
from .rows import delete_face_set
from .templates import (
    EncryptedTemplates,
    PlainTemplates,
    SetTemplates,
    create_project_key,
    project_cipher,
    unwrap_key,
    wrap_key,
)

_sets, _faces, _templates, _crops = tables.face_sets, tables.faces, tables.templates, tables.crops
_keys = tables.project_keys

_BATCH_SIZE = 5_000
"""Templates in memory at once."""

_CROPS = 500
"""Crops in memory at once."""


def encrypt(database: Database, master_key: bytes, advance: Advance) -> None:
    """Encrypt the templates of every project without a key.

    Raises:
        StoreUnavailableError
    """
    with database.read() as connection:
        with_key = select(_keys.c.project_id)
        projects = connection.scalars(
            select(_sets.c.project_id).where(_sets.c.project_id.not_in(with_key)).distinct()
        ).all()
    for project_id in projects:
        with database.write() as connection:
            set_ids = [row.id for row in _lock_sets(connection, project_id)]
            key = create_project_key(connection, master_key, project_id)
            for set_id in set_ids:
                _rewrite(connection, set_id, PlainTemplates(), EncryptedTemplates(key, project_id, set_id), advance)


def rotate_project_keys(database: Database, master_key: bytes, advance: Advance) -> None:
    """Encrypt the templates of every project with a new data key.

    Raises:
        StoreUnavailableError: the master key is wrong or a template is damaged.
    """
    with database.read() as connection:
        projects = connection.scalars(select(_keys.c.project_id)).all()
    for project_id in projects:
        with database.write() as connection:
            set_ids = [row.id for row in _lock_sets(connection, project_id)]
            wrapped = connection.scalars(select(_keys.c.wrapped).where(_keys.c.project_id == project_id)).one()
            old = project_cipher(master_key, project_id, wrapped)
            connection.execute(delete(_keys).where(_keys.c.project_id == project_id))
            new = create_project_key(connection, master_key, project_id)
            for set_id in set_ids:
                before, after = (EncryptedTemplates(key, project_id, set_id) for key in (old, new))
                _rewrite(connection, set_id, before, after, advance)


def rotate_master_key(database: Database, old: bytes, new: bytes) -> int:
    """Encrypt the data key of every project with a new master key; return the number of keys. Templates are not changed.

    Raises:
        StoreUnavailableError: the old master key is wrong.
    """
    with database.write() as connection:
        rows = connection.execute(select(_keys)).all()
        for row in rows:
            wrapped = wrap_key(new, row.project_id, unwrap_key(old, row.project_id, row.wrapped))
            connection.execute(update(_keys).where(_keys.c.project_id == row.project_id).values(wrapped=wrapped))
        change_master_key(connection, old, new)
    return len(rows)


def erase_project(database: Database, project_id: str) -> int:
    """Destroy the key of a project and delete its face sets; return the number of sets.

    Without the key, copies of the encrypted templates, such as in backups, are unreadable.

    Raises:
        HeldError: one of the sets is under legal hold.
        StoreUnavailableError
    """
    with database.write() as connection:
        rows = _lock_sets(connection, project_id)
        connection.execute(delete(_keys).where(_keys.c.project_id == project_id))
        for row in rows:
            delete_face_set(connection, row, Cause.PROJECT, utc_now())
    return len(rows)


def _lock_sets(connection: Connection, project_id: str) -> "Sequence[Row[tuple[object, ...]]]":
    """Lock the sets of a project against additions and changes until the transaction ends; return their rows."""
    lock_project(connection, project_id)
    sets = select(_sets).where(_sets.c.project_id == project_id).order_by(_sets.c.id)
    return connection.execute(sets.with_for_update()).all()


def _rewrite(connection: Connection, set_id: int, old: SetTemplates, new: SetTemplates, advance: Advance) -> None:
    """Convert the stored templates of a set from one encryption to another."""
    statement = update(_templates).where(_templates.c.seq == bindparam("row")).values(template=bindparam("stored"))
    query = select(_faces.c.seq, _faces.c.face_id, _templates.c.template).join_from(_faces, _templates)
    query = query.where(_faces.c.set_id == set_id)
    last = -1
    while rows := connection.execute(query.where(_faces.c.seq > last).order_by(_faces.c.seq).limit(_BATCH_SIZE)).all():
        ids = [row.face_id for row in rows]
        templates = old.open(ids, [row.template for row in rows])
        values = [
            {"row": row.seq, "stored": new.seal(row.face_id, template)}
            for row, template in zip(rows, templates, strict=True)
        ]
        connection.execute(statement, values)
        _rewrite_crops(connection, [row.seq for row in rows], old, new)
        last = rows[-1].seq
        advance(len(rows))


def _rewrite_crops(connection: Connection, seqs: Sequence[int], old: SetTemplates, new: SetTemplates) -> None:
    """Convert the stored crops of faces from one encryption to another."""
    query = select(_faces.c.seq, _faces.c.face_id, _crops.c.crop).join_from(_faces, _crops)
    for start in range(0, len(seqs), _CROPS):
        rows = connection.execute(query.where(_faces.c.seq.in_(seqs[start : start + _CROPS]))).all()
        if rows:
            converted = [
                {"row": row.seq, "stored": new.seal_crop(row.face_id, old.open_crop(row.face_id, row.crop))}
                for row in rows
            ]
            connection.execute(
                update(_crops).where(_crops.c.seq == bindparam("row")).values(crop=bindparam("stored")), converted
            )
