"""Listing, creation and deletion of face sets. Servers may run."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from openfrs.accounts.audit.database_log import open_audit
from openfrs.core.settings import Settings
from openfrs.faces.face_sets import FaceSets
from openfrs.operations.lookup import project_or_first
from openfrs.store.faces.models import FaceSet
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.templates import Templates
from openfrs.store.index.search import Galleries
from openfrs.store.opening import live_database, load_master_key
from openfrs.vision.loading import configured_embedder
from openfrs.vision.weights.custom_embedder import embedder_identity


def list_face_sets(settings: Settings, project: str | None) -> list[FaceSet]:
    """Return the face sets of a project in order of creation.

    Raises:
        OperatorError: There is no such project, or the database cannot be used.
    """
    with _face_sets(settings, project, "") as (face_sets, project_id):
        return face_sets.list_all(project_id)


def create_face_set(
    settings: Settings, project: str | None, name: str, *, capacity: int | None, fields: Mapping[str, Any]
) -> FaceSet:
    """Create an empty face set.

    Raises:
        OperatorError: There is no such project, or the database cannot be used.
        ServiceError: As :meth:`FaceSets.create`.
    """
    with _face_sets(settings, project, f"create face set {name}") as (face_sets, project_id):
        limit, max_capacity = settings.max_face_sets, settings.max_face_set_capacity
        return face_sets.create(project_id, name, capacity, fields, limit=limit, max_capacity=max_capacity)


def delete_face_set(settings: Settings, project: str | None, name: str) -> int:
    """Delete a face set and its faces, and return how many it had.

    Raises:
        OperatorError: There is no such project, or the database cannot be used.
        ServiceError: As :meth:`FaceSets.delete`.
    """
    with _face_sets(settings, project, f"delete face set {name}") as (face_sets, project_id):
        count = face_sets.require(project_id, name).face_number
        face_sets.delete(project_id, name)
        return count


@contextmanager
def _face_sets(settings: Settings, project: str | None, event: str) -> Iterator[tuple[FaceSets, str]]:
    """Open the face sets, and write ``event``, if there is one, to the audit log if the block succeeds."""
    with live_database(settings) as database:
        project_id = project_or_first(settings, database, project)
        repository = FaceRepository(database, Templates(load_master_key(settings)))
        galleries = Galleries.in_memory(repository, settings.index_memory, settings.threads)
        embedder, _ = embedder_identity(configured_embedder(settings))
        yield FaceSets(repository, galleries, embedder=embedder), project_id
        if event:
            with closing(open_audit(settings, database)) as audit:
                audit.record("command", project=project_id, command=event)
