"""What befalls a database, whichever it is."""

from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

ATTEMPTS: Final = 4
"""How often a write is tried that the database undoes because it and another would wait for each other for ever."""


class StoreUnavailableError(Exception):
    """The database does not do what it should: its disk is full, read-only or failing, it is damaged, held or out of reach.

    Nothing of the transaction was kept, unless the connection was lost while it was being committed. It may go well later.
    """


class MilvusUnavailableError(Exception):
    """The Milvus server is out of reach, or does not do what it should."""


class IndexUnavailableError(StoreUnavailableError):
    """The server that has the index of a face set is out of reach, and the set too large to be searched without it."""


class StoreConflictError(StoreUnavailableError):
    """The database undid a transaction so that another could go on; it can be tried again at once."""


def repeated(work: Callable[P, T]) -> Callable[P, T]:
    """A write of one transaction that is tried again, up to ``ATTEMPTS`` times in all, when it was undone for another's sake."""

    @wraps(work)
    def attempt(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(ATTEMPTS - 1):
            try:
                return work(*args, **kwargs)
            except StoreConflictError:
                pass
        return work(*args, **kwargs)

    return attempt
