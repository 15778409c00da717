"""Milvus: the vectors of face sets on a server, or a cluster of them.

One collection a dimension of vectors; within it a copy of a set is told by its key, which is the partition key. Its index is
FLAT, so what the server finds is exact for what it holds. A face is never upserted: releases up to 2.3.6 put what they upsert
into another partition than that of the key.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit, urlunsplit

import numpy as np
import numpy.typing as npt

from openfrs.core.errors import OperatorError
from openfrs.core.telemetry.metrics import MILVUS_UP
from openfrs.store.db.errors import MilvusUnavailableError
from openfrs.store.faces.changes import Changes
from openfrs.store.faces.predicate import FieldDefinitions

from .copies import IndexCopy
from .expressions import FIELDS, stored_fields

try:
    from grpc import RpcError
    from pymilvus import DataType, MilvusClient, MilvusException
    from pymilvus.client.ts_utils import get_collection_ts
except ImportError:
    raise OperatorError("Milvus needs its client: pip install 'openfrs[milvus]'") from None

T = TypeVar("T")

MOST: Final = 16_384
"""The most faces that a search can be answered with."""

_SLICE: Final = 1000
"""Faces written in one request: 2 MB at 512 dimensions."""

_PAGE: Final = 8192
"""Faces listed in one request."""

_SECONDS: Final = 5.0
_WRITE_SECONDS: Final = 30.0
"""How long a question may take, and what changes much."""

_log = logging.getLogger("openfrs.milvus")
# it tells every failure in a dozen lines; here it is told in one
logging.getLogger("pymilvus").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """What the server found: sequence numbers, shape (n,), and cosines by its own reckoning, best first."""

    seqs: npt.NDArray[np.int64]
    cosines: npt.NDArray[np.float32]


class Milvus:
    """A client of the server. It connects when first used, and again after every failure."""

    def __init__(self, url: str) -> None:
        """Take a URL such as ``http://user:password@host:19530/database``; nothing is connected yet.

        Raises:
            OperatorError: it is none.
        """
        parsed = urlsplit(url)
        if parsed.scheme not in {"http", "https"} or not parsed.hostname:
            raise OperatorError("setting milvus: it is no URL such as http://host:19530")
        place = parsed.netloc.rpartition("@")[2]
        self._options = {
            "uri": urlunsplit((parsed.scheme, place, "", "", "")),
            "user": unquote(parsed.username or ""),
            "password": unquote(parsed.password or ""),
            "db_name": parsed.path.strip("/"),
        }
        self._connecting, self._closing = threading.Lock(), threading.Lock()
        self._client: MilvusClient | None = None
        self._failed = False
        self._prepared: set[str] = set()
        self._connections = 0

    @property
    def answers(self) -> bool:
        """Whether it did when it was last asked."""
        return self._client is not None

    def is_reachable(self) -> bool:
        """Whether the server answers, asked again if it had failed."""
        try:
            self._connected(again=True)
            self._ask(lambda client: client.get_server_version(timeout=_SECONDS))
        except MilvusUnavailableError:
            return False
        return True

    def connection(self) -> int:
        """The number of the present connection: what was known of the server by an earlier one may not be so any more.

        Raises:
            MilvusUnavailableError
        """
        self._connected()
        return self._connections

    def nearest(self, copy: IndexCopy, probe: npt.NDArray[np.float32], count: int, expression: str | None) -> Near:
        """The faces of a copy nearest to a probe that an expression lets through, as the copy is once it holds what it should.

        Raises:
            MilvusUnavailableError
        """
        (found,) = self._ask(
            lambda client: client.search(
                _collection(copy.dimension),
                data=[probe],
                anns_field="template",
                limit=count,
                filter=_of(copy) if expression is None else f"{_of(copy)} and {expression}",
                output_fields=["id"],
                consistency_level="Customized",
                guarantee_timestamp=copy.timestamp,
                timeout=_SECONDS,
                retry_times=1,
            )
        )
        seqs = np.fromiter((_seq(hit["id"]) for hit in found), np.int64, len(found))
        return Near(seqs, np.fromiter((hit["distance"] for hit in found), np.float32, len(found)))

    def write(self, copy: IndexCopy, changes: Changes, definitions: FieldDefinitions) -> None:
        """Take changes into a copy. They may have been taken in before, in part or whole.

        Raises:
            MilvusUnavailableError
        """
        self._ask(lambda client: self._prepare(client, copy.dimension))
        name = _collection(copy.dimension)
        ids = [_id(copy, seq) for seq in np.concatenate([changes.deleted, changes.seqs]).tolist()]
        self._delete(copy, ids)
        rows = [
            {"id": _id(copy, seq), "key": copy.key, "template": template, FIELDS: fields}
            for seq, template, fields in zip(
                changes.seqs.tolist(),
                changes.templates.astype(np.float32),
                (
                    stored_fields(definitions, *each)
                    for each in zip(changes.external_image_ids, changes.fields, strict=True)
                ),
                strict=True,
            )
        ]
        for some in _sliced(rows):
            self._ask(partial(_insert, name, some))

    def settled(self, copy: IndexCopy) -> int:
        """Wait until searches can see what was written, and return the server's time that they have to name for it.

        Raises:
            MilvusUnavailableError
        """

        def settle(client: MilvusClient) -> int:
            name, connection = _collection(copy.dimension), client._get_connection()
            written = get_collection_ts(name, connection.server_address, self._options["db_name"]) or 0
            client.query(
                name,
                filter=_of(copy),
                limit=1,
                output_fields=["id"],
                consistency_level="Customized",
                guarantee_timestamp=written,
                timeout=_WRITE_SECONDS,
                retry_times=1,
            )
            return int(written)

        return self._ask(settle)

    def count(self, copy: IndexCopy) -> int:
        """How many faces a copy holds, by now.

        Raises:
            MilvusUnavailableError
        """

        def counted(client: MilvusClient) -> int:
            name = _collection(copy.dimension)
            if not client.has_collection(name, timeout=_SECONDS):
                return 0
            self._prepare(client, copy.dimension)
            (row,) = self._query(client, copy, output_fields=["count(*)"])
            return int(row["count(*)"])

        return self._ask(counted)

    def seqs(self, copy: IndexCopy) -> Iterator[list[int]]:
        """The sequence numbers of the faces that a copy holds, some at a time.

        Raises:
            MilvusUnavailableError
        """
        pages = self._ask(
            lambda client: client.query_iterator(
                _collection(copy.dimension),
                batch_size=_PAGE,
                filter=_of(copy),
                output_fields=["id"],
                consistency_level="Strong",
                timeout=_WRITE_SECONDS,
            )
        )
        while rows := self._ask(lambda _: pages.next()):
            yield [_seq(row["id"]) for row in rows]

    def erase(self, copy: IndexCopy) -> None:
        """Delete every face of a copy.

        Raises:
            MilvusUnavailableError
        """
        while self.count(copy):
            rows = self._ask(lambda client: self._query(client, copy, output_fields=["id"], limit=MOST))
            self._delete(copy, [str(row["id"]) for row in rows])

    def close(self) -> None:
        """Let go of the connection."""
        with self._closing:
            self._drop()

    def _delete(self, copy: IndexCopy, ids: list[str]) -> None:
        for some in _sliced(ids):
            self._ask(partial(_delete, _collection(copy.dimension), some))

    def _query(
        self, client: MilvusClient, copy: IndexCopy, condition: str | None = None, **options: Any
    ) -> Sequence[Mapping[str, Any]]:
        rows: Sequence[Mapping[str, Any]] = client.query(
            _collection(copy.dimension),
            filter=_of(copy) if condition is None else f"{_of(copy)} and {condition}",
            consistency_level="Strong",
            timeout=_WRITE_SECONDS,
            retry_times=1,
            **options,
        )
        return rows

    def _prepare(self, client: MilvusClient, dimension: int) -> None:
        """See that there is a collection, and that it can be searched."""
        name = _collection(dimension)
        if name in self._prepared:
            return
        if client.has_collection(name, timeout=_WRITE_SECONDS):
            client.load_collection(name, timeout=_WRITE_SECONDS)
        else:
            schema = client.create_schema(auto_id=False, enable_dynamic_field=False, partition_key_field="key")
            schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=64)
            schema.add_field("key", DataType.INT64)
            schema.add_field("template", DataType.FLOAT_VECTOR, dim=dimension)
            schema.add_field(FIELDS, DataType.JSON)
            index = client.prepare_index_params()
            index.add_index("template", index_type="FLAT", metric_type="IP")
            client.create_collection(name, schema=schema, index_params=index, timeout=_WRITE_SECONDS)
        self._prepared.add(name)

    def _ask(self, what: Callable[[MilvusClient], T]) -> T:
        client = self._connected()
        try:
            return what(client)
        except (MilvusException, RpcError) as error:
            self._fail(client, error)
            raise MilvusUnavailableError(_told(error)) from error
        except ValueError as error:
            if self._client is client:
                raise
            raise MilvusUnavailableError(_told(error)) from error  # another thread has closed the connection

    def _connected(self, *, again: bool = False) -> MilvusClient:
        """The connection. After a failure only who asks for it ``again`` waits for another; the others go on without."""
        if (client := self._client) is not None:
            return client
        if self._failed and not again:
            raise MilvusUnavailableError("it has not answered again since it failed")
        with self._connecting:
            if self._client is None:
                try:
                    client = MilvusClient(**self._options, timeout=_SECONDS, dedicated=True)
                except (MilvusException, RpcError) as error:
                    self._fail(None, error)
                    raise MilvusUnavailableError(_told(error)) from error
                if self._failed:
                    _log.info("Milvus answers again")
                self._connections += 1
                self._client, self._failed = client, False
                MILVUS_UP.set(1)
                return client
            return self._client

    def _fail(self, client: MilvusClient | None, error: Exception) -> None:
        with self._closing:
            if self._client is client and not (client is None and self._failed):
                _log.warning("Milvus does not do what it should: %s", _told(error))
                self._failed = True
                self._drop()

    def _drop(self) -> None:
        client, self._client = self._client, None
        self._prepared.clear()
        MILVUS_UP.set(0)
        if client is not None:
            client.close()


def _insert(name: str, rows: list[dict[str, Any]], client: MilvusClient) -> None:
    client.insert(name, rows, timeout=_WRITE_SECONDS, retry_times=1)


def _delete(name: str, ids: list[str], client: MilvusClient) -> None:
    client.delete(name, ids=ids, timeout=_WRITE_SECONDS, retry_times=1)


def _collection(dimension: int) -> str:
    return f"openfrs_{dimension}"


def _of(copy: IndexCopy) -> str:
    return f"key == {copy.key}"


def _id(copy: IndexCopy, seq: int) -> str:
    return f"{copy.key}:{seq}"


def _seq(face: str) -> int:
    return int(face.rpartition(":")[2])


def _sliced(items: list[T]) -> Iterator[list[T]]:
    for first in range(0, len(items), _SLICE):
        yield items[first : first + _SLICE]


def _told(error: Exception) -> str:
    """What kind of failure it was; its whole text may hold the request."""
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code() if callable(code) else code}"
