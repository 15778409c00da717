"""Emptying the write-ahead log, so that what was deleted is gone from it too and it does not grow."""

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from .errors import StoreUnavailableError

QUIET_SECONDS = 1.0
"""How long after a write the log is emptied; later writes do not put it off."""

_PATIENCE_MILLISECONDS = (50, 100, 200, 400, 800)
"""How long an attempt waits for readers to leave the log, during which nobody writes; each failure lets the next wait longer."""


class Checkpoints:
    """A thread that moves the write-ahead log into the database file soon after every write, and cuts it to nothing.

    SQLite itself does the first of these when the log has 1,000 pages, but only as far as readers allow and without
    clearing it: a log read without pause would grow, and would keep what has been deleted.
    """

    def __init__(self, path: Path, turn: Callable[[], AbstractContextManager[None]]) -> None:
        """``turn`` is held while the log is cut: nobody can write then."""
        self._path = path
        self._turn = turn
        self._due = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def due(self) -> None:
        """Say that something was written."""
        self._due.set()
        if self._thread is None:
            with self._starting:
                if self._thread is None and not self._stop.is_set():
                    self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
                    self._thread.start()

    def empty(self) -> bool:
        """Empty the log now; whether it is empty."""
        return any(self._empty(patience) for patience in _PATIENCE_MILLISECONDS)

    def stop(self) -> None:
        """End the thread."""
        with self._starting:
            self._stop.set()
        self._due.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        failures = 0
        while True:
            self._due.wait()
            if self._stop.wait(QUIET_SECONDS):
                return
            self._due.clear()
            done = False
            with contextlib.suppress(sqlite3.Error, StoreUnavailableError):  # whoever reads or writes is told
                done = self._empty(_PATIENCE_MILLISECONDS[min(failures, len(_PATIENCE_MILLISECONDS) - 1)])
            if done:
                failures = 0
            else:
                failures += 1
                self._due.set()

    def _empty(self, patience: int) -> bool:
        """Whether the log is empty now."""
        with contextlib.closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA busy_timeout=0")
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)")  # most of the work, while others read and write
            connection.execute(f"PRAGMA busy_timeout={patience}")
            with self._turn():
                busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy
