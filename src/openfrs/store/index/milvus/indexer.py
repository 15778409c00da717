"""Bringing an index server's copies of face sets up to what the database holds."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Final

from openfrs.core.telemetry.metrics import MILVUS_BEHIND
from openfrs.store.db.base import Database
from openfrs.store.db.errors import MilvusUnavailableError
from openfrs.store.faces.models import SetMissingError
from openfrs.store.faces.repository import FaceRepository
from openfrs.store.faces.snapshot import (
    changes_since,
    count_written_since,
    load_face_set,
    seqs_changed_since,
    seqs_written_between,
    set_version,
)

from . import copies
from .client import Milvus
from .copies import CopyState, IndexCopies, IndexCopy
from .verifier import Trust

_log = logging.getLogger("openfrs.indexer")

_TURN: Final = "index"
_PAUSE_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class Comparison:
    """How many faces of a set the database has, and how many of them a copy lacks, or holds beyond them."""

    faces: int
    lacking: int
    beyond: int


class Indexer:
    """Takes what was written to face sets to the server, and then notes how far it has come.

    Of all processes over a database one does so at a time. One that is killed has at most written what the next writes again:
    first deleted, then inserted, by the same ids.
    """

    def __init__(self, database: Database, repository: FaceRepository, milvus: Milvus, trust: Trust) -> None:
        self._database = database
        self._repository = repository
        self._milvus = milvus
        self._trust = trust
        self._copies = IndexCopies(database)
        self._counted: set[tuple[int, int]] = set()

    def run(self) -> None:
        """Do some of what there is to do, if the server answers and nobody else is at it."""
        if not self._milvus.is_reachable():
            return
        try:
            self._give_up_lost()
        except MilvusUnavailableError:
            return
        behind, building, refuse = self._copies.behind(), self._copies.building(), self._copies.refuse()
        MILVUS_BEHIND.set(self._faces_behind(behind))
        if not (behind or building or refuse):
            return
        with self._database.turn(_TURN) as mine:
            if not mine:
                return
            try:
                for set_id in behind:
                    self._step(set_id, CopyState.SERVING)
                for set_id in building:
                    self._build(set_id)
                for copy in refuse:
                    self._milvus.erase(copy)
                    self._copies.forget(copy)
            except MilvusUnavailableError as error:
                _log.warning("indexing goes on when Milvus answers again: %s", error)

    def rebuild(self, set_id: int, tell: Callable[[int], None]) -> None:
        """Copy a set anew, from the database, and then have it searched in that copy; ``tell`` is told of faces written.

        Raises:
            SetMissingError
            MilvusUnavailableError: run again, it goes on where it was; or a server finishes it.
        """
        while True:
            with self._turn():
                if self._build(set_id, tell):
                    return

    def compare(self, set_id: int) -> Comparison:
        """Hold a set's copy against the database, brought up to it first.

        Raises:
            SetMissingError, MilvusUnavailableError
        """
        with self._turn():
            while self._step(set_id, CopyState.SERVING):
                pass
            with self._repository.snapshot() as snapshot:
                set_version(snapshot, set_id)  # raises where the set is gone
                copy = copies.of_set(snapshot, set_id, CopyState.SERVING)
                applied = copy.applied if copy else 0
                due = set(seqs_written_between(snapshot, set_id, 0, applied))
            held = set[int]()
            for seqs in () if copy is None else self._milvus.seqs(copy):
                held.update(seqs)
            with self._repository.snapshot() as snapshot:  # others write meanwhile
                since = seqs_changed_since(snapshot, set_id, applied)
            return Comparison(len(due), len(due - held - since), len(held - due - since))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for the turn at indexing, which others have only for moments."""
        while True:
            with self._database.turn(_TURN) as mine:
                if mine:
                    yield
                    return
            time.sleep(_PAUSE_SECONDS)

    def _build(self, set_id: int, tell: Callable[[int], None] = lambda _: None) -> bool:
        """Some of a new copy of a set; whether it has taken the old one's place."""
        if self._step(set_id, CopyState.BUILDING, tell):
            return False
        self._copies.put_in_place(set_id)
        return True

    def _step(self, set_id: int, state: CopyState, tell: Callable[[int], None] = lambda _: None) -> bool:
        """Take some thousands of faces to a copy of a set, with the turn at it; whether there is more to do."""
        with self._repository.snapshot() as snapshot:
            try:
                face_set = load_face_set(snapshot, set_id)
            except SetMissingError:
                return False
            copy = copies.of_set(snapshot, set_id, state)
            if copy is not None and state is CopyState.SERVING and not self._trust.is_whole(copy):
                return self._give_up_lost()
            templates = self._repository.templates.of_set(snapshot, set_id)
            reached = face_set.version
            with closing(changes_since(snapshot, set_id, copy.applied if copy else 0, templates)) as pieces:
                for changes in pieces:
                    if changes.seqs.size and (copy is None or copy.dimension != changes.templates.shape[1]):
                        self._copies.start(set_id, state, changes.templates.shape[1])
                        return True
                    if copy is not None:
                        self._milvus.write(copy, changes, face_set.fields)
                        tell(changes.seqs.size)
                        if changes.through > copy.applied:
                            reached = changes.through
                            break
        if copy is None:
            return False
        self._copies.advance(copy, reached, self._milvus.settled(copy))
        if reached < face_set.version:
            return True
        if state is CopyState.SERVING:
            return not self._is_exact(replace(copy, applied=reached), face_set.face_number)
        return False

    def _is_exact(self, copy: IndexCopy, faces: int) -> bool:
        """Whether a copy that is level with its set holds no more than so many faces; looked at once after each connection.

        If it holds fewer it is doubted, and looked at again until it has them or is lost.
        """
        counted = self._milvus.connection(), copy.key
        if counted not in self._counted:
            held = self._milvus.count(copy)
            if held > faces:
                self._give_up(copy)
                return False
            if held < faces:
                self._trust.doubt(copy, held)
            self._counted.add(counted)
        return True

    def _give_up_lost(self) -> bool:
        lost = self._trust.lost()
        for copy in lost:
            self._give_up(copy)
        return bool(lost)

    def _give_up(self, copy: IndexCopy) -> None:
        _log.error("Milvus does not hold the faces of set %d that it was given: they are copied anew", copy.set_id)
        self._copies.drop(copy)

    def _faces_behind(self, behind: Sequence[int]) -> int:
        with self._repository.snapshot() as snapshot:
            copies = ((set_id, copies.of_set(snapshot, set_id, CopyState.SERVING)) for set_id in behind)
            return sum(count_written_since(snapshot, set_id, copy.applied if copy else 0) for set_id, copy in copies)
