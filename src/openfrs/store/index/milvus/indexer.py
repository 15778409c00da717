"""Indexing: applies changes of face sets in the database to their copies on an index server."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from openfrs.core.progress import Advance
from openfrs.core.telemetry.metrics import MILVUS_BEHIND
from openfrs.store.db.base import Database
from openfrs.store.faces.changes import Changes
from openfrs.store.faces.models import SetMissingError
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.snapshot import (
    changes_since,
    count_written_since,
    load_face_set,
    load_version,
    seqs_changed_since,
    seqs_written_between,
)
from openfrs.store.index.errors import MilvusUnavailableError
from openfrs.store.index.scoring import COSINES, Scoring, Vector, scoring_of

from .client import Milvus
from .copies import CopyState, IndexCopies, IndexCopy, find_copy
from .verifier import IndexVerifier

_log = logging.getLogger("openfrs.indexer")

_JOB: Final = "index"
_POLL_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Comparison:
    """The number of faces of a set in the database, missing from its copy, and in the copy only."""

    faces: int
    missing: int
    unexpected: int


class Indexer:
    """Writes changes of face sets to the server, then raises the watermarks of the copies.

    Only one process of all that share a database indexes at a time. If it is killed, the next one writes the same changes again,
    which has no further effect.
    """

    def __init__(
        self,
        database: Database,
        repository: FaceRepository,
        milvus: Milvus,
        verifier: IndexVerifier,
        scoring: Scoring = COSINES,
    ) -> None:
        self._scoring = scoring
        self._database = database
        self._repository = repository
        self._milvus = milvus
        self._verifier = verifier
        self._copies = IndexCopies(database)
        self._counted: set[tuple[int, int]] = set()

    def run(self) -> None:
        """Do some of the pending work, if the server responds and no other process is indexing."""
        if not self._milvus.is_reachable():
            return
        try:
            self._drop_failed_copies()
        except MilvusUnavailableError:
            return
        behind, building, orphaned = (
            self._copies.sets_behind(self._scoring),
            self._copies.sets_building(),
            self._copies.orphaned_copies(),
        )
        MILVUS_BEHIND.set(self._count_behind(behind))
        if not (behind or building or orphaned):
            return
        with self._database.exclusive(_JOB) as acquired:
            if not acquired:
                return
            try:
                for set_id in behind:
                    self._copy_batch(set_id, CopyState.SERVING)
                for set_id in building:
                    self._build_batch(set_id)
                for copy in orphaned:
                    self._milvus.erase(copy)
                    self._copies.delete(copy)
            except MilvusUnavailableError as error:
                _log.warning("indexing paused until Milvus is available: %s", error)

    def rebuild(self, set_id: int, advance: Advance) -> None:
        """Build a new copy of a set from the database, then make it the serving copy; ``advance`` counts the faces written.

        Raises:
            SetMissingError
            MilvusUnavailableError: call again to continue; a running server also completes the copy.
        """
        while True:
            with self._exclusive():
                if self._build_batch(set_id, advance):
                    return

    def compare(self, set_id: int) -> Comparison:
        """Bring the copy of a set up to date and compare it with the database.

        Raises:
            SetMissingError, MilvusUnavailableError
        """
        with self._exclusive():
            while self._copy_batch(set_id, CopyState.SERVING):
                pass
            with self._repository.snapshot() as snapshot:
                load_version(snapshot, set_id)  # raises if the set was deleted
                copy = find_copy(snapshot, set_id, CopyState.SERVING)
                applied = copy.applied if copy else 0
                expected = set(seqs_written_between(snapshot, set_id, 0, applied))
            actual = set[int]()
            for seqs in () if copy is None else self._milvus.iter_seqs(copy):
                actual.update(seqs)
            with self._repository.snapshot() as snapshot:  # faces that other processes changed in between do not count
                changed = seqs_changed_since(snapshot, set_id, applied)
            return Comparison(len(expected), len(expected - actual - changed), len(actual - expected - changed))

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Wait until no other process is indexing; others hold the lock only briefly."""
        while True:
            with self._database.exclusive(_JOB) as acquired:
                if acquired:
                    yield
                    return
            time.sleep(_POLL_SECONDS)

    def _build_batch(self, set_id: int, advance: Advance = lambda _: None) -> bool:
        """Write a batch to the copy under construction; return whether it was completed and promoted."""
        if self._copy_batch(set_id, CopyState.BUILDING, advance):
            return False
        self._copies.promote(set_id)
        return True

    def _copy_batch(self, set_id: int, state: CopyState, advance: Advance = lambda _: None) -> bool:
        """Write some thousands of faces to a copy of a set; return whether more remain. The caller holds the lock."""
        with self._repository.snapshot() as snapshot:
            try:
                face_set = load_face_set(snapshot, set_id)
            except SetMissingError:
                return False
            copy = find_copy(snapshot, set_id, state)
            scoring = scoring_of(self._scoring, face_set.embedder)
            if copy is not None and copy.scoring != scoring.identity:
                self._copies.create(set_id, state, copy.dimension, scoring.identity)
                return True
            if copy is not None and state is CopyState.SERVING and not self._verifier.is_complete(copy):
                return self._drop_failed_copies()
            templates = self._repository.templates.of_set(snapshot, set_id)
            applied = face_set.version
            with closing(changes_since(snapshot, set_id, copy.applied if copy else 0, templates)) as batches:
                for changes in batches:
                    if changes.seqs.size and (copy is None or copy.dimension != changes.templates.shape[1]):
                        self._copies.create(set_id, state, changes.templates.shape[1], scoring.identity)
                        return True
                    if copy is not None:
                        self._milvus.write(copy, changes, _vectors(changes, scoring), face_set.fields)
                        advance(changes.seqs.size)
                        if changes.through > copy.applied:
                            applied = changes.through
                            break
        if copy is None:
            return False
        self._copies.advance(copy, applied, self._milvus.wait_until_visible(copy))
        if applied < face_set.version:
            return True
        if state is CopyState.SERVING:
            return not self._verify_count(replace(copy, applied=applied), face_set.face_number)
        return False

    def _verify_count(self, copy: IndexCopy, expected: int) -> bool:
        """Count an up-to-date copy once per connection; drop it and return False if it holds more faces than ``expected``.

        A copy with fewer faces is reported to the verifier.
        """
        key = self._milvus.connection_number(), copy.key
        if key not in self._counted:
            actual = self._milvus.count(copy)
            if actual > expected:
                self._drop(copy)
                return False
            if actual < expected:
                self._verifier.report_mismatch(copy, actual)
            self._counted.add(key)
        return True

    def _drop_failed_copies(self) -> bool:
        failed = self._verifier.failed_copies()
        for copy in failed:
            self._drop(copy)
        return bool(failed)

    def _drop(self, copy: IndexCopy) -> None:
        _log.error("Milvus does not hold the expected faces of set %d; its copy is rebuilt", copy.set_id)
        self._copies.drop(copy)

    def _count_behind(self, set_ids: Sequence[int]) -> int:
        with self._repository.snapshot() as snapshot:
            copies = ((set_id, find_copy(snapshot, set_id, CopyState.SERVING)) for set_id in set_ids)
            return sum(count_written_since(snapshot, set_id, copy.applied if copy else 0) for set_id, copy in copies)


def _vectors(changes: Changes, scoring: Scoring) -> Vector:
    """Return templates followed by their biases, if there are any."""
    templates = changes.templates.astype(np.float32)
    return np.column_stack([templates, scoring.biases(templates)]) if scoring.identity else templates
