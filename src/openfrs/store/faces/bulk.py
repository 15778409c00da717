"""Whole face sets: read in batches from one snapshot, written or replaced in one transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from openfrs.core.clock import utc_now
from openfrs.core.geometry import BoundingBox
from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import retry_on_conflict

from .deletions import Cause, HeldError, record_deletion
from .models import FaceSet, IdTakenError, SetMissingError, StoredFace
from .rows import face_row, forget_absent_people, insert_faces, insert_set, lock_face_set
from .templates import SetTemplates, Templates

_sets, _faces, _tombstones, _crops = tables.face_sets, tables.faces, tables.tombstones, tables.crops

BATCH_SIZE = 2_000
"""Faces in memory at once."""


class SetChangedError(Exception):
    """The face set was changed or deleted since it was read."""


def read_stored_faces(connection: Connection, set_id: int, templates: SetTemplates) -> Iterator[Sequence[StoredFace]]:
    """Yield all faces of a set in the order of enrolment, in batches.

    Raises:
        StoreUnavailableError: a template is damaged or cannot be decrypted.
    """
    query = select(_faces, tables.templates.c.template, _crops.c.crop).join_from(_faces, tables.templates)
    query = (
        query.outerjoin(_crops, _crops.c.seq == _faces.c.seq).where(_faces.c.set_id == set_id).order_by(_faces.c.seq)
    )
    with connection.execute(query, execution_options={"yield_per": BATCH_SIZE}) as result:
        for rows in result.partitions():
            plain = templates.open([row.face_id for row in rows], [row.template for row in rows])
            yield [
                StoredFace(
                    row.face_id,
                    row.external_image_id,
                    BoundingBox(row.left, row.top, row.width, row.height),
                    row.fields,
                    row.created_at,
                    template,
                    None if row.crop is None else templates.open_crop(row.face_id, row.crop),
                )
                for row, template in zip(rows, plain, strict=True)
            ]


def public_id_exists(connection: Connection, public_id: str) -> bool:
    """Check whether a face set of any project has a public id."""
    return connection.scalar(select(_sets.c.id).where(_sets.c.public_id == public_id)) is not None


def write_face_set(
    database: Database, templates: Templates, face_set: FaceSet, faces: Iterable[Sequence[StoredFace]], *, limit: int
) -> None:
    """Create a face set with its faces; on an error nothing is written. ``id``, ``version`` and ``face_number`` are ignored.

    ``limit`` is the project's limit of face sets.

    Raises:
        SetExistsError, TooManySetsError
        IdTakenError: a set has this public id, or two faces have the same id.
        StoreUnavailableError
    """
    with database.write() as connection:
        set_id = insert_set(connection, templates, face_set, limit=limit)
        set_templates, count = templates.of_set(connection, set_id), 0
        for batch in faces:
            count += len(batch)
            values = [face_row(face, set_id, 1, face.created_at) for face in batch]
            try:
                sealed = [set_templates.seal(face.face_id, face.template) for face in batch]
                insert_faces(connection, values, sealed, set_templates.seal_crops(batch))
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
    alignment: int,
    vectors: Mapping[str, npt.NDArray[np.floating]],
) -> None:
    """Replace the templates of a face set by ``vectors`` of another embedder or alignment, and delete faces without one.

    ``vectors`` are by face id. On an error nothing is changed. The faces get new sequence numbers, in their old order, and
    tombstones of the old ones, so that indexes drop the old templates like deleted faces. They keep their crops.

    Raises:
        SetChangedError: the set was deleted or is not at ``version``.
        HeldError
        StoreUnavailableError
    """
    with database.write() as connection:
        try:
            face_set = lock_face_set(connection, set_id)
        except SetMissingError:
            raise SetChangedError from None
        if face_set.version != version:
            raise SetChangedError
        if face_set.legal_hold is not None:
            raise HeldError
        rows = connection.execute(select(_faces).where(_faces.c.set_id == set_id).order_by(_faces.c.seq)).all()
        set_templates = templates.of_set(connection, set_id)
        kept = [row for row in rows if row.face_id in vectors]
        tombstones = [{"set_id": set_id, "version": version + 1, "seq": row.seq} for row in rows]
        if dropped := [row.face_id for row in rows if row.face_id not in vectors]:
            record_deletion(connection, face_set, dropped, Cause.REINDEX, utc_now())
        if tombstones:
            connection.execute(insert(_tombstones), tombstones)
        for start in range(0, len(kept), BATCH_SIZE):
            _renew(connection, kept[start : start + BATCH_SIZE], version + 1, set_templates, vectors)
        old = select(_tombstones.c.seq).where(_tombstones.c.set_id == set_id, _tombstones.c.version == version + 1)
        connection.execute(delete(_faces).where(_faces.c.seq.in_(old)))
        forget_absent_people(connection, set_id)
        connection.execute(
            update(_sets)
            .where(_sets.c.id == set_id)
            .values(version=version + 1, face_number=len(kept), embedder=embedder, alignment=alignment)
        )


def _renew(
    connection: Connection,
    rows: Sequence["Row[tuple[object, ...]]"],
    version: int,
    templates: SetTemplates,
    vectors: Mapping[str, npt.NDArray[np.floating]],
) -> None:
    """Replace faces by the same ones with new sequence numbers and templates."""
    seqs = [row.seq for row in rows]
    query = select(_faces.c.face_id, _crops.c.crop).join_from(_faces, _crops).where(_faces.c.seq.in_(seqs))
    crops = {row.face_id: row.crop for row in connection.execute(query)}
    connection.execute(delete(_faces).where(_faces.c.seq.in_(seqs)))
    new = [
        {**{name: value for name, value in row._mapping.items() if name != "seq"}, "version": version} for row in rows
    ]
    insert_faces(connection, new, [templates.encode(row.face_id, vectors[row.face_id]) for row in rows], crops)
