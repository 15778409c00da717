"""The audit log in the shared database."""

import logging
import queue
import threading
from collections.abc import Collection, Generator
from contextlib import closing
from datetime import datetime, timedelta
from typing import Final

from openfrs.core.settings import Settings
from openfrs.store.audit import AuditRepository
from openfrs.store.data_directory import DataDirectory
from openfrs.store.db.base import Database
from openfrs.store.db.errors import StoreUnavailableError

from .log import MAX_BYTES, AuditLog, FileAuditLog, Part

_log = logging.getLogger(__name__)

_BATCH_SIZE: Final = 200
_QUEUE_SIZE: Final = 10_000

_Entry = tuple[datetime, str, Part]


class DatabaseAuditLog(AuditLog):
    """Audit log in a table, written by a background thread so that requests do not wait.

    Entries that cannot be written to the database are written to a file of this node and stay there.
    """

    def __init__(self, repository: AuditRepository, file: FileAuditLog) -> None:
        self._repository = repository
        self._file = file
        self._entries: queue.Queue[_Entry | None] = queue.Queue(_QUEUE_SIZE)
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
        self._thread.start()

    def append(self, at: datetime, line: str, part: Part) -> None:
        """Queue a line for the database; write it to the file of this node if the queue is full."""
        try:
            self._entries.put_nowait((at, line, part))
        except queue.Full:
            self._file.append(at, line, part)

    def newest_first(self, parts: Collection[Part] = tuple(Part)) -> Generator[bytes, None, None]:
        """Yield the lines of some parts of all nodes, newest first."""
        with closing(self._repository.newest_first(parts)) as lines:
            yield from (line.encode() for line in lines)

    def prune(self, now: datetime, days: int) -> None:
        """Delete entries that are older than ``days``, and the oldest ones beyond the size that files would have.

        Raises:
            OSError: a file of this node cannot be deleted.
            StoreUnavailableError
        """
        before = now - timedelta(days=days) if days else None
        for part in Part:
            self._repository.prune(part, before=before, max_length=(part.kept_files + 1) * MAX_BYTES)
        self._file.prune(now, days)

    def close(self) -> None:
        """Write the queued entries and stop the thread."""
        self._entries.put(None)
        self._thread.join()
        self._file.close()

    def _run(self) -> None:
        stop = False
        while not stop:
            entries = [self._entries.get()]
            while len(entries) < _BATCH_SIZE and not self._entries.empty():
                entries.append(self._entries.get())
            stop = None in entries
            self._write([entry for entry in entries if entry is not None])

    def _write(self, entries: list[_Entry]) -> None:
        if not entries:
            return
        try:
            for part in Part:
                if of_part := [(at, line) for at, line, each in entries if each is part]:
                    self._repository.add(of_part, part)
        except StoreUnavailableError as error:
            _log.error(
                "%d audit entries go to a file of this node, because the database is unavailable: %s",
                len(entries),
                error,
            )
            for entry in entries:
                self._file.append(*entry)


def open_audit(settings: Settings, database: Database) -> AuditLog:
    """Open the audit log: a file of the data directory, or a table of the shared database."""
    file = FileAuditLog(DataDirectory(settings.data).audit_log)
    log = file if settings.database is None else DatabaseAuditLog(AuditRepository(database), file)
    if not settings.audit_searches:
        log.omitted = frozenset([Part.SEARCHES])
    return log
