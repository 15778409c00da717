"""Errors of an index on a server."""

from openfrs.store.db.errors import StoreUnavailableError


class MilvusUnavailableError(Exception):
    """The Milvus server is unreachable, or failed a request."""


class IndexUnavailableError(StoreUnavailableError):
    """The server with the index of a face set is unreachable, and the set is too large to be searched without it."""
