"""Errors common to both database back ends, and the retry on conflict."""

from collections.abc import Callable
from functools import wraps
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

ATTEMPTS: Final = 4
"""Attempts at a transaction that the database rolls back because of a conflict."""


class StoreUnavailableError(Exception):
    """The database cannot do its work: its disk is full, read-only or failing, or it is damaged, locked or unreachable.

    The transaction was rolled back, unless the connection was lost during its commit. A later attempt may succeed.
    """


class StoreConflictError(StoreUnavailableError):
    """The database rolled a transaction back in favour of another one; it can be retried at once."""


class StoreBusyError(StoreUnavailableError):
    """A read that must not wait would have to wait for another process; repeat it on a thread."""


def retry_on_conflict(transaction: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function that runs one transaction, so that it makes up to ``ATTEMPTS`` attempts on conflicts."""

    @wraps(transaction)
    def attempt(*args: P.args, **kwargs: P.kwargs) -> T:
        for _ in range(ATTEMPTS - 1):
            try:
                return transaction(*args, **kwargs)
            except StoreConflictError:
                pass
        return transaction(*args, **kwargs)

    return attempt
