"""A client of Milvus, which holds the vectors of face sets on a server or a cluster.

There is one collection for each length of vectors: a template, followed by its bias if scores are normalised. A key, which is also
the partition key, identifies a copy of a set within it. The index is FLAT, so the server's results are exact for the faces that it
holds. Faces are never upserted: releases up to 2.3.6 write upserted rows into the wrong partition.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit, urlunsplit

import numpy as np

from openfrs.core.errors import OperatorError, missing_extra
from openfrs.core.telemetry.metrics import MILVUS_UP
from openfrs.store.faces.changes import Changes
from openfrs.store.faces.predicate import FieldDefinitions
from openfrs.store.index.columns import Rows
from openfrs.store.index.errors import MilvusUnavailableError
from openfrs.store.index.scoring import Vector

from .copies import IndexCopy
from .expressions import FIELDS, stored_fields

try:
    from grpc import RpcError
    from pymilvus import DataType, MilvusClient, MilvusException
    from pymilvus.client.ts_utils import get_collection_ts
except ImportError:
    raise missing_extra("Milvus requires its client, which is not installed", "milvus") from None

T = TypeVar("T")

MAX_RESULTS: Final = 16_384
"""The server's limit of results of one search."""

_WRITE_BATCH: Final = 1000
"""Faces written in one request: 2 MB at 512 dimensions."""

_READ_BATCH: Final = 8192
"""Faces listed in one request."""

_READ_SECONDS: Final = 5.0
_WRITE_SECONDS: Final = 30.0
"""Timeouts of requests."""

_log = logging.getLogger("openfrs.milvus")
# pymilvus logs each failure in a dozen lines; this module logs one
logging.getLogger("pymilvus").setLevel(logging.CRITICAL)


