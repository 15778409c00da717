"""Face sets that use every stored field, written directly to the store."""

import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from openfrs.accounts.bootstrap import first_project_id
from openfrs.core.geometry import BoundingBox
from openfrs.core.settings import Settings
from openfrs.operations.transfer.archive.exporting import export_set
from openfrs.operations.transfer.archive.importing import ImportedSet, import_archive
from openfrs.operations.transfer.archive.table import Description
from openfrs.store.db.sqlite import SqliteDatabase
from openfrs.store.faces.bulk import write_face_set
from openfrs.store.faces.models import FaceSet, StoredFace
from openfrs.store.faces.templates import Templates

MOMENT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
DIMENSION = 128


def template_of(seed: int) -> bytes:
    """Return a unit vector in the precision of the store."""
    vector = np.random.default_rng(seed).normal(size=DIMENSION)
    return (vector / np.linalg.norm(vector)).astype("<f2").tobytes()


def stored(number: int, **changes: Any) -> StoredFace:
    """Return a face whose id is its number."""
    values: dict[str, Any] = {
        "face_id": f"{number:08d}",
        "external_image_id": f"person-{number % 7}",
        "box": BoundingBox(number, 2, 30, 40),
        "fields": {},
        "created_at": MOMENT + timedelta(seconds=number),
        "template": template_of(number),
    }
    return StoredFace(**{**values, **changes})


def write_set(
    data: Path,
    name: str,
    faces: Sequence[StoredFace],
    fields: Mapping[str, Mapping[str, str]] | None = None,
    *,
    master_key: bytes | None = None,
    **changes: Any,
) -> None:
    """Write a set of the first account's project."""
    values: dict[str, Any] = {"public_id": f"{abs(hash(name)) % 10**8:08d}", "capacity": 1_000_000, "embedder": "sface"}
    face_set = FaceSet(
        id=0,
        project_id=first_project_id(data / "credentials.json"),
        name=name,
        face_number=0,
        version=0,
        fields=fields or {},
        created_at=MOMENT,
        **{**values, **changes},
    )
    database = SqliteDatabase(data / "openfrs.db")
    pieces = (faces[first : first + 1000] for first in range(0, len(faces), 1000))
    write_face_set(database, Templates(master_key), face_set, pieces, limit=10**6)
    database.close()


def settings(data: Path, **changes: Any) -> Settings:
    """Return settings that accept every archive of this module."""
    return Settings(data=data, **{"max_face_sets": 10**6, "max_face_set_capacity": 10**6, **changes})


def exported(data: Path, name: str, file: Path, passphrase: str | None = None, **changes: Any) -> int:
    """Export a set."""
    return export_set(
        settings(data, **changes), name, file, project_id=None, passphrase=passphrase, track=lambda *_: lambda _: None
    )


def imported(
    data: Path,
    file: Path,
    name: str | None = None,
    passphrase: str | None = None,
    trusted: str | None = None,
    **changes: Any,
) -> Description:
    """Import an archive."""
    target = ImportedSet(None, name, trusted)
    return import_archive(settings(data, **changes), file, target, lambda: passphrase, lambda *_: lambda _: None)


def rows(data: Path, name: str) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Return the stored values of a set and its faces, without internal numbers and encryption keys."""
    faces = 'face_id, external_image_id, "left", "top", width, height, f.fields, f.created_at, crop, template'
    joined = "faces f join templates using (seq) left join crops using (seq) join face_sets s on s.id = f.set_id"
    columns = "public_id, capacity, face_number, embedder, fields, created_at, policy, retention, legal_hold, crops"
    with contextlib.closing(sqlite3.connect(data / "openfrs.db")) as connection:
        return (
            connection.execute(f"select {columns} from face_sets where name = ?", [name]).fetchall(),
            connection.execute(f"select {faces} from {joined} where s.name = ? order by seq", [name]).fetchall(),
        )


def dump(data: Path) -> list[str]:
    """Return the whole database as SQL."""
    with contextlib.closing(sqlite3.connect(data / "openfrs.db")) as connection:
        return list(connection.iterdump())
