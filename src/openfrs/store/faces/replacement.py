"""Giving a whole face set new templates at once."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from sqlalchemy import delete, insert, select, update

from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import repeated

from .deletions import Cause, HeldError, record
from .repository import utc_now
from .rows import insert_faces
from .templates import Templates

_sets, _faces, _tombstones = tables.face_sets, tables.faces, tables.tombstones


class SetChangedError(Exception):
    """The face set is not any more what it was."""


@repeated
def replace_templates(
    database: Database,
    templates: Templates,
    set_id: int,
    *,
    version: int,
    embedder: str,
    vectors: Mapping[str, npt.NDArray[np.floating]],
) -> None:
    """Give a set that is at ``version`` the templates of another embedder, by face id; a face without one is deleted.

    All of it happens or nothing. The faces are written anew, in their old order: an index that holds the old templates drops
    them as it drops deleted faces.

    Raises:
        SetChangedError: the set is gone, or at another version.
        HeldError
        StoreUnavailableError
    """
    with database.write() as connection:
        face_set = connection.execute(select(_sets).where(_sets.c.id == set_id).with_for_update(key_share=True)).first()
        if face_set is None or face_set.version != version:
            raise SetChangedError
        if face_set.legal_hold is not None:
            raise HeldError
        rows = connection.execute(select(_faces).where(_faces.c.set_id == set_id).order_by(_faces.c.seq)).all()
        of_set = templates.of_set(connection, set_id)
        kept = [row for row in rows if row.face_id in vectors]
        new = [
            {**{name: value for name, value in row._mapping.items() if name != "seq"}, "version": version + 1}
            for row in kept
        ]
        gone = [{"set_id": set_id, "version": version + 1, "seq": row.seq} for row in rows]
        if dropped := [row.face_id for row in rows if row.face_id not in vectors]:
            record(connection, face_set, dropped, Cause.REINDEX, utc_now())
        connection.execute(delete(_faces).where(_faces.c.set_id == set_id))
        if gone:
            connection.execute(insert(_tombstones), gone)
        if new:
            insert_faces(connection, new, [of_set.encode(row.face_id, vectors[row.face_id]) for row in kept])
        connection.execute(
            update(_sets)
            .where(_sets.c.id == set_id)
            .values(version=version + 1, face_number=len(new), embedder=embedder)
        )
