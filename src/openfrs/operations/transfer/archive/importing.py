"""Import of a face set from an archive, completely or not at all. No server may run."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from openfrs.accounts.audit.commands import record_command
from openfrs.accounts.audit.database_log import open_audit
from openfrs.core.errors import OperatorError, ServiceError
from openfrs.core.progress import Advance, Track
from openfrs.core.settings import Settings
from openfrs.faces.face_sets import validate_name
from openfrs.faces.fields import check_definitions, new_public_id
from openfrs.faces.policy import Policy
from openfrs.operations.lookup import project_or_first
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
    """The face set to create from an archive; ``name`` replaces the archived name."""

    project_id: str | None = None
    name: str | None = None
    trusted: str | None = None
    """A public key to trust for this import only."""


GetPassphrase = Callable[[], str | None]
"""Returns the passphrase; called only if the archive is encrypted."""


@contextmanager
def opened_archive(
    settings: Settings, path: Path, trusted: str | None, get_passphrase: GetPassphrase, track: Track
) -> Iterator[tuple[Head, FaceTable]]:
    """Open an archive whose signature is valid and whose signer is trusted.

    Raises:
        OperatorError: The archive is damaged, or its signer is not trusted.
    """
    keys = ArchiveKeys(settings.data)
    try:
        with path.open("rb") as file:
            archive = Archive(path, file, track("bytes checked", path.stat().st_size))
            signer = archive.head.signed_by
            if signer != trusted and keys.owner(signer) is None:
                raise OperatorError(
                    f"{path} was signed by {signer}, which is not trusted; if openfrs archive key prints the same on the server "
                    "that exported it, use --trust KEY, or trust that server with openfrs archive trust KEY"
                )
            yield archive.head, FaceTable(archive.faces(None if archive.head.sealing is None else get_passphrase()))
    except OSError as error:
        raise OperatorError(f"cannot read {path}: {error.strerror or error}") from error


def import_archive(
    settings: Settings, path: Path, target: ImportedSet, get_passphrase: GetPassphrase, track: Track
) -> Description:
    """Create a face set from an archive, and return its description. An interrupted import leaves nothing.

    Raises:
        OperatorError: The archive or the data directory cannot be used, the templates come from another embedder, or the project
            has a face set of that name.
    """
    with (
        opened_archive(settings, path, target.trusted, get_passphrase, track) as (_, table),
        DataDirectory(settings.data).lock(),
        opened_database(settings) as database,
    ):
        project_id = project_or_first(settings, database, target.project_id)
        description = table.description
        face_set = _new_face_set(settings, description, project_id, target.name)
        templates = Templates(load_master_key(settings))
        with database.read() as connection:
            templates.check(connection)
            if public_id_exists(connection, face_set.public_id):
                face_set = replace(face_set, public_id=new_public_id())  # the original is in the same database
        batches = _counted(table.faces(face_set.fields), track("faces", description.faces))
        try:
            write_face_set(database, templates, face_set, batches, limit=settings.max_face_sets)
        except SetExistsError:
            raise OperatorError(
                f"face set {face_set.name} already exists; import the archive under another name with --as NAME"
            ) from None
        except TooManySetsError:
            raise OperatorError(
                f"the project has {settings.max_face_sets} face sets, the maximum; raise OPENFRS_MAX_FACE_SETS"
            ) from None
        except IdTakenError:
            raise OperatorError("the archive has two faces with the same id") from None
        audit = open_audit(settings, database)
        details: dict[str, str | int] = {"face_set": face_set.name, "faces": description.faces}
        record_command(audit, "import-archive", "import-archive", details=details, projects=[project_id])
        audit.close()
        return description


def _new_face_set(settings: Settings, description: Description, project_id: str, name: str | None) -> FaceSet:
    """Check the description, and return the face set to create."""
    embedder, dimension = embedder_identity(configured_embedder(settings))
    if description.embedder != embedder:
        raise OperatorError(
            f"the archive's templates come from embedder {description.embedder}, but this server uses {embedder}; "
            "set OPENFRS_EMBEDDER, or import the images instead"
        )
    if description.faces and description.dimension != dimension:
        raise OperatorError(f"the archive's templates have {description.dimension} dimensions, expected {dimension}")
    if description.capacity > settings.max_face_set_capacity or description.faces > description.capacity:
        raise OperatorError(
            f"the face set has a capacity of {description.capacity}, but this server allows {settings.max_face_set_capacity}; "
            "raise OPENFRS_MAX_FACE_SET_CAPACITY"
        )
    try:
        validate_name(name or description.name)
        fields = check_definitions(description.fields)
        Policy.parse(description.policy or {})
    except ServiceError as error:
        raise OperatorError(f"the archive's face set cannot be created: {error.message}") from None
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
        alignment=description.alignment,
        crops=description.crops,
        search_threshold=description.search_threshold,
    )


def _counted(faces: Iterator[Sequence[StoredFace]], advance: Advance) -> Iterator[Sequence[StoredFace]]:
    for batch in faces:
        yield batch
        advance(len(batch))
