"""Crops of the images of faces, for the face sets that keep them."""

from sqlalchemy import ColumnElement, delete, func, select, update

from openfrs.core.clock import Clock, utc_now
from openfrs.store.db import tables
from openfrs.store.db.base import Database
from openfrs.store.db.errors import retry_on_conflict

from .deletions import Cause, HeldError, record_deletion
from .rows import lock_face_set
from .templates import Templates

_sets, _faces, _crops = tables.face_sets, tables.faces, tables.crops


class CropRepository:
    """All queries about crops except those that enrol and delete faces."""

    def __init__(self, database: Database, templates: Templates, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._templates = templates
        self._clock = clock

    def find(self, set_id: int, face_id: str) -> bytes | None:
        """Return the crop of a face, decrypted, or None.

        Raises:
            StoreUnavailableError: the crop is damaged or cannot be decrypted.
        """
        query = select(_crops.c.crop).join_from(_faces, _crops)
        with self._database.read() as connection:
            stored = connection.scalar(query.where(_faces.c.set_id == set_id, _faces.c.face_id == face_id))
            if stored is None:
                return None
            return self._templates.of_set(connection, set_id).open_crop(face_id, stored)

    def count(self, set_id: int) -> int:
        """Count the crops of a set."""
        with self._database.read() as connection:
            return connection.scalar(select(func.count()).select_from(_crops).where(_of_set(set_id))) or 0

    @retry_on_conflict
    def enable(self, set_id: int) -> None:
        """Keep crops of the faces that are enrolled from now on.

        Raises:
            SetMissingError
        """
        with self._database.write() as connection:
            lock_face_set(connection, set_id)
            connection.execute(update(_sets).where(_sets.c.id == set_id).values(crops=True))

    @retry_on_conflict
    def destroy(self, set_id: int) -> int:
        """Keep no more crops and destroy those of the set, with a record; return their number.

        Raises:
            SetMissingError, HeldError
        """
        with self._database.write() as connection:
            row = lock_face_set(connection, set_id)
            with_crop = select(_faces.c.face_id).join_from(_faces, _crops).where(_faces.c.set_id == set_id)
            ids = connection.scalars(with_crop.order_by(_faces.c.seq)).all()
            if ids and row.legal_hold is not None:
                raise HeldError
            connection.execute(update(_sets).where(_sets.c.id == set_id).values(crops=False))
            if ids:
                record_deletion(connection, row, ids, Cause.CROPS, self._clock())
                connection.execute(delete(_crops).where(_of_set(set_id)))
            return len(ids)


def _of_set(set_id: int) -> ColumnElement[bool]:
    return _crops.c.seq.in_(select(_faces.c.seq).where(_faces.c.set_id == set_id))
