"""The audit log in the database that several nodes share."""

import logging
import queue
import threading
from collections.abc import Generator
from contextlib import closing
from datetime import datetime
from typing import Final

from openfrs.core.settings import Settings
from openfrs.store.audit import AuditRepository
from openfrs.store.data_directory import DataDirectory
from openfrs.store.db.base import Database
from openfrs.store.db.errors import StoreUnavailableError

from .log import AuditLog, FileAuditLog

_log = logging.getLogger(__name__)

_AT_ONCE: Final = 200
_WAITING: Final = 10_000

_Entry = tuple[datetime, str]


class DatabaseAuditLog(AuditLog):
    """Lines in a table, written by a thread, so that no request waits for it.

    What the database does not take goes into a file of this node, and stays there.
    """

    def __init__(self, repository: AuditRepository, file: FileAuditLog) -> None:
        self._repository = repository
        self._file = file
        self._entries: queue.Queue[_Entry | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def _append(self, at: datetime, line: str) -> None:
        try:
            self._entries.put_nowait((at, line))
        except queue.Full:
            self._file._append(at, line)

    def newest_first(self) -> Generator[bytes, None, None]:
        """The lines of all nodes, from the last one back."""
        with closing(self._repository.newest_first()) as lines:
            yield from (line.encode() for line in lines)

    def close(self) -> None:
        """Write what waits."""
        self._entries.put(None)
        self._thread.join()
        self._file.close()

    def _run(self) -> None:
        ends = False
        while not ends:
            entries = [self._entries.get()]
            while len(entries) < _AT_ONCE and not self._entries.empty():
                entries.append(self._entries.get())
            ends = None in entries
            self._write([entry for entry in entries if entry is not None])

    def _write(self, entries: list[_Entry]) -> None:
        if not entries:
            return
        try:
            self._repository.add(entries)
        except StoreUnavailableError as error:
            _log.error("%d entries of the audit log go into a file of this node: %s", len(entries), error)
            for entry in entries:
                self._file._append(*entry)


def open_audit(settings: Settings, database: Database) -> AuditLog:
    """Open the audit log: a file of the data directory, or a table of the shared database."""
    file = FileAuditLog(DataDirectory(settings.data).audit_log)
    return file if settings.database is None else DatabaseAuditLog(AuditRepository(database), file)
