"""The audit log: a record of each write and each failed login with its user, address and outcome."""

import heapq
import json
from abc import ABC, abstractmethod
from collections.abc import Generator
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from openfrs.core.clock import utc_now

from .files import RotatingFile

LOGIN_FAILED: Final = "login failed"
LOGINS_REFUSED: Final = "logins refused"

MAX_BYTES: Final = 16 * 1024 * 1024
"""Size of a file after which a new one is started."""

MAX_TEXT_LENGTH: Final = 1000
"""Length to which texts in entries are cut: clients choose some of them."""

_TIME_BYTES: Final = len('{"time": "2026-01-01T00:00:00.000+00:00"')


class Part(StrEnum):
    """A part of the log. Parts are kept separately, so that failed logins do not displace writes."""

    WRITES = "audit"
    LOGINS = "logins"

    @property
    def kept_files(self) -> int:
        """Number of full files that are kept; older ones are deleted."""
        return 16 if self is Part.WRITES else 4

    @classmethod
    def of(cls, event: str) -> "Part":
        """Return the part that an event belongs to."""
        return cls.LOGINS if event in {LOGIN_FAILED, LOGINS_REFUSED} else cls.WRITES


class AuditLog(ABC):
    """An append-only log of JSON lines. Entries never contain secrets, tokens, images or embeddings."""

    def record(self, event: str, **details: str | int) -> None:
        """Append an entry with the time (UTC), the event and its details. Long texts are cut."""
        now = utc_now()
        entry = {
            "time": now.isoformat(timespec="milliseconds"),
            "event": event,
            **{name: value[:MAX_TEXT_LENGTH] if isinstance(value, str) else value for name, value in details.items()},
        }
        self.append(now, json.dumps(entry, ensure_ascii=False), Part.of(event))

    @abstractmethod
    def append(self, at: datetime, line: str, part: Part) -> None:
        """Append a line with the time of its entry."""

    @abstractmethod
    def newest_first(self) -> Generator[bytes, None, None]:
        """Yield the lines of all parts, newest first."""

    @abstractmethod
    def prune(self, now: datetime, days: int) -> None:
        """Delete entries that are older than ``days``, and the oldest ones beyond the size of their part; 0 days for no limit.

        Raises:
            OSError: a file cannot be deleted.
            StoreUnavailableError
        """

    @abstractmethod
    def close(self) -> None:
        """Write pending entries and release resources."""


class FileAuditLog(AuditLog):
    """Audit log in rotating files in the data directory: ``audit.jsonl``, and ``audit-logins.jsonl`` with failed logins."""

    def __init__(self, path: Path) -> None:
        paths = {Part.WRITES: path, Part.LOGINS: path.with_name(f"{path.stem}-logins{path.suffix}")}
        self._parts = {
            part: RotatingFile(file, max_bytes=MAX_BYTES, kept=part.kept_files) for part, file in paths.items()
        }

    def append(self, at: datetime, line: str, part: Part) -> None:  # noqa: ARG002
        """Append a line; the time is not used."""
        self._parts[part].append(line)

    def newest_first(self) -> Generator[bytes, None, None]:
        """Yield the lines, newest first, while others write.

        An entry can be missed while its file is rotated, but is never cut.
        """
        parts = (file.newest_first() for file in self._parts.values())
        yield from heapq.merge(*parts, key=lambda line: line[:_TIME_BYTES], reverse=True)

    def prune(self, now: datetime, days: int) -> None:
        """Delete full files without entries of the last ``days``. A file is rotated after a tenth of that time.

        Raises:
            OSError: a file cannot be deleted.
        """
        if days:
            for file in self._parts.values():
                file.prune(now - timedelta(days=days), now - timedelta(days=days / 10))

    def close(self) -> None:
        """Close the files."""
        for file in self._parts.values():
            file.close()
