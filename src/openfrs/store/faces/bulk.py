"""Whole face sets: read in pieces from one snapshot, written or replaced in one transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from openfrs.core.clock import utc_now
from openfrs.core.geometry import BoundingBox
from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import retry_on_conflict

from .deletions import Cause, HeldError, record
from .models import FaceSet, IdTakenError, StoredFace
from .rows import face_row, insert_faces, insert_set
from .templates import SetTemplates, Templates

_sets, _faces, _tombstones = tables.face_sets, tables.faces, tables.tombstones

ROWS = 2_000
"""Faces in memory at once."""


class SetChangedError(Exception):
    """The face set was changed or deleted since it was read."""


def read_stored_faces(connection: Connection, set_id: int, templates: SetTemplates) -> Iterator[Sequence[StoredFace]]:
    """All faces of a set in the order they were enrolled, a few at a time.

    Raises:
        StoreUnavailableError: a template is damaged, or cannot be decrypted.
    """
    query = select(_faces, tables.templates.c.template).join_from(_faces, tables.templates)
    query = query.where(_faces.c.set_id == set_id).order_by(_faces.c.seq)
    with connection.execute(query, execution_options={"yield_per": ROWS}) as stored:
        for rows in stored.partitions():
            plain = templates.open([row.face_id for row in rows], [row.template for row in rows])
            yield [
                StoredFace(
                    row.face_id,
                    row.external_image_id,
                    BoundingBox(row.left, row.top, row.width, row.height),
                    row.fields,
                    row.created_at,
                    template,
                )
                for row, template in zip(rows, plain, strict=True)
            ]


def public_id_exists(connection: Connection, public_id: str) -> bool:
    """Whether a set of any project has a public id."""
    return connection.scalar(select(_sets.c.id).where(_sets.c.public_id == public_id)) is not None


def write_face_set(
    database: Database, templates: Templates, face_set: FaceSet, faces: Iterable[Sequence[StoredFace]], *, limit: int
) -> None:
    """Write a new set with its faces, all of it or, when it raises, nothing; ``id``, ``version`` and ``face_number`` are ignored.

    The project may have ``limit`` sets.

    Raises:
        SetExistsError, TooManySetsError
        IdTakenError: a set has the public id, or two faces the same id.
        StoreUnavailableError
    """
    with database.write() as connection:
        set_id = insert_set(connection, templates, face_set, limit=limit)
        of_set, count = templates.of_set(connection, set_id), 0
        for some in faces:
            count += len(some)
            values = [face_row(face, set_id, 1, face.created_at) for face in some]
            try:
                insert_faces(connection, values, [of_set.seal(face.face_id, face.template) for face in some])
            except IntegrityError as error:
                raise IdTakenError from error
        connection.execute(update(_sets).where(_sets.c.id == set_id).values(version=min(1, count), face_number=count))


@retry_on_conflict
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
