"""Maintenance of the face index on a Milvus server. OpenFRS servers may run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from openfrs.core.errors import OperatorError
from openfrs.core.progress import Track
from openfrs.core.settings import Settings
from openfrs.operations.lookup import project_or_first
from openfrs.recognition.scale import load_scale
from openfrs.store.db.base import Database
from openfrs.store.faces.models import FaceSet, SetMissingError
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.templates import Templates
from openfrs.store.index.errors import MilvusUnavailableError
from openfrs.store.index.milvus.copies import IndexCopies
from openfrs.store.opening import live_database, load_master_key, open_milvus_index
from openfrs.vision.loading import configured_embedder

if TYPE_CHECKING:  # the Milvus client is an optional dependency
    from openfrs.store.index.milvus.indexer import Comparison, Indexer


def rebuild_index(settings: Settings, name: str | None, project_id: str | None, track: Track) -> int:
    """Copy face sets to Milvus again and return the number of face sets; ``name`` selects one.

    Raises:
        OperatorError: The face set does not exist, no Milvus index is configured, or Milvus does not respond.
    """
    with _indexer(settings) as (indexer, database):
        face_sets = _indexed_sets(settings, database, name, project_id)
        for face_set in face_sets:
            indexer.rebuild(face_set.id, track(face_set.name, face_set.face_number))
        return len(face_sets)


def verify_index(
    settings: Settings, name: str | None, project_id: str | None
) -> "Iterator[tuple[FaceSet, Comparison]]":
    """Compare the content of Milvus with the database, face set by face set.

    Raises:
        OperatorError: The face set does not exist, no Milvus index is configured, or Milvus does not respond.
    """
    with _indexer(settings) as (indexer, database):
        for face_set in _indexed_sets(settings, database, name, project_id):
            yield face_set, indexer.compare(face_set.id)


@contextmanager
def _indexer(settings: Settings) -> "Iterator[tuple[Indexer, Database]]":
    with live_database(settings) as database:
        repository = FaceRepository(database, Templates(load_master_key(settings)))
        index = open_milvus_index(settings, database, repository, load_scale(configured_embedder(settings)))
        if index is None:
            raise OperatorError("face sets are indexed in memory; this command needs OPENFRS_INDEX=milvus")
        try:
            if not index.milvus.is_reachable():
                raise OperatorError("Milvus does not respond")
            yield index.indexer, database
        except MilvusUnavailableError as error:
            raise OperatorError(f"Milvus failed: {error}; run the command again") from error
        except SetMissingError:
            raise OperatorError("a face set was deleted during the run; run the command again") from None
        finally:
            index.close()


def _indexed_sets(settings: Settings, database: Database, name: str | None, project_id: str | None) -> list[FaceSet]:
    copies = IndexCopies(database)
    if name is None:
        return copies.nonempty_face_sets(project_id and project_or_first(settings, database, project_id))
    project_id = project_or_first(settings, database, project_id)
    named = [face_set for face_set in copies.nonempty_face_sets(project_id) if face_set.name == name]
    if not named:
        raise OperatorError(f"project {project_id} has no face set {name} with faces")
    return named
