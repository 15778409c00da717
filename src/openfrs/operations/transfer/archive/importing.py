"""Making a face set of an archive: all of it or nothing."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from openfrs.accounts.audit.database_log import open_audit
from openfrs.core.errors import OperatorError, ServiceError
from openfrs.core.progress import Advance, Track
from openfrs.core.settings import Settings
from openfrs.faces.face_sets import validate_name
from openfrs.faces.fields import check_definitions, new_public_id
from openfrs.faces.policies import Policy
from openfrs.operations.lookup import project_or_first
from openfrs.store.accounts import AccountRepository
from openfrs.store.data_directory import DataDirectory
from openfrs.store.faces.bulk import public_id_exists, write_face_set
from openfrs.store.faces.models import FaceSet, IdTakenError, SetExistsError, StoredFace, TooManySetsError
from openfrs.store.faces.templates import Templates
from openfrs.store.opening import load_master_key, opened_database
from openfrs.vision.loading import configured_embedder
from openfrs.vision.weights.custom_embedder import embedder_identity

from .container import Archive, Head
from .keys import ArchiveKeys
from .table import Description, FaceTable


@dataclass(frozen=True, slots=True)
class ImportedSet:
    """What is made of an archive: a face set of a project, under its own name or another."""

    project_id: str | None = None
    name: str | None = None
    trusted: str | None = None
    """A public key that is believed this once."""


Ask = Callable[[], str | None]
"""Gives the passphrase, if it is needed."""


@contextmanager
def opened_archive(
    settings: Settings, path: Path, trusted: str | None, ask: Ask, track: Track
) -> Iterator[tuple[Head, FaceTable]]:
    """An archive that was read whole, is as it was signed, and by a key that is believed.

    Raises:
        OperatorError: it is not.
    """
    keys = ArchiveKeys(settings.data)
    try:
        with path.open("rb") as file:
            archive = Archive(path, file, track("bytes checked", path.stat().st_size))
            signer = archive.head.signed_by
            if signer != trusted and keys.owner(signer) is None:
                raise OperatorError(
                    f"{path} was signed by {signer}, which is not trusted: if openfrs archive key shows the same where it was "
                    "made, import it with --trust KEY, or trust that server with openfrs archive trust KEY"
                )
            yield archive.head, FaceTable(archive.faces(None if archive.head.sealing is None else ask()))
    except OSError as error:
        raise OperatorError(f"cannot read {path}: {error.strerror or error}") from error


def import_archive(settings: Settings, path: Path, what: ImportedSet, ask: Ask, track: Track) -> Description:
    """Make a face set of an archive, in a data directory that no server uses; returns what the archive says of it.

    Broken off, by whatever, nothing of the set is there; run again it begins anew.

    Raises:
        OperatorError: the archive or the data directory cannot be used, the templates are of another embedder, or there is a set
            of the name.
    """
    with (
        opened_archive(settings, path, what.trusted, ask, track) as (_, table),
        DataDirectory(settings.data).lock(),
        opened_database(settings) as database,
    ):
        project_id = project_or_first(settings, what.project_id)
        if AccountRepository(database).find_project(project_id) is None:
            raise OperatorError(f"there is no project {project_id}")
        description = table.description
        face_set = _adopted(settings, description, project_id, what.name)
        templates = Templates(load_master_key(settings))
        with database.read() as connection:
            templates.check(connection)
            if public_id_exists(connection, face_set.public_id):
                face_set = replace(face_set, public_id=new_public_id())  # its own copy, most likely
        told = _told(table.faces(face_set.fields), track("faces", description.faces))
        try:
            write_face_set(database, templates, face_set, told, limit=settings.max_face_sets)
        except SetExistsError:
            raise OperatorError(
                f"there is a face set {face_set.name} already: import it under another name with --as NAME"
            ) from None
        except TooManySetsError:
            raise OperatorError(
                f"the project has {settings.max_face_sets} face sets, which is the limit: see the setting max_face_sets"
            ) from None
        except IdTakenError:
            raise OperatorError("the archive holds two faces of the same id") from None
        audit = open_audit(settings, database)
        audit.record("import-archive", project=project_id, face_set=face_set.name, faces=description.faces)
        audit.close()
        return description


def _adopted(settings: Settings, description: Description, project_id: str, name: str | None) -> FaceSet:
    """The face set that an archive's becomes here."""
    embedder, dimension = embedder_identity(configured_embedder(settings))
    if description.embedder != embedder:
        raise OperatorError(
            f"the templates of the archive were made with embedder {description.embedder}, this server runs {embedder}: "
            "they cannot be compared; set OPENFRS_EMBEDDER, or import the pictures themselves"
        )
    if description.faces and description.dimension != dimension:
        raise OperatorError(f"the templates of the archive have {description.dimension} numbers, not {dimension}")
    if description.capacity > settings.max_face_set_capacity or description.faces > description.capacity:
        raise OperatorError(
            f"the set may hold {description.capacity} faces, a set of this server {settings.max_face_set_capacity}: "
            "see the setting max_face_set_capacity"
        )
    try:
        validate_name(name or description.name)
        fields = check_definitions(description.fields)
        Policy.parse(description.policy or {})
    except ServiceError as error:
        raise OperatorError(f"the archive's face set cannot be made here: {error.message}") from None
    return FaceSet(
        id=0,
        project_id=project_id,
        name=name or description.name,
        public_id=description.public_id,
        capacity=description.capacity,
        face_number=0,
        version=0,
        embedder=embedder,
        fields=fields,
        created_at=description.created_at,
        policy=description.policy,
        retention=description.retention,
        legal_hold=description.legal_hold,
    )


def _told(faces: Iterator[Sequence[StoredFace]], advance: Advance) -> Iterator[Sequence[StoredFace]]:
    for some in faces:
        yield some
        advance(len(some))