class Milvus:
    """A client of the server. It connects on first use, and again after each failure."""

    def __init__(self, url: str) -> None:
        """Parse a URL such as ``http://user:password@host:19530/database``, without connecting.

        Raises:
            OperatorError: it is not such a URL.
        """
        parsed = urlsplit(url)
        if parsed.scheme not in {"http", "https"} or not parsed.hostname:
            raise OperatorError("setting milvus: not a URL such as http://host:19530")
        address = parsed.netloc.rpartition("@")[2]
        self._options = {
            "uri": urlunsplit((parsed.scheme, address, "", "", "")),
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
    def is_connected(self) -> bool:
        """Check whether the last request succeeded, without a new one."""
        return self._client is not None

    def is_reachable(self) -> bool:
        """Check whether the server responds; after a failure, reconnect first."""
        try:
            self._connect(reconnect=True)
            self._call(lambda client: client.get_server_version(timeout=_READ_SECONDS))
        except MilvusUnavailableError:
            return False
        return True

    def connection_number(self) -> int:
        """Return the number of the current connection; facts about the server learned over an earlier one may be outdated.

        Raises:
            MilvusUnavailableError
        """
        self._connect()
        return self._connections

    def nearest(self, copy: IndexCopy, vector: Vector, count: int, expression: str | None) -> tuple[Rows, Vector]:
        """Search a copy, at its watermark or later, for faces that an expression selects.

        Returns the sequence numbers of those whose vectors have the largest inner products with ``vector``, and these products, as
        computed by the server, in descending order.

        Raises:
            MilvusUnavailableError
        """
        (hits,) = self._call(
            lambda client: client.search(
                _collection(copy.width),
                data=[vector],
                anns_field="template",
                limit=count,
                filter=_filter(copy) if expression is None else f"{_filter(copy)} and {expression}",
                output_fields=["id"],
                consistency_level="Customized",
                guarantee_timestamp=copy.timestamp,
                timeout=_READ_SECONDS,
                retry_times=1,
            )
        )
        seqs = np.fromiter((_seq(hit["id"]) for hit in hits), np.int64, len(hits))
        return seqs, np.fromiter((hit["distance"] for hit in hits), np.float32, len(hits))

    def write(self, copy: IndexCopy, changes: Changes, vectors: Vector, definitions: FieldDefinitions) -> None:
        """Apply changes to a copy; ``vectors`` are those of the changed faces, shape (n, width).

        Applying them again, in part or in full, has no further effect.

        Raises:
            MilvusUnavailableError
        """
        self._call(lambda client: self._prepare(client, copy.width))
        name = _collection(copy.width)
        ids = [_id(copy, seq) for seq in np.concatenate([changes.deleted, changes.seqs]).tolist()]
        self._delete(copy, ids)
        rows = [
            {"id": _id(copy, seq), "key": copy.key, "template": template, FIELDS: fields}
            for seq, template, fields in zip(
                changes.seqs.tolist(),
                vectors,
                (
                    stored_fields(definitions, external_image_id, fields)
                    for external_image_id, fields in zip(changes.external_image_ids, changes.fields, strict=True)
                ),
                strict=True,
            )
        ]
        for batch in _batches(rows):
            self._call(partial(_insert, name, batch))

    def wait_until_visible(self, copy: IndexCopy) -> int:
        """Wait until searches can see all writes; return the server's time, which searches must name to see them.

        Raises:
            MilvusUnavailableError
        """

        def wait(client: MilvusClient) -> int:
            name, connection = _collection(copy.width), client._get_connection()
            written = get_collection_ts(name, connection.server_address, self._options["db_name"]) or 0
            client.query(
                name,
                filter=_filter(copy),
                limit=1,
                output_fields=["id"],
                consistency_level="Customized",
                guarantee_timestamp=written,
                timeout=_WRITE_SECONDS,
                retry_times=1,
            )
            return int(written)

        return self._call(wait)

    def count(self, copy: IndexCopy) -> int:
        """Count the faces of a copy.

        Raises:
            MilvusUnavailableError
        """

        def count(client: MilvusClient) -> int:
            name = _collection(copy.width)
            if not client.has_collection(name, timeout=_READ_SECONDS):
                return 0
            self._prepare(client, copy.width)
            (row,) = _query(client, copy, output_fields=["count(*)"])
            return int(row["count(*)"])

        return self._call(count)

    def iter_seqs(self, copy: IndexCopy) -> Iterator[list[int]]:
        """Yield the sequence numbers of the faces of a copy in batches.

        Raises:
            MilvusUnavailableError
        """
        pages = self._call(
            lambda client: client.query_iterator(
                _collection(copy.width),
                batch_size=_READ_BATCH,
                filter=_filter(copy),
                output_fields=["id"],
                consistency_level="Strong",
                timeout=_WRITE_SECONDS,
            )
        )
        while rows := self._call(lambda _: pages.next()):
            yield [_seq(row["id"]) for row in rows]

    def erase(self, copy: IndexCopy) -> None:
        """Delete all faces of a copy.

        Raises:
            MilvusUnavailableError
        """
        while self.count(copy):
            rows = self._call(lambda client: _query(client, copy, output_fields=["id"], limit=MAX_RESULTS))
            self._delete(copy, [str(row["id"]) for row in rows])

    def close(self) -> None:
        """Close the connection."""
        with self._closing:
            self._disconnect()

    def _delete(self, copy: IndexCopy, ids: list[str]) -> None:
        for batch in _batches(ids):
            self._call(partial(_delete, _collection(copy.width), batch))

    def _prepare(self, client: MilvusClient, width: int) -> None:
        """Create or load the collection, so that it can be searched."""
        name = _collection(width)
        if name in self._prepared:
            return
        if client.has_collection(name, timeout=_WRITE_SECONDS):
            client.load_collection(name, timeout=_WRITE_SECONDS)
        else:
            schema = client.create_schema(auto_id=False, enable_dynamic_field=False, partition_key_field="key")
            schema.add_field("id", DataType.VARCHAR, is_primary=True, max_length=64)
            schema.add_field("key", DataType.INT64)
            schema.add_field("template", DataType.FLOAT_VECTOR, dim=width)
            schema.add_field(FIELDS, DataType.JSON)
            index = client.prepare_index_params()
            index.add_index("template", index_type="FLAT", metric_type="IP")
            client.create_collection(name, schema=schema, index_params=index, timeout=_WRITE_SECONDS)
        self._prepared.add(name)

    def _call(self, request: Callable[[MilvusClient], T]) -> T:
        client = self._connect()
        try:
            return request(client)
        except (MilvusException, RpcError) as error:
            self._fail(client, error)
            raise MilvusUnavailableError(_describe(error)) from error
        except ValueError as error:
            if self._client is client:
                raise
            raise MilvusUnavailableError(_describe(error)) from error  # another thread closed the connection

    def _connect(self, *, reconnect: bool = False) -> MilvusClient:
        """Return the connection. After a failure only callers with ``reconnect`` open a new one; others fail at once."""
        if (client := self._client) is not None:
            return client
        if self._failed and not reconnect:
            raise MilvusUnavailableError("no response since the last failure")
        with self._connecting:
            if self._client is None:
                try:
                    client = MilvusClient(**self._options, timeout=_READ_SECONDS, dedicated=True)
                except (MilvusException, RpcError) as error:
                    self._fail(None, error)
                    raise MilvusUnavailableError(_describe(error)) from error
                if self._failed:
                    _log.info("Milvus is available again")
                self._connections += 1
                self._client, self._failed = client, False
                MILVUS_UP.set(1)
                return client
            return self._client

    def _fail(self, client: MilvusClient | None, error: Exception) -> None:
        with self._closing:
            if self._client is client and not (client is None and self._failed):
                _log.warning("Milvus request failed: %s", _describe(error))
                self._failed = True
                self._disconnect()

    def _disconnect(self) -> None:
        client, self._client = self._client, None
        self._prepared.clear()
        MILVUS_UP.set(0)
        if client is not None:
            client.close()


def _query(client: MilvusClient, copy: IndexCopy, **options: Any) -> Sequence[Mapping[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = client.query(
        _collection(copy.width),
        filter=_filter(copy),
        consistency_level="Strong",
        timeout=_WRITE_SECONDS,
        retry_times=1,
        **options,
    )
    return rows


def _insert(name: str, rows: list[dict[str, Any]], client: MilvusClient) -> None:
    client.insert(name, rows, timeout=_WRITE_SECONDS, retry_times=1)


def _delete(name: str, ids: list[str], client: MilvusClient) -> None:
    client.delete(name, ids=ids, timeout=_WRITE_SECONDS, retry_times=1)


def _collection(width: int) -> str:
    return f"openfrs_{width}"


def _filter(copy: IndexCopy) -> str:
    return f"key == {copy.key}"


def _id(copy: IndexCopy, seq: int) -> str:
    return f"{copy.key}:{seq}"


def _seq(row_id: str) -> int:
    return int(row_id.rpartition(":")[2])


def _batches(items: list[T]) -> Iterator[list[T]]:
    for first in range(0, len(items), _WRITE_BATCH):
        yield items[first : first + _WRITE_BATCH]


def _describe(error: Exception) -> str:
    """Return the type and code of an error; its full text may contain the request."""
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code() if callable(code) else code}"
