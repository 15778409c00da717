"""Export of a face set to an archive. A server may run."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from openfrs.accounts.audit.commands import record_command
from openfrs.accounts.audit.database_log import open_audit
from openfrs.core.errors import OperatorError
from openfrs.core.progress import Advance, Track
from openfrs.core.settings import Settings
from openfrs.operations.lookup import find_face_set, project_or_first
from openfrs.store.faces.bulk import read_stored_faces
from openfrs.store.faces.changes import TEMPLATE_TYPE
from openfrs.store.faces.models import SetMissingError, StoredFace
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.snapshot import load_face_set
from openfrs.store.faces.templates import Templates
from openfrs.store.opening import live_database, load_master_key

from .container import new_archive
from .keys import ArchiveKeys
from .table import Description, write_table


def export_set(
    settings: Settings,
    set_name: str,
    target: Path,
    *,
    project_id: str | None,
    passphrase: str | None,
    track: Track,
) -> int:
    """Write a snapshot of a face set to a new archive, encrypted if there is a passphrase, and return the number of faces.

    Raises:
        OperatorError: The face set does not exist, the target exists, or the database or the disk cannot be used.
    """
    keys = ArchiveKeys(settings.data)
    templates = Templates(load_master_key(settings))
    with live_database(settings) as database:
        project_id = project_or_first(settings, database, project_id)
        repository = FaceRepository(database, templates)
        face_set = find_face_set(repository, project_id, set_name)
        with repository.snapshot() as connection:
            templates.check(connection)
            try:
                face_set = load_face_set(connection, face_set.id)
            except SetMissingError:
                raise OperatorError(f"face set {set_name} was deleted during the export") from None
            faces = read_stored_faces(connection, face_set.id, templates.of_set(connection, face_set.id))
            first = next(faces, [])
            dimension = len(first[0].template) // TEMPLATE_TYPE.itemsize if first else 0
            with new_archive(target, keys.signing_key(), passphrase) as file:
                batches = _counted(first, faces, track("faces", face_set.face_number))
                write_table(file, Description.of(face_set, dimension), batches)
        audit = open_audit(settings, database)
        sealed = "yes" if passphrase is not None else "no"
        details: dict[str, str | int] = {"face_set": set_name, "faces": face_set.face_number, "sealed": sealed}
        record_command(audit, "export", "export", details=details, projects=[project_id])
        audit.close()
    return face_set.face_number


def _counted(
    first: Sequence[StoredFace], others: Iterator[Sequence[StoredFace]], advance: Advance
) -> Iterator[Sequence[StoredFace]]:
    yield first
    advance(len(first))
    for batch in others:
        yield batch
        advance(len(batch))
