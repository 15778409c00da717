"""Reads of a few rows for a request, on the event loop if the database answers at once."""

from collections.abc import Callable
from typing import TypeVar

from anyio import to_thread

from .base import Database
from .errors import StoreBusyError

T = TypeVar("T")


class ShortReads:
    """Calls functions that read a few rows by their keys, with all reads of a call in one snapshot.

    A change of threads takes more time than the reads if the database is a file on this machine: then they are made on the event
    loop, unless they would have to wait for another process.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, work: Callable[[], T], *, blocking: bool = False) -> T:
        """Return the result of ``work``, on a thread if it is ``blocking`` for other reasons than the database.

        ``work`` is called again if its first read would have to wait.

        Raises:
            StoreUnavailableError
        """
        if self._database.answers_at_once and not blocking:
            try:
                with self._database.shared_read(wait=False):
                    return work()
            except StoreBusyError:
                pass
        return await to_thread.run_sync(self._run, work)

    def _run(self, work: Callable[[], T]) -> T:
        with self._database.shared_read():
            return work()
