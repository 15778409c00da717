"""Work on a data directory, which for most of it no server may use meanwhile."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from openfrs.accounts.audit.database_log import open_audit
from openfrs.accounts.bootstrap import first_project_id
from openfrs.core.clock import Clock, utc_now
from openfrs.core.errors import OperatorError
from openfrs.core.settings import Settings
from openfrs.faces.reembed import MAX_CONCURRENT_IMAGES, Reembedding, reembed_templates
from openfrs.faces.retention import RetentionJob, RetentionResult
from openfrs.recognition.recognizer import Recognizer
from openfrs.recognition.similarity import calibration_of
from openfrs.store.data_directory import DataDirectory
from openfrs.store.db.base import Database
from openfrs.store.db.errors import MilvusUnavailableError
from openfrs.store.faces import key_rotation
from openfrs.store.faces.bulk import SetChangedError, replace_templates
from openfrs.store.faces.deletions import Deletion, DeletionRepository, HeldError
from openfrs.store.faces.key_rotation import Advance
from openfrs.store.faces.models import FaceSet, SetMissingError
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.templates import Templates, read_master_key
from openfrs.store.index.milvus.copies import IndexCopies
from openfrs.store.opening import (
    master_key,
    open_milvus_index,
    opened_database,
    require_data,
    shared_database,
)
from openfrs.vision.loading import load_models
from openfrs.vision.pipeline import Pipeline

if TYPE_CHECKING:
    from openfrs.store.index.milvus.indexer import Comparison, Indexer


def encrypt_templates(settings: Settings, advance: Advance) -> None:
    """Encrypt the templates of every project that has plain ones."""
    key = _required_master_key(settings)
    with _database(settings) as database:
        key_rotation.encrypt(database, key, advance)
        database.compact()  # what was plain has grown, and rows have moved
        _check(database, key)


def rotate_project_keys(settings: Settings, advance: Advance) -> None:
    """Encrypt the templates of every project with a new key."""
    key = _required_master_key(settings)
    with _database(settings) as database:
        _check(database, key)
        key_rotation.rotate_project_keys(database, key, advance)


def rotate_master_key(settings: Settings, new_key_file: Path) -> int:
    """Encrypt the projects' keys by another master key; returns how many there are."""
    old, new = _required_master_key(settings), read_master_key(new_key_file)
    with _database(settings) as database:
        _check(database, old)
        return key_rotation.rotate_master_key(database, old, new)


def erase_project(settings: Settings, project_id: str) -> int:
    """Destroy the key of a project's templates and delete its face sets; returns how many sets there were."""
    with _database(settings) as database:
        try:
            deleted = key_rotation.erase_project(database, project_id)
        except HeldError:
            raise OperatorError("a face set of the project is under legal hold; nothing was changed") from None
        database.compact()
        return deleted


def scrub(settings: Settings) -> None:
    """Write the database anew, so that nothing is left in it of what was deleted."""
    with _database(settings) as database:
        database.compact()


def reindex(
    settings: Settings,
    set_name: str,
    folder: Path,
    *,
    project_id: str | None,
    drop_missing: bool,
    track: Callable[[int], Advance],
    load_pipeline: Callable[[Settings], Pipeline] = load_models,
) -> Reembedding:
    """Make a set's templates again with the models that are set, from a folder of pictures, unless faces would be lost.

    ``track`` is told how many faces there are, and gives what is told of each one done. Whether anything was changed shows in
    what is returned: nothing was if faces are missing and ``drop_missing`` is not given.
    """
    templates = Templates(master_key(settings))
    pictures = _pictures(folder)
    with _database(settings) as database:
        with database.read() as connection:
            templates.check(connection)
        repository = FaceRepository(database, templates)
        project_id = project_id or first_project_id(DataDirectory(settings.data).credentials)
        face_set = repository.set_named(project_id, set_name)
        if face_set is None:
            raise OperatorError(f"project {project_id} has no face set {set_name}")
        pipeline = load_pipeline(settings)
        scale = calibration_of(pipeline.embedder_source)
        recognizer = Recognizer(
            pipeline, scale, threads=settings.threads, queue=MAX_CONCURRENT_IMAGES, large_queue=MAX_CONCURRENT_IMAGES
        )
        try:
            faces = repository.page(face_set.id, 0, face_set.capacity)
            reembedding = asyncio.run(reembed_templates(recognizer, faces, pictures, track(len(faces))))
        finally:
            recognizer.close()
        if drop_missing or not reembedding.missing:
            version, embedder, vectors = face_set.version, pipeline.embedder, reembedding.templates
            try:
                replace_templates(database, templates, face_set.id, version=version, embedder=embedder, vectors=vectors)
            except SetChangedError:
                raise OperatorError(f"face set {set_name} was changed meanwhile; run it again") from None
            except HeldError:
                raise OperatorError(f"face set {set_name} is under legal hold: its templates must stay") from None
        return reembedding


