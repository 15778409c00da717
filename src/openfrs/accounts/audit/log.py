"""The audit log: a record of each write with its user, address and outcome."""

import json
import logging
import logging.handlers
import os
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from openfrs.core.clock import utc_now

MAX_BYTES: Final = 16 * 1024 * 1024
KEPT_FILES: Final = 16
"""Number of full files that are kept; older ones are deleted."""

_BLOCK: Final = 64 * 1024


class AuditLog(ABC):
    """An append-only log of JSON lines. Entries never contain secrets, tokens, images or embeddings."""

    def record(self, event: str, **details: str | int) -> None:
        """Append an entry with the time (UTC), the event and its details."""
        now = utc_now()
        entry = {"time": now.isoformat(timespec="milliseconds"), "event": event, **details}
        self.append(now, json.dumps(entry, ensure_ascii=False))

    @abstractmethod
    def append(self, at: datetime, line: str) -> None:
        """Append a line with the time of its entry."""

    @abstractmethod
    def newest_first(self) -> Generator[bytes, None, None]:
        """Yield the lines, newest first."""

    @abstractmethod
    def close(self) -> None:
        """Write pending entries and release resources."""


class FileAuditLog(AuditLog):
    """Audit log in rotating files of mode 0600 in the data directory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handler = _PrivateRotatingFile(
            path, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, encoding="utf-8", delay=True
        )

    def append(self, at: datetime, line: str) -> None:  # noqa: ARG002
        """Append a line; the time is not used."""
        self._handler.handle(logging.LogRecord("audit", logging.INFO, "", 0, "%s", (line,), None))

    def newest_first(self) -> Generator[bytes, None, None]:
        """Yield the lines, newest first, while others write.

        An entry can be missed while its file is rotated, but is never cut.
        """
        files = [
            self._path,
            *(self._path.with_name(f"{self._path.name}.{number}") for number in range(1, KEPT_FILES + 1)),
        ]
        for file in files:
            try:
                with file.open("rb") as opened:
                    yield from _lines_backwards(opened)
            except FileNotFoundError:
                return

    def close(self) -> None:
        """Close the file."""
        self._handler.close()


def _lines_backwards(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file that are not empty, last first."""
    end, rest = file.seek(0, os.SEEK_END), b""
    while end:
        start = max(0, end - _BLOCK)
        file.seek(start)
        lines = (file.read(end - start) + rest).split(b"\n")
        rest, end = lines[0], start
        yield from (line for line in reversed(lines[1:]) if line)
    if rest:
        yield rest


class _PrivateRotatingFile(logging.handlers.RotatingFileHandler):
    def _open(self):  # type: ignore[no-untyped-def]  # the library's own annotation is private
        return os.fdopen(
            os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8"
        )
