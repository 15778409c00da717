"""With an index on Milvus, however far it is behind, a face set behaves like a plain list of faces."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from openfrs.store.db.base import Database
from openfrs.store.faces.predicate import And, Between, Equal, FieldValue, Not, Or, Predicate
from openfrs.store.index.scoring import COSINES, Scoring
from openfrs.store.index.search import Galleries
from tests.support.databases import DatabaseLocation
from tests.support.face_set_machine import (
    NORMALIZED,
    FaceSetMachine,
    fields,
    ids,
    processes,
    processes_over,
    run,
    templates,
)
from tests.support.galleries import MEMORY
from tests.support.milvus import milvus_server

pytest.importorskip("pymilvus", reason="pymilvus is not installed")
from openfrs.store.index.milvus.client import Milvus
from openfrs.store.index.milvus.copies import CopyState, IndexCopies, find_copy
from openfrs.store.index.milvus.indexer import Indexer
from openfrs.store.index.milvus.search import MilvusBackend
from openfrs.store.index.milvus.verifier import IndexVerifier

CONDITIONS: Sequence[Predicate | None] = (
    None,
    Equal("text", "a"),
    Not(Equal("text", "a")),
    Between("small", 0, 2, includes_high=False),
    Not(Between("big", -1, 2**53, includes_low=False)),
    Or((Equal("flag", True), Equal("external_image_id", "x"))),
    Not(And((Not(Equal("flag", False)), Not(Equal("ratio", 0.1))))),
)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Return the URL of the server named by OPENFRS_TEST_MILVUS, or start milvus-lite."""
    if named := os.environ.get("OPENFRS_TEST_MILVUS"):
        yield named
        return
    with milvus_server(tmp_path / "milvus") as server:
        yield server.url


class IndexedMachine(FaceSetMachine):
    """Each process has its own client and indexer; indexing is one of the random operations."""

    def __init__(self, databases: Sequence[Database], names: Iterator[str], scoring: Scoring, url: str) -> None:
        self.databases = databases
        self.clients = [Milvus(url) for _ in databases]
        self.steps = 0
        super().__init__(databases, names, scoring)

    def open_galleries(self, process: int, memory: int) -> Galleries:
        verifier = IndexVerifier(self.repositories[process], self.clients[process])
        if process == 0:
            self.indexers: list[Indexer] = []
        self.indexers.append(
            Indexer(self.databases[process], self.repositories[process], self.clients[process], verifier, self.scoring)
        )
        repository, client = self.repositories[process], self.clients[process]
        backend = MilvusBackend(repository, client, verifier, max(memory, MEMORY // 10), self.scoring)
        return Galleries(repository, backend)

    def teardown(self) -> None:
        super().teardown()
        self.indexers[0].run()
        assert IndexCopies(self.databases[0]).orphaned_copies() == []
        for client in self.clients:
            client.close()

    @initialize(batch=st.lists(st.tuples(ids, templates, fields), min_size=5, max_size=15))
    def begin(self, batch: list[tuple[str, int, dict[str, FieldValue]]]) -> None:
        """Start with a copy to search in."""
        self.add(batch, 3, 0)
        self.index(0)
        self.index(0)

    @rule(process=processes)
    def index(self, process: int) -> None:
        self.indexers[process].run()

    @rule(process=processes)
    def index_again(self, process: int) -> None:
        """Make indexing as frequent as writes."""
        self.index(process)

    @rule(process=processes)
    def rebuild(self, process: int) -> None:
        self.indexers[process].rebuild(self.set_id, lambda _: None)

    @rule(process=processes)
    def compare(self, process: int) -> None:
        comparison = self.indexers[process].compare(self.set_id)
        assert (comparison.faces, comparison.missing, comparison.unexpected) == (len(self.known), 0, 0)

    @invariant()
    def another_search(self) -> None:
        """Search after each step, at any progress of the index."""
        if self.created:
            self.steps += 1
            predicate = CONDITIONS[self.steps % len(CONDITIONS)]
            self.search(self.steps % 10, (1, 10, 1000)[self.steps % 3], predicate, -1.0, self.steps % 2)

    @rule(lottery=st.integers(0, 3))
    def lose(self, lottery: int) -> None:
        """Delete the copy on the server, as if it restarted empty, and close all connections."""
        with self.databases[0].read() as connection:
            copy = find_copy(connection, self.set_id, CopyState.SERVING)
        if copy is not None and lottery == 0:
            self.clients[0].erase(copy)
        for client in self.clients:
            client.close()


@pytest.mark.parametrize("scoring", [COSINES, NORMALIZED], ids=["cosines", "normalized"])
def test_a_face_set_indexed_on_milvus_behaves_like_a_list_of_faces(
    location: DatabaseLocation, url: str, scoring: Scoring
) -> None:
    with processes_over(location) as databases:
        run(IndexedMachine, databases, scoring, url, examples=10)
