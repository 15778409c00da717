"""How full the face sets are, and how fast the number of faces grows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select

from openfrs.store.db import tables

NEARLY_FULL: Final = 0.9
"""Share of its capacity from which a face set counts as nearly full."""

_sets, _faces = tables.face_sets, tables.faces


@dataclass(frozen=True, slots=True)
class Occupancy:
    """The faces and the capacity of a face set."""

    project_id: str
    name: str
    faces: int
    capacity: int

    @property
    def share(self) -> float:
        """Faces as a share of the capacity, 0..1."""
        return self.faces / self.capacity


def read_occupancies(connection: Connection) -> list[Occupancy]:
    """Return the occupancy of every face set, the fullest first."""
    query = select(_sets.c.project_id, _sets.c.name, _sets.c.face_number, _sets.c.capacity)
    rows = [Occupancy(*row) for row in connection.execute(query)]
    return sorted(rows, key=lambda row: row.share, reverse=True)


def count_enrolled(connection: Connection, since: datetime) -> tuple[int, int, datetime | None]:
    """Return the number of faces that were enrolled since a time, the number of all, and the time of the oldest."""
    recent = connection.scalar(select(func.count()).where(_faces.c.created_at >= since)) or 0
    total, oldest = connection.execute(select(func.count(), func.min(_faces.c.created_at))).one()
    return recent, total, oldest
