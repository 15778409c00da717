"""The bound on the open connections of a process. It is below its limit of open files: without a free descriptor nothing works."""

import logging
import resource
from typing import Final, Protocol

_log = logging.getLogger(__name__)

RESERVED_DESCRIPTORS: Final = 192
"""Descriptors for everything but connections: the database's pool, the log, pipes; at most half of the limit."""


class Connection(Protocol):
    """A connection that can be closed."""

    def abort(self) -> None:
        """Close the connection at once. What it has not sent yet is lost."""


class ConnectionBound:
    """Counts the connections of a process; a further one closes the oldest idle one, or itself if no other is idle.

    A connection is idle unless a complete request is being served. It belongs to the thread of the event loop.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._count = 0
        self._idle: dict[Connection, None] = {}
        self._has_logged = False

    def add(self, connection: Connection) -> None:
        """Count a new connection."""
        self._count += 1
        self.set_idle(connection)
        if self._count > self._limit:
            self._log_once()
            oldest = next(iter(self._idle))
            self.set_busy(oldest)  # it is closed once
            oldest.abort()

    def remove(self, connection: Connection) -> None:
        """Stop counting a connection that was closed."""
        self._count -= 1
        self.set_busy(connection)

    def set_busy(self, connection: Connection) -> None:
        """Keep a connection open."""
        self._idle.pop(connection, None)

    def set_idle(self, connection: Connection) -> None:
        """Allow a connection to be closed; it is the newest idle one."""
        self.set_busy(connection)
        self._idle[connection] = None

    def _log_once(self) -> None:
        if not self._has_logged:
            self._has_logged = True
            _log.warning(
                "%d connections are open: each further one closes the oldest idle one; raise OPENFRS_CONNECTIONS, or the limit "
                "of open files (ulimit -n)",
                self._limit,
            )


def connection_limit(setting: int) -> int:
    """Return the number of connections for this process: the setting, or fewer if it may not open as many files."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return setting
    return max(1, min(setting, files - min(files // 2, RESERVED_DESCRIPTORS)))
