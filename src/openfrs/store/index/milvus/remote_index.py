"""An index of face sets on a Milvus server, put together: its client, what brings it up to date, search in it."""

from dataclasses import dataclass

from openfrs.store.db.base import Database
from openfrs.store.faces.repository import FaceRepository

from .client import Milvus
from .indexer import Indexer
from .search import RemoteGalleries
from .verifier import Trust


@dataclass(frozen=True, slots=True)
class RemoteIndex:
    """The parts of it that share a connection, and what is known of the server by it."""

    milvus: Milvus
    indexer: Indexer
    _repository: FaceRepository
    _trust: Trust

    @classmethod
    def at(cls, url: str, database: Database, repository: FaceRepository) -> "RemoteIndex":
        """The index on the server with this URL, which need not answer yet.

        Raises:
            OperatorError: it is no URL, or there is no client.
        """
        milvus = Milvus(url)
        trust = Trust(repository, milvus)
        return cls(milvus, Indexer(database, repository, milvus, trust), repository, trust)

    def galleries(self, memory: int, at_once: int) -> RemoteGalleries:
        """Search in it; ``memory`` and ``at_once`` as for :class:`RemoteGalleries`."""
        return RemoteGalleries(self._repository, self.milvus, self._trust, memory, at_once)

    def close(self) -> None:
        """Let go of the connection."""
        self.milvus.close()