def run_retention(settings: Settings, *, dry: bool, clock: Clock = utc_now) -> Iterator[RetentionResult]:
    """Delete what has expired, or only say what would be; a server may run.

    Raises:
        OperatorError: the database cannot be used, or a reader keeps what was deleted in its log.
    """
    with shared_database(settings) as database:
        job = RetentionJob(FaceRepository(database, Templates(master_key(settings)), clock=clock), clock)
        if dry:
            yield from job.run(dry_run=True)
            return
        audit = open_audit(settings, database)
        try:
            yield from job.run_audited(audit)
        finally:
            audit.close()
        if not database.settle():
            raise OperatorError("what was deleted is still in the database's log, because somebody reads: run it again")


def deletion_report(
    settings: Settings, project_id: str | None, *, known: str | None = None
) -> Iterator[tuple[Deletion, int]]:
    """A project's records of deletions, the oldest first, and how many of the ids of each are taken again; a server may run.

    Raises:
        OperatorError: a record was altered, none has the digest that is known, or the database cannot be used.
    """
    project_id = project_id or first_project_id(DataDirectory(settings.data).credentials)
    with shared_database(settings) as database:
        deletions = DeletionRepository(database)
        seen = known is None
        for deletion in deletions.checked(project_id):
            seen = seen or deletion.digest == known
            yield deletion, deletions.present(deletion)
    if not seen:
        raise OperatorError(f"no record has the digest {known}: records were taken away, or made anew")


def rebuild_index(
    settings: Settings, name: str | None, project_id: str | None, track: Callable[[str, int], Advance]
) -> int:
    """Copy face sets to the index on a server anew; returns how many. Servers may run.

    ``track`` is told of each set and how many faces it has, and gives what is told of those done.

    Raises:
        OperatorError: there is no such index or set, or its server does not answer.
    """
    with _indexer(settings) as (indexer, database):
        chosen = _indexed_sets(settings, database, name, project_id)
        for each in chosen:
            indexer.rebuild(each.id, track(each.name, each.face_number))
        return len(chosen)


def verify_index(
    settings: Settings, name: str | None, project_id: str | None
) -> "Iterator[tuple[FaceSet, Comparison]]":
    """What the index on a server holds of each face set, against the database. Servers may run.

    Raises:
        OperatorError: there is no such index or set, or its server does not answer.
    """
    with _indexer(settings) as (indexer, database):
        for each in _indexed_sets(settings, database, name, project_id):
            yield each, indexer.compare(each.id)


@contextmanager
def _indexer(settings: Settings) -> "Iterator[tuple[Indexer, Database]]":
    with shared_database(settings) as database:
        repository = FaceRepository(database, Templates(master_key(settings)))
        index = open_milvus_index(settings, database, repository)
        if index is None:
            raise OperatorError(
                "face sets are searched by indexes in memory, which need no care: OPENFRS_INDEX says so"
            )
        try:
            if not index.milvus.is_reachable():
                raise OperatorError("Milvus does not answer")
            yield index.indexer, database
        except MilvusUnavailableError as error:
            raise OperatorError(f"Milvus does not do what it should: {error}; run it again") from error
        except SetMissingError:
            raise OperatorError("a face set was deleted meanwhile; run it again") from None
        finally:
            index.close()


def _indexed_sets(settings: Settings, database: Database, name: str | None, project_id: str | None) -> list[FaceSet]:
    copies = IndexCopies(database)
    if name is None:
        return copies.face_sets(project_id)
    project_id = project_id or first_project_id(DataDirectory(settings.data).credentials)
    found = [each for each in copies.face_sets(project_id) if each.name == name]
    if not found:
        raise OperatorError(f"project {project_id} has no face set {name}")
    return found


def _pictures(folder: Path) -> dict[str, Path]:
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        raise OperatorError(f"cannot read {folder}: {error.strerror}") from error
    pictures: dict[str, Path] = {}
    for path in files:
        if path.stem in pictures:
            raise OperatorError(f"{pictures[path.stem]} and {path.name} are named for the same external_image_id")
        pictures[path.stem] = path
    return pictures


def _check(database: Database, key: bytes) -> None:
    with database.read() as connection:
        Templates(key).check(connection)


def _required_master_key(settings: Settings) -> bytes:
    key = master_key(settings)
    if key is None:
        raise OperatorError("this needs the master key: set OPENFRS_MASTER_KEY_FILE or OPENFRS_MASTER_KEY")
    return key


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    """The database, held alone, where there is something in it."""
    require_data(settings)
    with DataDirectory(settings.data).lock(), opened_database(settings, alone=True) as database:
        yield database
