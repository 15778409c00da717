"""Checkpoints of SQLite's write-ahead log, so that it stays small and keeps no deleted data."""

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from .errors import StoreUnavailableError

DELAY_SECONDS = 1.0
"""Delay between a write and the checkpoint. Later writes do not postpone it."""

_BUSY_TIMEOUTS_MILLISECONDS = (50, 100, 200, 400, 800)
"""Timeouts of successive attempts, which wait for readers to leave the log. Writers wait during that time."""


class Checkpoints:
    """A thread that moves the write-ahead log into the database file soon after each write, and truncates the log.

    SQLite's automatic checkpoint starts at 1,000 pages, goes only as far as readers allow, and never truncates the log: under
    continuous reads the log would grow, and would keep deleted data.
    """

    def __init__(self, path: Path, write_lock: Callable[[], AbstractContextManager[None]]) -> None:
        """Prepare the thread; ``write_lock`` is held while the log is truncated."""
        self._path = path
        self._write_lock = write_lock
        self._scheduled = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def schedule(self) -> None:
        """Schedule a checkpoint after a write."""
        self._scheduled.set()
        if self._thread is None:
            with self._starting:
                if self._thread is None and not self._stop.is_set():
                    self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
                    self._thread.start()

    def truncate(self) -> bool:
        """Truncate the log now. Return False if a reader prevents it."""
        return any(self._checkpoint(timeout) for timeout in _BUSY_TIMEOUTS_MILLISECONDS)

    def stop(self) -> None:
        """Stop the thread, and wait for it."""
        with self._starting:
            self._stop.set()
        self._scheduled.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        failures = 0
        while True:
            self._scheduled.wait()
            if self._stop.wait(DELAY_SECONDS):
                return
            self._scheduled.clear()
            truncated = False
            with contextlib.suppress(sqlite3.Error, StoreUnavailableError):  # reads and writes report it
                truncated = self._checkpoint(
                    _BUSY_TIMEOUTS_MILLISECONDS[min(failures, len(_BUSY_TIMEOUTS_MILLISECONDS) - 1)]
                )
            if truncated:
                failures = 0
            else:
                failures += 1
                self._scheduled.set()

    def _checkpoint(self, timeout: int) -> bool:
        """Move the log into the database file, and truncate it. Return False if a reader prevents it."""
        with contextlib.closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA busy_timeout=0")
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")  # most of the work, concurrent with reads and writes
            connection.execute(f"PRAGMA busy_timeout={timeout}")
            with self._write_lock():
                busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy
